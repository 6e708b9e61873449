"""Making the rehearsal: landscape, road, race, recording, DEM and the prepared stage."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from terrain.synthetic import mountain_range
from tracker3d.errors import InputError, Tracker3DError
from tracker3d.feed.rehearsal.convoy import drive_convoy
from tracker3d.feed.rehearsal.course import COLS, PLAN, ROWS, STEP_M, NoCourseError, lay_out
from tracker3d.feed.rehearsal.documents import DATE, FRAME, KM0_M, YEAR, rest_documents
from tracker3d.feed.rehearsal.peloton import draw_peloton
from tracker3d.feed.rehearsal.road import NoTunnelError, Road, build_road
from tracker3d.feed.rehearsal.simulation import simulate
from tracker3d.feed.rehearsal.transmission import transmit
from tracker3d.feed.rehearsal.water import PIXEL_M, water_picture
from tracker3d.files import written_aside
from tracker3d.progress import silent

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tracker3d.progress import Progress

VERSION = 4
"""Raised whenever the same seed gives other files."""

DEFAULT_SEED = 9

_ATTEMPTS = 12
_NEXT_SEED = 1_000
_SHORTEST_RACE_M = 40_000.0
_TIGHTEST_BEND_M = 14.0
_RECORDING = "rehearsal.json.gz"
_DEM = "rehearsal-dem.tif"
_WATER = "rehearsal-water.tif"
_PACKAGE = "rehearsal.stage"
_MARK = "rehearsal.made.json"


@dataclass(frozen=True)
class RehearsalFiles:
    """Where the rehearsal lies: what :func:`tracker3d.replay.open_replay` is given."""

    package: Path
    recording: Path


def make(folder: Path, *, seed: int = DEFAULT_SEED, progress: Progress | None = None) -> RehearsalFiles:
    """Make the rehearsal stage and its race in ``folder``, or find them there.

    What stands there is used again when it is whole and of the same seed and version.

    Parameters
    ----------
    folder : Path
        An existing folder.
    seed : int
        The same seed gives the same recording and DEM, byte for byte.
    progress : callable, optional
        Called with a text and the fraction done.

    Raises
    ------
    OutputError
        The folder does not exist or cannot be written.
    InputError
        No seed near ``seed`` gives a landscape with room for the stage.
    """
    progress = progress or silent
    files = RehearsalFiles(package=folder / _PACKAGE, recording=folder / _RECORDING)
    mark = {"version": VERSION, "seed": seed}
    if _is_whole(files, folder / _MARK, mark):
        return files
    (folder / _MARK).unlink(missing_ok=True)
    road, ground, water = landscape_and_road(seed, _part(progress, 0.0, 0.3))
    progress("writing the elevation model", 0.3)
    with written_aside(folder / _DEM) as path:
        _write_dem(path, ground)
    with written_aside(folder / _WATER) as path:
        _write_water(path, water)
    recording = record(road, seed, _part(progress, 0.32, 0.6))
    progress("writing the recording", 0.6)
    with written_aside(files.recording) as path:
        _write_recording(path, recording)
    _prepare(files, folder, _part(progress, 0.65, 1.0))
    sizes = {path.name: path.stat().st_size for path in (files.recording, folder / _DEM, folder / _WATER)}
    with written_aside(folder / _MARK) as path:
        path.write_text(json.dumps(mark | {"sizes": sizes}), encoding="utf-8")
    progress("done", 1.0)
    return files


def landscape_and_road(
    seed: int, progress: Progress = silent
) -> tuple[Road, NDArray[np.float32], NDArray[np.uint8]]:
    """Raise mountains with room for the stage, and build its road.

    Returns
    -------
    Road, (rows, cols) float32, (4, rows, cols) uint8
        The road, the ground that carries it, and its water (:func:`.water.water_picture`).

    Raises
    ------
    InputError
        Neither ``seed`` nor those tried after it give a landscape with room.
    """
    for attempt in range(_ATTEMPTS):
        # How many attempts there will be is not known: each gets half of what is left of the progress.
        part = _part(progress, 1.0 - 0.5**attempt, 1.0 - 0.5 ** (attempt + 1))
        landscape = mountain_range(
            seed=seed + attempt * _NEXT_SEED, rows=ROWS, cols=COLS, step_m=STEP_M, plan=PLAN, progress=part
        )
        try:
            part("building the road", 0.9)
            road, ground = build_road(lay_out(landscape), landscape)
        except (NoCourseError, NoTunnelError):
            continue
        if _is_fit(road):
            return road, ground, water_picture(landscape, road)
    raise InputError(f"Seed {seed} gives no landscape with room for the stage; choose another seed.")


def _is_fit(road: Road) -> bool:
    """Whether a road is long enough and has no bend that riders would have to walk around."""
    tightest_m = 1.0 / float(road.curvature.max())
    return float(road.s_m[-1]) - KM0_M >= _SHORTEST_RACE_M and tightest_m >= _TIGHTEST_BEND_M


def record(road: Road, seed: int, progress: Progress = silent) -> dict[str, Any]:
    """Race along ``road`` and return the recording as it is written to the file."""
    racing, naming, sending = (np.random.default_rng([seed, part]) for part in range(3))
    peloton = draw_peloton(racing)
    log = simulate(road, peloton, km0_m=KM0_M, rng=racing, progress=_part(progress, 0.0, 0.6))
    progress("tracking", 0.6)
    convoy = drive_convoy(log)
    return {
        "version": 1,
        "meta": {
            "date": DATE,
            "year": YEAR,
            "recordedAt": f"{DATE}T16:00:00.000Z",
            "source": "tracker3d rehearsal",
            "simulated": True,
            "seed": seed,
        },
        "rest": rest_documents(road, peloton, naming),
        "events": transmit(road, peloton, log, convoy, sending),
    }


def _is_whole(files: RehearsalFiles, mark_path: Path, wanted: dict[str, int]) -> bool:
    try:
        mark = json.loads(mark_path.read_text(encoding="utf-8"))
        sizes = mark["sizes"]
        if {key: mark[key] for key in wanted} != wanted:
            return False
        if any((mark_path.parent / name).stat().st_size != size for name, size in sizes.items()):
            return False
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    from tracker3d.stage import open_package

    try:
        open_package(files.package)
    except Tracker3DError:
        return False
    return True


def _write_dem(path: Path, ground_m: NDArray[np.float32]) -> None:
    # Centimetres are finer than anything here and compress far better.
    _write_raster(path, np.round(ground_m, 2)[None], STEP_M, predictor=3)


def _write_water(path: Path, picture: NDArray[np.uint8]) -> None:
    _write_raster(path, picture, PIXEL_M, photometric="RGB", alpha="YES")


def _write_raster(
    path: Path, bands: NDArray[np.float32] | NDArray[np.uint8], step_m: float, **options: str | int
) -> None:
    """Write bands (k, rows, columns), rows going north, whose middle is the frame's origin."""
    import rasterio
    from rasterio.transform import from_origin

    count, rows, cols = bands.shape
    west, north = -0.5 * (cols - 1) * step_m, 0.5 * (rows - 1) * step_m
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=cols,
        height=rows,
        count=count,
        dtype=bands.dtype.name,
        crs=FRAME.crs.to_wkt(),
        transform=from_origin(west - 0.5 * step_m, north + 0.5 * step_m, step_m, step_m),
        compress="deflate",
        zlevel=4,
        tiled=True,
        **options,
    ) as raster:
        raster.write(bands[:, ::-1])


def _write_recording(path: Path, recording: dict[str, Any]) -> None:
    text = msgspec.json.encode(recording)
    with (
        path.open("wb") as stream,
        gzip.GzipFile("", "wb", compresslevel=3, fileobj=stream, mtime=0) as packed,
    ):
        packed.write(text)


def _prepare(files: RehearsalFiles, folder: Path, progress: Progress) -> None:
    from tracker3d.stage import prepare

    prepare(
        files.recording,
        output=files.package,
        dem_paths=(folder / _DEM,),
        drape_paths=(folder / _WATER,),
        progress=progress,
    )


def _part(progress: Progress, begin: float, end: float) -> Progress:
    """Show the whole of a part as a share of everything."""

    def show(text: str, fraction: float) -> None:
        progress(text, begin + (end - begin) * fraction)

    return show
