"""Show files: exact, whole or not at all, the last good one kept, and untrusted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_show import EDITS, edited

from tracker3d.errors import InputError, OutputError
from tracker3d.show import new_document
from tracker3d.show.changes import changed_table, with_change
from tracker3d.show.codec import document_from, document_table, state_from, state_table
from tracker3d.show.files import kept_path, read_show, write_show
from tracker3d.show.state import ShowState

if TYPE_CHECKING:
    from pathlib import Path

    from tracker3d.show import Show, ShowDocument

SOME_EDITS = st.lists(st.tuples(st.sampled_from(EDITS), st.integers(0, 10_000)), max_size=30)


def documents(edits: list[tuple[str, int]]) -> list[ShowDocument]:
    made = [new_document("A show")]
    for edit, number in edits:
        made.append(edited(made[-1], edit, number))
    return made


@settings(max_examples=50, deadline=None)
@given(edits=SOME_EDITS)
def test_a_document_reads_back_as_it_was(edits: list[tuple[str, int]]) -> None:
    document = documents(edits)[-1]
    content = msgspec.json.encode(document_table(document))
    assert document_from(msgspec.json.decode(content), what="it") == document


@settings(max_examples=50, deadline=None)
@given(edits=SOME_EDITS)
def test_changes_one_after_the_other_make_the_same_show(edits: list[tuple[str, int]]) -> None:
    made = documents(edits)
    state = again = ShowState(made[0])
    for document in made[1:]:
        after = ShowState(document, preview=state.preview, program=state.program)
        table = msgspec.json.decode(msgspec.json.encode(changed_table(state, after)))
        again, state = with_change(again, table, what="it"), after
        assert again == state


def test_a_whole_show_reads_back_as_it_was(show: Show) -> None:
    show.cue("leader", 1.0)
    show.take(2.0)
    show.cue_replay(show.source.span(2.0).start_ms + 60_000, 3.0)
    show.mix(4.0, 5.0)
    show.program.select(4, 6.0)
    table = msgspec.json.decode(msgspec.json.encode(state_table(show.state)))
    assert state_from(table, what="it") == show.state


def test_saved_is_read_and_the_one_before_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "evening.show"
    first, second = documents([("add", 1), ("pin", 3)])[1:]
    write_show(path, first)
    assert read_show(path) == (first, "")
    write_show(path, second)
    assert read_show(path).document == second
    assert read_show(kept_path(path)).document == first
    assert sorted(p.name for p in tmp_path.iterdir()) == ["evening.show", "evening.show.last"]


@pytest.mark.parametrize("keep", [0, 1, 100, -2])
def test_a_damaged_file_is_told_and_the_last_good_one_opened(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "evening.show"
    first, second = documents([("add", 1), ("pin", 3)])[1:]
    write_show(path, first)
    write_show(path, second)
    path.write_bytes(path.read_bytes()[:keep])
    document, message = read_show(path)
    assert document == first
    assert str(path) in message
    # a damaged file never takes the place of the good one
    write_show(path, second)
    assert read_show(kept_path(path)).document == first
    assert read_show(path) == (second, "")


def test_what_cannot_be_written_leaves_what_stands(tmp_path: Path) -> None:
    path = tmp_path / "evening.show"
    write_show(path, new_document())
    tmp_path.chmod(0o500)
    try:
        if not _can_write(tmp_path):
            with pytest.raises(OutputError, match="cannot be written"):
                write_show(path, new_document("Other"))
    finally:
        tmp_path.chmod(0o700)
    assert read_show(path).document == new_document()
    with pytest.raises(OutputError, match="does not exist"):
        write_show(tmp_path / "nowhere" / "a.show", new_document())


def _can_write(folder: Path) -> bool:
    try:
        (folder / "probe").touch()
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"version": 99}, "version 99"),
        ({"shots": "none"}, "expected `?array"),
        ({"surprise": 1}, "surprise"),
        ({"shots": [{"key": "a", "camera": "nowhere"}], "rundown": []}, "is no camera"),
        ({"shots": [{"key": "../../etc"}], "rundown": []}, "key"),
        ({"rundown": ["nothing"]}, "which the show has not"),
        ({"shots": [{"key": "a", "duration_s": 1e99}], "rundown": []}, "lasts"),
        ({"shots": [{"key": "a", "overlays": ["smoke"]}], "rundown": []}, "smoke"),
        ({"shots": [{"key": "a", "camera": {"shot": []}}], "rundown": []}, "1 to 500 shots"),
        ({"pinned": list(range(10_000))}, "length"),
        ({"title": "x" * 10_000}, "length"),
    ],
)
def test_what_is_no_show_is_refused_in_a_sentence(
    tmp_path: Path, change: dict[str, object], says: str
) -> None:
    path = tmp_path / "a.show"
    path.write_text(json.dumps({**document_table(new_document()), **change}))
    with pytest.raises(InputError, match=says) as caught:
        read_show(path)
    assert str(path) in str(caught.value)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=st.binary(max_size=200), at=st.integers(0, 3000), cut=st.integers(0, 40))
def test_no_bytes_do_anything_but_be_refused(tmp_path: Path, content: bytes, at: int, cut: int) -> None:
    path = tmp_path / "a.show"
    whole = msgspec.json.encode(document_table(new_document()))
    path.write_bytes(whole[:at] + content + whole[at + cut :])
    try:
        document = read_show(path).document
    except InputError:
        return
    assert document_from(document_table(document), what="it") == document


def test_deeply_nested_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.show"
    path.write_text('{"shots":' + "[" * 200_000 + "]" * 200_000 + "}")
    with pytest.raises(InputError):
        read_show(path)
