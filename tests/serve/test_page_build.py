"""The page goes into wheels, whole, and without it the server says in one sentence how to get it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tracker3d.serve import page_files

ROOT = Path(__file__).resolve().parent.parent.parent


def test_a_wheel_holds_the_page_and_not_its_sources(built_page, tmp_path):
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        tmp_path,
        ROOT,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        page = {name for name in names if name.startswith("tracker3d/serve/built/")}
        assert page == {f"tracker3d/serve/built/{path.name}" for path in built_page.iterdir()}
        assert archive.read("tracker3d/serve/built/app.js") == (built_page / "app.js").read_bytes()
    assert "tracker3d/serve/STREAM.md" in names
    assert not [name for name in names if name.startswith("tracker3d/serve/page/")]


def test_what_is_served_names_those_whose_work_it_is(built_page):
    licences = (built_page / "licences.txt").read_text(encoding="utf-8")
    for words in ("three.js authors", "Apache License", "Google LLC"):
        assert words in licences


def test_without_the_page_streams_go_on_and_the_remedy_is_said(small, monkeypatch):
    monkeypatch.setattr("tracker3d.serve.server.page_files", dict)
    with small.serve(interval_s=0.1) as served:
        answer = served.get("")
        assert answer.status_code == 503
        assert answer.text.strip() == page_files.HOW_TO_BUILD
        assert served.get("manifest.json").status_code == 200


def test_a_machine_without_node_is_told_so(built_page, monkeypatch):
    import build_page

    monkeypatch.setattr(build_page, "_stamp", lambda: "something new")
    monkeypatch.setattr(build_page.shutil, "which", lambda _: None)
    monkeypatch.setattr(build_page.sys, "executable", "/nowhere/python")
    with pytest.raises(build_page.BuildError, match=r"node is not here; install Node\.js"):
        build_page.build()
