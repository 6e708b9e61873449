"""Results are written aside: whole, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tracker3d.errors import OutputError
from tracker3d.files import written_aside

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    with written_aside(target) as path:
        path.write_text("half")
        assert not target.exists()
        path.write_text("whole")
    assert target.read_text() == "whole"
    assert [path.name for path in tmp_path.iterdir()] == ["out.txt"]


def test_an_error_leaves_what_stood_before(tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    target.write_text("old")
    with pytest.raises(RuntimeError), written_aside(target) as path:
        path.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.txt"]


def test_a_folder_replaces_a_folder(tmp_path: Path) -> None:
    target = tmp_path / "out.stage"
    for text in ("first", "second"):
        with written_aside(target, folder=True) as path:
            (path / text).write_text(text)
    assert [path.name for path in target.iterdir()] == ["second"]
    assert [path.name for path in tmp_path.iterdir()] == ["out.stage"]


def test_no_folder_to_write_into(tmp_path: Path) -> None:
    target = tmp_path / "missing" / "out.txt"
    with pytest.raises(OutputError, match="missing"), written_aside(target):
        pass


def test_a_folder_in_the_way_of_a_file(tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    target.mkdir()
    with pytest.raises(OutputError, match=r"out\.txt"), written_aside(target) as path:
        path.write_text("new")
    assert target.is_dir()
