"""The rehearsal, made once for all its pictures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from baselines import rehearsal

if TYPE_CHECKING:
    from tracker3d.race import Race
    from tracker3d.scene.model import StageScene


@pytest.fixture(scope="package")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[StageScene, Race]:
    return rehearsal(tmp_path_factory.mktemp("rehearsal"))
