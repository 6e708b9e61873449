"""Choosing which labels are shown, and where, so that none covers another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

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
_NEVER = 1e9


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
    corners = _corners(candidates)
    width, height = candidates.sizes_px[:, 0, None], candidates.sizes_px[:, 1, None]
    kept = candidates.slots[:, None] == np.arange(len(SLOTS))
    room = np.where(kept, 0.3, 2.0) * spacing_px
    x0, y0 = corners[..., 0] - room, corners[..., 1] - room
    x1, y1 = corners[..., 0] + width + room, corners[..., 1] + height + room
    free = (corners[..., 0] >= margin_px) & (corners[..., 0] + width <= viewport_px[0] - margin_px)
    free &= (corners[..., 1] >= margin_px) & (corners[..., 1] + height <= viewport_px[1] - margin_px)
    at_x, at_y = candidates.anchors_px.T
    for left, top, right, bottom in taken_px.tolist():
        free &= (x0 >= right) | (x1 <= left) | (y0 >= bottom) | (y1 <= top)
        behind = (at_x > left) & (at_x < right) & (at_y > top) & (at_y < bottom)
        free &= ~behind[:, None]
    price = _price(corners, candidates.sizes_px, spared_px, viewport_px)
    line_x, line_top, line_bottom = _clear_lines(candidates, corners)
    slack = np.where(kept, 1.6, -0.8) * spacing_px
    chosen: list[int] = []
    slots: list[int] = []
    sizes = candidates.sizes_px.tolist()
    for index, slot_before in enumerate(candidates.slots.tolist()):
        row = free[index]
        slot = (
            slot_before
            if slot_before >= 0 and row[slot_before]
            else int(np.where(row, price[index], _NEVER).argmin())
        )
        if not row[slot]:
            continue
        chosen.append(index)
        slots.append(slot)
        if len(chosen) >= limit:
            break
        left, top = corners[index, slot].tolist()
        right, bottom = left + sizes[index][0], top + sizes[index][1]
        rest = slice(index + 1, None)
        lenient, free_rest = slack[rest], free[rest]
        free_rest &= (x0[rest] >= right) | (x1[rest] <= left) | (y0[rest] >= bottom) | (y1[rest] <= top)
        free_rest &= (
            (line_x[rest] >= right - lenient)
            | (line_x[rest] <= left + lenient)
            | (line_top[rest] >= bottom - lenient)
            | (line_bottom[rest] <= top + lenient)
        )
        line, upper, lower = line_x[index, 0], line_top[index, slot], line_bottom[index, 0]
        free_rest &= (
            (x0[rest] + lenient >= line)
            | (x1[rest] - lenient <= line)
            | (y0[rest] + lenient >= lower)
            | (y1[rest] - lenient <= upper)
        )
    picked, taken = np.array(chosen, np.intp), np.array(slots, np.int64)
    return picked, np.round(corners[picked, taken]), taken


def _corners(candidates: Candidates) -> NDArray[np.float64]:
    """Top left corner of each label in each slot, (n, slots, 2)."""
    width, height = candidates.sizes_px[:, 0, None], candidates.sizes_px[:, 1, None]
    corners = np.empty((len(candidates), len(SLOTS), 2))
    corners[..., 0] = candidates.anchors_px[:, 0, None] + (SLOTS[None, :, 0] - 0.5) * width
    above = SLOTS[None, :, 1] * candidates.rises_px[:, None] + (SLOTS[None, :, 2] + 1.0) * height
    corners[..., 1] = candidates.anchors_px[:, 1, None] - above
    return corners


def _price(
    corners: NDArray[np.float64],
    sizes_px: NDArray[np.float64],
    spared_px: NDArray[np.float32] | None,
    viewport_px: tuple[int, int],
) -> NDArray[np.float64]:
    """Return how bad each slot of each label is, (n, slots): later ones, and those that cover much.

    What is covered is counted in cells: sums over boxes are four values of a table summed up both ways.
    """
    order = np.broadcast_to(np.arange(len(SLOTS), dtype=float), corners.shape[:2])
    if spared_px is None or not len(spared_px):
        return order
    columns, rows = viewport_px[0] // _CELL_PX + 2, viewport_px[1] // _CELL_PX + 2
    cells = np.clip(spared_px / _CELL_PX, 0, (columns - 2, rows - 2)).astype(np.intp) + 1
    counts = np.bincount(cells[:, 1] * columns + cells[:, 0], minlength=rows * columns)
    table = counts.reshape(rows, columns).cumsum(axis=0).cumsum(axis=1)
    low = np.clip(np.rint(corners / _CELL_PX), 0, (columns - 1, rows - 1)).astype(np.intp)
    ends = (corners + sizes_px[:, None]) / _CELL_PX
    high = np.clip(np.rint(ends), 0, (columns - 1, rows - 1)).astype(np.intp)
    covered = table[high[..., 1], high[..., 0]] - table[low[..., 1], high[..., 0]]
    covered -= table[high[..., 1], low[..., 0]] - table[low[..., 1], low[..., 0]]
    priced: NDArray[np.float64] = order + _COVERED_PRICE * np.minimum(covered, _MOST_COUNTED)
    return priced


def _clear_lines(
    candidates: Candidates, corners: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return column (n, 1), upper end (n, slots) and lower end (n, 1) of leader lines.

    That is the part of them that must stay clear. Slanted lines are short and judged by their lower half,
    which is near the anchor's column.
    """
    foot = corners[..., 1] + candidates.sizes_px[:, 1, None]
    anchor_x, anchor_y = candidates.anchors_px[:, :1], candidates.anchors_px[:, 1:]
    line_top = np.where(SLOTS[None, :, 0] == 0.0, foot, 0.5 * (foot + anchor_y))
    return anchor_x, np.minimum(line_top, anchor_y), anchor_y
