"""What a road's corridor needs of a public source: fetched, checked, joined, and credited."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import numpy as np
import rasterio
from rasterio.transform import Affine

from terrain.errors import DownloadError
from terrain.fetching.catalogue import SOURCES, Kind, Source, credits_of
from terrain.fetching.checks import UnfitError, check_degree_file, read_picture, read_terrarium
from terrain.fetching.client import Progress, Wanted, fetch
from terrain.fetching.mosaic import DamagedTilesError, join_heights, join_pictures, writable
from terrain.fetching.needed import Corridor, degree_columns, degree_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from terrain.fetching.settings import FetchSettings

_MOST_DEGREE_FILES = 60
_MOST_TILES = 3000
_PICTURE_PIXELS = 4096
_FINEST_PICTURE_M, _COARSEST_PICTURE_M = 5.0, 60.0
_BEYOND_EDGE_M = 1200.0
_BARELY_LAND_M = 20.0
_SEA_ROWS = 3600

_Result = TypeVar("_Result")

REMEDY = "use files that are at hand instead"


@dataclass(frozen=True)
class Fetched:
    """What was fetched.

    Attributes
    ----------
    paths : tuple of Path
        Files as :func:`terrain.build_ground` takes them; some lie in the work folder.
    credits : tuple of str
        Lines to show with every picture.
    messages : tuple of str
        What the user should know about it.
    """

    paths: tuple[Path, ...]
    credits: tuple[str, ...]
    messages: tuple[str, ...]


@dataclass(frozen=True)
class Road:
    """A road in WGS 84, (n,) each; ``height_m`` is NaN where it is not known."""

    lon_deg: NDArray[np.float64]
    lat_deg: NDArray[np.float64]
    height_m: NDArray[np.float64]

    def corridor(self, half_width_m: float) -> Corridor:
        """Return the land that ground of a half width needs, some rows more for interpolation."""
        return Corridor.along(self.lon_deg, self.lat_deg, reach_m=half_width_m + _BEYOND_EDGE_M)


def fetch_elevation(
    key: str,
    road: Road,
    *,
    half_width_m: float,
    settings: FetchSettings,
    work: Path,
    step_m: float = 30.0,
    remedy: str = REMEDY,
    progress: Progress | None = None,
) -> Fetched:
    """Fetch the elevation data that ground along a road needs.

    Parameters
    ----------
    key : str
        ``glo30`` or ``terrarium``.
    road : Road
    half_width_m : float
        How far the ground reaches to either side.
    settings : FetchSettings
    work : Path
        An existing folder for files that are made here; they are needed as long as the result is.
    step_m : float
        About how wide the pixels of a pyramid shall be on the ground.
    remedy : str
        What the user can do instead, to end an error's sentence.
    progress : callable, optional
        Called with what is being done and the share done, 0 to 1.

    Raises
    ------
    DownloadError
        Something could not be fetched, or the source has nothing there.
    """
    source = _source(key, (Kind.DEGREE_HEIGHTS, Kind.PYRAMID_HEIGHTS))
    told = progress or (lambda text, share: None)
    corridor = road.corridor(half_width_m)
    if source.kind is Kind.DEGREE_HEIGHTS:
        paths, messages = _degree_files(source, road, corridor, settings, work, remedy, told)
    else:
        zoom = _zoom(source, corridor, step_m)
        path = work / f"{source.key}-z{zoom}.tif"
        lowest_m = np.nanmin(road.height_m) if np.isfinite(road.height_m).any() else -1.0
        join = partial(join_heights, zoom=zoom, output=path, land_below_sea=bool(lowest_m < 0.0))
        sea, messages = _joined(join, source, corridor, zoom, settings, remedy, told)
        paths = [path]
        if sea > 0.0:
            messages.append(
                f"{source.title}: {sea:.0%} of what was fetched is sea floor; it lies at height 0."
            )
    return Fetched(tuple(paths), credits_of(source, corridor.bounds_deg), tuple(messages))


def fetch_imagery(
    key: str,
    road: Road,
    *,
    half_width_m: float,
    settings: FetchSettings,
    work: Path,
    remedy: str = REMEDY,
    progress: Progress | None = None,
) -> Fetched:
    """Fetch imagery (``sentinel2`` or ``ign``) to be laid over the ground; see :func:`fetch_elevation`.

    Pixels are as fine as the ground's picture can show. Where the source has nothing, nothing is laid over.
    """
    source = _source(key, (Kind.PYRAMID_PICTURES,))
    corridor = road.corridor(half_width_m)
    west, south, east, north = corridor.bounds_deg
    across_m = 111_000.0 * max(north - south, (east - west) * np.cos(np.deg2rad((south + north) / 2)))
    step_m = float(np.clip(across_m / _PICTURE_PIXELS, _FINEST_PICTURE_M, _COARSEST_PICTURE_M))
    zoom = _zoom(source, corridor, step_m)
    path = work / f"{source.key}-z{zoom}.tif"
    join = partial(join_pictures, zoom=zoom, output=path)
    told = progress or (lambda text, share: None)
    _, messages = _joined(join, source, corridor, zoom, settings, remedy, told)
    return Fetched((path,), credits_of(source, corridor.bounds_deg), tuple(messages))


def _source(key: str, kinds: Sequence[Kind]) -> Source:
    source = SOURCES.get(key)
    if source is None or source.kind not in kinds:
        names = " or ".join(source.key for source in SOURCES.values() if source.kind in kinds)
        raise DownloadError(f"There is no source named {key} for this; choose {names}.")
    return source


def _degree_files(
    source: Source,
    road: Road,
    corridor: Corridor,
    settings: FetchSettings,
    work: Path,
    remedy: str,
    progress: Progress,
) -> tuple[list[Path], list[str]]:
    cells = corridor.degree_cells()
    if len(cells) > _MOST_DEGREE_FILES:
        raise DownloadError(f"The road needs {len(cells)} tiles of {source.title}, too many; {remedy}.")
    address, folder = settings.address(source), settings.folder(source)
    wanted = {}
    for lon, lat in cells:
        name = degree_name(lon, lat)
        wanted[lon, lat] = Wanted(
            address.replace("{name}", name),
            folder / f"{name}{source.ending}",
            partial(check_degree_file, lon=lon, lat=lat),
        )
        _drop_damaged(wanted[lon, lat].path, partial(check_degree_file, lon=lon, lat=lat, thorough=False))
    _fetch_noting_absent(source, list(wanted.values()), settings, remedy, progress)
    paths = [want.path for want in wanted.values() if want.path.exists()]
    messages = []
    for (lon, lat), want in wanted.items():
        if want.path.exists():
            continue
        if _on_land(road, lon, lat):
            messages.append(
                f"{source.title} has no tile {want.path.stem}, and the road leads through it: "
                "there the ground has no elevation data."
            )
            continue
        messages.append(f"{source.title} has no tile {want.path.stem}: it is taken for sea, at height 0.")
        paths.append(_sea(work / f"{want.path.stem}_sea.tif", lon, lat))
    return paths, messages


def _on_land(road: Road, lon: int, lat: int) -> bool:
    """Tell whether a cell without a file cannot be sea, because a road leads through it."""
    inside = (np.floor(road.lon_deg) == lon) & (np.floor(road.lat_deg) == lat)
    if not inside.any():
        return False
    heights = road.height_m[inside]
    return not (np.isfinite(heights).all() and heights.max() < _BARELY_LAND_M)


def _sea(path: Path, lon: int, lat: int) -> Path:
    """Write a file of height 0 on the grid that the missing one would have; it takes hardly any room."""
    columns = degree_columns(lat)
    across, down = 1.0 / columns, 1.0 / _SEA_ROWS
    profile = {
        "driver": "GTiff",
        "width": columns,
        "height": _SEA_ROWS,
        "count": 1,
        "dtype": "float32",
        "crs": "EPSG:4326",
        "transform": Affine(across, 0, lon - across / 2, 0, -down, lat + 1 + down / 2),
        "tiled": True,
        "sparse_ok": True,
    }
    with writable(path), rasterio.open(path, "w", **profile):
        pass
    return path


def _zoom(source: Source, corridor: Corridor, step_m: float) -> int:
    """Return the zoom for a step, a coarser one where that were too many tiles."""
    zoom = corridor.zoom_for(step_m, finest=source.finest_zoom)
    while zoom > 0 and len(corridor.pyramid_tiles(zoom)) > _MOST_TILES:
        zoom -= 1
    return zoom


def _joined(
    join: Callable[[dict[tuple[int, int], Path]], _Result],
    source: Source,
    corridor: Corridor,
    zoom: int,
    settings: FetchSettings,
    remedy: str,
    progress: Progress,
) -> tuple[_Result, list[str]]:
    """Fetch tiles and join them; once more where some in the cache turn out to be damaged."""
    tiles, messages = _tiles(source, corridor, zoom, settings, remedy, progress)
    try:
        return join(tiles), messages
    except DamagedTilesError:
        tiles, messages = _tiles(source, corridor, zoom, settings, remedy, lambda text, share: None)
    try:
        return join(tiles), messages
    except DamagedTilesError as error:
        raise DownloadError(
            f"Tiles in {settings.folder(source)} are damaged as soon as they are written; check the disk."
        ) from error


def _tiles(
    source: Source, corridor: Corridor, zoom: int, settings: FetchSettings, remedy: str, progress: Progress
) -> tuple[dict[tuple[int, int], Path], list[str]]:
    address, folder = settings.address(source), settings.folder(source)
    read = read_terrarium if source.kind is Kind.PYRAMID_HEIGHTS else read_picture

    def check(path: Path) -> None:
        read(path)

    wanted = {}
    for x, y in corridor.pyramid_tiles(zoom):
        column = x % 2**zoom
        filled = address.replace("{z}", str(zoom)).replace("{x}", str(column)).replace("{y}", str(y))
        path = folder / str(zoom) / str(column) / f"{y}{source.ending}"
        wanted[x, y] = Wanted(filled, path, check)
    _fetch_noting_absent(source, list(wanted.values()), settings, remedy, progress)
    tiles = {at: want.path for at, want in wanted.items() if want.path.exists()}
    absent = len(wanted) - len(tiles)
    messages = (
        [f"{source.title} has nothing for {absent} of {len(wanted)} tiles along the road."] if absent else []
    )
    return tiles, messages


def _fetch_noting_absent(
    source: Source, wanted: Sequence[Wanted], settings: FetchSettings, remedy: str, progress: Progress
) -> None:
    """Fetch, and remember what the source does not have, unless it has nothing at all."""
    unknown = fetch(source, wanted, settings=settings, remedy=remedy, progress=progress)
    if not any(want.path.exists() for want in wanted):
        place = urlsplit(settings.address(source)).netloc.rpartition("@")[2]
        raise DownloadError(
            f"{place} has none of the {len(wanted)} tiles of {source.title} along the road; "
            f"check the address if another one was set, or {remedy}."
        )
    for want in wanted:
        if want.path in unknown:
            want.absent.touch()


def _drop_damaged(path: Path, check: partial[None]) -> None:
    """Delete a file of the cache that is no longer whole, so that it is fetched again."""
    if path.exists():
        try:
            check(path)
        except UnfitError:
            path.unlink(missing_ok=True)
