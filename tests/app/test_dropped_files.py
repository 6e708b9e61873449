"""What dropped files are taken for."""

from __future__ import annotations

from pathlib import Path

from tracker3d.app.prepare_panel import Dropped, sorted_files


def test_files_are_sorted_by_what_can_be_done_with_them() -> None:
    names = ("a.stage", "road.GPX", "stage-04.json.gz", "N42E001.hgt", "alps.tif", "read.me")
    dropped = sorted_files(Path(name) for name in names)
    assert dropped == Dropped(
        Path("a.stage"), Path("road.GPX"), Path("stage-04.json.gz"), (Path("N42E001.hgt"), Path("alps.tif"))
    )
    assert not sorted_files([Path("read.me")]).any


def test_a_table_of_times_is_told_from_one_of_positions_by_its_first_line(tmp_path: Path) -> None:
    times, positions = tmp_path / "gc.csv", tmp_path / "race.csv"
    times.write_text("\ufeffbib,time\n1,11:20:05\n", encoding="utf-8")
    positions.write_text("time_utc,bib,lat,lon\n2031-07-07T12:00:00Z,1,45.0,6.0\n")
    dropped = sorted_files([times, positions, Path("road.gpx")])
    assert (dropped.times, dropped.race, dropped.road) == (times, positions, Path("road.gpx"))
    assert sorted_files([tmp_path / "gone.csv"]) == Dropped(race=tmp_path / "gone.csv")
