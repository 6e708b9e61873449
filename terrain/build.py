"""DEM files and a road to drawn ground."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from terrain.corridor import cut_out, distance_to_road, plan_grid
from terrain.elevation import ElevationGrid
from terrain.fetching.catalogue import GLO30
from terrain.ground import Ground
from terrain.imagery import open_drapes
from terrain.land import Land, lay_out, raw_heights
from terrain.levels import Level, levels_of
from terrain.mesh import Mesh
from terrain.painting import Look, Painter
from terrain.painting import warm_up as warm_up_painting
from terrain.partition import groups
from terrain.pictures import LONGEST_SIDE, Pictures, paint_tiles
from terrain.roadside import structure_heights
from terrain.sources import GridPlan, Sources, open_sources
from terrain.tiles import wall
from terrain.tree import TileTree
from terrain.triangulation import warm_up

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from terrain.frame import LocalFrame
    from terrain.geoid import Geoid
    from terrain.line import GroundLine

    Progress = Callable[[str, float], None]

_RELIEF_STEP_M = 75.0
_BESIDE_M = 250.0

_CREDITS = {
    "copernicus_dsm": GLO30.credit,
    "rge": "© IGN",
    ".hgt": "SRTM data courtesy of the U.S. Geological Survey",
    "srtm": "SRTM data courtesy of the U.S. Geological Survey",
}


def build_ground(
    frame: LocalFrame,
    *,
    line: GroundLine,
    dem_paths: Sequence[Path] = (),
    drape_paths: Sequence[Path] = (),
    look: Look = Look.NATURAL,
    half_width_m: float = 6000.0,
    max_error_m: float = 1.0,
    elevation: ElevationGrid | None = None,
    geoid: Geoid | None = None,
    progress: Progress | None = None,
) -> Ground:
    """Build the drawn ground along a road.

    Parameters
    ----------
    frame : LocalFrame
        Of the stage; ``line`` is in it.
    line : GroundLine
        The road with its own heights.
    dem_paths : sequence of Path
        Elevation files and folders of them. With none, the ground is an apron at the road's own height.
    drape_paths : sequence of Path
        Georeferenced pictures, shown where they cover, the first on top.
    look : Look
        How the ground is coloured.
    half_width_m : float
        How far the ground reaches to either side of the road.
    max_error_m : float
        Largest vertical distance between the finest tiles and the land within 300 m of the road; beyond, it
        grows to 20 m at the edge. The land is the elevation data, laid under the road's own profile in a
        narrow strip (:func:`terrain.apron.bench`) where the two differ in detail.
    elevation : ElevationGrid, optional
        Heights that are at hand already, in the local frame, instead of files.
    geoid : Geoid, optional
        Given where the files' heights are above the ellipsoid.
    progress : callable, optional
        Called with what is being done and the share done, 0 to 1.

    Raises
    ------
    ElevationFileError
        A file cannot be used.
    CoverageError
        Files were given and cover no part of the road.
    """
    report = progress or (lambda what, share: None)
    report("Reading elevation data", 0.0)
    drapes = open_drapes(drape_paths) if drape_paths else None
    warm_up()
    warm_up_painting()
    sources = open_sources([Path(path) for path in dem_paths], geoid=geoid)
    native_m = min(sources.finest_m, elevation.step_m if elevation is not None else float("inf"))
    plan = plan_grid(line, half_width_m=half_width_m, native_m=native_m)
    # On another thread runs what does not need the work beside it: neither keeps all processors busy.
    with ThreadPoolExecutor(1) as pool:
        measured = pool.submit(distance_to_road, plan, line, half_width_m=half_width_m)
        raw = raw_heights(plan, sources, elevation, frame)
        distance = measured.result()
    report("Laying out the ground", 0.25)
    land, line, messages = lay_out(plan, raw, distance, line, sources, half_width_m)
    report("Triangulating and painting the ground", 0.40)
    with ThreadPoolExecutor(1) as pool:
        triangulated = pool.submit(
            lambda: list(levels_of(land, line, half_width_m=half_width_m, max_error_m=max_error_m))
        )
        painter = Painter(land, frame, half_width_m=half_width_m, look=look, drapes=drapes)
        whole = painter.plan
        picture = painter.paint(whole.x0_m, whole.y0_m, whole.step_m, whole.rows, whole.columns)
        levels = triangulated.result()
    report("Cutting tiles", 0.80)
    colours = _Colours(picture, whole)
    tree, base_m = _tree(levels, land, frame, colours, half_width_m=half_width_m, look=look)
    report("Painting tiles", 0.85)
    with ThreadPoolExecutor(1) as pool:
        draping = pool.submit(_laid, tree, line, frame)
        pictures = _pictures(painter, picture, tree, levels[0], land)
        draped = draping.result()
    covered = land.grid.sample_covered(line.x_m, line.y_m)
    z_drawn, on_structure = structure_heights(line, draped, covered)
    report("Ground is ready", 1.0)
    return Ground(
        z_drawn_m=z_drawn,
        on_structure=on_structure,
        covered=covered,
        relief=_relief(land, frame, half_width_m=half_width_m, base_m=base_m),
        base_m=base_m,
        texture_bounds_m=_texture_bounds(whole),
        credits=(*_credits(sources), *(drapes.credits if drapes else ())),
        messages=(*(drapes.messages if drapes else ()), *sources.messages, *messages),
        tree=tree,
        texture_source=_north_first(picture),
        pictures=pictures,
        look=look,
    )


@dataclass(frozen=True)
class _Colours:
    """The whole painting, looked up at positions."""

    picture: NDArray[np.uint8]
    plan: GridPlan

    def at(self, x_m: NDArray[np.float64], y_m: NDArray[np.float64]) -> NDArray[np.uint8]:
        plan = self.plan
        row = np.clip(np.rint((y_m - plan.y0_m) / plan.step_m).astype(np.intp), 0, plan.rows - 1)
        column = np.clip(np.rint((x_m - plan.x0_m) / plan.step_m).astype(np.intp), 0, plan.columns - 1)
        return self.picture[row, column]


def _tree(
    levels: list[Level],
    land: Land,
    frame: LocalFrame,
    colours: _Colours,
    *,
    half_width_m: float,
    look: Look,
) -> tuple[TileTree, float]:
    """Cut all levels out of the land and into tiles, with the wall down to a foot; return that height too."""
    plan = land.plan
    cuts = [
        cut_out(level.triangles, land.heights_m, land.distance_m, half_width_m=half_width_m)
        for level in levels
    ]
    lowest = min(float(cut.heights_m.min()) for cut in cuts) * frame.vertical_exaggeration
    base_m = float(np.floor((lowest - 0.02 * half_width_m) / 10) * 10)
    firsts = np.cumsum([0, *(level.tiles for level in levels)])
    level_of, parent, errors, lands, walls = [], [], [], [], []
    for number, (level, cut) in enumerate(zip(levels, cuts, strict=True)):
        x_m, y_m = plan.x0_m + cut.column * plan.step_m, plan.y0_m + cut.row * plan.step_m
        surface = Mesh(frame.drawn(x_m, y_m, cut.heights_m), cut.faces, colours.at(x_m, y_m))
        edges = groups(level.tile[cut.edges_of], level.tiles)
        for tile, members in enumerate(groups(level.tile[cut.parts_of], level.tiles)):
            level_of.append(number)
            parent.append(firsts[number + 1] + tile // 2 if number + 1 < len(levels) else -1)
            error_m = level.error_m[cut.parts_of[members]].max()
            errors.append(error_m * frame.vertical_exaggeration)
            lands.append(surface.part(members))
            walls.append(wall(surface.vertices_m, cut.edges[edges[tile]], foot_m=base_m, look=look))
    tree = TileTree.of(level=level_of, parent=parent, error_m=errors, lands=lands, walls=walls)
    return tree, base_m


def _pictures(
    painter: Painter, picture: NDArray[np.uint8], tree: TileTree, finest: Level, land: Land
) -> Pictures:
    """Paint the finest tiles beside the road once more, finer."""
    posts_m = land.distance_m.reshape(-1)
    beside = [
        tile
        for tile, members in enumerate(groups(finest.tile, finest.tiles))
        if posts_m[finest.triangles[members]].min() < _BESIDE_M
    ]
    return paint_tiles(painter, picture, {tile: tree.box_m[tile, :, :2] for tile in beside}, len(tree))


def _laid(tree: TileTree, line: GroundLine, frame: LocalFrame) -> NDArray[np.float64]:
    """Height of the drawn ground along the road, before exaggeration; the road's own where there is none."""
    laid = tree.lay(line.x_m, line.y_m) / frame.vertical_exaggeration
    return np.where(np.isfinite(laid), laid, line.height_m)


def _relief(land: Land, frame: LocalFrame, *, half_width_m: float, base_m: float) -> ElevationGrid:
    plan = land.plan
    stride = max(1, round(_RELIEF_STEP_M / plan.step_m))
    thin = np.s_[::stride, ::stride]
    drawn = land.heights_m[thin] * np.float32(frame.vertical_exaggeration)
    heights = np.where(land.distance_m[thin] <= half_width_m, drawn, np.float32(base_m))
    return ElevationGrid(
        heights.astype(np.float32),
        plan.x0_m,
        plan.y0_m,
        plan.step_m * stride,
        land.covered[thin],
        land.filled[thin],
    )


def _texture_bounds(plan: GridPlan) -> tuple[float, float, float, float]:
    half = plan.step_m / 2
    return (
        plan.x0_m - half,
        plan.y0_m - half,
        plan.x0_m + (plan.columns - 0.5) * plan.step_m,
        plan.y0_m + (plan.rows - 0.5) * plan.step_m,
    )


def _north_first(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    upright = np.ascontiguousarray(picture[::-1])
    rows, columns = upright.shape[:2]
    shrink = LONGEST_SIDE / max(rows, columns)
    if shrink >= 1:
        return upright
    size = (int(columns * shrink), int(rows * shrink))
    return np.asarray(Image.fromarray(upright).resize(size, Image.Resampling.BOX))


def _credits(sources: Sources) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for part in (part.lower() for raster in sources.rasters for part in raster.parts):
        for mark, credit in _CREDITS.items():
            if mark in part:
                found[credit] = None
                break
    return tuple(found)
