"""The small stage exported once, and tools from npm where the machine has node."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import gltf_reader
import small_stage

from tracker3d.export import ExportReport, export_glb

if TYPE_CHECKING:
    from tracker3d.scene.model import StageScene
    from tracker3d.track import Motion

TOOLS = Path(__file__).resolve().parent.parent / "tools"
INSTALL_S = 120


class Exported(NamedTuple):
    scene: StageScene
    motion: Motion
    report: ExportReport
    file: gltf_reader.GltfFile


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    scene = small_stage.small_scene()
    motion = small_stage.small_race(scene.stage.route)
    path = tmp_path_factory.mktemp("exported") / "small.glb"
    report = export_glb(scene, motion, path)
    return Exported(scene, motion, report, gltf_reader.read(path))


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """Installed npm packages of the lock file, kept in the user's cache between runs."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("node and npm are not here: exported files are not checked with the Khronos validator")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "tracker3d-test-tools"
    lock = (TOOLS / "package-lock.json").read_bytes()
    if (cache / "package-lock.json").is_file() and (cache / "package-lock.json").read_bytes() == lock:
        return cache / "node_modules"
    cache.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="tracker3d-test-tools.", dir=cache.parent))
    for name in ("package.json", "package-lock.json"):
        shutil.copy(TOOLS / name, scratch)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        done = subprocess.run(
            command, cwd=scratch, capture_output=True, text=True, timeout=INSTALL_S, check=False
        )
        problem = done.stderr.strip().splitlines()[-1:] if done.returncode else []
    except subprocess.TimeoutExpired:
        problem = [f"no answer within {INSTALL_S} s"]
    if problem:
        shutil.rmtree(scratch, ignore_errors=True)
        pytest.skip(f"npm ci cannot install the test tools: {problem[0]}")
    shutil.rmtree(cache, ignore_errors=True)
    scratch.rename(cache)
    return cache / "node_modules"
