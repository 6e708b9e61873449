"""The rooms keep to their rules: each layer imports without the libraries it must not know."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

WITHOUT_QT_AND_VTK = [
    "terrain",
    "tracker3d.stage",
    "tracker3d.feed",
    "tracker3d.feed.rehearsal",
    "tracker3d.track",
    "tracker3d.race",
    "tracker3d.replay",
    "tracker3d.scene",
    "tracker3d.export",
    "tracker3d.serve",
    "tracker3d.machine",
    "tracker3d.cli",
]
WITHOUT_QT = ["tracker3d.render"]

IMPORT_BLOCKED = """
import sys
class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked!r}:
            raise ImportError(f"{{name}} is behind the wall")
sys.meta_path.insert(0, Wall())
import {module}
"""


def _import_blocked(module: str, blocked: set[str]) -> subprocess.CompletedProcess[str]:
    code = IMPORT_BLOCKED.format(blocked=blocked, module=module)
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("module", WITHOUT_QT_AND_VTK)
def test_imports_without_qt_and_vtk(module: str) -> None:
    result = _import_blocked(module, {"PySide6", "pyvistaqt", "pyvista", "vtk", "vtkmodules"})
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("module", WITHOUT_QT)
def test_imports_without_qt(module: str) -> None:
    result = _import_blocked(module, {"PySide6", "pyvistaqt"})
    assert result.returncode == 0, result.stderr


def test_terrain_knows_nothing_of_races() -> None:
    result = _import_blocked("terrain", {"tracker3d"})
    assert result.returncode == 0, result.stderr


def test_the_window_starts_without_matplotlib() -> None:
    result = _import_blocked("tracker3d.app.view", {"matplotlib"})
    assert result.returncode == 0, result.stderr


def test_the_wall_stands() -> None:
    assert _import_blocked("vtkmodules", {"vtkmodules"}).returncode != 0


@pytest.mark.parametrize("package", ["terrain", "tracker3d.stage"])
def test_public_names_are_found_when_first_used(package: str) -> None:
    module = importlib.import_module(package)
    assert set(module._HOMES) == set(module.__all__)
    for name in module.__all__:
        assert getattr(module, name).__name__ == name
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = module.nothing


@pytest.mark.parametrize("module", ["terrain.errors", "tracker3d.cli"])
def test_the_program_starts_without_what_only_grounds_need(module: str) -> None:
    result = _import_blocked(module, {"numpy", "scipy", "numba", "rasterio", "pyproj", "PIL"})
    assert result.returncode == 0, result.stderr
