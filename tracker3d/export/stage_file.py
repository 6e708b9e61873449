"""A stage, and the race on it, as one GLB file."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

import tracker3d
from tracker3d.errors import InputError
from tracker3d.export.cameras import CameraMove, add_cameras, camera_moves, overview_azimuth_rad
from tracker3d.export.glb import GlbWriter
from tracker3d.export.ground import ExportedGround, add_ground
from tracker3d.export.groups import group_paths
from tracker3d.export.paths import RacePaths, drawn_paths
from tracker3d.export.profiles import ExportOptions, Profile, ProfileLimits, limits_of
from tracker3d.export.riders import AddedRiders, add_groups, add_leader, add_riders, choose_keys
from tracker3d.export.road import add_road
from tracker3d.export.signs import add_signs
from tracker3d.export.sizes import Sizes
from tracker3d.export.stream import write_stream
from tracker3d.export.tileset import write_tileset
from tracker3d.export.usdz import write_usdz
from tracker3d.export.warping import GlobeWarp, Warp
from tracker3d.files import written_aside
from tracker3d.progress import silent
from tracker3d.scene.model import StageScene

if TYPE_CHECKING:
    from pathlib import Path

    from tracker3d.progress import Progress
    from tracker3d.race import Race
    from tracker3d.track import Motion

CONTRACT_VERSION = 2
"""Version of the names and extras that a reader of the file can count on."""


_BESIDE = {Profile.ENGINE: ".stream.json", Profile.TILES: ".tileset.json"}
"""What is written beside a model."""


@dataclass(frozen=True)
class ExportReport:
    """What an export holds.

    Attributes
    ----------
    path : Path
    size_bytes : int
    triangles : int
        Of the ground.
    riders : int
        Animated nodes of riders and vehicles.
    keys : int
        Keys of all of them together.
    duration_s : float
    max_error_m : float
        Largest distance, measured at every second of every rider, between the file and the drawn track.
    messages : tuple of str
        What the reader should know, in plain words.
    """

    path: Path
    size_bytes: int
    triangles: int
    riders: int = 0
    keys: int = 0
    duration_s: float = 0.0
    max_error_m: float = 0.0
    messages: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return what to tell a person."""
        size = f"{self.path}: {self.size_bytes / 1e6:.1f} MB, {self.triangles:,} triangles of ground"
        if not self.riders:
            return [f"{size}, no riders", *self.messages]
        hours, rest_s = divmod(round(self.duration_s), 3600)
        race = (
            f"{self.riders} riders and vehicles over {hours} h {rest_s // 60:02d} min, "
            f"{self.keys / self.riders:,.0f} keys each, at most {self.max_error_m:.2f} m off at every second"
        )
        return [size, race, *self.messages]


def export_glb(
    scene: StageScene,
    motion: Motion | None,
    path: Path,
    *,
    profile: Profile = Profile.ENGINE,
    options: ExportOptions | None = None,
    race: Race | None = None,
    progress: Progress = silent,
) -> ExportReport:
    """Write a stage as binary glTF 2.0: ground, road, signs, cameras, and riders in one animation.

    Names are a contract: the root ``stage`` (its extras say where, when and how exact), below it ``terrain``,
    ``route``, ``rider_<bib>`` with ``label_<bib>`` below, ``vehicle_<number>``, ``leader`` (whoever is first
    on the road), ``banner_<title>`` and ``camera_<kind>``. The root's frame is the stage's local one in
    metres, with y up: x east, z south.

    Parameters
    ----------
    scene : StageScene
    motion : Motion or None
        The race; without one the stage stands still.
    path : Path
        Replaced when it is there. Ends in ``.glb``, or ``.usdz`` for iOS. Engines get a stream beside it,
        ``NAME.stream.json``, globes ``NAME.tileset.json``.
    profile : Profile
        Who shall open it.
    options : ExportOptions or None
        What else is asked for.
    race : Race or None
        Of ``motion``, for the cameras of the app; without it a file has fewer of them.
    progress : Progress

    Returns
    -------
    ExportReport

    Raises
    ------
    InputError
        The path or an option cannot be used.
    OutputError
        A file cannot be written.
    """
    asked = options or ExportOptions()
    limits = limits_of(profile, asked, path)
    if asked.groups_only and motion is not None and race is None:
        raise InputError("Groups need the race; give it too.")
    with contextlib.ExitStack() as stack:
        job = _Job(scene, motion, race, profile, asked, limits, progress)
        beside = _BESIDE.get(profile) if motion is not None or profile is Profile.TILES else None
        second = None
        if beside is not None:
            second = stack.enter_context(written_aside(path.with_suffix(beside)))
        aside = stack.enter_context(written_aside(path))
        report = job.write(aside, second)
    progress("done", 1.0)
    return dataclasses.replace(report, path=path)


@dataclass(frozen=True)
class _Job:
    """One export: what it is made of, and the steps."""

    whole_scene: StageScene
    motion: Motion | None
    race: Race | None
    profile: Profile
    options: ExportOptions
    limits: ProfileLimits
    progress: Progress

    @cached_property
    def scene(self) -> StageScene:
        return stretched(self.whole_scene, self.options.exaggeration)

    @cached_property
    def ground(self) -> ExportedGround:
        return ExportedGround.of(
            self.whole_scene.ground,
            most_triangles=self.limits.most_triangles,
            exaggeration=self.options.exaggeration,
        )

    @cached_property
    def warp(self) -> Warp:
        if self.profile is Profile.TILES:
            return GlobeWarp(self.scene.stage.frame, self.options.geoid_height_m)
        return Warp()

    def paths(self) -> RacePaths | None:
        """Where everybody who is wanted is at every second, in the flat frame."""
        if self.motion is None:
            return None
        wanted = self.options
        paths = drawn_paths(
            self.scene.stage,
            self.motion,
            start_ms=wanted.start_ms,
            end_ms=wanted.end_ms,
            bibs=wanted.bibs,
        )
        if wanted.groups_only:
            assert self.race is not None
            paths = group_paths(self.race, paths)
        return paths

    def write(self, path: Path, beside: Path | None) -> ExportReport:
        """Write the model, and what belongs beside it.

        Keys are chosen by threads while everything else is made: that is nearly half of the work.
        """
        scene, limits = self.scene, self.limits
        sizes = Sizes.of(scene.road, detailed=limits.detailed)
        self.progress("following the riders", 0.0)
        paths, groups = self.paths(), self.options.groups_only
        with ThreadPoolExecutor(max_workers=1) as beneath:
            choosing = None
            if paths is not None:
                choosing = beneath.submit(choose_keys, scene.stage, paths, self.warp, limits, groups=groups)
            writer = GlbWriter(
                generator=f"tracker3d {tracker3d.__version__}",
                copyright_notice="; ".join(scene.stage.credits),
                compressed=limits.compressed,
            )
            self.progress("packing the ground", 0.2)
            facing_rad = overview_azimuth_rad(scene) + math.pi
            nodes = [
                add_ground(writer, self.ground, limits, self.warp),
                add_road(writer, scene, self.ground, sizes, self.warp, detailed=limits.detailed),
                *add_signs(writer, scene, sizes, self.warp, facing_rad=facing_rad),
            ]
            self.progress("choosing keys", 0.4)
            moves = self._camera_moves(paths, sizes)
            keys = choosing.result() if choosing is not None else None
        added = AddedRiders([], 0, 0.0)
        self.progress("writing", 0.8)
        if paths is not None and keys is not None:
            add = add_groups if groups else add_riders
            added = add(writer, scene, paths, keys.paths, sizes, limits=limits, facing_rad=facing_rad)
            nodes += added.nodes
            if keys.leader is not None:
                nodes.append(add_leader(writer, scene, keys.leader, sizes, limits=limits))
        place = _on_table(scene, self.ground, limits)
        nodes += add_cameras(writer, moves, sizes, scale=place.get("scale", 1.0))
        root = writer.node("stage", children=nodes, extras=_root_extras(scene, paths, limits), **place)
        if self.profile is Profile.IOS:
            size_bytes = write_usdz(writer, path, root=root)
        else:
            size_bytes = writer.write(path, root=root)
        messages = self._write_beside(paths, path, beside) if beside is not None else ()
        return ExportReport(
            path=path,
            size_bytes=size_bytes,
            triangles=self.ground.triangles,
            riders=len(added.nodes),
            keys=added.keys,
            duration_s=float(paths.times_s[-1]) if paths is not None else 0.0,
            max_error_m=added.error_m,
            messages=messages,
        )

    def _camera_moves(self, paths: RacePaths | None, sizes: Sizes) -> list[CameraMove]:
        if self.profile is Profile.TILES:
            return []
        return camera_moves(
            self.scene,
            paths,
            sizes,
            speed=self.limits.speed,
            race=self.race,
            detailed=self.limits.detailed,
        )

    def _write_beside(self, paths: RacePaths | None, path: Path, beside: Path) -> tuple[str, ...]:
        if isinstance(self.warp, GlobeWarp):
            points = np.concatenate([tile.vertices_m for tile in self.ground.tiles])
            write_tileset(
                self.warp, self.warp(points), beside, content=path.name, error_m=self.limits.max_error_m
            )
            return (f"{beside.name} puts it on the globe.",)
        assert paths is not None
        error_m = write_stream(self.scene.stage, paths, beside, max_error_m=self.limits.max_error_m)
        return (f"{beside.name}: the race along the road, at most {error_m:.2f} m off at every second",)


def stretched(scene: StageScene, factor: float) -> StageScene:
    """Return a scene with all drawn heights multiplied; only what the export reads of its ground changes."""
    if factor == 1.0:
        return scene
    up = np.array([1.0, 1.0, factor], np.float32)
    frame = dataclasses.replace(
        scene.stage.frame, vertical_exaggeration=scene.stage.frame.vertical_exaggeration * factor
    )
    relief = scene.ground.relief
    return StageScene(
        stage=dataclasses.replace(
            scene.stage, frame=frame, route=dataclasses.replace(scene.stage.route, frame=frame)
        ),
        ground=dataclasses.replace(
            scene.ground, relief=dataclasses.replace(relief, heights_m=relief.heights_m * np.float32(factor))
        ),
        road=dataclasses.replace(scene.road, positions_m=scene.road.positions_m * up),
        gates=tuple(dataclasses.replace(gate, position_m=gate.position_m * up) for gate in scene.gates),
        theme=scene.theme,
    )


def _on_table(scene: StageScene, ground: ExportedGround, limits: ProfileLimits) -> dict[str, Any]:
    """Return scale and place of the root that put the model's foot on the middle of a table."""
    if limits.table_m is None:
        return {}
    points = np.concatenate([scene.road.positions_m, *(tile.vertices_m for tile in ground.tiles)]).astype(
        float
    )
    low, high = points.min(axis=0), points.max(axis=0)
    scale = limits.table_m / float((high - low)[:2].max())
    middle = np.array([*(low + high)[:2] / 2, low[2]])
    return {"scale": scale, "translation_m": -scale * middle}


def _root_extras(scene: StageScene, paths: RacePaths | None, limits: ProfileLimits) -> dict[str, Any]:
    extras = {"contract_version": CONTRACT_VERSION, **place_extras(scene)}
    if paths is not None:
        start = dt.datetime.fromtimestamp(paths.start_ms / 1000, tz=dt.UTC)
        extras["start_time_utc"] = start.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        extras["duration_s"] = float(paths.times_s[-1])
        extras["max_error_m"] = limits.max_error_m
        extras["speed"] = limits.speed
    return extras


def place_extras(scene: StageScene) -> dict[str, Any]:
    """Return what a file's root says about its stage: its name, its frame and who is to be credited."""
    stage = scene.stage
    return {
        "title": stage.name,
        "date": stage.date,
        "crs": stage.frame.crs.srs,
        "origin_lon_deg": stage.frame.origin_lon_deg,
        "origin_lat_deg": stage.frame.origin_lat_deg,
        "axes": "x east, y up, z south, metres",
        "vertical_exaggeration": stage.frame.vertical_exaggeration,
        "simulated": stage.simulated,
        "credits": list(stage.credits),
    }
