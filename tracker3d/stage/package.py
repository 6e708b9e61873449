"""The stage package: a folder ``NAME.stage`` with everything that is needed on air without internet.

::

    NAME.stage/
      manifest.json   format, version, name, times, frame, places, teams, riders, coverage, sources
      road.npz        the road's table (numpy arrays, no pickles)
      ground/         tiles of the drawn ground, written and read by ``terrain``

A package may come from anybody: names in it are never used as paths, sizes are bounded, and whatever
does not fit is refused as damaged.
"""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import numpy as np

from terrain import LocalFrame, TerrainError
from tracker3d.errors import InputError, OutputError, PackageError
from tracker3d.files import written_aside
from tracker3d.stage.inputs import read_bounded
from tracker3d.stage.manifest import FORMAT, VERSION, Manifest, SourceFile, Stamp, manifest_of
from tracker3d.stage.model import Stage
from tracker3d.stage.route import Route

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from terrain import Ground

SUFFIX = ".stage"

MANIFEST = "manifest.json"
ROAD = "road.npz"
GROUND = "ground"

_LARGEST_MANIFEST_BYTES = 20_000_000
_LARGEST_ROAD_BYTES = 200_000_000
_ROAD_COLUMNS = {
    "x_m": np.float64,
    "y_m": np.float64,
    "height_m": np.float64,
    "z_drawn_m": np.float64,
    "on_structure": np.bool_,
    "covered": np.bool_,
}


@dataclass(frozen=True)
class Contents:
    """What a package says about itself, without its ground.

    ``made_at`` is ISO 8601 in UTC, ``made_by`` the name and version of the tool.
    """

    path: Path
    stage: Stage
    sources: tuple[SourceFile, ...]
    made_at: str
    made_by: str


@dataclass(frozen=True)
class StagePackage:
    """An opened stage package."""

    path: Path
    stage: Stage
    ground: Ground
    sources: tuple[SourceFile, ...] = ()
    made_at: str = ""


def is_package(path: Path) -> bool:
    """Whether a path is a folder that says it is a stage package, whole or damaged."""
    try:
        with (path / MANIFEST).open("rb") as stream:
            head = stream.read(4096)
    except OSError:
        return False
    return FORMAT.encode() in head


def check_output(path: Path) -> None:
    """Refuse a place where a package must not be written.

    Raises
    ------
    OutputError
        The name does not end in ``.stage``, or something else than a stage package stands there.
    """
    if path.suffix != SUFFIX or not path.stem:
        raise OutputError(f"{path} is no name for a stage package; choose one that ends in {SUFFIX}.")
    if path.exists() and not is_package(path):
        raise OutputError(f"{path} exists and is no stage package; choose another name, or remove it.")
    if not path.absolute().parent.is_dir():
        raise OutputError(
            f"The folder {path.absolute().parent} does not exist; create it, or choose another place."
        )


def save_package(path: Path, *, stage: Stage, ground: Ground, sources: Sequence[SourceFile] = ()) -> None:
    """Write a stage package; what stood there is replaced only when the new one is whole.

    Parameters
    ----------
    path : Path
        ``NAME.stage``.
    stage : Stage
    ground : Ground
        Built along the nodes of ``stage.route``.
    sources : sequence of SourceFile
        What it was made from.

    Raises
    ------
    OutputError
        The package cannot be written there.
    """
    check_output(path)
    with written_aside(path, folder=True) as folder:
        (folder / GROUND).mkdir()
        ground.save(folder / GROUND)
        route = stage.route
        np.savez_compressed(folder / ROAD, **{name: getattr(route, name) for name in _ROAD_COLUMNS})
        manifest = msgspec.json.encode(manifest_of(stage, sources))
        (folder / MANIFEST).write_bytes(msgspec.json.format(manifest, indent=1))


def open_package(path: Path) -> StagePackage:
    """Open a stage package.

    Raises
    ------
    PackageError
        It is missing, damaged, incomplete or made by a newer version.
    """
    from terrain import Ground

    contents = read_contents(path)
    try:
        ground = Ground.open(path / GROUND)
    except TerrainError as error:
        raise PackageError(f"The ground of {path} is damaged; prepare the stage again.") from error
    route = contents.stage.route
    raced = round((route.finish_m - route.start_m) / route.step_m) + 1
    if not raced <= len(ground.z_drawn_m) <= len(route):
        raise PackageError(f"Road and ground of {path} do not belong together; prepare the stage again.")
    return StagePackage(path, contents.stage, ground, contents.sources, contents.made_at)


def read_contents(path: Path) -> Contents:
    """Read everything of a package but its ground.

    Raises
    ------
    PackageError
        As :func:`open_package`.
    """
    if not path.is_dir():
        what = "is no folder" if path.exists() else "does not exist"
        raise PackageError(
            f"{path} {what}; give a stage package (NAME{SUFFIX}), made with tracker3d prepare."
        )
    manifest = _read_manifest(path)
    return Contents(
        path=path,
        stage=_stage_of(manifest, path),
        sources=tuple(manifest.sources),
        made_at=manifest.made_at,
        made_by=manifest.made_by,
    )


def _read_manifest(path: Path) -> Manifest:
    try:
        content = read_bounded(_inside(path, MANIFEST), limit_bytes=_LARGEST_MANIFEST_BYTES)
        _check_version(msgspec.json.decode(content, type=Stamp), path)
        manifest = msgspec.json.decode(content, type=Manifest)
        ZoneInfo(manifest.timezone)
    except PackageError:
        raise
    except (
        InputError,
        msgspec.MsgspecError,
        UnicodeDecodeError,
        RecursionError,
        ZoneInfoNotFoundError,
        ValueError,
        OSError,
    ) as error:
        raise PackageError(f"{path / MANIFEST} is missing or damaged; prepare the stage again.") from error
    return manifest


def _check_version(stamp: Stamp, path: Path) -> None:
    if stamp.format == FORMAT and stamp.version > VERSION:
        raise PackageError(f"{path} was made by a newer version of tracker3d; update tracker3d.")
    if stamp.format != FORMAT or stamp.version < VERSION:
        raise PackageError(f"{path} is no stage package of this version; prepare the stage again.")


def _stage_of(manifest: Manifest, path: Path) -> Stage:
    frame = LocalFrame(
        manifest.frame.origin_lon_deg, manifest.frame.origin_lat_deg, manifest.frame.vertical_exaggeration
    )
    road = manifest.road
    route = Route(
        frame=frame,
        start_m=road.start_m,
        step_m=road.step_m,
        finish_m=road.finish_m,
        **_read_road(path, road.nodes),
    )
    return Stage(
        name=manifest.name,
        date=manifest.date,
        timezone=manifest.timezone,
        frame=frame,
        route=route,
        start_time_ms=manifest.start_time_ms,
        time_trial=manifest.time_trial,
        simulated=manifest.simulated,
        places=tuple(place.to_model() for place in manifest.places),
        teams=tuple(team.to_model() for team in manifest.teams),
        riders=tuple(rider.to_model() for rider in manifest.riders),
        coverage=manifest.coverage.to_model(),
        credits=tuple(manifest.credits),
    )


def _read_road(path: Path, nodes: int) -> dict[str, NDArray[Any]]:
    damaged = f"{path / ROAD} is missing or damaged; prepare the stage again."
    file = _inside(path, ROAD)
    try:
        with zipfile.ZipFile(file) as archive:
            if sum(member.file_size for member in archive.infolist()) > _LARGEST_ROAD_BYTES:
                raise PackageError(damaged)
        with np.load(file, allow_pickle=False) as table:
            columns = {name: table[name] for name in _ROAD_COLUMNS}
    except (
        zipfile.BadZipFile,
        zlib.error,
        OSError,
        ValueError,
        KeyError,
        EOFError,
        NotImplementedError,
    ) as error:
        raise PackageError(damaged) from error
    for name, kind in _ROAD_COLUMNS.items():
        column = columns[name]
        if column.shape != (nodes,) or column.dtype != kind or not np.isfinite(column).all():
            raise PackageError(damaged)
    return columns


def _inside(path: Path, name: str) -> Path:
    """Return a member of the folder, refusing a link that leaves it."""
    member = path / name
    if not member.resolve().is_relative_to(path.resolve()):
        raise PackageError(f"{member} leads out of the package; prepare the stage again.")
    return member
