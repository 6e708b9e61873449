"""The part of a picture that boards leave free, for cameras that frame something.

Boards stand in both upper corners and along the foot. Their room is counted as if all that a stage can have
were shown (a full gap board, the climb card), and by the picture's shape alone: so a view stays while groups
and cards come and go, and in a larger window.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tracker3d.scene.cards import BOARD_WIDTH, CLIMB_CARD_HEIGHT, TO_GO_HEIGHT, board_height, stage_name_size
from tracker3d.scene.climbs import climbs_of
from tracker3d.scene.drawing import GAP, SAFE_SHARE, STORY_FOOT, STORY_HEAD, Look, is_story, scale_of
from tracker3d.scene.strip import LEGEND_HEIGHT, STRIP_HEIGHT

if TYPE_CHECKING:
    from tracker3d.scene.model import StageScene

MOST_GAP_ROWS = 7
"""Of the gap board."""

_SHORTER_PX = 1080
_CREDITS_HEIGHT = 26.0
_AIR = 14.0
_LABEL_ROOM = 70.0
"""Above the road, for the labels of its gates."""
_GATE_ROOM = 46.0
"""Between the road and a board above it, for a gate."""


@dataclass(frozen=True)
class FreeArea:
    """A rectangle without its two upper corners; shares of the picture from its left and its top.

    Attributes
    ----------
    left, right, top, bottom : float
    left_board, right_board : float
        Inner edges of the boards in the corners.
    left_board_foot, right_board_foot : float
        Lower edges of these; ``top`` where there is none.
    """

    left: float
    right: float
    top: float
    bottom: float
    left_board: float
    left_board_foot: float
    right_board: float
    right_board_foot: float


def free_area(scene: StageScene, aspect: float) -> FreeArea:
    """Return what boards leave free in a picture of an aspect (width over height)."""
    return scene.memory.get("free area", aspect, lambda: _free_area(scene, aspect))


def _free_area(scene: StageScene, aspect: float) -> FreeArea:
    width, height = (
        (round(_SHORTER_PX * aspect), _SHORTER_PX)
        if aspect >= 1.0
        else (_SHORTER_PX, round(_SHORTER_PX / aspect))
    )
    look = Look(scene.theme, scale_of((width, height)))
    head, foot = (STORY_HEAD, STORY_FOOT) if is_story((width, height)) else (SAFE_SHARE, SAFE_SHARE)
    inset, top = SAFE_SHARE * width, head * height
    raced = bool(scene.stage.riders)
    name_width, name_height = stage_name_size(scene.stage, look, width)
    left_height = name_height
    right_height = 0.0
    if raced:
        left_height += look.px(GAP) + board_height(look, MOST_GAP_ROWS)
        right_height = look.px(TO_GO_HEIGHT)
        if climbs_of(scene.stage):
            right_height += look.px(GAP + CLIMB_CARD_HEIGHT)
    air = look.px(_AIR)
    boards = look.px(_CREDITS_HEIGHT + STRIP_HEIGHT + GAP + LEGEND_HEIGHT)
    high, gate = top + look.px(_LABEL_ROOM), look.px(_GATE_ROOM)
    return FreeArea(
        left=(inset + air) / width,
        right=1.0 - (inset + air) / width,
        top=high / height,
        bottom=1.0 - (foot * height + boards + air) / height,
        left_board=(inset + name_width + air) / width,
        left_board_foot=max(top + left_height + gate, high) / height,
        right_board=1.0 - (inset + look.px(BOARD_WIDTH) + air) / width if raced else 1.0,
        right_board_foot=max(top + right_height + gate, high) / height if raced else high / height,
    )
