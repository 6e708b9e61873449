"""The recorder: what is on disk after a kill, a full disk, damage, and while it is being written."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from live_tools import race_events, rows_of, wait_until

from tracker3d.errors import FeedError, InputError, OutputError
from tracker3d.feed import read_feed
from tracker3d.feed.log import LogReader, describe_log, is_log
from tracker3d.feed.message import Message
from tracker3d.feed.recorder import Recorder, segments
from tracker3d.feed.server import read_playlist

KILLS = 200


def some_messages(count: int, size: int = 300) -> list[Message]:
    return [
        Message(
            1_783_420_242_000 + index, f"{index}:".encode() + bytes([index % 256]) * size, f"t/{index % 3}"
        )
        for index in range(count)
    ]


def written(folder: Path, messages: list[Message], **settings_: int) -> None:
    with Recorder(folder, about={"from": "test"}, **settings_) as recorder:
        for message in messages:
            recorder.write(message)


def test_what_is_written_is_read(tmp_path):
    messages = some_messages(500)
    written(tmp_path / "race", messages)
    reader = LogReader(tmp_path / "race")
    assert reader.read() == messages
    assert reader.read() == []
    assert reader.about == {"from": "test"}
    assert reader.damaged_bytes == 0
    assert is_log(tmp_path / "race")
    assert is_log(segments(tmp_path / "race")[0])
    assert not is_log(tmp_path)


def test_segments_are_rotated_and_a_log_is_continued(tmp_path):
    folder, messages = tmp_path / "race", some_messages(300)
    written(folder, messages[:200], segment_bytes=10_000)
    count = len(segments(folder))
    assert count > 5
    assert max(path.stat().st_size for path in segments(folder)) < 11_000
    written(folder, messages[200:], segment_bytes=10_000)
    assert len(segments(folder)) > count
    assert LogReader(folder).read() == messages


def test_a_log_is_read_while_it_is_written(tmp_path):
    messages, seen = some_messages(50), []
    with Recorder(tmp_path / "race", segment_bytes=4_000) as recorder:
        reader = LogReader(tmp_path / "race")
        for message in messages:
            recorder.write(message)
            wait_until(lambda: recorder.state.waiting == 0)
            seen.extend(reader.read())
        wait_until(lambda: recorder.state.messages == len(messages))
        seen.extend(reader.read())
        assert seen == messages


def test_every_cut_of_a_log_opens(tmp_path):
    """Cut anywhere, everything before the frame that was cut is there, and no damage is said."""
    messages = some_messages(4, size=20)
    written(tmp_path / "race", messages)
    segment = segments(tmp_path / "race")[0]
    content = segment.read_bytes()
    before = -1
    for length in range(len(content) + 1):
        segment.write_bytes(content[:length])
        reader = LogReader(segment)
        read = reader.read()
        assert read == messages[: len(read)]
        assert len(read) >= before
        assert reader.damaged_bytes == 0
        before = len(read)
    assert before == len(messages)
    # A reader that had seen the cut goes on when the rest is there.
    segment.write_bytes(content[:-5])
    reader = LogReader(segment)
    assert reader.read() == messages[:-1]
    segment.write_bytes(content)
    assert reader.read() == messages[-1:]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_costs_what_it_hits(tmp_path, data):
    folder, messages = tmp_path / "race", some_messages(12, size=40)
    if not folder.exists():
        written(folder, messages)
        (tmp_path / "whole").write_bytes(segments(folder)[0].read_bytes())
    content = bytearray((tmp_path / "whole").read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    hit = data.draw(st.binary(min_size=1, max_size=30))
    content[at : at + len(hit)] = hit
    segments(folder)[0].write_bytes(content)
    reader = LogReader(folder)
    read = reader.read()
    assert len(read) >= len(messages) - 3
    assert [message for message in read if message in messages] == read


def test_a_killed_recorder_loses_at_most_the_last_second(tmp_path):
    """Killed at 200 random moments, some at birth; every message says when it was handed over."""
    kills = subprocess.run(
        [sys.executable, Path(__file__).with_name("recorder_victims.py"), tmp_path, str(KILLS)],
        check=True,
        capture_output=True,
        timeout=120,
    ).stdout
    moments = json.loads(kills)
    assert len(moments) > 0.8 * KILLS
    recorded = 0
    for name, (stood_s, handed_s) in moments.items():
        assert is_log(tmp_path / name)
        reader = LogReader(tmp_path / name)
        parts = [message.data.split(b":") for message in reader.read()]
        assert [int(number) for number, *_ in parts] == list(range(len(parts)))
        assert reader.damaged_bytes == 0
        last_s = float(parts[-1][1]) if parts else stood_s
        assert handed_s - last_s < 1.0
        recorded += len(parts)
    assert recorded > KILLS


def test_a_full_disk_is_said_and_the_show_goes_on(tmp_path):
    """A limit on the size of files stands for the disk; when it is lifted nothing has been lost."""
    script = tmp_path / "full.py"
    script.write_text(
        textwrap.dedent("""
            import resource, sys, time
            from pathlib import Path
            from tracker3d.feed.log import LogReader
            from tracker3d.feed.message import Message
            from tracker3d.feed.recorder import Recorder

            folder = Path(sys.argv[1])
            resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.RLIM_INFINITY))
            recorder = Recorder(folder)
            messages = [Message(index, b"%d:" % index + bytes(1_000)) for index in range(100)]
            for message in messages:
                recorder.write(message)
            end = time.monotonic() + 10
            while not recorder.state.trouble and time.monotonic() < end:
                time.sleep(0.01)
            state = recorder.state
            assert str(folder) in state.trouble and "disk" in state.trouble, state
            assert state.lost == 0 and state.messages + state.waiting == 100, state
            read = LogReader(folder).read()
            assert read == messages[: state.messages] and len(read) > 40, len(read)
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            recorder.close()
            state = recorder.state
            assert state.trouble == "" and state.lost == 0, state
            assert LogReader(folder).read() == messages
            print("all is well")
        """)
    )
    result = subprocess.run(
        [sys.executable, script, tmp_path / "race"], capture_output=True, text=True, timeout=60, check=False
    )
    assert "all is well" in result.stdout, result.stderr


def test_memory_stays_bounded_while_the_disk_is_full(tmp_path, monkeypatch):
    from tracker3d.feed import recorder as module

    monkeypatch.setattr(module, "_PENDING_BYTES", 100_000)
    recorder = Recorder(tmp_path / "race")

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(module.os, "write", full)
        for message in some_messages(2_000, size=1_000):
            recorder.write(message)
        wait_until(lambda: bool(recorder.state.trouble))
        recorder.write(some_messages(1)[0])
        state = recorder.state
        assert state.waiting * 1_000 < 110_000
        assert state.messages + state.waiting + state.lost >= 2_001 - 1
        assert state.lost > 1_500
    recorder.close()
    assert LogReader(tmp_path / "race").damaged_bytes == 0


def test_a_log_is_a_feed(stage, tmp_path, recording):
    events = race_events(20)
    messages = [Message(index * 1000, data) for index, data in enumerate(events)]
    messages.insert(3, Message(2_500, b"keep-alive"))
    written(tmp_path / "race", messages)
    from_log = read_feed(tmp_path / "race", stage=stage)
    from_recording = read_feed(recording(*(data.decode() for data in events)), stage=stage)
    assert rows_of(from_log) == rows_of(from_recording)
    assert len(from_log) == 20 * 5 + 2
    assert from_log.refused == {"messages that are not feed events": 1}
    segment = segments(tmp_path / "race")[0]
    assert rows_of(read_feed(segment, stage=stage)) == rows_of(from_log)


def test_a_log_of_lines_and_sentences_is_a_feed(stage, tmp_path):
    written(
        tmp_path / "race",
        [
            Message(1, b'{"bib":5,"time_utc":"2026-07-07T10:30:42Z","lat":43.0,"lon":1.5}'),
            Message(2, b"$GPRMC,103043,A,4300.6,N,00130.0,E,19,45,070726,,,A", "race/34/gps"),
        ],
    )
    assert read_feed(tmp_path / "race", stage=stage).bibs.tolist() == [5, 34]


def test_an_empty_log_says_so(stage, tmp_path):
    written(tmp_path / "race", [])
    with pytest.raises(FeedError, match="holds no rider positions"):
        read_feed(tmp_path / "race", stage=stage)


def test_info_of_a_log(tmp_path):
    written(tmp_path / "race", some_messages(10))
    info = describe_log(tmp_path / "race")
    assert info.facts["messages"] == 10
    assert "From: test" in info.statements
    assert info.problems == ()
    segment = segments(tmp_path / "race")[0]
    content = bytearray(segment.read_bytes())
    content[len(content) // 2] ^= 255
    segment.write_bytes(content)
    assert len(describe_log(tmp_path / "race").problems) == 1


def test_places_that_cannot_take_a_log(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="is a file"):
        Recorder(tmp_path / "file")
    with pytest.raises(OutputError, match="does not exist; create it"):
        Recorder(tmp_path / "no" / "race")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_text("x")
    with pytest.raises(OutputError, match="holds other files"):
        Recorder(tmp_path / "photos")


def test_a_playlist_holds_each_event_once(tmp_path, recording):
    events = race_events(3)
    texts = [data.decode() for data in events for _ in range(2)] + ["keep-alive"]
    from_recording = read_playlist(recording(*texts))
    assert from_recording.events == events
    assert from_recording.due_ms == [0, 2000, 4000, 6000]
    written(tmp_path / "race", [Message(5_000 + index, data) for index, data in enumerate(events)])
    from_log = read_playlist(tmp_path / "race")
    assert (from_log.events, from_log.due_ms) == (events, [0, 1, 2, 3])
    assert from_log.without_beginning(2).events == events[2:]
    with pytest.raises(InputError, match="skip fewer"):
        from_log.without_beginning(10)
