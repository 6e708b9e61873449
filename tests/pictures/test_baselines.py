"""Pictures of the rehearsal against those that were looked at and approved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from baselines import FOLDER, TABLE, Baseline, draw
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

    from tracker3d.race import Race
    from tracker3d.scene.model import StageScene


def differing(one: np.ndarray, other: np.ndarray, level: int) -> float:
    """Share of the pixels that differ by more than ``level`` in a channel; of no colour under no alpha."""
    far = np.abs(one.astype(int) - other.astype(int))
    far[(one[..., 3] == 0) & (other[..., 3] == 0)] = 0
    return float((far.max(axis=-1) > level).mean())


@pytest.mark.parametrize("baseline", TABLE, ids=lambda each: each.name)
def test_picture(baseline: Baseline, shown: tuple[StageScene, Race], tmp_path: Path) -> None:
    picture = draw(baseline, *shown)
    with Image.open(FOLDER / f"{baseline.name}.png") as file:
        approved = np.asarray(file.convert("RGBA"))
    assert picture.shape == approved.shape
    share = differing(picture, approved, baseline.level)
    Image.fromarray(picture).save(tmp_path / f"{baseline.name}.png")
    assert share <= baseline.most_share, f"{share:.2%} of the pixels differ ({tmp_path}); {baseline.why}"


def test_the_same_picture_twice_is_the_same_bytes(shown: tuple[StageScene, Race]) -> None:
    assert np.array_equal(draw(TABLE[1], *shown), draw(TABLE[1], *shown))


def test_a_picture_that_is_off_by_little_is_noticed(shown: tuple[StageScene, Race]) -> None:
    """A shift by one pixel, or a panel that is missing, is far beyond what is allowed."""
    baseline = TABLE[0]
    picture = draw(baseline, *shown)
    moved = np.roll(picture, 1, axis=1)
    assert differing(picture, moved, baseline.level) > 3 * baseline.most_share
    bare = picture.copy()
    bare[20:60, 20:120] = bare[200, 300]
    assert differing(picture, bare, baseline.level) > 3 * baseline.most_share
