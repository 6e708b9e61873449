"""One moment of the race as it is sent: who is where, in what group, how far behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.export.glb import y_up
from tracker3d.export.paths import road_positions
from tracker3d.scene.tags import group_titles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tracker3d.race import Race
    from tracker3d.race.model import Group
    from tracker3d.scene.model import StageScene

NO_GROUP = 255
"""Group of a rider who is in none; more groups than this are never sent."""


@dataclass(frozen=True)
class GroupState:
    """A group as graphics name it; gaps in seconds, NaN where unknown."""

    id: int
    title: str
    role: str
    count: int
    front_m: float
    speed_mps: float
    gap_s: float
    gap_ahead_s: float
    jerseys: tuple[str, ...]


@dataclass(frozen=True)
class Snapshot:
    """The race at ``time_ms``: rows are riders and vehicles whose place is known.

    Attributes
    ----------
    time_ms : int
        Race time, milliseconds since 1970 UTC.
    bibs : (k,) int32
    positions_m : (k, 3) float64
        In the axes of the exported stage's root: x east, y up, z south.
    distance_m, lateral_m, speed_mps, gap_s : (k,) float64
        Along the road, to the left of it, mean speed, time behind the head of the race; NaN where unknown.
    group : (k,) uint8
        Index into ``groups``, :data:`NO_GROUP` for none.
    presence : (k,) uint8
        :class:`~tracker3d.track.model.Presence`.
    finished : (k,) bool
    groups : tuple of GroupState
        Front first.
    order : tuple of int
        Bibs, first on the road first.
    jerseys : mapping of str to int
        Bib of who wears it.
    to_go_m : float
        Of the head of the race; NaN before anybody is seen.
    """

    time_ms: int
    bibs: NDArray[np.int32]
    positions_m: NDArray[np.float64]
    distance_m: NDArray[np.float64]
    lateral_m: NDArray[np.float64]
    speed_mps: NDArray[np.float64]
    gap_s: NDArray[np.float64]
    group: NDArray[np.uint8]
    presence: NDArray[np.uint8]
    finished: NDArray[np.bool_]
    groups: tuple[GroupState, ...]
    order: tuple[int, ...]
    jerseys: Mapping[str, int]
    to_go_m: float


def snapshot_of(scene: StageScene, race: Race, time_ms: int) -> Snapshot:
    """Read one moment of a race."""
    state = race.at(time_ms)
    riders = state.riders
    row = np.flatnonzero(np.isfinite(riders.distance_m))
    distance_m, lateral_m = riders.distance_m[row], np.nan_to_num(riders.lateral_m[row])
    group = state.group[row]
    titles = group_titles(scene, state)
    return Snapshot(
        time_ms=int(time_ms),
        bibs=np.asarray(riders.bibs, np.int32)[row],
        positions_m=y_up(road_positions(scene.stage, distance_m, lateral_m)).astype(float),
        distance_m=distance_m,
        lateral_m=lateral_m,
        speed_mps=riders.speed_mps[row],
        gap_s=state.gap_s[row],
        group=np.where((group < 0) | (group >= NO_GROUP), NO_GROUP, group).astype(np.uint8),
        presence=riders.presence[row],
        finished=riders.finished[row],
        groups=tuple(_group(*pair) for pair in zip(state.groups, titles, strict=True))[:NO_GROUP],
        order=tuple(np.asarray(riders.bibs)[state.order].tolist()),
        jerseys=state.jerseys,
        to_go_m=state.to_go_m,
    )


def _group(group: Group, title: str) -> GroupState:
    return GroupState(
        id=group.id,
        title=title,
        role=group.role.value,
        count=len(group.riders),
        front_m=group.front_m,
        speed_mps=group.speed_mps,
        gap_s=group.gap_to_head_s,
        gap_ahead_s=group.gap_to_ahead_s,
        jerseys=group.jerseys,
    )
