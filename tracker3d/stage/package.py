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

import datetime as dt
import math
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import numpy as np

import tracker3d
from terrain import LocalFrame, TerrainError
from tracker3d.errors import InputError, OutputError, PackageError
from tracker3d.files import written_aside
from tracker3d.stage.inputs import read_bounded
from tracker3d.stage.model import Coverage, Place, PlaceKind, Rider, Stage, Team
from tracker3d.stage.route import Route

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from terrain import Ground

FORMAT = "tracker3d stage"
VERSION = 1
SUFFIX = ".stage"

MANIFEST = "manifest.json"
ROAD = "road.npz"
GROUND = "ground"

_LARGEST_MANIFEST_BYTES = 20_000_000
_LARGEST_ROAD_BYTES = 200_000_000
_MOST_NODES = 1_000_000
_ROAD_COLUMNS = {
    "x_m": np.float64,
    "y_m": np.float64,
    "height_m": np.float64,
    "z_drawn_m": np.float64,
    "on_structure": np.bool_,
    "covered": np.bool_,
}

Channel = Annotated[int, msgspec.Meta(ge=0, le=255)]
Finite = Annotated[float, msgspec.Meta(ge=-1e9, le=1e9)]


class SourceFile(msgspec.Struct, frozen=True):
    """A file that a package was made from. ``sha256`` is empty for folders."""

    name: str
    role: str
    sha256: str = ""
    size_bytes: int = 0


class _Place(msgspec.Struct, omit_defaults=True):
    kind: PlaceKind
    name: str
    distance_m: Finite
    height_m: Finite
    category: str = ""
    length_m: Finite | None = None
    average_gradient_percent: Finite | None = None


class _Team(msgspec.Struct):
    code: str
    name: str
    colour_rgb: tuple[Channel, Channel, Channel]


class _Rider(msgspec.Struct, omit_defaults=True):
    bib: int
    first_name: str = ""
    last_name: str = ""
    team_code: str = ""
    nation: str = ""
    jersey: str = ""
    vehicle: bool = False


class _Frame(msgspec.Struct):
    origin_lon_deg: Annotated[float, msgspec.Meta(ge=-180.0, le=180.0)]
    origin_lat_deg: Annotated[float, msgspec.Meta(ge=-85.0, le=85.0)]
    vertical_exaggeration: Annotated[float, msgspec.Meta(gt=0.0, le=100.0)]
    crs: str


class _Road(msgspec.Struct):
    start_m: Finite
    step_m: Annotated[float, msgspec.Meta(gt=0.0, le=1000.0)]
    finish_m: Finite
    nodes: Annotated[int, msgspec.Meta(ge=2, le=_MOST_NODES)]


class _Coverage(msgspec.Struct):
    covered_m: list[tuple[Finite, Finite]]
    sources: list[str]
    warnings: list[str]


class _Stamp(msgspec.Struct):
    """The part of a manifest that every version has."""

    format: str
    version: int


class _Manifest(_Stamp, kw_only=True):
    made_at: str
    made_by: str
    name: str
    date: str
    timezone: str
    start_time_ms: int | None
    time_trial: bool
    simulated: bool
    frame: _Frame
    road: _Road
    places: list[_Place]
    teams: list[_Team]
    riders: list[_Rider]
    coverage: _Coverage
    credits: list[str]
    sources: list[SourceFile]


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
        manifest = msgspec.json.encode(_manifest_of(stage, sources))
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
    if len(ground.z_drawn_m) != len(contents.stage.route):
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


def _manifest_of(stage: Stage, sources: Sequence[SourceFile]) -> _Manifest:
    frame, route, coverage = stage.frame, stage.route, stage.coverage
    return _Manifest(
        format=FORMAT,
        version=VERSION,
        made_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        made_by=f"tracker3d {tracker3d.__version__}",
        name=stage.name,
        date=stage.date,
        timezone=stage.timezone,
        start_time_ms=stage.start_time_ms,
        time_trial=stage.time_trial,
        simulated=stage.simulated,
        frame=_Frame(
            frame.origin_lon_deg, frame.origin_lat_deg, frame.vertical_exaggeration, frame.crs.to_string()
        ),
        road=_Road(route.start_m, route.step_m, route.finish_m, len(route)),
        places=[
            _Place(
                place.kind,
                place.name,
                place.distance_m,
                place.height_m,
                place.category,
                _or_none(place.length_m),
                _or_none(place.average_gradient_percent),
            )
            for place in stage.places
        ],
        teams=[_Team(team.code, team.name, team.colour_rgb) for team in stage.teams],
        riders=[_Rider(*_fields(rider)) for rider in stage.riders],
        coverage=_Coverage(list(coverage.covered_m), list(coverage.sources), list(coverage.warnings)),
        credits=list(stage.credits),
        sources=list(sources),
    )


def _fields(rider: Rider | _Rider) -> tuple[Any, ...]:
    return tuple(getattr(rider, name) for name in _Rider.__struct_fields__)


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _read_manifest(path: Path) -> _Manifest:
    try:
        content = read_bounded(_inside(path, MANIFEST), limit_bytes=_LARGEST_MANIFEST_BYTES)
        _check_version(msgspec.json.decode(content, type=_Stamp), path)
        manifest = msgspec.json.decode(content, type=_Manifest)
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


def _check_version(stamp: _Stamp, path: Path) -> None:
    if stamp.format == FORMAT and stamp.version > VERSION:
        raise PackageError(f"{path} was made by a newer version of tracker3d; update tracker3d.")
    if stamp.format != FORMAT or stamp.version < VERSION:
        raise PackageError(f"{path} is no stage package of this version; prepare the stage again.")


def _stage_of(manifest: _Manifest, path: Path) -> Stage:
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
        places=tuple(
            Place(
                place.kind,
                place.name,
                place.distance_m,
                place.height_m,
                place.category,
                _or_nan(place.length_m),
                _or_nan(place.average_gradient_percent),
            )
            for place in manifest.places
        ),
        teams=tuple(Team(team.code, team.name, team.colour_rgb) for team in manifest.teams),
        riders=tuple(Rider(*_fields(rider)) for rider in manifest.riders),
        coverage=Coverage(
            tuple(manifest.coverage.covered_m),
            tuple(manifest.coverage.sources),
            tuple(manifest.coverage.warnings),
        ),
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
