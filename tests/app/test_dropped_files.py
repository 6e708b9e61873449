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
