"""The small stage exported once, and tools from npm where the machine has node."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import gltf_reader
import node_tools
import small_stage

from tracker3d.export import ExportReport, export_glb

if TYPE_CHECKING:
    from tracker3d.scene.model import StageScene
    from tracker3d.track import Motion


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
    """Installed npm packages; skips, and says why, where there can be none."""
    try:
        return node_tools.installed()
    except node_tools.NotHereError as reason:
        pytest.skip(str(reason))
