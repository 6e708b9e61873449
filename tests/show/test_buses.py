"""Preview and program: what is taken comes on air as asked, and nothing else does."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from small_show import EDITS, START_MS, edited

from tracker3d.race.events import Review
from tracker3d.scene.model import NO_OVERLAYS, CameraPose, Overlay
from tracker3d.show import EndBehaviour, Shot, Side
from tracker3d.show.state import Pose

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracker3d.scene.model import FrameState
    from tracker3d.show import Show

PHASES = (Phase.explicit, Phase.generate)
"""Shrinking 200 edits, or frames, would take many minutes."""

PX = (640, 360)
NOW_S = 50.0


@pytest.fixture
def on_air(show: Show) -> Show:
    """A show with the first rider on air, seven minutes into the race, playing."""
    show.program.clock.seek(START_MS + 420_000, NOW_S)
    show.cue("leader", NOW_S)
    assert show.cut(NOW_S)
    show.program.clock.play(NOW_S)
    return show


def same(one: Any, other: Any) -> bool:
    """Tell whether two frames show the same, pixel by pixel of every panel and number of every array."""
    if dataclasses.is_dataclass(one):
        names = [field.name for field in dataclasses.fields(one)]
        return type(one) is type(other) and all(same(getattr(one, n), getattr(other, n)) for n in names)
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    if isinstance(one, (tuple, list)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other or (one != one and other != other))


def test_same_can_tell_frames_apart(on_air: Show) -> None:
    frame = on_air.program.frame(NOW_S, PX)
    assert same(frame, on_air.program.frame(NOW_S, PX))
    assert not same(frame, on_air.program.frame(NOW_S + 0.02, PX))
    on_air.program.set_overlays(NO_OVERLAYS, NOW_S)
    assert not same(frame, on_air.program.frame(NOW_S, PX))


PREPARING = (
    "cue", "entry", "put", "hand", "select", "follow", "overlays", "seek", "play", "speed", "live", "replay",
    "program time", "edit", "undo", "redo", "review", "look",
)  # fmt: skip


def prepare(show: Show, act: str, number: int, wall_s: float) -> None:
    """Do something that prepares and must not be seen on air."""
    clock, preview = show.preview.clock, show.preview
    poses = Pose((float(number), 50.0, 4000.0), (0.0, 0.0, 500.0))
    acts: dict[str, Callable[[], object]] = {
        "cue": lambda: (
            show.cue(show.document.shots[number % max(len(show.document.shots), 1)].key, wall_s)
            if show.document.shots
            else None
        ),
        "entry": lambda: show.cue_entry(number % 9, wall_s),
        "put": lambda: preview.put(
            Shot("own", camera="orbit:peloton", duration_s=0.5, end=EndBehaviour.LOOP), wall_s
        ),
        "hand": lambda: preview.move_by_hand(poses.camera_pose, wall_s),
        "select": lambda: preview.select(number % 12, wall_s),
        "follow": lambda: preview.follow(number % 12, wall_s),
        "overlays": lambda: preview.set_overlays(frozenset(list(Overlay)[: number % 9]), wall_s),
        "seek": lambda: clock.seek(START_MS + 1000 * (number % 900), wall_s),
        "play": lambda: clock.toggle(wall_s),
        "speed": lambda: clock.step_speed(number % 5 - 2, wall_s),
        "live": lambda: clock.go_live(wall_s),
        "replay": lambda: show.cue_replay(START_MS + 1000 * (number % 900), wall_s),
        "program time": lambda: show.cue_program_time(wall_s),
        "edit": lambda: show.edit("e", edited(show.document, EDITS[number % len(EDITS)], number), wall_s),
        "undo": lambda: show.undo(wall_s),
        "redo": lambda: show.redo(wall_s),
        "review": lambda: (
            show.review(show.race(Side.PREVIEW).events[0], Review.DISMISSED, wall_s)
            if show.race(Side.PREVIEW).events
            else None
        ),
        "look": lambda: show.picture(Side.PREVIEW, wall_s, (320, 180)),
    }
    acts[act]()


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), phases=PHASES)
@given(acts=st.lists(st.tuples(st.sampled_from(PREPARING), st.integers(0, 5000)), min_size=1, max_size=25))
def test_nothing_done_in_preview_changes_program(
    make_show: Callable[[], Show], acts: list[tuple[str, int]]
) -> None:
    """Two shows go the same way on air; in one of them somebody prepares meanwhile."""
    quiet, busy = make_show(), make_show()
    for show in (quiet, busy):
        show.program.clock.seek(START_MS + 420_000, NOW_S)
        show.cue("orbit", NOW_S)
        show.take(NOW_S)
        show.program.clock.play(NOW_S)
    program = busy.state.program
    for step, (act, number) in enumerate(acts):
        wall_s = NOW_S + 0.04 * step
        prepare(busy, act, number, wall_s)
        assert busy.state.program is program
        if step % 8 == 7 or step == len(acts) - 1:
            assert same(busy.program.frame(wall_s, PX), quiet.program.frame(wall_s, PX)), act
            assert busy.fault(Side.PROGRAM) == ""


def test_a_cut_shows_preview_at_once_and_preview_stays(on_air: Show) -> None:
    on_air.cue("overview", NOW_S + 1.0)
    on_air.preview.select(3, NOW_S + 1.0)
    wanted = on_air.preview.frame(NOW_S + 2.0, PX)
    assert on_air.cut(NOW_S + 2.0)
    got = on_air.program.frame(NOW_S + 2.0, PX)
    assert wanted is not None
    assert got is not None
    np.testing.assert_array_equal(wanted.camera.eye_m, got.camera.eye_m)
    assert wanted.time_ms == got.time_ms
    assert on_air.preview.shot == on_air.program.shot
    assert on_air.program.selected_bib == 3


def test_take_mixes_as_the_shot_asks_and_cues_the_next_entry(show: Show) -> None:
    shot = dataclasses.replace(show.document.shots[1], mix_s=2.0)
    show.edit("mix", show.document.with_shot(shot), 0.0)
    show.cue_entry(0, 0.0)
    show.take(0.0)
    assert show.program.shot == show.document.shots[0]
    assert show.preview.shot == shot
    show.take(10.0)
    shares = [show.program.picture(10.0 + t, PX).share for t in (0.0, 0.5, 1.0, 1.9)]
    assert shares == pytest.approx([0.0, 0.25, 0.5, 0.95])
    halfway = show.program.picture(11.0, PX)
    assert halfway.frame is not None
    assert halfway.under is not None
    assert not np.allclose(halfway.frame.camera.eye_m, halfway.under.camera.eye_m)
    over = show.program.picture(12.0, PX)
    assert (over.share, over.under) == (1.0, None)
    assert show.state.mix is None
    assert show.preview.shot == show.document.shots[2]


def test_a_rundown_runs_to_its_end_by_one_key(show: Show) -> None:
    seen = []
    for step in range(len(show.document.rundown)):
        assert show.next(10.0 * step)
        assert show.program.shot is not None
        seen.append(show.program.shot.key)
    assert tuple(seen) == show.document.rundown
    assert not show.next(1000.0)
    assert show.program.shot.key == seen[-1]


def test_out_empties_program_and_clear_all_preview_too(on_air: Show) -> None:
    time_ms = on_air.now_ms(Side.PROGRAM, NOW_S + 5.0)
    on_air.out(NOW_S + 1.0, 1.0)
    fading = on_air.program.picture(NOW_S + 1.5, PX)
    assert fading.frame is None
    assert fading.under is not None
    assert fading.share == pytest.approx(0.5)
    assert on_air.program.picture(NOW_S + 2.0, PX).under is None
    assert on_air.now_ms(Side.PROGRAM, NOW_S + 5.0) == time_ms
    assert on_air.preview.frame(NOW_S + 2.0, PX) is not None
    assert on_air.cut(NOW_S + 3.0)
    on_air.clear_all(NOW_S + 4.0)
    assert on_air.program.frame(NOW_S + 4.0, PX) is None
    assert on_air.preview.frame(NOW_S + 4.0, PX) is None
    assert not on_air.cut(NOW_S + 5.0)
    assert not on_air.take(NOW_S + 5.0)


def test_clean_is_without_overlays_on_program_alone(on_air: Show) -> None:
    on_air.set_clean(True, NOW_S)
    frame, preview = on_air.program.frame(NOW_S, PX), on_air.preview.frame(NOW_S, PX)
    assert frame is not None
    assert preview is not None
    assert len(frame.panels) < len(preview.panels)
    assert not frame.labelled_bibs
    assert not frame.labelled_groups
    on_air.set_clean(False, NOW_S)
    again = on_air.program.frame(NOW_S, PX)
    assert again is not None
    assert len(again.panels) == len(preview.panels)


def lasting(end: EndBehaviour, camera: str = "orbit") -> Shot:
    return Shot("short", "Short", camera, duration_s=4.0, end=end)


def eye(frame: FrameState | None) -> np.ndarray:
    assert frame is not None
    return frame.camera.eye_m


def test_a_shot_that_holds_stays_at_the_end_of_its_move(show: Show) -> None:
    show.preview.put(lasting(EndBehaviour.HOLD), 0.0)
    show.cut(0.0)
    early, end, late = (eye(show.program.frame(wall_s, PX)) for wall_s in (2.0, 4.0, 60.0))
    assert np.linalg.norm(end - early) > 5.0
    np.testing.assert_array_equal(end, late)
    assert not show.program.moving(60.0)


def test_a_shot_that_loops_begins_again(show: Show) -> None:
    show.preview.put(lasting(EndBehaviour.LOOP), 0.0)
    show.cut(0.0)
    first, again, third = (eye(show.program.frame(wall_s, PX)) for wall_s in (1.0, 5.0, 13.0))
    np.testing.assert_allclose(first, again)
    np.testing.assert_allclose(first, third)
    assert show.program.moving(100.0)


def test_a_replay_of_the_past_goes_back_to_what_was_on_air(on_air: Show) -> None:
    on_air.cue_replay(START_MS + 200_000, NOW_S + 5.0)
    on_air.preview.put(lasting(EndBehaviour.BACK, "chase:leader"), NOW_S + 6.0)
    assert on_air.now_ms(Side.PREVIEW, NOW_S + 9.0) == START_MS + 200_000
    assert on_air.now_ms(Side.PROGRAM, NOW_S + 9.0) == START_MS + 429_000
    on_air.cut(NOW_S + 10.0)
    frame = on_air.program.frame(NOW_S + 12.0, PX)
    assert frame is not None
    assert frame.time_ms == START_MS + 202_000
    after = on_air.program.frame(NOW_S + 14.0, PX)
    assert after is not None
    assert after.time_ms == START_MS + 434_000
    assert on_air.program.shot is not None
    assert on_air.program.shot.key == "leader"


def test_a_shot_that_ends_takes_the_next_entry(show: Show) -> None:
    show.edit(
        "short", show.document.with_shot(lasting(EndBehaviour.NEXT)).with_rundown(["short", "finish"]), 0.0
    )
    show.cue_entry(0, 0.0)
    show.take(0.0)
    show.cue("overview", 1.0)
    show.program.frame(3.9, PX)
    assert show.program.shot is not None
    assert show.program.shot.key == "short"
    show.program.frame(4.1, PX)
    assert show.program.shot.key == "finish"
    assert show.preview.shot is not None
    assert show.preview.shot.key == "overview"
    show.program.frame(400.0, PX)
    assert show.program.shot.key == "finish"


def test_edited_groups_come_on_air_when_taken_or_sent(on_air: Show) -> None:
    state = on_air.race_state(Side.PROGRAM, NOW_S)
    said = on_air.document.overrides.rename(state.groups[0].id, "Heroes", from_ms=START_MS)
    on_air.edit("rename", on_air.document.with_overrides(said), NOW_S)
    assert on_air.race_state(Side.PREVIEW, NOW_S).groups[0].name == "Heroes"
    assert on_air.race_state(Side.PROGRAM, NOW_S).groups[0].name == ""
    on_air.air_corrections(NOW_S)
    assert on_air.race_state(Side.PROGRAM, NOW_S).groups[0].name == "Heroes"
    on_air.undo(NOW_S)
    assert on_air.race_state(Side.PROGRAM, NOW_S).groups[0].name == "Heroes"
    assert on_air.race(Side.PROGRAM) is on_air.race(Side.PROGRAM)


def test_a_shot_that_the_stage_cannot_show_is_told_and_the_whole_stage_shown(on_air: Show) -> None:
    on_air.preview.put(Shot("bad", camera="climb:no such climb"), NOW_S)
    assert on_air.preview.frame(NOW_S, PX) is not None
    assert "states no climbs" in on_air.fault(Side.PREVIEW)
    assert on_air.fault(Side.PROGRAM) == ""
    on_air.cue("leader", NOW_S)
    assert on_air.preview.frame(NOW_S, PX) is not None
    assert on_air.fault(Side.PREVIEW) == ""


def test_the_hand_gives_the_camera_back_without_a_jump(on_air: Show) -> None:
    pose = CameraPose(np.array([10.0, 20.0, 5000.0]), np.array([0.0, 900.0, 0.0]))
    on_air.program.move_by_hand(pose, NOW_S)
    np.testing.assert_array_equal(eye(on_air.program.frame(NOW_S + 1.0, PX)), pose.eye_m)
    assert on_air.program.by_hand
    on_air.program.put(on_air.document.shots[0], NOW_S + 2.0)
    eyes = [eye(on_air.program.frame(NOW_S + 2.0 + t, PX)) for t in (0.0, 0.02, 1.5, 5.0)]
    np.testing.assert_array_equal(eyes[0], pose.eye_m)
    assert np.linalg.norm(eyes[1] - eyes[0]) < 1.0
    np.testing.assert_allclose(eyes[2], eyes[3], atol=1e-6)


def test_whoever_is_followed_is_in_the_picture(on_air: Show) -> None:
    assert on_air.program.follow(5, NOW_S)
    assert on_air.program.followed_bib == 5
    frame = on_air.program.frame(NOW_S + 1.0, PX)
    assert frame is not None
    at = frame.rider_px[list(frame.riders.bibs).index(5)]
    assert 0.2 * PX[0] < at[0] < 0.8 * PX[0]
    assert not on_air.program.follow(99, NOW_S)
    assert on_air.program.followed_bib == 5
