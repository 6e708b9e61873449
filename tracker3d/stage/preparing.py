"""From a source and elevation files to a stage package."""

from __future__ import annotations

import dataclasses
import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.errors import InputError, RouteError
from tracker3d.progress import silent
from tracker3d.stage.curve import smoothed
from tracker3d.stage.downloading import ELEVATION_SOURCE, Downloads
from tracker3d.stage.manifest import SourceFile
from tracker3d.stage.model import Coverage, Stage
from tracker3d.stage.package import check_output, save_package
from tracker3d.stage.places import places_on
from tracker3d.stage.reading import read_source
from tracker3d.stage.report import PrepareReport, covered_intervals, findings_of
from tracker3d.stage.roadbuild import build_route
from tracker3d.stage.structures import read_structures, structures_on, without_mountains
from tracker3d.stage.times import TimedRiders, read_times, with_times
from tracker3d.stage.vertical import converted, geoid_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from terrain import Geoid, Ground
    from terrain.fetching import FetchSettings
    from tracker3d.progress import Progress
    from tracker3d.stage.downloading import GroundData
    from tracker3d.stage.roadbuild import BuiltRoad
    from tracker3d.stage.route import Route
    from tracker3d.stage.source import Source
    from tracker3d.stage.structures import MappedStructures

SMOOTH_DEM_M = 100.0
"""Standard deviation along the road for heights taken from a DEM, which sees the slope beside the road."""

FINISH_OFF_M = 500.0
"""A stated finish farther than this from the end of the road is told."""

ROLL_OUT_M = 120.0
"""So much road is added behind the finish, for riders who have crossed the line."""

LONGEST_CREDIT = 160


def prepare(
    source_path: Path,
    *,
    output: Path,
    dem_paths: Sequence[Path] | None,
    riders_path: Path | None = None,
    dem_source: str | None = None,
    drape_paths: Sequence[Path] = (),
    drape_source: str | None = None,
    roads_path: Path | None = None,
    before_path: Path | None = None,
    ellipsoidal: str | None = None,
    geoid_path: Path | None = None,
    credit_texts: Sequence[str] = (),
    width_km: float = 12.0,
    max_error_m: float = 1.0,
    exaggeration: float = 1.0,
    look: str = "natural",
    settings: FetchSettings | None = None,
    progress: Progress = silent,
) -> PrepareReport:
    """Make a stage package from a source of a road and elevation files, given or downloaded.

    Parameters
    ----------
    source_path : Path
        A Race Center recording, ``trace.json``, GPX or GeoJSON.
    output : Path
        ``NAME.stage``; a package that stood there is replaced when the new one is whole.
    dem_paths : sequence of Path or None
        Elevation files, folders, archives or pyramids of tiles; empty for ground at the road's own height;
        None to download what the road needs.
    riders_path : Path, optional
        A recording of the race that goes before ``source_path`` in everything but the road.
    dem_source : str, optional
        Public source to download from, ``glo30`` (usual) or ``terrarium``.
    drape_paths : sequence of Path
        Imagery laid over the ground, the first on top.
    drape_source : str, optional
        Public source of imagery instead, ``sentinel2`` or ``ign``.
    roads_path : Path, optional
        A map of roads in GeoJSON that tells which are tunnels and bridges.
    before_path : Path, optional
        A table of the riders' times in the general classification before the stage, CSV.
    ellipsoidal : str, optional
        Whose heights are above the ellipsoid: ``dem``, ``road`` or ``both``.
    geoid_path : Path, optional
        A geoid grid that converts them; without one PROJ's own are used where it has them.
    credit_texts : sequence of str
        Lines that the owners of the files ask for, for every picture; known ones are added by themselves.
    width_km : float
        Width of the ground around the road.
    max_error_m : float
        Largest vertical error of the drawn ground near the road.
    exaggeration : float
        Factor on heights wherever they are drawn, 1 to 3.
    look : str
        A :class:`terrain.Look`.
    settings : FetchSettings, optional
        Of downloads; read from the user's settings where they are not given.
    progress : Progress

    Raises
    ------
    InputError, RouteError
        The source or the table of times cannot be used.
    terrain.TerrainError
        An elevation file cannot be used, none covers the road, or nothing could be downloaded.
    OutputError
        The package cannot be written.
    """
    drawing = _Drawing(width_km, max_error_m, exaggeration, look)
    drawing.check()
    credit_lines(credit_texts)
    if (dem_paths is not None and dem_source) or (drape_paths and drape_source):
        raise InputError("Give files (--dem, --drape) or a source to download from, not both.")
    geoid = geoid_for(ellipsoidal, geoid_path)
    check_output(output)
    progress(f"reading {source_path.name}", 0.0)
    source = read_source(source_path, riders_path=riders_path)
    source, timed = _with_times(source, before_path)
    mapped = None if roads_path is None else read_structures(roads_path)
    with tempfile.TemporaryDirectory(prefix="tracker3d-") as work:
        downloads = Downloads(
            elevation=(dem_source or ELEVATION_SOURCE) if dem_paths is None else None,
            imagery=drape_source,
            half_width_m=width_km * 500.0,
            work=Path(work),
        )
        data = downloads.ground_data(source, dem_paths or (), drape_paths, settings, progress)
        source, data = converted(source, data, ellipsoidal, geoid)
        data = dataclasses.replace(data, credits=(*credit_lines(credit_texts), *data.credits))
        stage, ground = _stage_and_ground(source, data, mapped, drawing, progress)
        progress("writing the package", 0.92)
        roles = [(source_path, "route"), *((path, "elevation") for path in data.dem_paths)]
        roles += [(riders_path, "riders")] if riders_path is not None else []
        roles += [(path, "imagery") for path in data.drape_paths]
        roles += [(roads_path, "roads")] if roads_path is not None else []
        roles += [(before_path, "times")] if before_path is not None else []
        save_package(
            output, stage=stage, ground=ground, sources=[_source_file(path, role) for path, role in roles]
        )
    progress("done", 1.0)
    findings = (
        *findings_of(stage, source),
        *timed.findings,
        *(text for text in ground.messages if _is_harmless(text)),
    )
    return PrepareReport(output, stage, findings, (*stage.coverage.warnings, *timed.warnings))


def _with_times(source: Source, path: Path | None) -> tuple[Source, TimedRiders]:
    if path is None:
        return source, TimedRiders(source.riders)
    timed = with_times(source.riders, read_times(path), name=path.name)
    return dataclasses.replace(source, riders=timed.riders), timed


def _stage_and_ground(
    source: Source,
    data: GroundData,
    mapped: MappedStructures | None,
    drawing: _Drawing,
    progress: Progress,
) -> tuple[Stage, Ground]:
    from terrain import FitSentence, GroundLine, Look, build_ground

    progress("building the road", data.begun)
    built, structure, warnings = _built(source, data.dem_paths, data.geoid, mapped)
    frame = dataclasses.replace(built.route.frame, vertical_exaggeration=drawing.exaggeration)
    route = dataclasses.replace(built.route, frame=frame)
    built = dataclasses.replace(built, route=route)
    credit = (mapped.credit,) if mapped and structure is not None and structure.any() else ()
    begun = data.begun + 0.04
    ground = build_ground(
        route.frame,
        line=GroundLine(route.x_m, route.y_m, route.height_m, structure),
        dem_paths=data.dem_paths,
        drape_paths=data.drape_paths,
        geoid=data.geoid,
        look=Look(drawing.look),
        half_width_m=drawing.width_km * 500.0,
        max_error_m=drawing.max_error_m,
        progress=lambda text, fraction: progress(text, begun + (0.9 - begun) * fraction),
    )
    ground = dataclasses.replace(
        ground,
        credits=tuple(dict.fromkeys((*ground.credits, *data.credits, *credit))),
        messages=tuple(
            text
            for text in (*data.messages, *ground.messages)
            if built.has_heights or not isinstance(text, FitSentence)
        ),
    )
    return _stage_of(source, built, ground, data.dem_paths, warnings), ground


@dataclass(frozen=True)
class _Drawing:
    """How the ground is to be drawn."""

    width_km: float
    max_error_m: float
    exaggeration: float
    look: str

    def check(self) -> None:
        """Refuse what is not possible."""
        from terrain import Look

        if not 0.5 <= self.width_km <= 200.0:
            raise InputError(f"A width of {self.width_km:g} km is not possible; choose 0.5 to 200 km.")
        if not 0.1 <= self.max_error_m <= 100.0:
            raise InputError(
                f"A largest error of {self.max_error_m:g} m is not possible; choose 0.1 to 100 m."
            )
        if not 1.0 <= self.exaggeration <= 3.0:
            raise InputError(f"An exaggeration of {self.exaggeration:g} is not possible; choose 1 to 3.")
        if self.look not in tuple(Look):
            raise InputError(f"{self.look!r} is no look; choose one of {', '.join(Look)}.")


def credit_lines(texts: Sequence[str]) -> tuple[str, ...]:
    """Return credits given by a user as single lines.

    Raises
    ------
    InputError
        One is empty or longer than a picture has room for.
    """
    lines = tuple(" ".join(text.split()) for text in texts)
    if any(not 0 < len(line) <= LONGEST_CREDIT for line in lines):
        raise InputError(
            f"A credit is a line of 1 to {LONGEST_CREDIT} characters; shorten or leave out --credit."
        )
    return lines


def _is_harmless(text: str) -> bool:
    from terrain import FitSentence

    return isinstance(text, FitSentence) and text.harmless


def _built(
    source: Source,
    dem_paths: Sequence[Path],
    geoid: Geoid | None,
    mapped: MappedStructures | None = None,
) -> tuple[BuiltRoad, NDArray[np.uint8] | None, list[str]]:
    """Build the road, with heights from the DEM where the source has none, and say what is odd about it."""
    lon_deg, lat_deg, height_m = source.points.T
    try:
        built = build_route(
            lon_deg,
            lat_deg,
            height_m,
            anchors=source.anchors,
            finish_m=source.finish_m if source.anchors and source.finish_m > 0.0 else None,
        )
    except RouteError as error:
        raise RouteError(f"{source.path}: {error}") from error
    warnings = []
    if built.scale.refused:
        warnings.append(
            f"{built.scale.refused} of {len(source.anchors)} stated kilometres "
            "do not fit the road and were left out."
        )
    short_m = source.finish_m - built.route.end_m
    if source.anchors and abs(short_m) > FINISH_OFF_M:
        warnings.append(
            f"The road ends at km {built.route.end_m / 1000:.1f}, and the source states "
            f"{source.finish_m / 1000:.1f} km; check that the road is the raced one."
        )
    structure = None if mapped is None else structures_on(built.route, mapped)
    if not built.has_heights:
        route, warning = _with_dem_heights(built.route, source.path, dem_paths, geoid, structure)
        built = dataclasses.replace(built, route=route)
        warnings.append(warning)
    if structure is not None:
        heights_m = without_mountains(built.route.height_m, structure, built.route.step_m)
        built = dataclasses.replace(built, route=dataclasses.replace(built.route, height_m=heights_m))
    return built, structure, warnings


def _with_dem_heights(
    route: Route,
    path: Path,
    dem_paths: Sequence[Path],
    geoid: Geoid | None,
    structure: NDArray[np.uint8] | None,
) -> tuple[Route, str]:
    from terrain import sample_heights

    if not dem_paths:
        raise RouteError(
            f"The road in {path} has no heights; add --dem PATH with elevation files that cover it."
        )
    sampled_m = sample_heights(tuple(dem_paths), *route.lonlat(route.distance_m), geoid=geoid)
    known = np.isfinite(sampled_m)
    if structure is not None and (known & (structure == 0)).any():
        known &= structure == 0
    if not known.any():
        raise RouteError(
            f"The road in {path} has no heights and the elevation files do not cover it; give files that do."
        )
    filled_m = np.interp(route.distance_m, route.distance_m[known], sampled_m[known])
    height_m = smoothed(filled_m, step_m=route.step_m, sigma_m=SMOOTH_DEM_M)
    share = f", which cover {100.0 * known.mean():.0f} % of it" if not known.all() else ""
    warning = f"The source has no heights: those of the road come from the elevation files{share}."
    return dataclasses.replace(route, height_m=height_m, z_drawn_m=height_m), warning


def _stage_of(
    source: Source, built: BuiltRoad, ground: Ground, dem_paths: Sequence[Path], warnings: Sequence[str]
) -> Stage:
    route = built.route.on_ground(
        z_drawn_m=ground.z_drawn_m, on_structure=ground.on_structure, covered=ground.covered
    )
    notes = [str(text) for text in ground.messages if not _is_harmless(text)]
    route = _with_roll_out(route, ground)
    return Stage(
        name=source.name,
        date=source.date,
        timezone=source.timezone,
        frame=route.frame,
        route=route,
        start_time_ms=source.start_time_ms,
        time_trial=source.time_trial,
        simulated=source.simulated,
        places=tuple(places_on(route, source)),
        teams=source.teams,
        riders=source.riders,
        coverage=Coverage(
            covered_intervals(route),
            tuple(path.name for path in dem_paths),
            tuple(dict.fromkeys((*source.messages, *warnings, *notes))),
        ),
        credits=tuple(dict.fromkeys((*source.credits, *ground.credits))),
    )


def _with_roll_out(route: Route, ground: Ground) -> Route:
    """Prolong the road behind the finish, on the ground as it was built for the road itself."""
    longer = route.prolonged(ROLL_OUT_M)
    beyond = slice(len(route), None)
    z_drawn_m = longer.z_drawn_m.copy()
    from_finish = slice(len(route) - 1, None)
    laid_m = ground.tree.lay(longer.x_m[from_finish], longer.y_m[from_finish])
    laid_m /= route.frame.vertical_exaggeration
    if not route.on_structure[-1]:
        z_drawn_m[len(route) - 1] = np.fmax(z_drawn_m[len(route) - 1], laid_m[0])
    z_drawn_m[beyond] = np.where(np.isnan(laid_m[1:]), z_drawn_m[beyond], laid_m[1:])
    return dataclasses.replace(longer, z_drawn_m=z_drawn_m)


def _source_file(path: Path, role: str) -> SourceFile:
    if not path.is_file():
        return SourceFile(path.name, role)
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return SourceFile(path.name, role, digest, path.stat().st_size)
