"""From a source and elevation files to a package, and what ``info`` says of each."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from terrain import CoverageError
from tracker3d.cli import main
from tracker3d.errors import InputError, OutputError, RouteError
from tracker3d.stage import describe_path, open_package, prepare, read_source
from tracker3d.stage.model import PlaceKind
from tracker3d.stage.times import times_before


@pytest.fixture
def plane(tmp_path):
    """Write DEMs that are a plane: 500 m at 6.48 E, 10 m higher for each 0.001 degree east."""

    def made(name: str = "plane.tif", *, west: float = 6.45, east: float = 6.70, offset_m: float = 0.0):
        columns = round((east - west) * 1000)
        longitudes = west + (np.arange(columns) + 0.5) * (east - west) / columns
        heights = np.tile(500.0 + offset_m + (longitudes - 6.48) * 10_000.0, (120, 1)).astype(np.float32)
        transform = Affine((east - west) / columns, 0.0, west, 0.0, -0.001, 45.26)
        profile = {
            "driver": "GTiff",
            "count": 1,
            "dtype": "float32",
            "crs": "EPSG:4326",
            "transform": transform,
        }
        with rasterio.open(tmp_path / name, "w", width=columns, height=120, **profile) as file:
            file.write(heights, 1)
        return tmp_path / name

    return made


def line(road, *, with_heights: bool) -> dict:
    lon, lat, _ = road
    height = 500.0 + (lon - 6.48) * 10_000.0
    columns = (lon, lat, height) if with_heights else (lon, lat)
    return {"type": "LineString", "coordinates": np.column_stack(columns).tolist()}


def test_look_and_exaggeration_are_kept_and_reach_all_that_is_drawn(write, road, plane, tmp_path):
    """Ground, road and relief are twice as high; figures and the road's own heights are not."""
    from terrain import Look
    from tracker3d.scene import build_scene

    source = write("road.geojson", line(road, with_heights=True))
    scenes = []
    for name, factor in (("plain", 1.0), ("high", 2.0)):
        output = tmp_path / f"{name}.stage"
        prepare(
            source, output=output, dem_paths=[plane()], width_km=2.0, exaggeration=factor, look=Look.NIGHT
        )
        package = open_package(output)
        assert package.ground.look is Look.NIGHT
        assert package.stage.frame.vertical_exaggeration == factor
        scenes.append(build_scene(package.stage, package.ground))
    plain, high = scenes
    assert np.array_equal(high.stage.route.height_m, plain.stage.route.height_m)
    assert high.road.positions_m[:, 2] == pytest.approx(2 * plain.road.positions_m[:, 2], rel=1e-3)
    x_m, y_m = plain.stage.route.x_m[::50], plain.stage.route.y_m[::50]
    assert high.ground.relief.sample(x_m, y_m) == pytest.approx(
        2 * plain.ground.relief.sample(x_m, y_m), rel=1e-3
    )
    tops = [max(tile.vertices_m[:, 2].max() for tile in one.ground.tiles() if tile.draped) for one in scenes]
    assert tops[1] == pytest.approx(2 * tops[0], rel=0.01)
    for wrong in ({"exaggeration": 0.5}, {"exaggeration": 4.0}, {"look": "dusk"}):
        with pytest.raises(InputError):
            prepare(source, output=tmp_path / "no.stage", dem_paths=[plane()], **wrong)


def test_a_recording_becomes_a_package(write, document, tmp_path):
    output = tmp_path / "a.stage"
    told: list[tuple[str, float]] = []
    report = prepare(
        write("a.json.gz", document),
        output=output,
        dem_paths=(),
        width_km=2.0,
        progress=lambda text, fraction: told.append((text, fraction)),
    )
    fractions = [fraction for _, fraction in told]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)
    stage = open_package(output).stage
    assert stage.name == "Le Départ > L'Arrivée"
    assert [(place.kind, place.name) for place in stage.places] == [
        (PlaceKind.START, "Le Départ"),
        (PlaceKind.TOWN, "Saint-Jean d'Arves"),
        (PlaceKind.TOWN, "Hameau-Perdu"),
        (PlaceKind.SPRINT, "La Chambre"),
        (PlaceKind.TIME_CHECK, "Les Combes"),
        (PlaceKind.CLIMB, "Col du Vent"),
        (PlaceKind.FINISH, "L'Arrivée"),
    ]
    assert stage.places[5].height_m == 951.0
    assert stage.places[6].distance_m == stage.route.finish_m
    assert not stage.route.covered.any()
    np.testing.assert_allclose(stage.route.z_drawn_m, stage.route.height_m, atol=5.0)
    assert any("No elevation data" in line for line in report.lines())
    assert report.lines()[-1] == f"Written: {output}"
    sources = json.loads((output / "manifest.json").read_text())["sources"]
    assert (sources[0]["name"], len(sources[0]["sha256"])) == ("a.json.gz", 64)


def test_times_before_the_stage_go_into_the_package(write, document, tmp_path):
    """Bibs that nobody wears and riders without a time are said, and nothing else is made of them."""
    source = write("a.json", document)
    riders = [rider.bib for rider in read_source(source).riders if not rider.vehicle]
    table = write("gc.csv", f"bib,time\n{riders[0]},11:20:05\n{riders[1]},+0:42\n999,1\n")
    report = prepare(source, output=tmp_path / "a.stage", dem_paths=(), width_km=2.0, before_path=table)
    package = open_package(tmp_path / "a.stage")
    assert times_before(package.stage.riders) == {riders[0]: 40_805.0, riders[1]: 42.0}
    assert ("gc.csv", "times") in [(each.name, each.role) for each in package.sources]
    lines = report.lines()
    assert "General classification before the stage: times of 2 riders." in lines
    assert "Warning: Nobody on the roster has these bibs of gc.csv: 999." in lines
    assert any("No time in gc.csv" in line and line.endswith(f": {riders[2]}.") for line in lines)
    info = describe_path(tmp_path / "a.stage")
    assert info.facts["times_before"] == 2
    assert "Times before the stage: of 2 riders" in info.statements
    assert not info.problems or not any("gc.csv" in problem for problem in info.problems)


def test_times_that_cannot_be_read_or_have_nobody_to_go_to(write, road, document, tmp_path):
    output = tmp_path / "a.stage"
    for content in ("rider,seconds\n1,2\n", "bib,time\n1,soon\n"):
        with pytest.raises(InputError, match=r"gc\.csv"):
            prepare(
                write("a.json", document),
                output=output,
                dem_paths=(),
                before_path=write("gc.csv", content),
            )
    assert not output.exists()
    bare = write("a.geojson", line(road, with_heights=True))
    table = write("gc.csv", "bib,time\n1,2\n")
    report = prepare(bare, output=output, dem_paths=(), width_km=2.0, before_path=table)
    assert any("the stage has no riders; add --riders" in warning for warning in report.warnings)
    assert "Times before the stage: of no riders" in describe_path(output).statements


def test_heights_come_from_the_dem_where_the_source_has_none(write, road, plane, tmp_path):
    source = write("a.geojson", line(road, with_heights=False))
    report = prepare(source, output=tmp_path / "a.stage", dem_paths=[plane()], width_km=2.0)
    route = report.stage.route
    raced = route.distance_m <= route.finish_m
    lon, _ = route.lonlat(route.distance_m[raced])
    expected = 500.0 + (lon - 6.48) * 10_000.0
    assert np.abs(route.height_m[raced] - expected).max() < 2.0
    assert route.end_m >= route.finish_m + 120.0, "riders who have finished have nowhere to roll out"
    assert any("heights" in warning and "elevation files" in warning for warning in report.warnings)
    with pytest.raises(RouteError, match="has no heights; add --dem PATH"):
        prepare(source, output=tmp_path / "b.stage", dem_paths=())


def test_it_says_which_kilometres_the_dem_covers(write, road, plane, tmp_path):
    source = write("a.geojson", line(road, with_heights=True))
    report = prepare(source, output=tmp_path / "a.stage", dem_paths=[plane(east=6.55)], width_km=2.0)
    route = report.stage.route
    (covered,) = report.stage.coverage.covered_m
    crossing = float(np.interp(6.55, route.lonlat(route.distance_m)[0], route.distance_m))
    assert covered[0] == 0.0
    assert covered[1] == pytest.approx(crossing, abs=150.0)
    assert any(
        f"The DEM covers km 0.0 to {covered[1] / 1000:.1f} of the road" in line for line in report.lines()
    )


def test_a_dem_of_other_heights_is_told(write, road, plane, tmp_path):
    source = write("a.geojson", line(road, with_heights=True))
    fits = prepare(source, output=tmp_path / "a.stage", dem_paths=[plane()], width_km=2.0)
    assert not any("The DEM lies" in warning for warning in fits.warnings)
    assert any("The DEM lies" in finding for finding in fits.findings)
    lifted = [plane("lifted.tif", offset_m=48.0)]
    odd = prepare(source, output=tmp_path / "b.stage", dem_paths=lifted, width_km=2.0)
    assert any("The DEM lies 48." in text and "--ellipsoidal dem" in text for text in odd.warnings)
    assert open_package(tmp_path / "b.stage").stage.coverage.warnings


def test_credits_of_files_that_no_name_tells_are_given_by_hand(write, road, plane, tmp_path):
    """They stand in the package once, before all others, as one line each; none can fill a picture."""
    source, output = write("road.geojson", line(road, with_heights=True)), tmp_path / "credited.stage"
    lines = ["--credit", "Terrain:\n  The Owner, CC BY 4.0", "--credit", "Second", "--credit", "Second"]
    assert (
        main(["prepare", str(source), "--dem", str(plane()), "-o", str(output), "--width-km", "2", *lines])
        == 0
    )
    package = open_package(output)
    assert package.stage.credits == package.ground.credits == ("Terrain: The Owner, CC BY 4.0", "Second")
    for wrong in (" ", "x" * 200):
        with pytest.raises(InputError, match="--credit"):
            prepare(source, output=tmp_path / "no.stage", dem_paths=[plane()], credit_texts=[wrong])
    assert not (tmp_path / "no.stage").exists()


def test_waypoints_are_towns_only_on_the_road(write, road, tmp_path):
    collection = {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": {}, "geometry": line(road, with_heights=True)},
            *(
                {
                    "type": "Feature",
                    "properties": {"name": name},
                    "geometry": {"type": "Point", "coordinates": [lon, lat]},
                }
                for name, lon, lat in (("Near", road[0][50], road[1][50]), ("Far", 6.5, 45.4))
            ),
        ],
    }
    report = prepare(write("a.geojson", collection), output=tmp_path / "a.stage", dem_paths=(), width_km=2.0)
    towns = [place for place in report.stage.places if place.kind is PlaceKind.TOWN]
    assert [place.name for place in towns] == ["Near"]
    assert [place.kind for place in report.stage.places] == [
        PlaceKind.START,
        PlaceKind.TOWN,
        PlaceKind.FINISH,
    ]


def test_bad_wishes_are_refused_before_any_work(write, road, plane, tmp_path):
    source = write("a.geojson", line(road, with_heights=True))
    (tmp_path / "taken.stage").mkdir()
    good = {"output": tmp_path / "a.stage", "dem_paths": ()}
    for changes, error, says in (
        ({"dem_source": "glo30"}, InputError, "not both"),
        ({"output": tmp_path / "a"}, OutputError, "ends in .stage"),
        ({"output": tmp_path / "taken.stage"}, OutputError, "is no stage package"),
        ({"width_km": 0.0}, InputError, "width"),
        ({"max_error_m": float("nan")}, InputError, "error"),
    ):
        with pytest.raises(error, match=says):
            prepare(source, **{**good, **changes})
    with pytest.raises(CoverageError):
        prepare(source, **{**good, "dem_paths": [plane("far.tif", west=7.5, east=7.7)]})
    with pytest.raises(InputError, match="does not exist"):
        prepare(tmp_path / "no.gpx", **good)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.geojson", "far.tif", "taken.stage"]


def test_info_of_a_recording_counts_rows_and_names_what_is_wrong(write, document):
    info = describe_path(write("a.json.gz", document))
    assert info.kind == "recording"
    facts = info.as_dict()
    assert (facts["frames"], facts["rows"], facts["parked_rows"], facts["bibs_seen"]) == (1, 2, 1, 2)
    assert (facts["riders"], facts["vehicles"], facts["has_trace"]) == (3, 1, True)
    assert facts["first_ms"] == 1941190000000
    assert any("1 rows are parked" in problem for problem in info.problems)
    assert any("1 events cannot be read" in problem for problem in info.problems)
    json.dumps(facts, allow_nan=False)
    del document["rest"]["trace"]
    bare = describe_path(write("b.json", document))
    assert not bare.facts["has_trace"]
    assert any("no trace of the road" in problem for problem in bare.problems)


def test_info_of_routes_packages_and_elevation(write, road, plane, tmp_path):
    source = write("a.geojson", line(road, with_heights=False))
    route = describe_path(source)
    assert route.kind == "route (GeoJSON)"
    assert any("no heights" in problem for problem in route.problems)
    prepare(source, output=tmp_path / "a.stage", dem_paths=[plane()], width_km=2.0)
    package = describe_path(tmp_path / "a.stage")
    assert package.kind == "stage package"
    assert package.as_dict()["finish_m"] == pytest.approx(route.facts["length_m"], abs=1.0)
    assert any("finish" in line for line in package.lines())
    json.dumps(package.as_dict(), allow_nan=False)
    elevation = describe_path(plane())
    assert elevation.kind == "elevation"
    json.dumps(elevation.as_dict(), allow_nan=False)


def test_info_of_nothing(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        describe_path(tmp_path / "no")
    (tmp_path / "e").touch()
    with pytest.raises(InputError, match="empty"):
        describe_path(tmp_path / "e")


def test_info_of_archives_and_imagery(plane, tmp_path):
    plane("deep.tif")
    for kind in ("zip", "gztar"):
        shutil.make_archive(str(tmp_path / "packed"), kind, tmp_path, "deep.tif")
    for name in ("packed.zip", "packed.tar.gz"):
        info = describe_path(tmp_path / name)
        assert info.kind == "elevation"
        assert info.facts["lowest_m"] == pytest.approx(201.0, abs=5.0)
    picture = np.random.default_rng(0).integers(0, 256, (3, 50, 60)).astype(np.uint8)
    profile = {"driver": "GTiff", "count": 3, "dtype": "uint8", "crs": "EPSG:4326"}
    place = Affine(0.001, 0.0, 6.45, 0.0, -0.001, 45.26)
    with rasterio.open(tmp_path / "a.tif", "w", width=60, height=50, transform=place, **profile) as file:
        file.write(picture)
    imagery = describe_path(tmp_path / "a.tif")
    assert (imagery.kind, imagery.facts["width"], imagery.facts["holds"]) == ("imagery", 60, "colours")
    assert imagery.facts["north_deg"] == pytest.approx(45.26)
    assert any("60 x 50 pixels of about 9" in line for line in imagery.lines())
    json.dumps(imagery.as_dict(), allow_nan=False)


def test_several_files_and_drapes_make_one_package(write, road, plane, tmp_path):
    lon, _lat, _ = road
    source = write("a.geojson", line(road, with_heights=True))
    shutil.make_archive(str(tmp_path / "east"), "zip", plane("b.tif", west=6.56).parent, "b.tif")
    drapes = []
    for name, colour in (("upper.tif", (250, 0, 250)), ("lower.tif", (0, 250, 250))):
        west = 6.4 if name == "lower.tif" else float(lon.mean())
        place = Affine(0.001, 0.0, west, 0.0, -0.001, 45.4)
        profile = {"driver": "GTiff", "count": 3, "dtype": "uint8", "crs": "EPSG:4326", "transform": place}
        with rasterio.open(tmp_path / name, "w", width=400, height=400, **profile) as file:
            file.write(np.tile(np.array(colour, np.uint8)[:, None, None], (1, 400, 400)))
        drapes.append(str(tmp_path / name))
    dem = [str(plane("a.tif", east=6.57)), str(tmp_path / "east.zip")]
    call = ["prepare", str(source), "--width-km", "2", "-o", str(tmp_path / "a.stage")]
    assert main([*call, "--dem", *dem, "--drape", *drapes]) == 0
    package = open_package(tmp_path / "a.stage")
    assert package.stage.route.covered[package.stage.route.distance_m <= package.stage.route.finish_m].all()
    names = [(source.name, source.role) for source in package.sources]
    assert names[1:] == [
        ("a.tif", "elevation"),
        ("east.zip", "elevation"),
        ("upper.tif", "imagery"),
        ("lower.tif", "imagery"),
    ]
    drawn = np.concatenate([tile.colours for tile in package.ground.tiles(0) if tile.draped]).astype(int)
    assert (drawn[:, 2] > drawn[:, 0] + 60).any(), "the lower drape shows where the upper one ends"
    assert ((drawn[:, 0] > drawn[:, 1] + 60) & (drawn[:, 2] > drawn[:, 1] + 60)).any()
