"""Stage packages: what goes in comes out, and what is damaged or hostile is refused."""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
import zipfile

import numpy as np
import pytest

from terrain import GroundLine, build_ground
from tracker3d.errors import OutputError, PackageError
from tracker3d.stage import package as package_module
from tracker3d.stage.manifest import SourceFile
from tracker3d.stage.model import Coverage, Place, PlaceKind, Rider, Stage, Team
from tracker3d.stage.package import is_package, open_package, read_contents, save_package
from tracker3d.stage.roadbuild import build_route


@pytest.fixture(scope="module")
def stage_and_ground():
    x = np.linspace(0.0, 0.03, 40)
    route = build_route(6.5 + x, 45.2 + 0.3 * x, 600.0 + 4000.0 * x).route
    line = GroundLine(route.x_m, route.y_m, route.height_m)
    ground = build_ground(route.frame, line=line, dem_paths=(), half_width_m=500.0, max_error_m=5.0)
    route = route.on_ground(
        z_drawn_m=ground.z_drawn_m, on_structure=ground.on_structure, covered=np.arange(len(route)) > 50
    )
    stage = Stage(
        name="Départ > Arrivée",
        date="2031-07-07",
        timezone="Europe/Paris",
        frame=route.frame,
        route=route,
        start_time_ms=1941190000000,
        time_trial=True,
        simulated=True,
        places=(
            Place(PlaceKind.START, "Départ", 0.0, 600.0),
            Place(PlaceKind.CLIMB, "Col", 1500.0, 680.0, "H", 1200.0, 6.1),
            Place(PlaceKind.FINISH, "Arrivée", route.finish_m, 720.0),
        ),
        teams=(Team("ABC", "Team ABC", (1, 2, 255)),),
        riders=(
            Rider(3, "Léa", "DUBOIS", "ABC", "FRA", "yellow", before_s=41_210.5),
            Rider(4, "Ève", "ØSTERGÅRD"),
            Rider(-1, last_name="Moto", vehicle=True),
        ),
        coverage=Coverage(((250.0, route.end_m),), ("a.tif",), ("something odd",)),
        credits=("Simulated race",),
    )
    return stage, ground


@pytest.fixture(scope="module")
def saved(stage_and_ground, tmp_path_factory):
    path = tmp_path_factory.mktemp("packages") / "a.stage"
    stage, ground = stage_and_ground
    save_package(path, stage=stage, ground=ground, sources=[SourceFile("a.gpx", "route", "00ff", 12)])
    return path


@pytest.fixture
def damaged(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "b.stage")


def test_what_goes_in_comes_out(stage_and_ground, saved):
    stage, ground = stage_and_ground
    opened = open_package(saved)
    for field in dataclasses.fields(Stage):
        if field.name not in ("route", "places"):
            assert getattr(opened.stage, field.name) == getattr(stage, field.name), field.name
    for name in ("x_m", "y_m", "height_m", "z_drawn_m", "on_structure", "covered"):
        np.testing.assert_array_equal(getattr(opened.stage.route, name), getattr(stage.route, name))
    np.testing.assert_array_equal(opened.stage.route.distance_m, stage.route.distance_m)
    assert opened.stage.route.finish_m == stage.route.finish_m
    assert opened.stage.places[1] == stage.places[1]
    assert [place.name for place in opened.stage.places] == [place.name for place in stage.places]
    assert np.isnan(opened.stage.places[0].length_m)
    np.testing.assert_array_equal(opened.ground.z_drawn_m, ground.z_drawn_m)
    assert opened.sources == (SourceFile("a.gpx", "route", "00ff", 12),)
    assert opened.made_at.endswith("+00:00")


def test_a_package_made_before_there_were_times_still_opens(damaged):
    manifest = damaged / "manifest.json"
    content = json.loads(manifest.read_text())
    assert [rider.pop("before_s", None) for rider in content["riders"]] == [41_210.5, None, None]
    manifest.write_text(json.dumps(content))
    assert {rider.before_s for rider in open_package(damaged).stage.riders} == {None}
    content["riders"][0]["before_s"] = -1.0
    manifest.write_text(json.dumps(content))
    with pytest.raises(PackageError, match="damaged"):
        open_package(damaged)


def test_an_existing_package_is_replaced_and_nothing_is_left_beside_it(stage_and_ground, saved, tmp_path):
    stage, ground = stage_and_ground
    path = shutil.copytree(saved, tmp_path / "a.stage")
    (path / "old").write_text("x")
    save_package(path, stage=dataclasses.replace(stage, name="New"), ground=ground)
    assert read_contents(path).stage.name == "New"
    assert not (path / "old").exists()
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.stage"]


def test_a_failure_leaves_the_old_package_and_no_half_of_a_new_one(
    stage_and_ground, saved, tmp_path, monkeypatch
):
    stage, ground = stage_and_ground
    path = shutil.copytree(saved, tmp_path / "a.stage")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(package_module.np, "savez_compressed", full)
    with pytest.raises(OutputError, match="No space left"):
        save_package(path, stage=dataclasses.replace(stage, name="New"), ground=ground)
    assert open_package(path).stage.name == stage.name
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.stage"]


def test_folders_and_files_of_the_user_are_never_replaced(stage_and_ground, tmp_path):
    stage, ground = stage_and_ground
    (tmp_path / "photos.stage").mkdir()
    (tmp_path / "photos.stage" / "holiday.jpg").write_text("x")
    (tmp_path / "file.stage").write_text("x")
    for name, says in (
        ("photos.stage", "is no stage package"),
        ("file.stage", "is no stage package"),
        ("photos", "ends in .stage"),
        ("nowhere/a.stage", "does not exist"),
    ):
        with pytest.raises(OutputError, match=says):
            save_package(tmp_path / name, stage=stage, ground=ground)
    assert (tmp_path / "photos.stage" / "holiday.jpg").exists()


def change(path, **changes) -> None:
    manifest = json.loads((path / "manifest.json").read_text())
    (path / "manifest.json").write_text(json.dumps({**manifest, **changes}))


def test_a_newer_version_asks_for_an_update(damaged):
    change(damaged, version=2, places="something new")
    assert is_package(damaged)
    with pytest.raises(PackageError, match="update tracker3d"):
        open_package(damaged)


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "other"},
        {"version": 0},
        {"timezone": "../../etc/passwd"},
        {"timezone": "Mars/Olympus"},
        {"frame": {"origin_lon_deg": 1e9, "origin_lat_deg": 0, "vertical_exaggeration": 1, "crs": ""}},
        {"road": {"start_m": 0, "step_m": 0, "finish_m": 1, "nodes": 5}},
        {"road": {"start_m": 0, "step_m": 5, "finish_m": 1, "nodes": 10**12}},
        {"road": {"start_m": 0, "step_m": 5, "finish_m": 1, "nodes": 5}},
        {"teams": [{"code": "A", "name": "A", "colour_rgb": [0, 0, 256]}]},
        {"places": [{"kind": "moon", "name": "", "distance_m": 0, "height_m": 0}]},
        {"riders": [{"bib": "3"}]},
        {"name": None},
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(damaged, changes):
    change(damaged, **changes)
    with pytest.raises(PackageError, match="prepare the stage again") as caught:
        open_package(damaged)
    assert str(damaged) in str(caught.value)


@pytest.mark.parametrize("name", ["manifest.json", "road.npz"])
@pytest.mark.parametrize("harm", ["missing", "cut", "empty", "garbage"])
def test_damaged_files_are_refused(damaged, name, harm):
    file = damaged / name
    content = file.read_bytes()
    if harm == "missing":
        file.unlink()
    else:
        file.write_bytes(
            {"cut": content[: len(content) // 2], "empty": b"", "garbage": b"\xff\x00" * 500}[harm]
        )
    with pytest.raises(PackageError, match="missing or damaged"):
        open_package(damaged)


def write_road(path, **columns) -> None:
    with np.load(path / "road.npz") as table:
        kept = {name: table[name] for name in table.files}
    np.savez(path / "road.npz", **{**kept, **columns})


def test_columns_of_the_wrong_kind_are_refused(damaged):
    with np.load(damaged / "road.npz") as table:
        x_m = table["x_m"]
    for column in (x_m[:-1], x_m.astype(np.float32), np.where(x_m == x_m[5], np.nan, x_m), x_m[:, None]):
        write_road(damaged, x_m=column)
        with pytest.raises(PackageError, match="road"):
            read_contents(damaged)


def test_no_code_is_run_from_a_package(damaged):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("a pickle was loaded",))

    buffer = io.BytesIO()
    np.save(buffer, np.array([Trap()], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(damaged / "road.npz", "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("x_m.npy", buffer.getvalue())
    with pytest.raises(PackageError):
        read_contents(damaged)


def test_a_small_road_cannot_inflate_without_bound(damaged, monkeypatch):
    monkeypatch.setattr(package_module, "_LARGEST_ROAD_BYTES", 100_000)
    np.savez_compressed(damaged / "road.npz", x_m=np.zeros(1_000_000))
    with pytest.raises(PackageError):
        read_contents(damaged)


def test_a_link_out_of_the_package_is_refused(damaged, saved):
    (damaged / "road.npz").unlink()
    (damaged / "road.npz").symlink_to(saved / "road.npz")
    with pytest.raises(PackageError, match="leads out"):
        open_package(damaged)


def test_a_ground_of_another_road_is_refused(damaged, stage_and_ground):
    ground = damaged / "ground"
    for name in ("z_drawn_m", "on_structure", "covered"):
        np.save(ground / f"{name}.npy", np.load(ground / f"{name}.npy")[:-3])
    with pytest.raises(PackageError, match="do not belong together"):
        open_package(damaged)
    shutil.rmtree(ground)
    with pytest.raises(PackageError, match="The ground of"):
        open_package(damaged)


def test_what_is_no_package_is_named(tmp_path):
    (tmp_path / "a.gpx").write_text("x")
    with pytest.raises(PackageError, match="is no folder"):
        open_package(tmp_path / "a.gpx")
    with pytest.raises(PackageError, match="does not exist"):
        open_package(tmp_path / "b.stage")
    with pytest.raises(PackageError, match="is missing or damaged"):
        open_package(tmp_path)
