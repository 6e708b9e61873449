"""Labels of one frame: who would like one, who gets one, and the sprites that draw them."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.race.model import Role
from tracker3d.scene.atlas import Atlas
from tracker3d.scene.declutter import Candidates, place
from tracker3d.scene.figures import gap_text
from tracker3d.scene.label_view import LabelKey, LabelView, Wanted
from tracker3d.scene.model import Overlay, Sprites
from tracker3d.scene.place_labels import banners_px, place_labels
from tracker3d.scene.placing import NEAR_SCALE, RIDER_HEIGHT_M, PlacedRiders, Roster, roster_of
from tracker3d.scene.tags import Tag, TagPress, group_title

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from numpy.typing import NDArray

    from tracker3d.race.model import Group, RaceState
    from tracker3d.scene.style import Theme

MOST_LABELS = 22
_MOST_RIDER_CANDIDATES = 80
_ACTION_SAFE_SHARE = 0.035
_LARGE_GROUP = 3
_MOST_GROUP_TAGS = 9
_NAMED_RIDER_PX = 44.0
_NAMED_JERSEY_PX = 3.0
_SPACING = 5.0
_RIDER_RISE, _GROUP_RISE = 22.0, 58.0


def make_labels(
    view: LabelView, *, taken_px: NDArray[np.float64], slots_before: Mapping[LabelKey, int]
) -> tuple[Sprites, dict[LabelKey, int]]:
    """Choose, place and draw the labels of one frame.

    Parameters
    ----------
    view : LabelView
    taken_px : (m, 4) float64
        x0, y0, x1, y1 of panels, which labels keep clear of.
    slots_before : mapping
        The labels of the frame before and their slots.

    Returns
    -------
    sprites : Sprites
    slots : dict
        The labels shown and their slots.
    """
    press = _press(view)
    wanted = sorted(
        (*_groups(view, press), *place_labels(view, press), *_riders(view, press, slots_before)),
        key=lambda each: each.rank,
    )
    candidates = Candidates(
        anchors_px=np.array([each.anchor_px for each in wanted], float).reshape(-1, 2),
        sizes_px=np.array([each.size_px for each in wanted], float).reshape(-1, 2),
        rises_px=np.array([each.rise_px for each in wanted], float),
        slots=np.array([slots_before.get(each.key, -1) for each in wanted], np.int64),
    )
    chosen, corners, slots = place(
        candidates,
        viewport_px=view.viewport_px,
        margin_px=_ACTION_SAFE_SHARE * view.viewport_px[1],
        taken_px=np.concatenate([taken_px, banners_px(view)]),
        spared_px=view.placed.px[np.isfinite(view.placed.px[:, 0])],
        spacing_px=_SPACING * view.look.scale,
        limit=MOST_LABELS,
    )
    shown = [wanted[index] for index in chosen.tolist()]
    arrows = _clear_arrows(view, press, np.concatenate([taken_px, _boxes(shown, corners)]))
    sprites = _sprites(press, shown, corners, view.look.scale, arrows=arrows)
    return sprites, {each.key: int(slot) for each, slot in zip(shown, slots, strict=True)}


def _press(view: LabelView) -> TagPress:
    look = view.look
    width_px = 2048 if look.scale <= 1.5 else 4096
    return view.scene.memory.get("press", look.scale, lambda: TagPress(look, Atlas(width_px=width_px)))


def _groups(view: LabelView, press: TagPress) -> list[Wanted]:
    if Overlay.GROUP_LABELS not in view.overlays:
        return []
    placed = view.placed
    roster = roster_of(view.scene, view.state.riders.bibs)
    heads_px = view.heads_px
    shown = np.flatnonzero(np.isfinite(placed.px[:, 0]))
    row_of = np.full(len(view.state.riders.bibs), -1)
    row_of[placed.index[shown]] = shown
    from_last = view.state.order[row_of[view.state.order] >= 0][::-1]
    first_row = dict(zip(view.state.group[from_last].tolist(), row_of[from_last].tolist(), strict=True))
    wanted: list[Wanted] = []
    groups = [each for each in enumerate(view.state.groups) if each[0] in first_row]
    for order, group in sorted(groups, key=lambda each: (_group_rank(each[1]), each[0])):
        if len(wanted) >= _MOST_GROUP_TAGS:
            break
        if len(group.riders) == 1 and _bib_of(view, group) == view.selected_bib:
            continue
        title = group_title(view.look.theme, group, roster)
        tag = press.group(group, title)
        anchor = heads_px[first_row[order]]
        wanted.append(
            Wanted(
                key=("group", group.id),
                rank=(_group_rank(group), float(order)),
                anchor_px=(float(anchor[0]), float(anchor[1])),
                size_px=(tag.width_px, tag.height_px),
                rise_px=_GROUP_RISE * view.look.scale,
                colour_rgb=view.look.theme.colour(group.role.value),
                opacity=1.0,
                tag=lambda group=group, title=title: press.group(group, title),  # type: ignore[misc]
            )
        )
    return wanted


def _bib_of(view: LabelView, group: Group) -> int:
    return int(view.state.riders.bibs[group.riders[0]])


def _group_rank(group: Group) -> int:
    if group.role in (Role.HEAD, Role.PELOTON):
        return 1
    return 3 if len(group.riders) >= _LARGE_GROUP else 6


def _riders(view: LabelView, press: TagPress, before: Mapping[LabelKey, int]) -> list[Wanted]:
    """Riders near enough to be told apart, jerseys from further off, the one selected from anywhere."""
    if Overlay.RIDER_LABELS not in view.overlays:
        return []
    placed, state = view.placed, view.state
    instances = placed.instances
    roster = roster_of(view.scene, state.riders.bibs)
    jersey, selected = roster.jersey[placed.index], instances.bibs == view.selected_bib
    least_px = np.where(jersey, _NAMED_JERSEY_PX, _NAMED_RIDER_PX) * view.look.scale
    alone = _shown_as_group(view)
    near = (NEAR_SCALE * RIDER_HEIGHT_M * view.metre_px >= least_px) & ~instances.vehicle & ~alone
    rows = np.flatnonzero((near | selected) & np.isfinite(placed.px[:, 0]))
    if not len(rows):
        return []
    rank = _rider_ranks(state, placed)
    order = np.lexsort((rank[rows], ~jersey[rows], ~selected[rows]))
    rows = rows[order]
    heads_px = view.heads_px
    sizes = _rider_sizes(view, press, roster)
    wanted = []
    for row in rows[:_MOST_RIDER_CANDIDATES].tolist():
        rider_index = int(placed.index[row])
        bib = int(instances.bibs[row])
        chosen = bool(selected[row])
        first = 0 if chosen else 4 if jersey[row] else 5
        shown_before = ("rider", bib) in before
        figure = _figure(state, rider_index, view.look.theme) if chosen else ""
        size = press.rider_size(*_rider_words(roster, rider_index), figure) if chosen else sizes[rider_index]
        wanted.append(
            Wanted(
                key=("rider", bib),
                rank=(first, float(rank[row]) + (0.0 if shown_before else 1e7)),
                anchor_px=(float(heads_px[row, 0]), float(heads_px[row, 1])),
                size_px=(int(size[0]), int(size[1])),
                rise_px=_RIDER_RISE * view.look.scale,
                colour_rgb=tuple(instances.colours[row].tolist()),
                opacity=max(0.55, float(instances.opacity[row])),
                tag=_rider_tag(press, roster, rider_index, selected=chosen, figure=figure),
            )
        )
    return wanted


def _shown_as_group(view: LabelView) -> NDArray[np.bool_]:
    """Tell which rows ride alone, where the group's label says their name already, (n,)."""
    if Overlay.GROUP_LABELS not in view.overlays:
        return np.zeros(len(view.placed.index), bool)
    alone = np.zeros(len(view.state.riders.bibs), bool)
    alone[[int(group.riders[0]) for group in view.state.groups if len(group.riders) == 1]] = True
    return alone[view.placed.index]


def _rider_ranks(state: RaceState, placed: PlacedRiders) -> NDArray[np.float64]:
    """Place in the race of each row; those without one come last."""
    rank = np.full(len(state.riders.bibs), 1e6)
    rank[state.order] = np.arange(len(state.order))
    return rank[placed.index]


def _rider_tag(
    press: TagPress, roster: Roster, index: int, *, selected: bool, figure: str
) -> Callable[[], Tag]:
    rider = roster.riders[index]
    red, green, blue = roster.colours[index].tolist()
    return lambda: press.rider(
        *_rider_words(roster, index),
        colour=(red, green, blue),
        selected=selected and not rider.vehicle,
        figure=figure,
    )


def _figure(state: RaceState, index: int, theme: Theme) -> str:
    """Return the gap to the head of the race and the speed of one rider; what is not known is left out."""
    gap_s, speed_mps = float(state.gap_s[index]), float(state.riders.speed_mps[index])
    gap = gap_text(gap_s) if gap_s > 0.0 else ""
    speed = f"{3.6 * speed_mps:.0f} {theme.word('speed_unit')}" if math.isfinite(speed_mps) else ""
    return "  ".join(filter(None, (gap, speed)))


def _rider_words(roster: Roster, index: int) -> tuple[str, str]:
    rider = roster.riders[index]
    return ("" if rider.vehicle else str(rider.bib)), rider.display_name


def _rider_sizes(view: LabelView, press: TagPress, roster: Roster) -> NDArray[np.int64]:
    key: Hashable = (view.look.scale, view.state.riders.bibs.tobytes())
    return view.scene.memory.get(
        "rider tag sizes",
        key,
        lambda: np.array(
            [press.rider_size(*_rider_words(roster, row)) for row in range(len(roster.riders))]
        ).reshape(-1, 2),
    )


def _boxes(shown: list[Wanted], corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the boxes (k, 4) that labels cover."""
    sizes = np.array([each.size_px for each in shown], float).reshape(-1, 2)
    return np.concatenate([corners, corners + sizes], axis=1)


def _clear_arrows(
    view: LabelView, press: TagPress, covered_px: NDArray[np.float64]
) -> list[tuple[int, float, float]]:
    """Return the arrows of the wind that nothing covers."""
    if not view.wind:
        return []
    middles = np.array([(x, y) for _, x, y in view.wind])[:, None]
    half = press.wind(view.wind[0][0]).width_px / 2.0
    low, high = covered_px[:, :2] - half, covered_px[:, 2:] + half
    within: NDArray[np.bool_] = (low < middles) & (high > middles)
    covered: NDArray[np.bool_] = np.any(np.all(within, axis=2), axis=1)
    return [arrow for arrow, hidden in zip(view.wind, covered.tolist(), strict=True) if not hidden]


def _sprites(
    press: TagPress,
    shown: list[Wanted],
    corners: NDArray[np.float64],
    scale: float,
    *,
    arrows: Sequence[tuple[int, float, float]],
) -> Sprites:
    """Return the parts of all labels, over arrows of the wind."""
    serial = press.atlas.key[0]
    makers: list[Callable[[], Tag]] = [
        *(partial(press.wind, turn) for turn, _, _ in arrows),
        *(each.tag for each in shown),
    ]
    tags = [make() for make in makers]
    if press.atlas.key[0] != serial:
        tags = [make() for make in makers]
    pointers = tags[: len(arrows)]
    middles = np.array([(x, y) for _, x, y in arrows], float).reshape(-1, 2)
    sizes = np.array([(tag.width_px, tag.height_px) for tag in pointers], float).reshape(-1, 2)
    corners = np.concatenate([np.round(middles - sizes / 2.0), corners])
    counts = [len(tag.offset_px) for tag in tags]
    source = np.concatenate([tag.source_px for tag in tags]) if tags else np.empty((0, 4), np.float32)
    target = source.copy()
    owner = np.repeat(np.arange(len(tags)), counts)
    target[:, :2] = corners[owner]
    if tags:
        target[:, 0] += np.concatenate([tag.offset_px for tag in tags])
    opacity = np.array([1.0] * len(pointers) + [each.opacity for each in shown], np.float32)[owner]
    return Sprites(
        atlas=press.atlas.picture,
        atlas_key=press.atlas.key,
        source_px=source,
        target_px=target,
        opacity=opacity,
        leaders_px=_leaders(shown, corners[len(pointers) :], scale),
        leader_colours=np.array([(*each.colour_rgb, 230) for each in shown], np.uint8).reshape(-1, 4),
    )


def _leaders(shown: list[Wanted], corners: NDArray[np.float64], scale: float) -> NDArray[np.float32]:
    """Lines from the nearest edge of each label to what it points at."""
    anchors = np.array([each.anchor_px for each in shown], float).reshape(-1, 2)
    sizes = np.array([each.size_px for each in shown], float).reshape(-1, 2)
    inset = np.minimum(8.0 * scale, sizes[:, 0] / 2.0)
    low, high = corners, corners + sizes
    beside = (anchors[:, 1] < high[:, 1] + 0.3 * sizes[:, 1]) & (
        (anchors[:, 0] < low[:, 0]) | (anchors[:, 0] > high[:, 0])
    )
    under = np.clip(anchors[:, 0], low[:, 0] + inset, high[:, 0] - inset)
    side = np.where(anchors[:, 0] < low[:, 0], low[:, 0], high[:, 0])
    above = np.where(anchors[:, 1] < low[:, 1], low[:, 1], high[:, 1])
    lines = np.empty((len(shown), 4), np.float32)
    lines[:, 0] = np.where(beside, side, under)
    lines[:, 1] = np.where(beside, 0.5 * (low[:, 1] + high[:, 1]), above)
    lines[:, 2:] = anchors
    return lines
