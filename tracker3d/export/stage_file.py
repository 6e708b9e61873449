"""A stage, and the race on it, as one GLB file."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import tracker3d
from tracker3d.errors import InputError
from tracker3d.export.cameras import add_chase, add_orbit, add_overview, overview_azimuth_rad
from tracker3d.export.glb import GlbWriter
from tracker3d.export.ground import add_ground
from tracker3d.export.paths import RacePaths, drawn_paths
from tracker3d.export.riders import AddedRiders, add_leader, add_riders
from tracker3d.export.road import add_road
from tracker3d.export.signs import add_signs
from tracker3d.export.sizes import Sizes
from tracker3d.files import written_aside
from tracker3d.progress import silent

if TYPE_CHECKING:
    from pathlib import Path

    from tracker3d.progress import Progress
    from tracker3d.scene.model import StageScene
    from tracker3d.track import Motion

CONTRACT_VERSION = 1
"""Version of the names and extras that a reader of the file can count on."""

SMALLEST_ERROR_M = 0.05
LARGEST_ERROR_M = 1000.0


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
    max_error_m: float = 0.5,
    progress: Progress = silent,
) -> ExportReport:
    """Write a stage as binary glTF 2.0: ground, road, signs, cameras, and riders in one animation.

    Names are a contract: the root ``stage`` (its extras say where, when and how exact), below it ``terrain``,
    ``route``, ``rider_<bib>``, ``vehicle_<number>``, ``leader`` (whoever is first on the road),
    ``banner_<title>`` and ``camera_<kind>``. The root's frame is the stage's local one in metres, with y up:
    x east, z south.

    Parameters
    ----------
    scene : StageScene
    motion : Motion or None
        The race; without one the stage stands still.
    path : Path
        Must end in ``.glb``; replaced when it is there.
    max_error_m : float
        Largest distance between a rider in the file and the app's own drawn track, at every second from the
        first to the last moment of ``motion``. Before riders are first seen they stand where they appear.
    progress : Progress

    Returns
    -------
    ExportReport

    Raises
    ------
    InputError
        The path or the bound cannot be used.
    OutputError
        The file cannot be written.
    """
    if path.suffix.lower() != ".glb":
        raise InputError(f"{path.name} cannot be exported; give a name that ends in .glb.")
    if not SMALLEST_ERROR_M <= max_error_m <= LARGEST_ERROR_M:
        raise InputError(
            f"A largest error of {max_error_m:g} m cannot be kept; give one from {SMALLEST_ERROR_M:g} to "
            f"{LARGEST_ERROR_M:g} m."
        )
    with written_aside(path) as aside:
        report = _write(scene, motion, aside, max_error_m=max_error_m, progress=progress)
    progress("done", 1.0)
    return dataclasses.replace(report, path=path)


def _write(
    scene: StageScene, motion: Motion | None, path: Path, *, max_error_m: float, progress: Progress
) -> ExportReport:
    writer = GlbWriter(
        generator=f"tracker3d {tracker3d.__version__}", copyright_notice="; ".join(scene.stage.credits)
    )
    sizes = Sizes.of(scene.road)
    progress("packing the ground", 0.0)
    terrain_node, triangles = add_ground(writer, scene.ground)
    nodes = [terrain_node, add_road(writer, scene, sizes)]
    nodes += add_signs(writer, scene, sizes, facing_rad=overview_azimuth_rad(scene) + math.pi)
    paths, added = None, AddedRiders([], 0, 0.0)
    if motion is not None:
        progress("following the riders", 0.2)
        paths = drawn_paths(scene.stage, motion)
        progress("choosing keys", 0.5)
        added = add_riders(writer, scene, paths, sizes, max_error_m=max_error_m)
        nodes += [*added.nodes, *add_leader(writer, scene, paths, sizes, max_error_m=max_error_m)]
    progress("writing", 0.9)
    nodes += _cameras(writer, scene, paths, sizes)
    root = writer.node("stage", children=nodes, extras=_root_extras(scene, paths, max_error_m=max_error_m))
    return ExportReport(
        path=path,
        size_bytes=writer.write(path, root=root),
        triangles=triangles,
        riders=len(added.nodes),
        keys=added.keys,
        duration_s=float(paths.times_s[-1]) if paths is not None else 0.0,
        max_error_m=added.error_m,
    )


def _cameras(writer: GlbWriter, scene: StageScene, paths: RacePaths | None, sizes: Sizes) -> list[int]:
    duration_s = float(paths.times_s[-1]) if paths is not None else 0.0
    nodes = [add_overview(writer, scene, sizes), add_orbit(writer, scene, sizes, duration_s=duration_s)]
    chase = add_chase(writer, scene, paths, sizes) if paths is not None else None
    return nodes if chase is None else [*nodes, chase]


def _root_extras(scene: StageScene, paths: RacePaths | None, *, max_error_m: float) -> dict[str, Any]:
    extras = {"contract_version": CONTRACT_VERSION, **place_extras(scene)}
    if paths is not None:
        start = dt.datetime.fromtimestamp(paths.start_ms / 1000, tz=dt.UTC)
        extras["start_time_utc"] = start.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        extras["duration_s"] = float(paths.times_s[-1])
        extras["max_error_m"] = max_error_m
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
