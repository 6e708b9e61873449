"""What labels are made for, and what each of them would like."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.scene.projection import focal_px

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from tracker3d.race.model import RaceState
    from tracker3d.scene.drawing import Look
    from tracker3d.scene.model import CameraPose, Overlay, StageScene
    from tracker3d.scene.placing import PlacedRiders
    from tracker3d.scene.tags import Tag

_CHEST_TO_HEAD_M = 0.8

LabelKey = tuple[str, int]
"""("rider", bib), ("group", id) or ("place", index of the gate)."""


@dataclass(frozen=True)
class Wanted:
    """A label that would like to be shown; lower ``rank`` goes first."""

    key: LabelKey
    rank: tuple[int, float]
    anchor_px: tuple[float, float]
    size_px: tuple[int, int]
    rise_px: float
    colour_rgb: tuple[int, int, int]
    opacity: float
    tag: Callable[[], Tag]


@dataclass(frozen=True)
class LabelView:
    """What labels are made for: one moment seen by one camera."""

    scene: StageScene
    state: RaceState
    placed: PlacedRiders
    pose: CameraPose
    viewport_px: tuple[int, int]
    look: Look
    overlays: frozenset[Overlay]
    selected_bib: int | None
    wind: Sequence[tuple[int, float, float]] = ()

    @cached_property
    def heads_px(self) -> NDArray[np.float64]:
        """Pixels just above the heads of the riders drawn, (n, 2)."""
        placed = self.placed
        heads = placed.px.astype(float)
        heads[:, 1] -= _CHEST_TO_HEAD_M * placed.instances.scale * self.metre_px
        return heads

    @cached_property
    def metre_px(self) -> NDArray[np.float64]:
        """How large a metre is in the picture where each rider is, (n,)."""
        return focal_px(self.pose, self.viewport_px) / np.maximum(self.placed.depth_m, 1.0)
