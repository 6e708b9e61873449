"""Choosing which labels are shown, and where, so that none covers another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.track.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

SLOTS = np.array(
    [
        (0.0, 1.0, 0.0),
        (0.0, 1.0, 1.2),
        (0.62, 1.0, 0.2),
        (-0.62, 1.0, 0.2),
        (0.0, 1.0, 2.4),
        (0.62, 1.0, 1.4),
        (-0.62, 1.0, 1.4),
        (0.75, 0.3, -0.5),
        (-0.75, 0.3, -0.5),
        (0.62, -0.6, -1.0),
        (-0.62, -0.6, -1.0),
        (0.0, 1.0, 3.6),
        (0.62, 1.0, 2.6),
        (-0.62, 1.0, 2.6),
        (0.62, -0.6, -2.2),
        (-0.62, -0.6, -2.2),
    ],
    np.float64,
)
"""Where a label may stand, the best place first: its middle sideways from the anchor in widths of the label;
its lower edge above the anchor in rises, and on top of that in heights of the label."""


_CELL_PX = 16
_COVERED_PRICE, _MOST_COUNTED = 6.0, 4
_OUTWARD = np.array([-1.0, -1.0, 1.0, 1.0])


@compiled
def _overlap(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    """Tell whether two boxes (x0, y0, x1, y1) share more than a border."""
    return bool(one[0] < other[2] and one[2] > other[0] and one[1] < other[3] and one[3] > other[1])


@compiled
def _crosses(
    x_px: float, top_px: float, bottom_px: float, box: NDArray[np.float64], lenient_px: float
) -> bool:
    """Tell whether an upright line runs through a box made smaller by ``lenient_px``."""
    return bool(
        x_px < box[2] - lenient_px
        and x_px > box[0] + lenient_px
        and top_px < box[3] - lenient_px
        and bottom_px > box[1] + lenient_px
    )


@dataclass(frozen=True)
class Candidates:
    """Labels that would like to be shown, the most important first; n rows each.

    Attributes
    ----------
    anchors_px : (n, 2) float64
        What each label points at.
    sizes_px : (n, 2) float64
    rises_px : (n,) float64
        From the anchor to the label's lower edge in the first slot.
    slots : (n,) int
        The slot taken in the frame before, -1 for labels that were not shown.
    """

    anchors_px: NDArray[np.float64]
    sizes_px: NDArray[np.float64]
    rises_px: NDArray[np.float64]
    slots: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.anchors_px)


def place(
    candidates: Candidates,
    *,
    viewport_px: tuple[int, int],
    margin_px: float,
    taken_px: NDArray[np.float64],
    spared_px: NDArray[np.float32] | None = None,
    spacing_px: float,
    limit: int,
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.int64]]:
    """Place labels greedily, the most important first.

    A label that was shown keeps its slot while that is free, and less room will do for it; in a new place
    it must find more room than it needs, so that two labels at the brink do not take turns. Labels also
    keep off the leader lines of others, as far as those run upright.

    Parameters
    ----------
    candidates : Candidates
    viewport_px : (width, height)
    margin_px : float
        Labels keep this far from the borders of the picture.
    taken_px : (m, 4) float64
        x0, y0, x1, y1 of what must not be covered; what lies behind it gets no label either.
    spared_px : (k, 2) float | None
        What had better not be covered: of the places that are free a new label takes one that covers least.
    spacing_px : float
        Between labels: twice that where a label comes, a third of it where it was.
    limit : int
        Most labels to place.

    Returns
    -------
    chosen : (k,) indices of the candidates placed
    corners_px : (k, 2) float64, their top left corners
    slots : (k,) the slots taken
    """
    count = len(candidates)
    if count == 0 or limit <= 0:
        return np.empty(0, np.intp), np.empty((0, 2)), np.empty(0, np.int64)
    label = _boxes(candidates)
    kept = candidates.slots[:, None] == np.arange(len(SLOTS))
    need = label + np.where(kept, 0.3, 2.0)[..., None] * (spacing_px * _OUTWARD)
    free, price = np.empty(kept.shape, np.bool_), np.empty(kept.shape)
    within = np.array([margin_px, margin_px, viewport_px[0] - margin_px, viewport_px[1] - margin_px])
    crowd = _crowd(spared_px, viewport_px)
    _judge(label, need, candidates.anchors_px, within, taken_px.astype(np.float64), crowd, free, price)
    chosen, slots = np.empty(min(limit, count), np.int64), np.empty(min(limit, count), np.int64)
    slack = np.where(kept, 1.6, -0.8) * spacing_px
    found = _choose(candidates.slots, free, price, need, label, candidates.anchors_px, slack, chosen, slots)
    chosen, slots = chosen[:found], slots[:found]
    return chosen, np.round(label[chosen, slots, :2]), slots


def _boxes(candidates: Candidates) -> NDArray[np.float64]:
    """Box of each label in each slot, (n, slots, 4): x0, y0, x1, y1."""
    width, height = candidates.sizes_px[:, 0, None], candidates.sizes_px[:, 1, None]
    boxes = np.empty((len(candidates), len(SLOTS), 4))
    boxes[..., 0] = candidates.anchors_px[:, 0, None] + (SLOTS[None, :, 0] - 0.5) * width
    above = SLOTS[None, :, 1] * candidates.rises_px[:, None] + (SLOTS[None, :, 2] + 1.0) * height
    boxes[..., 1] = candidates.anchors_px[:, 1, None] - above
    boxes[..., 2], boxes[..., 3] = boxes[..., 0] + width, boxes[..., 1] + height
    return boxes


def _crowd(spared_px: NDArray[np.float32] | None, viewport_px: tuple[int, int]) -> NDArray[np.int64]:
    """Count what had better not be covered in cells, summed up both ways, (rows, columns)."""
    columns, rows = viewport_px[0] // _CELL_PX + 2, viewport_px[1] // _CELL_PX + 2
    if spared_px is None or not len(spared_px):
        return np.zeros((rows, columns), np.int64)
    cells = np.clip(spared_px / _CELL_PX, 0, (columns - 2, rows - 2)).astype(np.intp) + 1
    counts = np.bincount(cells[:, 1] * columns + cells[:, 0], minlength=rows * columns)
    return counts.reshape(rows, columns).cumsum(axis=0).cumsum(axis=1)


@compiled
def _cell(edge_px: float, last: int) -> int:
    return int(min(max(np.rint(edge_px / _CELL_PX), 0), last))


@compiled
def _judge(
    label: NDArray[np.float64],
    need: NDArray[np.float64],
    anchors_px: NDArray[np.float64],
    within: NDArray[np.float64],
    taken_px: NDArray[np.float64],
    crowd: NDArray[np.int64],
    free: NDArray[np.bool_],
    price: NDArray[np.float64],
) -> None:
    """Tell which slots are free of borders and panels, and how bad each is: late ones, and what they cover.

    Sums over boxes are four values of ``crowd``. ``free`` and ``price`` (n, slots) are written.
    """
    last_row, last_column = crowd.shape[0] - 1, crowd.shape[1] - 1
    for index in range(len(label)):
        behind = False
        x, y = anchors_px[index]
        for one in taken_px:
            behind |= one[0] < x < one[2] and one[1] < y < one[3]
        for slot in range(label.shape[1]):
            box = label[index, slot]
            clear = not behind and box[0] >= within[0] and box[1] >= within[1]
            clear = clear and box[2] <= within[2] and box[3] <= within[3]
            for one in taken_px:
                clear = clear and not _overlap(need[index, slot], one)
            free[index, slot] = clear
            west, east = _cell(box[0], last_column), _cell(box[2], last_column)
            north, south = _cell(box[1], last_row), _cell(box[3], last_row)
            covered = crowd[south, east] - crowd[north, east] - crowd[south, west] + crowd[north, west]
            price[index, slot] = slot + _COVERED_PRICE * min(covered, _MOST_COUNTED)


@compiled
def _line_top(box: NDArray[np.float64], anchor_y_px: float, slot: int) -> float:
    """Upper end of the part of a leader line that must stay clear.

    Slanted lines are short and judged by their lower half, which is near the anchor's column.
    """
    upright = SLOTS[slot, 0] == 0.0
    return float(min(box[3] if upright else 0.5 * (box[3] + anchor_y_px), anchor_y_px))


@compiled
def _choose(
    slots_before: NDArray[np.int64],
    free: NDArray[np.bool_],
    price: NDArray[np.float64],
    need: NDArray[np.float64],
    label: NDArray[np.float64],
    anchors_px: NDArray[np.float64],
    slack: NDArray[np.float64],
    chosen: NDArray[np.int64],
    slots: NDArray[np.int64],
) -> int:
    """Give each label its old slot, or else the cheapest that is free; returns how many got one.

    ``need`` and ``label`` (n, slots, 4) are the boxes that a label asks for and covers; ``chosen`` and
    ``slots`` are written, as many as they have room for.
    """
    found = 0
    for index in range(len(free)):
        best, before = -1, slots_before[index]
        for slot in range(free.shape[1]):
            if not free[index, slot] or (best >= 0 and best == before):
                continue
            if slot != before and best >= 0 and price[index, slot] >= price[index, best]:
                continue
            x, y = anchors_px[index]
            top = _line_top(label[index, slot], y, slot)
            asked, lenient, clear = need[index, slot], slack[index, slot], True
            for number in range(found):
                other, taken = chosen[number], slots[number]
                there = label[other, taken]
                other_x, other_y = anchors_px[other]
                if (
                    _overlap(asked, there)
                    or _crosses(x, top, y, there, lenient)
                    or _crosses(other_x, _line_top(there, other_y, taken), other_y, asked, lenient)
                ):
                    clear = False
                    break
            if clear:
                best = slot
        if best >= 0:
            chosen[found], slots[found] = index, best
            found += 1
            if found == len(chosen):
                break
    return found
