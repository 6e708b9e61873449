"""Keys of camera moves: dragged anyhow they stay a move."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker3d.scene.camera import CameraShot, CameraTimeline, Keyframe, KeyframeCamera, parse_camera
from tracker3d.scene.model import CameraPose
from tracker3d.show.camera_keys import (
    LEAST_STEP_S,
    time_keys,
    with_key_added,
    with_key_moved,
    with_key_pose,
    without_key,
)

POSE = CameraPose(np.array([1.0, 2.0, 900.0]), np.array([50.0, 2.0, 500.0]))


def keyed(*times_s: float) -> CameraTimeline:
    keys = tuple(Keyframe.of(at_s, POSE) for at_s in times_s)
    return CameraTimeline((CameraShot(KeyframeCamera(keys), 0.0, times_s[-1]),))


def cut_together() -> CameraTimeline:
    shots = [CameraShot(parse_camera("orbit"), 5.0 * number, 5.0) for number in range(4)]
    return CameraTimeline(tuple(shots))


def times(timeline: CameraTimeline) -> list[float]:
    return [key.at_s for key in time_keys(timeline)]


drags = st.lists(st.tuples(st.integers(0, 8), st.floats(-50.0, 5000.0)), max_size=40)


@given(drags)
def test_any_dragging_leaves_keys_in_order(edits: list[tuple[int, float]]) -> None:
    for timeline in (keyed(0.0, 5.0, 10.0, 15.0), cut_together()):
        dragged = timeline
        for number, to_s in edits:
            dragged = with_key_moved(dragged, number, to_s)
            assert (np.diff(times(dragged)) >= LEAST_STEP_S - 2e-3).all()
            assert times(dragged)[0] == 0.0
            assert len(times(dragged)) == len(times(timeline))


def test_a_key_goes_where_it_is_dragged_and_others_stay() -> None:
    assert times(with_key_moved(keyed(0.0, 5.0, 10.0), 1, 7.5)) == [0.0, 7.5, 10.0]
    longer = with_key_moved(keyed(0.0, 5.0, 10.0), 2, 30.0)
    assert times(longer) == [0.0, 5.0, 30.0]
    assert longer.duration_s == 30.0
    assert times(with_key_moved(cut_together(), 2, 12.0)) == [0.0, 5.0, 12.0, 15.0]


def test_keys_are_added_set_and_removed() -> None:
    other = CameraPose(np.array([9.0, 9.0, 999.0]), np.array([0.0, 0.0, 500.0]))
    more = with_key_added(keyed(0.0, 5.0, 10.0), 6.0, other)
    assert times(more) == [0.0, 5.0, 6.0, 10.0]
    assert times(without_key(more, 1)) == [0.0, 6.0, 10.0]
    changed = with_key_pose(more, 0, other).shots[0].camera
    assert isinstance(changed, KeyframeCamera)
    assert changed.keys[0].eye_m == pytest.approx((9.0, 9.0, 999.0))
    least = keyed(0.0, 5.0)
    assert without_key(least, 0) == least
    assert with_key_added(cut_together(), 3.0, other) == cut_together()
