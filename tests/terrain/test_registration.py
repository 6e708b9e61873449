"""How elevation data fit the road, measured and said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from terrain import ElevationGrid, FitSentence, GroundLine, LocalFrame, sample_heights
from terrain.corridor import plan_grid
from terrain.registration import RoadFit, road_fit
from terrain.sources import open_sources, read_heights_on
from tracker3d.stage import open_package, prepare
from tracker3d.stage.reading import read_source

if TYPE_CHECKING:
    from pathlib import Path

    from tracker3d.stage import PrepareReport

STEP_M = 30.0


def surface(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return 900 + 120 * np.sin(x / 400) * np.cos(y / 330) + 60 * np.sin((x + y) / 210)


def grid_with(*, east_m: float = 0.0, north_m: float = 0.0, above_m: float = 0.0) -> ElevationGrid:
    """The surface as a file holds it that lies too far east and north and is too high."""
    at = -6000 + np.arange(401) * STEP_M
    x, y = np.meshgrid(at, at)
    heights = (surface(x - east_m, y - north_m) + above_m).astype(np.float32)
    return ElevationGrid(
        heights, -6000.0, -6000.0, STEP_M, np.ones(heights.shape, bool), np.zeros(heights.shape, bool)
    )


def road(noise_m: float = 2.0) -> GroundLine:
    turn = np.linspace(0, 6 * np.pi, 800)
    x, y = 250 * turn * np.cos(turn) / 2, 250 * turn * np.sin(turn) / 2
    rng = np.random.default_rng(3)
    return GroundLine(x, y, surface(x, y) + rng.normal(0, noise_m, x.size))


@pytest.mark.parametrize(
    ("east_m", "north_m"), [(33.0, 0.0), (-45.0, 15.0), (0.0, -60.0), (22.0, 22.0), (80.0, 40.0)]
)
def test_a_displacement_is_found_in_both_directions(east_m: float, north_m: float) -> None:
    fit = road_fit(grid_with(east_m=east_m, north_m=north_m), road(), cell_m=STEP_M)
    assert fit is not None
    assert (fit.east_m, fit.north_m) == pytest.approx((east_m, north_m), abs=9.0)


def test_right_data_are_where_they_are_and_tunnels_do_not_count() -> None:
    line = road()
    height = line.height_m.copy()
    height[100:130] -= 396
    fit = road_fit(grid_with(above_m=7.6), GroundLine(line.x_m, line.y_m, height), cell_m=STEP_M)
    assert fit is not None
    assert fit.above_m == pytest.approx(7.6, abs=0.5)
    assert fit.spread_m < 5
    assert (fit.east_m, fit.north_m) == (0.0, 0.0)


def test_nothing_is_said_of_a_short_road_or_one_without_heights() -> None:
    line = road()
    short = GroundLine(line.x_m[:60], line.y_m[:60], line.height_m[:60])
    assert road_fit(grid_with(), short, cell_m=STEP_M) is None
    blank = GroundLine(line.x_m, line.y_m, np.full(line.x_m.size, np.nan))
    assert road_fit(grid_with(), blank, cell_m=STEP_M) is None


@pytest.mark.parametrize(
    ("fit", "converted", "words"),
    [
        (RoadFit(7.62, 7.68), False, "The DEM lies 7.6 m above the road, spread 7.7 m."),
        (RoadFit(-3.0, 5.0), False, "The DEM lies 3.0 m below the road, spread 5.0 m."),
        (RoadFit(1.0, 12.0, 33.0, 0.0), False, "spread 12.0 m; a.tif seems shifted by 33 m to the east, so"),
        (RoadFit(48.2, 6.0), False, "it looks like heights above the ellipsoid, so prepare again with --ell"),
        (RoadFit(-47.0, 6.0), False, "the road looks as if its heights were above the ellipsoid"),
        (RoadFit(-50.0, 6.0), True, "above the sea already, so do without --ellipsoidal"),
        (RoadFit(50.0, 60.0), False, "check that both belong to this place"),
        (RoadFit(2.0, 90.0), False, "check that both belong to this place"),
    ],
)
def test_what_is_said(fit: RoadFit, *, converted: bool, words: str) -> None:
    sentence = fit.sentence(["a.tif"], converted=converted)
    assert words in sentence
    assert sentence.harmless == (";" not in sentence)
    assert sentence.endswith(".")


@pytest.mark.real
def test_stage_4_in_its_tile(shared_data: Path, foix_recording: Path) -> None:
    """Measured by others over the 639 points of the road in the tile: +7.6 +/- 7.7 m.

    They lie denser in the mountains than in the plain; over the road's length it is less.
    """
    lon, lat, height = read_source(foix_recording).points.T
    inside = (lon > 1.001) & (lon < 1.999) & (lat > 42.001) & (lat < 42.999)
    assert 600 < inside.sum() < 660
    frame = LocalFrame(float(lon[inside].mean()), float(lat[inside].mean()))
    x, y = frame.to_local(lon[inside], lat[inside])
    tile = shared_data / "dem" / "pyrenees" / "N42E001.hgt.zip"
    above = sample_heights([tile], lon[inside], lat[inside]) - height[inside]
    assert (np.nanmean(above), np.nanstd(above)) == pytest.approx((7.6, 7.7), abs=0.05)
    line = GroundLine(x, y, height[inside])
    plan = plan_grid(line, half_width_m=1000.0, native_m=80.0)
    heights = read_heights_on(plan, open_sources([tile]), frame=frame)
    grid = ElevationGrid(heights, plan.x0_m, plan.y0_m, plan.step_m, ~np.isnan(heights), np.isnan(heights))
    fit = road_fit(grid, line, cell_m=80.0)
    assert fit is not None
    assert 4.0 < fit.above_m < 7.6
    assert 5.0 < fit.spread_m < 7.7
    assert (fit.east_m, fit.north_m) == (0.0, 0.0)


@pytest.mark.real
def test_the_report_of_stage_4_says_it_and_so_does_the_package(foix_report: PrepareReport) -> None:
    (line,) = (text for text in foix_report.findings if text.startswith("The DEM lies"))
    assert line.harmless
    assert " m above the road, spread " in line
    assert line not in foix_report.warnings
    package = open_package(foix_report.path)
    assert line in package.ground.messages
    assert not any("The DEM lies" in warning for warning in package.stage.coverage.warnings)


@pytest.mark.real
@pytest.mark.parametrize("lift_m", [0.0, 50.0])
def test_the_displaced_file_of_alpe_d_huez_is_told(shared_data: Path, tmp_path: Path, lift_m: float) -> None:
    """The file lies 1.5 of its pixels of 22 m too far east."""
    source = read_source(shared_data / "routes" / "alpe_dhuez_from_bourg_doisans.gpx")
    points = source.points + np.array([0.0, 0.0, lift_m])
    path = tmp_path / "alpe.geojson"
    path.write_text(json.dumps({"type": "LineString", "coordinates": points.tolist()}))
    report = prepare(
        path,
        output=tmp_path / "a.stage",
        dem_paths=[shared_data / "dem" / "alpe_dhuez" / "alp_dheuz.tif"],
        width_km=2.0,
    )
    (line,) = (text for text in report.warnings if text.startswith("The DEM lies"))
    assert "alp_dheuz.tif seems shifted by" in line
    assert " to the east" in line or " to the north-east" in line
    shift_m = float(line.partition("shifted by ")[2].partition(" m")[0])
    assert 26 <= shift_m <= 46
    assert ("ellipsoid" in line) == bool(lift_m)
    assert line in open_package(report.path).stage.coverage.warnings


@pytest.mark.real
@pytest.mark.parametrize(
    ("route", "dem"),
    [
        ("mont_ventoux_from_bedoin.gpx", "ventoux/N44E005.hgt"),
        ("plateau_de_beille.gpx", "pyrenees/N42E001.hgt.zip"),
        ("andorra_arcalis.gpx", "pyrenees/N42E001.hgt.zip"),
    ],
)
def test_right_real_files_are_not_called_displaced(shared_data: Path, route: str, dem: str) -> None:
    lon, lat, height = read_source(shared_data / "routes" / route).points.T
    frame = LocalFrame(float(lon.mean()), float(lat.mean()))
    x, y = frame.to_local(lon, lat)
    plan = plan_grid(GroundLine(x, y, height), half_width_m=1000.0, native_m=80.0)
    sources = open_sources([shared_data / "dem" / dem])
    heights = read_heights_on(plan, sources, frame=frame)
    grid = ElevationGrid(heights, plan.x0_m, plan.y0_m, plan.step_m, ~np.isnan(heights), np.isnan(heights))
    fit = road_fit(grid, GroundLine(x, y, height), cell_m=sources.finest_m)
    assert fit is not None
    sentence = fit.sentence([dem], converted=False)
    assert isinstance(sentence, FitSentence)
    assert sentence.harmless
