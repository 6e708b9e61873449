"""Documents, and undo of every edit."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from small_show import EDITS, edited

from tracker3d.errors import InputError
from tracker3d.scene.camera import CameraShot, CameraTimeline, FlyToCamera, parse_camera
from tracker3d.show import STANDARD_SHOTS, Shot, ShowDocument, new_document

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracker3d.show import Show

PHASES = (Phase.explicit, Phase.generate)
"""Shrinking 200 edits, or frames, would take many minutes."""

MANY_EDITS = st.lists(st.tuples(st.sampled_from(EDITS), st.integers(0, 10_000)), min_size=200, max_size=200)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), phases=PHASES)
@given(edits=MANY_EDITS)
def test_undo_of_200_edits_returns_to_the_first_state_and_redo_to_the_last(
    make_show: Callable[[], Show], edits: list[tuple[str, int]]
) -> None:
    show = make_show()
    show.cue("leader", 1.0)
    first, states, steps = show.document, [show.document], 0
    for edit, number in edits:
        after = edited(show.document, edit, number)
        steps += after != show.document
        show.edit(edit, after, 2.0)
        if after != states[-1]:
            states.append(after)
    assert len(states) == steps + 1
    for expected in reversed(states[:-1]):
        assert show.undo(3.0)
        assert show.document == expected
    assert show.document == first
    assert not show.undo(3.0)
    assert show.document is first
    for expected in states[1:]:
        assert show.redo(4.0)
        assert show.document == expected
    assert not show.redo(4.0)


def test_a_new_edit_forgets_what_could_be_done_again(show: Show) -> None:
    show.edit("pin", show.document.with_pinned(3, pinned=True), 0.0)
    show.edit("pin", show.document.with_pinned(4, pinned=True), 0.0)
    assert show.undo(0.0) == "pin"
    assert show.history.redo_text == "pin"
    show.edit("title", dataclasses.replace(show.document, title="Other"), 0.0)
    assert show.history.redo_text == ""
    assert not show.redo(0.0)
    assert show.document.pinned == (3,)


def test_a_drag_is_one_step(show: Show) -> None:
    first = show.document
    for n in range(50):
        shot = dataclasses.replace(STANDARD_SHOTS[0], duration_s=float(n + 1))
        show.edit("drag", show.document.with_shot(shot), 0.0, merge="drag 1")
    assert show.undo(0.0) == "drag"
    assert show.document == first


def test_what_is_on_preview_is_seen_as_it_is_edited(show: Show) -> None:
    show.cue("leader", 0.0)
    shot = dataclasses.replace(STANDARD_SHOTS[2], camera="chase:peloton")
    show.edit("camera", show.document.with_shot(shot), 1.0)
    assert show.preview.shot == shot
    show.undo(2.0)
    assert show.preview.shot == STANDARD_SHOTS[2]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"key": "Two words"}, "key"),
        ({"camera": "nowhere:5"}, "is no camera"),
        ({"target": "the first"}, "target"),
        ({"duration_s": -1.0}, "lasts -1 s"),
        ({"duration_s": float("nan")}, "lasts nan s"),
        ({"mix_s": 99.0}, "mixed in over 99 s"),
        ({"note": "n" * 501}, "500 letters"),
    ],
)
def test_a_shot_that_cannot_be_is_refused_in_a_sentence(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(InputError, match=says):
        Shot(**{"key": "a", **wrong})


def test_a_document_refuses_what_does_not_fit_together() -> None:
    with pytest.raises(InputError, match="same key"):
        ShowDocument((Shot("a"), Shot("a")))
    with pytest.raises(InputError, match="'b', which the show has not"):
        ShowDocument((Shot("a"),), ("a", "b"))


def test_the_target_reaches_every_move_that_looks_at_somebody() -> None:
    assert Shot("a", camera="chase:leader", target="7").move == parse_camera("chase:7")
    assert Shot("a", camera="overview", target="7").move == parse_camera("overview")
    fly = Shot("a", camera="fly:chase:leader", target="peloton").move
    assert isinstance(fly, FlyToCamera)
    assert fly.to == parse_camera("chase:peloton")
    parts = (CameraShot(parse_camera("overview"), 0.0, 2.0), CameraShot(parse_camera("orbit"), 2.0, 5.0))
    move = Shot("a", camera=CameraTimeline(parts), target="12").move
    assert isinstance(move, CameraTimeline)
    assert [shot.camera for shot in move.shots] == [parse_camera("overview"), parse_camera("orbit:12")]


def test_keys_of_new_shots_are_their_own() -> None:
    document = new_document()
    keys = set()
    for _ in range(5):
        key = document.new_key("Last climb: Col d'Aspin!")
        assert document.shot(key) is None
        document = document.with_shot(Shot(key))
        keys.add(key)
    assert len(keys) == 5
    assert document.shot("last-climb-col-d-aspin") is not None
