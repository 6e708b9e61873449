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
_ROOM_KEPT, _ROOM_NEW = 0.3, 2.0
_SLACK_KEPT, _SLACK_NEW = 1.6, -0.8


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
    label = np.empty((count, len(SLOTS), 4))
    free, price = np.empty((count, len(SLOTS)), np.bool_), np.empty((count, len(SLOTS)))
    within = np.array([margin_px, margin_px, viewport_px[0] - margin_px, viewport_px[1] - margin_px])
    crowd = _crowd(spared_px, viewport_px)
    taken_px = np.ascontiguousarray(taken_px, np.float64)
    before, anchors = candidates.slots, candidates.anchors_px
    _lay(anchors, candidates.sizes_px, candidates.rises_px, label)
    _judge(label, before, anchors, within, taken_px, crowd, float(spacing_px), free, price)
    chosen, slots = np.empty(min(limit, count), np.int64), np.empty(min(limit, count), np.int64)
    found = _choose(before, free, price, label, anchors, float(spacing_px), chosen, slots)
    chosen, slots = chosen[:found], slots[:found]
    return chosen, np.round(label[chosen, slots, :2]), slots


def _crowd(spared_px: NDArray[np.float32] | None, viewport_px: tuple[int, int]) -> NDArray[np.int64]:
    """Count what had better not be covered in cells, summed up both ways, (rows, columns)."""
    columns, rows = viewport_px[0] // _CELL_PX + 2, viewport_px[1] // _CELL_PX + 2
    summed = np.zeros((rows, columns), np.int64)
    if spared_px is not None and len(spared_px):
        _sum_up(np.ascontiguousarray(spared_px, np.float32), summed)
    return summed


@compiled
def _sum_up(spared_px: NDArray[np.float32], summed: NDArray[np.int64]) -> None:
    rows, columns = summed.shape
    for number in range(len(spared_px)):
        column = int(min(max(spared_px[number, 0] / _CELL_PX, 0), columns - 2))
        row = int(min(max(spared_px[number, 1] / _CELL_PX, 0), rows - 2))
        summed[row + 1, column + 1] += 1
    for row in range(1, rows):
        so_far = 0
        for column in range(1, columns):
            so_far += summed[row, column]
            summed[row, column] = so_far + summed[row - 1, column]


@compiled
def _lay(
    anchors_px: NDArray[np.float64],
    sizes_px: NDArray[np.float64],
    rises_px: NDArray[np.float64],
    label: NDArray[np.float64],
) -> None:
    """Write the box of each label in each slot, (n, slots, 4): x0, y0, x1, y1."""
    for index in range(len(label)):
        x, y, rise = anchors_px[index, 0], anchors_px[index, 1], rises_px[index]
        width, height = sizes_px[index, 0], sizes_px[index, 1]
        for slot in range(len(SLOTS)):
            west = x + (SLOTS[slot, 0] - 0.5) * width
            north = y - (SLOTS[slot, 1] * rise + (SLOTS[slot, 2] + 1.0) * height)
            label[index, slot, 0], label[index, slot, 1] = west, north
            label[index, slot, 2], label[index, slot, 3] = west + width, north + height


@compiled
def _cell(edge_px: float, last: int) -> int:
    return int(min(max(np.rint(edge_px / _CELL_PX), 0), last))


@compiled
def _judge(
    label: NDArray[np.float64],
    slots_before: NDArray[np.int64],
    anchors_px: NDArray[np.float64],
    within: NDArray[np.float64],
    taken_px: NDArray[np.float64],
    crowd: NDArray[np.int64],
    spacing_px: float,
    free: NDArray[np.bool_],
    price: NDArray[np.float64],
) -> None:
    """Tell which slots are free of borders and panels, and how bad each is: late ones, and what they cover.

    Sums over boxes are four values of ``crowd``. ``free`` and ``price`` (n, slots) are written. Boxes are
    read number by number: a view of an array costs more than what is asked of it.
    """
    last_row, last_column = crowd.shape[0] - 1, crowd.shape[1] - 1
    for index in range(len(label)):
        behind = False
        x, y = anchors_px[index, 0], anchors_px[index, 1]
        for one in range(len(taken_px)):
            behind |= taken_px[one, 0] < x < taken_px[one, 2] and taken_px[one, 1] < y < taken_px[one, 3]
        for slot in range(label.shape[1]):
            west, north = label[index, slot, 0], label[index, slot, 1]
            east, south = label[index, slot, 2], label[index, slot, 3]
            clear = not behind and west >= within[0] and north >= within[1]
            clear = clear and east <= within[2] and south <= within[3]
            room = (_ROOM_KEPT if slot == slots_before[index] else _ROOM_NEW) * spacing_px
            for one in range(len(taken_px)):
                clear = clear and not (
                    west - room < taken_px[one, 2]
                    and east + room > taken_px[one, 0]
                    and north - room < taken_px[one, 3]
                    and south + room > taken_px[one, 1]
                )
            free[index, slot] = clear
            if not clear:
                continue
            left, right = _cell(west, last_column), _cell(east, last_column)
            top, foot = _cell(north, last_row), _cell(south, last_row)
            covered = crowd[foot, right] - crowd[top, right] - crowd[foot, left] + crowd[top, left]
            price[index, slot] = slot + _COVERED_PRICE * min(covered, _MOST_COUNTED)


@compiled
def _line_top(foot_px: float, anchor_y_px: float, slot: int) -> float:
    """Upper end of the part of a leader line that must stay clear; ``foot_px`` is the label's lower edge.

    Slanted lines are short and judged by their lower half, which is near the anchor's column.
    """
    upright = SLOTS[slot, 0] == 0.0
    return float(min(foot_px if upright else 0.5 * (foot_px + anchor_y_px), anchor_y_px))


@compiled
def _choose(
    slots_before: NDArray[np.int64],
    free: NDArray[np.bool_],
    price: NDArray[np.float64],
    label: NDArray[np.float64],
    anchors_px: NDArray[np.float64],
    spacing_px: float,
    chosen: NDArray[np.int64],
    slots: NDArray[np.int64],
) -> int:
    """Give each label its old slot, or else the cheapest that is free; returns how many got one.

    ``label`` (n, slots, 4) are the boxes that a label covers; it asks for more room, and for less where it
    was. ``chosen`` and ``slots`` are written, as many as they have room for.
    """
    placed = np.empty((len(chosen), 7))  # box, and the leader line: x, upper end, lower end
    found = 0
    for index in range(len(free)):
        best, before = -1, slots_before[index]
        x, y = anchors_px[index, 0], anchors_px[index, 1]
        for slot in range(free.shape[1]):
            if not free[index, slot] or (best >= 0 and best == before):
                continue
            if slot != before and best >= 0 and price[index, slot] >= price[index, best]:
                continue
            kept = slot == before
            room = (_ROOM_KEPT if kept else _ROOM_NEW) * spacing_px
            slack = (_SLACK_KEPT if kept else _SLACK_NEW) * spacing_px
            top = _line_top(label[index, slot, 3], y, slot)
            west, north = label[index, slot, 0] - room, label[index, slot, 1] - room
            east, south = label[index, slot, 2] + room, label[index, slot, 3] + room
            if not _meets(placed, found, (west, north, east, south), (x, top, y), slack):
                best = slot
        if best >= 0:
            chosen[found], slots[found] = index, best
            for edge in range(4):
                placed[found, edge] = label[index, best, edge]
            placed[found, 4], placed[found, 6] = x, y
            placed[found, 5] = _line_top(label[index, best, 3], y, best)
            found += 1
            if found == len(chosen):
                break
    return found


@compiled
def _meets(
    placed: NDArray[np.float64],
    found: int,
    asked: tuple[float, float, float, float],
    line: tuple[float, float, float],
    slack: float,
) -> bool:
    """Tell whether a box shares more than a border with one placed, or a leader line runs through either.

    Boxes are made smaller by ``slack`` for lines; of ``placed`` the first ``found`` rows count.
    """
    west, north, east, south = asked
    x, top, foot = line
    for number in range(found):
        left, upper, right, lower = placed[number, 0], placed[number, 1], placed[number, 2], placed[number, 3]
        if west < right and east > left and north < lower and south > upper:
            return True
        if left + slack < x < right - slack and top < lower - slack and foot > upper + slack:
            return True
        other_x = placed[number, 4]
        if (
            west + slack < other_x < east - slack
            and placed[number, 5] < south - slack
            and placed[number, 6] > north + slack
        ):
            return True
    return False
