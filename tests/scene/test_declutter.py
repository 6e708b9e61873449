"""Labels never cover each other or the panels, and do not flicker."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker3d.scene.declutter import SLOTS, Candidates, place

SIZE = (1920, 1080)
PANEL = np.array([[96.0, 54.0, 470.0, 420.0], [0.0, 870.0, 1920.0, 1080.0]])


def candidates(rng, count, *, slots=None):
    return Candidates(
        rng.uniform((-50, -50), (1970, 1130), (count, 2)) if count else np.empty((0, 2)),
        rng.uniform((60, 24), (260, 46), (count, 2)).round(),
        np.full(count, 22.0),
        np.full(count, -1) if slots is None else slots,
    )


def boxes(wanted, chosen, corners):
    return np.concatenate([corners, corners + wanted.sizes_px[chosen]], axis=1)


def overlap(first, second):
    return bool(
        (first[0] < second[2])
        and (second[0] < first[2])
        and (first[1] < second[3])
        and (second[1] < first[3])
    )


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(0, 200), limit=st.integers(0, 60))
def test_no_label_covers_another_or_a_panel_or_leaves_the_picture(seed, count, limit):
    wanted = candidates(np.random.default_rng(seed), count)
    chosen, corners, slots = place(
        wanted, viewport_px=SIZE, margin_px=30.0, taken_px=PANEL, spacing_px=5.0, limit=limit
    )
    found = boxes(wanted, chosen, corners)
    assert len(chosen) <= limit
    assert len(set(chosen.tolist())) == len(chosen)
    assert ((slots >= 0) & (slots < len(SLOTS))).all()
    for number, box in enumerate(found):
        assert box[0] >= 29.0
        assert box[1] >= 29.0
        assert box[2] <= SIZE[0] - 29.0
        assert box[3] <= SIZE[1] - 29.0
        assert not any(overlap(box, panel) for panel in PANEL)
        assert not any(overlap(box, other) for other in found[:number])


def test_the_first_candidate_that_has_room_is_always_placed():
    wanted = candidates(np.random.default_rng(1), 200)
    wanted.anchors_px[:] = (960.0, 500.0)
    chosen, _, slots = place(
        wanted, viewport_px=SIZE, margin_px=0.0, taken_px=PANEL, spacing_px=5.0, limit=50
    )
    assert chosen[0] == 0
    assert slots[0] == 0


def changes_while_trembling(rng, *, remembered):
    """How often a label comes, goes or moves to another slot in 40 frames of a trembling crowd."""
    wanted = candidates(rng, 80)
    wanted.anchors_px[:] = rng.uniform((700, 350), (1200, 650), (80, 2))
    slots_before = np.full(80, -1)
    shown, changes = None, 0
    for _ in range(40):
        trembling = wanted.anchors_px + rng.uniform(-1.5, 1.5, (80, 2))
        before = slots_before if remembered else np.full(80, -1)
        chosen, _, slots = place(
            Candidates(trembling, wanted.sizes_px, wanted.rises_px, before),
            viewport_px=SIZE, margin_px=30.0, taken_px=PANEL, spacing_px=5.0, limit=40,
        )  # fmt: skip
        slots_before = np.full(80, -1)
        slots_before[chosen] = slots
        now = set(zip(chosen.tolist(), slots.tolist(), strict=True))
        changes += 0 if shown is None else len(now ^ shown)
        shown = now
    return changes


def test_labels_keep_their_places_while_anchors_tremble():
    with_memory = sum(
        changes_while_trembling(np.random.default_rng(seed), remembered=True) for seed in range(4)
    )
    without = sum(changes_while_trembling(np.random.default_rng(seed), remembered=False) for seed in range(4))
    assert without > 200
    assert with_memory < 0.1 * without


def test_a_label_does_not_move_to_a_better_place_that_has_become_free():
    there = Candidates(np.array([[960.0, 500.0]]), np.array([[100.0, 30.0]]), np.array([22.0]), np.array([3]))
    _, _, slots = place(there, viewport_px=SIZE, margin_px=0.0, taken_px=PANEL, spacing_px=5.0, limit=5)
    assert slots.tolist() == [3]


def test_what_is_behind_a_panel_gets_no_label():
    wanted = Candidates(
        np.array([[300.0, 400.0]]), np.array([[100.0, 30.0]]), np.array([22.0]), np.array([-1])
    )
    chosen, _, _ = place(wanted, viewport_px=SIZE, margin_px=0.0, taken_px=PANEL, spacing_px=5.0, limit=5)
    assert len(chosen) == 0


def covered(points, found):
    """How many points lie in a box, over all boxes."""
    inside = (points[:, None] > found[:, :2]) & (points[:, None] < found[:, 2:])
    return int(inside.all(axis=-1).sum())


def test_new_labels_spare_what_had_better_not_be_covered():
    plain = sparing = 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        wanted = candidates(rng, 14)
        wanted.anchors_px[:] = rng.uniform((760, 480), (1160, 760), (14, 2))
        points = np.concatenate(
            [wanted.anchors_px + np.array([0.0, 20.0]), rng.uniform((760, 480), (1160, 800), (40, 2))]
        )
        for spared in (None, points):
            chosen, corners, _ = place(
                wanted, viewport_px=SIZE, margin_px=30.0, taken_px=PANEL, spared_px=spared,
                spacing_px=5.0, limit=20,
            )  # fmt: skip
            count = covered(points, boxes(wanted, chosen, corners))
            plain, sparing = (plain + count, sparing) if spared is None else (plain, sparing + count)
    assert plain > 60
    assert sparing < 0.6 * plain


def test_a_label_takes_the_first_place_that_covers_nobody():
    wanted = Candidates(
        np.array([[960.0, 500.0]]), np.array([[120.0, 30.0]]), np.array([22.0]), np.array([-1])
    )
    _, (corner,), _ = place(wanted, viewport_px=SIZE, margin_px=30.0, taken_px=PANEL, spacing_px=5.0, limit=1)
    for offset in ((20.0, 15.0), (60.0, 15.0), (100.0, 15.0)):
        _, (moved,), slots = place(
            wanted, viewport_px=SIZE, margin_px=30.0, taken_px=PANEL, spared_px=corner[None] + offset,
            spacing_px=5.0, limit=1,
        )  # fmt: skip
        assert slots[0] > 0
        assert not ((moved < corner + offset) & (corner + offset < moved + wanted.sizes_px[0])).all()
