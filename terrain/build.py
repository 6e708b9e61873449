"""DEM files and a road to drawn ground."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from terrain.corridor import CutMesh, border_edges, cut_out, plan_grid
from terrain.elevation import ElevationGrid
from terrain.fetching.catalogue import GLO30
from terrain.ground import TEXTURE_SIDE, Ground
from terrain.land import Land, lay_out, raw_heights
from terrain.mesh import Mesh
from terrain.painting import Look, Painter
from terrain.painting import warm_up as warm_up_painting
from terrain.roadside import structure_heights
from terrain.sampling import MeshSampler
from terrain.sources import GridPlan, Sources, open_sources
from terrain.tiles import TileSet, split, wall
from terrain.triangulation import triangulate, warm_up

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from terrain.frame import LocalFrame
    from terrain.line import GroundLine

    Progress = Callable[[str, float], None]

_EXACT_M = 300.0
_EDGE_ERROR_M = 16.0
_SHARED_M = 150.0
_COARSE_EDGE_ERROR_M = 60.0
_COARSE_TRIANGLES = 110_000
_EDGE_LATTICES = (4, 8)
_RELIEF_STEP_M = 75.0

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
    max_error_m: float = 2.0,
    elevation: ElevationGrid | None = None,
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
        Largest vertical distance between the mesh and the land within 300 m of the road; beyond, it grows to
        16 m at the edge. The land is the elevation data, laid under the road's own profile in a narrow strip
        (:func:`terrain.apron.bench`) where the two differ in detail.
    elevation : ElevationGrid, optional
        Heights that are at hand already, in the local frame, instead of files.
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
    warm_up()
    warm_up_painting()
    sources = open_sources([Path(path) for path in dem_paths])
    native_m = min(sources.finest_m, elevation.step_m if elevation is not None else float("inf"))
    plan = plan_grid(line, half_width_m=half_width_m, native_m=native_m)
    raw = raw_heights(plan, sources, elevation, frame)
    report("Laying out the ground", 0.25)
    land, line, messages = lay_out(plan, raw, line, sources, half_width_m)
    report("Painting the ground", 0.40)
    painter = Painter(land, frame, half_width_m=half_width_m, look=look, drape_paths=drape_paths)
    whole = painter.plan
    picture = painter.paint(whole.x0_m, whole.y0_m, whole.step_m, whole.rows, whole.columns)
    report("Triangulating", 0.65)
    meshes = [
        cut_out(triangles, land.heights_m, land.distance_m, half_width_m=half_width_m)
        for triangles in _triangles(land, half_width_m=half_width_m, max_error_m=max_error_m)
    ]
    report("Cutting tiles", 0.85)
    lowest = float(meshes[0].heights_m.min()) * frame.vertical_exaggeration
    base_m = float(np.floor((lowest - 0.02 * half_width_m) / 10) * 10)
    surfaces = [_surface(mesh, plan, frame, whole, picture) for mesh in meshes]
    tile_sets = tuple(
        TileSet.of(
            [
                *split(surface),
                *split(wall(surface.vertices_m, border_edges(surface.faces), foot_m=base_m, look=look)),
            ]
        )
        for surface in surfaces
    )
    covered = land.grid.sample_covered(line.x_m, line.y_m)
    sampler = MeshSampler(surfaces[0].vertices_m, surfaces[0].faces)
    draped = sampler.sample(line.x_m, line.y_m) / frame.vertical_exaggeration
    draped = np.where(np.isfinite(draped), draped, line.height_m)
    z_drawn, on_structure = structure_heights(line, draped, covered)
    report("Ground is ready", 1.0)
    return Ground(
        z_drawn_m=z_drawn,
        on_structure=on_structure,
        covered=covered,
        relief=_relief(land, frame, half_width_m=half_width_m, base_m=base_m),
        base_m=base_m,
        texture_bounds_m=_texture_bounds(whole),
        credits=_credits(sources),
        messages=(*sources.messages, *messages),
        tile_sets=tile_sets,
        texture_source=_north_first(picture),
        look=look,
    )


def _triangles(land: Land, *, half_width_m: float, max_error_m: float) -> list[NDArray[np.int32]]:
    """Triangulate both levels; within 150 m of the road they are the same."""
    distance, step = land.distance_m, land.plan.step_m
    drawn = distance <= half_width_m + 2 * step
    edge = np.abs(distance - np.float32(half_width_m)) < 6 * step
    fine_forced, coarse_forced = (_on_lattice(edge, lattice) for lattice in _EDGE_LATTICES)
    tightness = _tightness(
        distance, drawn, half_width_m, max_error_m, max(_EDGE_ERROR_M, max_error_m), _EXACT_M
    )
    fine = triangulate(land.heights_m, tightness, forced=fine_forced)
    kept = _near_the_road(fine.triangles, distance, step_m=step) | coarse_forced
    coarse, edge_error = fine, max(_COARSE_EDGE_ERROR_M, max_error_m)
    while True:
        coarse_tightness = _tightness(distance, drawn, half_width_m, 2 * max_error_m, edge_error, _SHARED_M)
        coarse = coarse.coarser(coarse_tightness, kept=kept)
        coarse_triangles = coarse.triangles
        inside = (distance.reshape(-1)[coarse_triangles] <= half_width_m).any(axis=1).sum()
        if inside <= _COARSE_TRIANGLES or edge_error > 1000:
            return [fine.triangles, coarse_triangles]
        edge_error *= 1.8


def _tightness(
    distance_m: NDArray[np.float32],
    drawn: NDArray[np.bool_],
    half_width_m: float,
    near_error_m: float,
    edge_error_m: float,
    near_m: float,
) -> NDArray[np.float32]:
    """One over the tolerance: constant near the road, then growing evenly to the edge."""
    slope = (edge_error_m - near_error_m) / max(half_width_m - near_m, 1.0)
    tolerance = near_error_m + np.maximum(distance_m - np.float32(near_m), 0) * np.float32(slope)
    return np.where(drawn, 1 / tolerance, 0).astype(np.float32)


def _on_lattice(mask: NDArray[np.bool_], spacing: int) -> NDArray[np.bool_]:
    thin = np.zeros_like(mask)
    thin[::spacing, ::spacing] = mask[::spacing, ::spacing]
    return thin


def _near_the_road(
    triangles: NDArray[np.int32], distance_m: NDArray[np.float32], *, step_m: float
) -> NDArray[np.bool_]:
    """Vertices of all triangles that may reach into the strip that is the same on both levels."""
    rows, columns = np.divmod(triangles, np.int32(distance_m.shape[1]))
    reach_m = np.maximum(np.ptp(rows, axis=1), np.ptp(columns, axis=1)) * np.float32(step_m)
    near = distance_m.reshape(-1)[triangles].min(axis=1) < _SHARED_M + reach_m
    vertices = np.zeros(distance_m.shape, np.bool_)
    vertices.reshape(-1)[triangles[near]] = True
    return vertices


def _surface(
    mesh: CutMesh, plan: GridPlan, frame: LocalFrame, whole: GridPlan, picture: NDArray[np.uint8]
) -> Mesh:
    x_m, y_m = plan.x0_m + mesh.column * plan.step_m, plan.y0_m + mesh.row * plan.step_m
    row = np.clip(np.rint((y_m - whole.y0_m) / whole.step_m).astype(np.intp), 0, whole.rows - 1)
    column = np.clip(np.rint((x_m - whole.x0_m) / whole.step_m).astype(np.intp), 0, whole.columns - 1)
    return Mesh(frame.drawn(x_m, y_m, mesh.heights_m), mesh.faces, picture[row, column])


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
    shrink = TEXTURE_SIDE / max(rows, columns)
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
