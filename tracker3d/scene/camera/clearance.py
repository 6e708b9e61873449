"""Keeping the eye above the ground, and the ground out of the view from the eye to its target.

The height that an eye needs is a continuous function of where eye and target are, full of kinks. Moves read
it from a *field* over what they can do: a place on the road, a reach, and for those that circle an azimuth.
At the nodes of such a lattice the need is taken once; each node then holds the largest need of its
neighbours up to two nodes away, and between them runs a cubic B-spline. That is never below the need of the
nodes around, twice differentiable, and it depends on ground and road alone: not on time, nor on what riders
will do. A camera rises well before a ridge, and every frame can be computed by itself, in any order.

Cameras also come closer where the ground would make them look down steeply, as over a gorge; how close is a
second, smooth field, and the height is taken where the eye then is.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tracker3d.scene.camera.easing import smooth_step
from tracker3d.scene.camera.splines import weights_at
from tracker3d.scene.memory import SceneMemory
from tracker3d.scene.projection import relief_drawn_m

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.scene.camera.road_path import RoadPath
    from tracker3d.scene.model import StageScene

LEAST_ABOVE_M = 2.0
"""No eye is ever lower over the ground than this."""

REACH = 2
"""A node of a field holds the largest need of so many nodes on either side."""

LEVEL_LENGTH_M = 50.0
"""Fields have one level for each so many metres of length of what is followed."""

_SAMPLES = 20
_SIGHT_MARGIN_M = 1.0
_STEEPEST = math.tan(math.radians(78.0))
_SOFTNESS_M = 0.5
_CLOSER = np.array([1.0, 0.8, 0.64, 0.51, 0.41, 0.33])
_BELL: NDArray[np.float64] = np.hanning(9)[1:-1] / np.hanning(9).sum()
_COMFORTABLE_RAD = math.radians(9.0)
"""How much steeper than asked a camera may look down before it would rather come closer."""


def needed_height_m(
    scene: StageScene,
    eyes_m: NDArray[np.float64],
    targets_m: NDArray[np.float64],
    *,
    margin_m: float,
    near_m: float = 12.0,
) -> NDArray[np.float64]:
    """Return the least height of each eye from which it stands clear and sees its target.

    Parameters
    ----------
    scene : StageScene
    eyes_m, targets_m : (..., 3) float64
        As drawn.
    margin_m : float
        Least height of the eye over the ground; along the view it falls to 1 m at the target.
    near_m : float
        Ground so close to the target does not count: the relief is coarse.

    Notes
    -----
    The view is never raised steeper than 78 degrees for the sake of a target behind a wall of rock; standing
    clear of the ground goes before everything.
    """
    sight = eyes_m - targets_m
    reach_m = np.hypot(sight[..., 0], sight[..., 1])
    nearest = np.minimum(near_m / np.maximum(reach_m, 1e-6), 0.9)[..., None]
    fractions = nearest + (1.0 - nearest) * np.linspace(0.0, 1.0, _SAMPLES) ** 1.3
    along = targets_m[..., None, :2] + fractions[..., None] * sight[..., None, :2]
    margin = _SIGHT_MARGIN_M + (margin_m - _SIGHT_MARGIN_M) * fractions
    ground = relief_drawn_m(scene, along[..., 0], along[..., 1]) + margin
    target_z = targets_m[..., 2]
    line = target_z + ((ground - target_z[..., None]) / fractions).max(axis=-1)
    steepest = target_z + _STEEPEST * reach_m
    result: NDArray[np.float64] = np.maximum(np.minimum(line, steepest), ground[..., -1])
    return result


def surfaced(scene: StageScene, targets_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return targets (..., 3) none of which is in the ground: a view may be aimed at a point below it."""
    raised = targets_m.copy()
    raised[..., 2] = np.maximum(raised[..., 2], relief_drawn_m(scene, raised[..., 0], raised[..., 1]) + 1.0)
    return raised


def kept_above(scene: StageScene, eye_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return an eye (3,) that stands :data:`LEAST_ABOVE_M` over the ground at least; a smooth last resort."""
    floor_m = _ground_m(scene, float(eye_m[0]), float(eye_m[1])) + LEAST_ABOVE_M
    above = (float(eye_m[2]) - floor_m) / _SOFTNESS_M
    if not above < 30.0:
        return eye_m
    lifted: NDArray[np.float64] = eye_m.copy()
    lifted[2] = floor_m + _SOFTNESS_M * float(np.logaddexp(above, 0.0))
    return lifted


def _ground_m(scene: StageScene, x_m: float, y_m: float) -> float:
    """Return the relief at one place as drawn, -inf where there is none: far cheaper than for arrays."""
    relief = scene.ground.relief
    column, row = (x_m - relief.x0_m) / relief.step_m, (y_m - relief.y0_m) / relief.step_m
    rows, columns = relief.shape
    if not (0.0 <= column <= columns - 1 and 0.0 <= row <= rows - 1):
        return -math.inf
    left, low = min(int(column), columns - 2), min(int(row), rows - 2)
    across, up = column - left, row - low
    (a, b), (c, d) = relief.heights_m[low : low + 2, left : left + 2].tolist()
    height: float = (a + (b - a) * across) * (1.0 - up) + (c + (d - c) * across) * up
    return height if math.isfinite(height) else -math.inf


def lifts_along(needs_m: NDArray[np.float64], *, reach: int) -> NDArray[np.float64]:
    """Return lifts (k,) for samples of a path (k,) in order: the largest need nearby, averaged smoothly.

    Each is at least the largest need within half a ``reach`` of samples on either side.
    """
    reach += reach % 2
    width = 2 * reach + 1
    padded = np.pad(needs_m, 2 * reach, mode="edge")
    largest = sliding_window_view(padded, width).max(axis=-1)
    bell = np.hanning(reach // 2 * 2 + 3)[1:-1]
    smooth = np.convolve(largest, bell / bell.sum(), mode="valid")
    spare = (len(smooth) - len(needs_m)) // 2
    return smooth[spare : spare + len(needs_m)]


@dataclass(frozen=True)
class Rig:
    """How an eye stands to a place on the road: everything that a field depends on.

    Attributes
    ----------
    behind_m, behind_per_m : float
        Level distance of the eye from its place, and how much more for each metre of length followed.
    height_m, height_per_m : float
        The same for its height over that place.
    along_m, along_per_m : float
        The same for how far ahead on the road the eye's place is of what is followed.
    azimuths : int
        1: the eye keeps to ``bearing_rad`` from the direction of the road. More: it circles, and this is the
        number of nodes of a turn; azimuths are then those of the eye as seen from the target.
    bearing_rad : float
        Clockwise from straight behind.
    lead_m : float
        How far ahead of the place followed the eye looks.
    margin_m : float
        Least height over the ground.
    near_m : float
        See :func:`needed_height_m`.
    step_m : float
        Road distance between nodes.
    stretch : float
        Of the smoothing of the road.
    """

    behind_m: float = 0.0
    behind_per_m: float = 0.0
    height_m: float = 0.0
    height_per_m: float = 0.0
    along_m: float = 0.0
    along_per_m: float = 0.0
    azimuths: int = 1
    bearing_rad: float = 0.0
    lead_m: float = 0.0
    margin_m: float = 4.0
    near_m: float = 12.0
    step_m: float = 25.0
    stretch: float = 1.0

    def eyes(
        self,
        path: RoadPath,
        places_m: NDArray[np.float64],
        length_m: float,
        *,
        azimuths_rad: NDArray[np.float64] | None = None,
        closer: NDArray[np.float64] | float = 1.0,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return eyes and targets, each (k, a, 3) for k places and a azimuths, before they are lifted.

        ``closer`` (k, a) multiplies distances and heights. Without azimuths a is 1 and the road's direction
        counts.
        """
        along_m = self.along_m + self.along_per_m * length_m
        places, headings = path.at(places_m + along_m)
        targets = places if along_m == self.lead_m else path.at(places_m + self.lead_m)[0]
        if azimuths_rad is None:
            around = (headings + (math.pi + self.bearing_rad))[:, None]
        else:
            around = np.broadcast_to(azimuths_rad, (len(places), np.size(azimuths_rad)))
        away = (self.behind_m + self.behind_per_m * length_m) * closer
        eyes = np.empty((*around.shape, 3))
        eyes[..., 0] = places[:, None, 0] + away * np.sin(around)
        eyes[..., 1] = places[:, None, 1] + away * np.cos(around)
        eyes[..., 2] = places[:, None, 2] + (self.height_m + self.height_per_m * length_m) * closer
        return eyes, np.broadcast_to(targets[:, None], eyes.shape)

    def eye(
        self, path: RoadPath, place_m: float, length_m: float, *, azimuth_rad: float | None, closer: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return :meth:`eyes` for one place and azimuth: eye and target, (3,) each."""
        along_m = self.along_m + self.along_per_m * length_m
        place, heading = path.point(place_m + along_m)
        target = place if along_m == self.lead_m else path.point(place_m + self.lead_m)[0]
        around = heading + math.pi + self.bearing_rad if azimuth_rad is None else azimuth_rad
        away = (self.behind_m + self.behind_per_m * length_m) * closer
        up = (self.height_m + self.height_per_m * length_m) * closer
        return place + np.array((away * math.sin(around), away * math.cos(around), up)), target


def placed(
    scene: StageScene,
    path: RoadPath,
    rig: Rig,
    place_m: float,
    length_m: float,
    *,
    azimuth_rad: float | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return eye and target (3,) of a rig at a place on the road, lifted as the ground needs."""
    of_rig = _field_of(scene, path, rig)
    where = of_rig.where(place_m, length_m, azimuth_rad)
    closer = of_rig.read("closer", where) if rig.behind_m > 0.0 else 1.0
    eye, target = rig.eye(path, place_m, length_m, azimuth_rad=azimuth_rad, closer=closer)
    eye[2] += of_rig.read("lift", where)
    return kept_above(scene, eye), target


def foresee(scene: StageScene, path: RoadPath, rig: Rig, first_m: float, last_m: float) -> None:
    """Make at once what :func:`placed` needs of a rig that does not circle between two places on the road.

    For what has no length; a chunk of a field at a time takes three times as long.
    """
    of_rig = _field_of(scene, path, rig)
    of_rig.foresee(math.floor(first_m / rig.step_m), math.floor(last_m / rig.step_m))


def _field_of(scene: StageScene, path: RoadPath, rig: Rig) -> _Field:
    return scene.memory.get("camera field", rig, lambda: _Field(scene, path, rig))


@dataclass(frozen=True)
class _Where:
    """Nodes around a place: first row and its weights, first column and its weights, levels and theirs."""

    row: int
    row_weights: NDArray[np.float64]
    column: int
    column_weights: NDArray[np.float64]
    levels: tuple[tuple[int, float], ...]


_CHUNK = 16
_MOST_CHUNKS = 1024


@dataclass(frozen=True, eq=False)
class _Field:
    """Lazily made tables of one rig over one scene; rows are places on the road, columns azimuths."""

    scene: StageScene
    path: RoadPath
    rig: Rig
    made: SceneMemory = field(default_factory=lambda: SceneMemory(limit=_MOST_CHUNKS))

    def where(self, place_m: float, length_m: float, azimuth_rad: float | None) -> _Where:
        place = place_m / self.rig.step_m
        row = math.floor(place)
        turn = 0.0 if azimuth_rad is None else azimuth_rad / math.tau % 1.0 * self.rig.azimuths
        column = math.floor(turn)
        level = max(length_m, 0.0) / LEVEL_LENGTH_M
        lower = math.floor(level)
        share = float(smooth_step(level - lower))
        levels = ((lower, 1.0 - share), (lower + 1, share))
        return _Where(
            row,
            weights_at(place - row),
            column,
            weights_at(turn - column),
            tuple(part for part in levels if part[1] > 0.0),
        )

    def read(self, kind: str, where: _Where) -> float:
        """Return the value of the spline over a table."""
        total = 0.0
        columns = (where.column + np.arange(-1, 3)) % self.rig.azimuths
        for level, share in where.levels:
            rows = self._rows(kind, level, where.row - 1, where.row + 3)
            if self.rig.azimuths == 1:
                total += share * float(where.row_weights @ rows[:, 0])
            else:
                total += share * float(where.row_weights @ rows[:, columns] @ where.column_weights)
        return total

    def _rows(self, kind: str, level: int, first: int, end: int) -> NDArray[np.float64]:
        """Return rows ``first`` to before ``end`` of a table, (n, azimuths)."""
        size = _CHUNK if self.rig.azimuths == 1 else 1
        chunks = [self._chunk(kind, level, number) for number in range(first // size, (end - 1) // size + 1)]
        start = first - first // size * size
        table = chunks[0] if len(chunks) == 1 else np.concatenate(chunks)
        return table[start : start + end - first]

    def foresee(self, first: int, last: int) -> None:
        """Make all chunks for level 0 from row ``first`` to ``last``, each table for all of them at once."""
        for kind, levels, spare in (("closer", (0, 1), 2), ("need", (0, 1), 1), ("lift", (0,), 0)):
            numbers = range((first - 1) // _CHUNK - spare, (last + 2) // _CHUNK + spare + 1)
            for level in levels:
                table = self._made(kind, level, numbers[0] * _CHUNK, len(numbers) * _CHUNK)
                for part, number in enumerate(numbers):
                    rows = table[part * _CHUNK : (part + 1) * _CHUNK]
                    self.made.get(kind, (level, number), functools.partial(np.asarray, rows))

    def _chunk(self, kind: str, level: int, number: int) -> NDArray[np.float64]:
        size = _CHUNK if self.rig.azimuths == 1 else 1
        return self.made.get(kind, (level, number), lambda: self._made(kind, level, number * size, size))

    def _made(self, kind: str, level: int, first: int, count: int) -> NDArray[np.float64]:
        return {"closer": self._closer, "need": self._needs, "lift": self._lifts}[kind](level, first, count)

    def _azimuths_rad(self) -> NDArray[np.float64] | None:
        if self.rig.azimuths == 1:
            return None
        return np.arange(self.rig.azimuths, dtype=float) * (math.tau / self.rig.azimuths)

    def _closer(self, level: int, first: int, count: int) -> NDArray[np.float64]:
        """How much closer than asked an eye had best be; averaged over neighbouring nodes."""
        spare = 0 if self.rig.azimuths > 1 else len(_BELL) // 2
        places = self.rig.step_m * np.arange(first - spare, first + count + spare, dtype=float)
        length_m = level * LEVEL_LENGTH_M
        costs = []
        for closer in _CLOSER.tolist():
            eyes, targets = self.rig.eyes(
                self.path, places, length_m, azimuths_rad=self._azimuths_rad(), closer=closer
            )
            reach = np.hypot(*np.moveaxis((eyes - targets)[..., :2], -1, 0))
            asked = np.arctan2(eyes[..., 2] - targets[..., 2], reach)
            need = needed_height_m(
                self.scene, eyes, targets, margin_m=self.rig.margin_m, near_m=self.rig.near_m
            )
            pitch = np.arctan2(np.maximum(need, eyes[..., 2]) - targets[..., 2], reach)
            steeper = np.maximum(pitch - asked - _COMFORTABLE_RAD, 0.0) / math.radians(20.0)
            costs.append(steeper**2 + 0.5 * math.log(closer) ** 2)
        best = _CLOSER[np.argmin(costs, axis=0)]
        if self.rig.azimuths == 1:
            smooth: NDArray[np.float64] = sliding_window_view(best, len(_BELL), axis=0) @ _BELL
            return smooth
        spare = len(_BELL) // 2
        best = np.concatenate([best[:, -spare:], best, best[:, :spare]], axis=1)
        return sliding_window_view(best, len(_BELL), axis=1) @ _BELL

    def _needs(self, level: int, first: int, count: int) -> NDArray[np.float64]:
        """How much an eye must be lifted, for each node by itself."""
        places = self.rig.step_m * np.arange(first, first + count, dtype=float)
        closer: NDArray[np.float64] | float = 1.0
        if self.rig.behind_m > 0.0:
            rows = self._rows("closer", level, first - 1, first + count + 1)
            if self.rig.azimuths > 1:
                rows = (np.roll(rows, 1, axis=1) + 4.0 * rows + np.roll(rows, -1, axis=1)) / 6.0
            closer = (rows[:-2] + 4.0 * rows[1:-1] + rows[2:]) / 6.0
        eyes, targets = self.rig.eyes(
            self.path, places, level * LEVEL_LENGTH_M, azimuths_rad=self._azimuths_rad(), closer=closer
        )
        need = needed_height_m(self.scene, eyes, targets, margin_m=self.rig.margin_m, near_m=self.rig.near_m)
        return np.maximum(need - eyes[..., 2], 0.0)

    def _lifts(self, level: int, first: int, count: int) -> NDArray[np.float64]:
        """Largest need of the neighbours of each node, in all directions of the field."""
        near = [
            self._rows("need", other, first - REACH, first + count + REACH)
            for other in range(max(level - 1, 0), level + 2)
        ]
        needs = np.max(near, axis=0)
        if self.rig.azimuths > 1:
            needs = np.max([np.roll(needs, by, axis=1) for by in range(-REACH, REACH + 1)], axis=0)
        largest: NDArray[np.float64] = np.max([needs[by : by + count] for by in range(2 * REACH + 1)], axis=0)
        return largest
