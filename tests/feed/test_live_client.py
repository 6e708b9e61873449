"""The live client against a faulty server, a real broker, datagrams and lines."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import shutil
import socket
import subprocess
import time
from collections import Counter
from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from live_tools import ServerThread, playlist_of, race_events, rows_of, take_all, wait_until

from tracker3d.errors import InputError, MachineError
from tracker3d.feed.live import LiveFeed, Transport, open_live, parse_address
from tracker3d.feed.live.http import HttpSource
from tracker3d.feed.live.sse import EventParser
from tracker3d.feed.live.stdin import LineSource
from tracker3d.feed.live.transport import LostError, Patience
from tracker3d.feed.log import LogReader
from tracker3d.feed.message import LARGEST_MESSAGE_BYTES, Message
from tracker3d.feed.recorder import Recorder
from tracker3d.feed.server import FAULTS, Faults, FeedServer
from tracker3d.feed.server.broadcast import day_before
from tracker3d.feed.stream import FixStream

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator
    from pathlib import Path

FAST_CUTS = Faults(cut_every_s=0.4, twice=True, replayed=(2, 4), yesterday=True, odd_every_s=0.15, crlf=True)


def positions(messages: list[Message], stage: object) -> set[tuple[int, int, float, float]]:
    return rows_of(FixStream(stage).add(messages))


# --- The parser ---


EVENTS = b'event: update\ndata: {"a":1}\n\n: alive\n\ndata: two\r\ndata:lines\r\n\r\nid: 4\rdata: three\r\r'
PARSED = [b'{"a":1}', b"two\nlines", b"three"]


@given(cuts=st.lists(st.integers(0, len(EVENTS)), max_size=12), mark=st.booleans())
def test_the_parser_does_not_care_for_chunks(cuts, mark):
    content = (b"\xef\xbb\xbf" if mark else b"") + EVENTS
    parser, found, at = EventParser(), [], 0
    for cut in [*sorted(cuts), len(content)]:
        found.extend(parser.feed(content[at:cut]))
        at = max(at, cut)
    assert found == PARSED


def test_what_is_cut_off_is_no_event():
    assert EventParser().feed(EVENTS[:-1] + b"\rdata: {") == PARSED
    assert EventParser().feed(b"data: {\n") == []


def test_an_event_without_end_is_refused():
    parser = EventParser()
    with pytest.raises(LostError, match="without end"):
        for _ in range(LARGEST_MESSAGE_BYTES // 1_000_000 + 2):
            parser.feed(b"x" * 1_000_000)


@pytest.mark.real
def test_real_bytes_of_a_stream(shared_data, time_trial):
    content = (shared_data / "feed" / "stage-16_live-stream_first12min.sse").read_bytes()
    parser, events = EventParser(), []
    for at in range(0, len(content), 1_460):
        events.extend(parser.feed(content[at : at + 1_460]))
    assert len(events) > 150
    frames = [json.loads(event)["data"] for event in events]
    wanted = {(row["Bib"], frame["TimeStamp"] * 1000) for frame in frames for row in frame["Riders"]}
    stage = dataclasses.replace(time_trial, date="2026-07-21")
    fixes = FixStream(stage).add([Message(0, event) for event in events])
    got = set(zip(fixes.bibs[fixes.rider].tolist(), fixes.time_ms.tolist(), strict=True))
    assert got == wanted


# --- Patience and addresses ---


def test_after_data_the_next_try_comes_within_a_second():
    patience = Patience()
    pauses = [patience.pause_s(delivered=True) for _ in range(300)]
    assert max(pauses) <= 1.0
    assert len(set(pauses)) > 100


def test_waits_grow_only_where_nothing_came():
    patience = Patience()
    growing = [patience.pause_s(delivered=False) for _ in range(40)]
    assert growing[0] <= 0.5
    assert growing[3] > 1.5
    assert 7.5 <= max(growing) <= 15.0
    assert patience.pause_s(delivered=True) <= 1.0
    assert patience.pause_s(delivered=False) <= 0.5


def test_addresses():
    assert parse_address("https://h/live-stream").transport is Transport.HTTP
    assert parse_address("-").shown == "standard input"
    broker = parse_address("mqtts://me:s%40cret@host/race/+/gps/#")
    assert (broker.port, broker.topic, broker.secure) == (8883, "race/+/gps/#", True)
    assert (broker.user, broker.password) == ("me", "s@cret")
    assert "cret" not in broker.shown
    assert "token" not in parse_address("https://h/live?token=1").shown
    assert parse_address("udp://0.0.0.0:10110?bib=34").topic == "34"


@pytest.mark.parametrize(
    "text", ["ftp://host/x", "race.json.gz", "http://", "mqtt://host", "udp://host", "http://h:99999/"]
)
def test_what_is_no_address_is_refused_plainly(text):
    with pytest.raises(InputError, match=r"; (give|add) "):
        open_live(text)


# --- Against the faulty server ---


@pytest.mark.parametrize("scheme", ["http", "ws"])
def test_no_fix_that_arrived_is_lost(scheme, stage, tmp_path):
    """A race under cuts, duplicates, replays and odd messages: the client has all that was sent whole."""
    events = race_events(600)
    with (
        ServerThread(playlist_of(events), speed=1_000.0, faults=FAST_CUTS) as server,
        Recorder(tmp_path / "race") as recorder,
        open_live(f"{scheme}://127.0.0.1:{server.port}/live-stream", recorder=recorder) as feed,
    ):
        messages = take_all(feed, until=server.ended.is_set)
        health = feed.health
    texts = {message.data.replace(b",\n", b",") for message in messages}
    stream = FixStream(stage)
    got = rows_of(stream.add(messages))
    wanted = positions([message_of(data) for data in server.sent], stage)
    assert wanted <= got
    assert len(got) > 600 * 5 * 0.1
    assert health.connections >= 4
    assert health.longest_pause_s <= 1.0
    assert health.dropped == {}
    assert health.trouble == ""
    assert stream.dropped["messages received twice"] > 100
    assert stream.dropped["frames of another day"] > 5
    yesterday = [text for event in events for text in day_before(event)]
    assert texts <= {*events, *yesterday, b"keep-alive", b"server restarting", b'"ping"'}
    # The recorder has every message as it came.
    assert LogReader(tmp_path / "race").read() == messages


def message_of(data: bytes) -> Message:
    return Message(0, data)


def test_without_faults_everything_comes_once(stage):
    events = race_events(100)
    with (
        ServerThread(playlist_of(events), speed=1_000.0, faults=FAULTS["none"]) as server,
        open_live(f"http://127.0.0.1:{server.port}/live-stream") as feed,
    ):
        messages = take_all(feed, until=server.ended.is_set)
    assert [message.data for message in messages] == events
    stamps = [message.receive_ms for message in messages]
    assert stamps == sorted(stamps)
    assert abs(stamps[-1] - time.time() * 1000) < 5_000


def test_documents_are_polled(stage):
    """REST: an array for one document, 204 before racing, 503 and truncated answers now and then."""
    events = race_events(40)
    faults = Faults(refused_share=0.15, truncated_share=0.15)
    with ServerThread(
        playlist_of(events, rest={"teams": [{"code": "A"}]}), speed=100.0, faults=faults
    ) as server:
        url = f"http://127.0.0.1:{server.port}/api/telemetryCompetitor-2026"
        with open_live(url, source=HttpSource(parse_address(url), poll_s=0.02)) as feed:
            messages = take_all(feed, until=server.ended.is_set)
            dropped = feed.health.dropped
    stream = FixStream(stage)
    fixes = stream.add(messages)
    assert len(set(fixes.time_ms.tolist())) > 10
    assert dropped["documents that were cut off"] > 0
    assert not stream.dropped
    assert len(messages) == len({message.data for message in messages})


def test_documents_and_answers_of_the_server():
    rest = {
        "riders": [{"bib": 1}],
        "teams": [{"code": "A"}],
        "stages": {"2026-07-07": {"stage": 4}},
        "checkpoints": [{"0": {}}],
        "trace": {"routePoints": []},
    }
    with ServerThread(playlist_of(race_events(2000), rest=rest), speed=1.0, faults=FAULTS["none"]) as server:
        with httpx.Client(base_url=f"http://127.0.0.1:{server.port}") as client:
            assert client.get("/api/allCompetitors-2026").json() == [{"bib": 1}, {"code": "A"}]
            assert client.get("/api/team-2026").json() == rest["teams"]
            assert client.get("/api/stage-2026").json() == [{"stage": 4}]
            assert client.get("/api/checkpoint-2026-4").json() == rest["checkpoints"]
            assert client.get("/trace.json").json() == rest["trace"]
            assert client.get("/api/telemetryCompetitor-2026").json()[0]["StageId"] == "400"
            assert client.get("/api/pack-2026-4").status_code == 204
            assert client.get("/../../etc/passwd").status_code == 204
            assert client.post("/api/team-2026").status_code == 405
        with socket.create_connection(("127.0.0.1", server.port)) as rude:
            rude.sendall(b"\x00" * 40_000)
            with contextlib.suppress(ConnectionResetError):
                assert rude.recv(100) == b""


def test_a_port_that_is_taken_is_said():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = FeedServer(playlist_of(race_events(1)))
        with pytest.raises(MachineError, match=f"Port {port} .* --port"):
            asyncio.run(server.run("127.0.0.1", port))


def test_a_server_that_is_away_comes_back(stage):
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    port = held.getsockname()[1]
    with open_live(f"http://127.0.0.1:{port}/live-stream") as feed:
        wait_until(lambda: "cannot be reached" in feed.health.trouble)
        assert not feed.health.connected
        assert feed.health.quiet_s is None
        # Until now nobody else, not even the client's own end, could take the port.
        held.close()
        with ServerThread(playlist_of(race_events(50)), speed=1.0, faults=FAULTS["none"], port=port):
            assert feed.take(timeout_s=10.0)
            assert feed.health.connected
            assert feed.health.trouble == ""
    assert feed.health.ended


def test_a_page_that_is_none_is_said():
    with (
        ServerThread(playlist_of(race_events(5)), speed=1.0, faults=Faults(refused_share=1.0)) as server,
        open_live(f"http://127.0.0.1:{server.port}/api/x") as feed,
    ):
        wait_until(lambda: "answered 503" in feed.health.trouble)


def test_nobody_takes_and_memory_stays_flat(monkeypatch):
    from tracker3d.feed.live import client

    monkeypatch.setattr(client, "_MOST_WAITING", 50)
    events = race_events(300)
    with (
        ServerThread(playlist_of(events), speed=5_000.0, faults=FAULTS["none"]) as server,
        open_live(f"http://127.0.0.1:{server.port}/live-stream") as feed,
    ):
        assert server.ended.wait(20)
        wait_until(lambda: feed.health.messages == len(events))
        dropped = feed.health.dropped
        waiting = feed.take()
    assert [message.data for message in waiting] == events[-50:]
    assert dropped == {"messages that nobody took in time": len(events) - 50}


def test_a_server_ends_in_the_step_in_which_it_sends(monkeypatch):
    sending = asyncio.StreamWriter.drain

    async def send_and_end(writer: asyncio.StreamWriter) -> None:
        await sending(writer)
        server.end()

    monkeypatch.setattr(asyncio.StreamWriter, "drain", send_and_end)
    with (
        ServerThread(playlist_of(race_events(5)), speed=1.0, faults=FAULTS["none"]) as server,
        socket.create_connection(("127.0.0.1", server.port)) as client,
    ):
        client.sendall(b"GET /live-stream HTTP/1.1\r\n\r\n")
        wait_until(lambda: not server.serving)


class Moody:
    """A source that fails in ways nobody thought of before it delivers."""

    def __init__(self) -> None:
        self.dropped: Counter[str] = Counter({"letters": 2})
        self.tries = 0
        self.closed = False

    async def arrivals(self) -> AsyncGenerator[Message | None, None]:
        self.tries += 1
        if self.tries == 1:
            raise RuntimeError("the library has a bug")
        yield message_of(b"%d" % self.tries)
        if self.tries == 3:
            raise KeyError("again")

    async def close(self) -> None:
        self.closed = True


def test_whatever_a_library_raises_the_show_goes_on():
    source = Moody()
    with open_live("http://127.0.0.1/live-stream", source=source) as feed:
        wait_until(lambda: "the library has a bug" in feed.health.trouble)
        wait_until(lambda: feed.health.messages >= 4)
        assert feed.health.trouble == ""
        assert feed.health.dropped == {"letters": 2}
        assert [message.data for message in feed.take()][:3] == [b"2", b"3", b"4"]
    assert source.closed


def test_closing_is_quick_and_final():
    with ServerThread(playlist_of(race_events(500)), speed=1.0, faults=FAULTS["none"]) as server:
        feed = open_live(f"http://127.0.0.1:{server.port}/live-stream")
        assert feed.take(timeout_s=10.0)
        feed.close()
        feed.close()
        assert feed.health.ended
        assert not feed.health.connected


# --- Datagrams and lines ---


def test_datagrams(stage):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    lines = [
        b'{"bib":5,"time_utc":"2026-07-07T10:30:%02dZ","lat":43.0,"lon":1.5}' % second for second in range(40)
    ]
    with open_live(f"udp://127.0.0.1:{port}?bib=34") as feed:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            messages: list[Message] = []
            while not messages:
                sender.sendto(b"$GPRMC,103043,A,4300.6,N,00130.0,E,19,45,070726,,,A", ("127.0.0.1", port))
                messages = feed.take(timeout_s=0.1)
            for line in lines:
                sender.sendto(line, ("127.0.0.1", port))
            wait_until(lambda: feed.health.messages >= len(lines) + len(messages))
        messages += feed.take()
    got = positions(messages, stage)
    assert {bib for bib, *_ in got} == {5, 34}
    assert len(got) == 41


def test_a_port_of_another_machine_is_said():
    with open_live("udp://203.0.113.7:10110") as feed:
        wait_until(lambda: "cannot be opened on this machine" in feed.health.trouble)


def test_lines_of_standard_input(stage):
    read_end, write_end = os.pipe()
    with LiveFeed(parse_address("-"), LineSource(read_end)) as feed, os.fdopen(write_end, "wb") as pipe:
        for data in race_events(30):
            pipe.write(b"event: update\ndata: " + data + b"\n\n")
        pipe.write(b': alive\n{"bib":9,"time_utc":"2026-07-07T10:30:42Z","lat":43.0,"lon":1.5}')
        pipe.close()
        wait_until(lambda: feed.health.ended)
        messages = feed.take()
    os.close(read_end)
    assert len(positions(messages, stage)) == 30 * 5 + 3 + 1
    assert feed.health.trouble == "standard input has ended."


# --- A real broker ---


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("no MQTT broker here (apt-get install mosquitto)")
    started = Broker(program, tmp_path_factory.mktemp("broker"))
    try:
        yield started
    finally:
        started.stop()


class Broker:
    """Mosquitto on the loopback, with a password."""

    def __init__(self, program: str, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        passwords = folder / "passwords"
        subprocess.run(
            ["mosquitto_passwd", "-b", "-c", passwords, "me", "s@cret"], check=True, capture_output=True
        )
        for path in (folder, passwords):
            path.chmod(0o755)
        settings_ = folder / "mosquitto.conf"
        settings_.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous false\npassword_file {passwords}\nuser root\n"
        )
        self._command = [program, "-c", str(settings_)]
        self.start()

    @property
    def url(self) -> str:
        return f"mqtt://me:s%40cret@127.0.0.1:{self.port}"

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self._answers)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)

    def publish(self, messages: list[tuple[str, bytes]]) -> None:
        import aiomqtt

        async def main() -> None:
            async with aiomqtt.Client("127.0.0.1", self.port, username="me", password="s@cret") as client:
                for topic, data in messages:
                    await client.publish(topic, data, qos=1)

        asyncio.run(main())


def test_a_real_broker(broker, stage):
    events = race_events(40)
    sentence = b"$GPRMC,103043,A,4300.6,N,00130.0,E,19,45,070726,,,A"
    with open_live(f"{broker.url}/race/#") as feed:
        take_until_heard(broker, feed)
        broker.publish(
            [("race/events", data) for data in events] + [("other", b"x"), ("race/34/gps", sentence)]
        )
        wait_until(lambda: feed.health.messages >= len(events) + 2)
        messages = feed.take()
        assert {message.topic for message in messages} == {"race/events", "race/34/gps"}
        assert len(positions(messages, stage)) == 40 * 5 + 4 + 1
        # The broker goes away and comes back.
        broker.stop()
        wait_until(lambda: not feed.health.connected)
        broker.start()
        take_until_heard(broker, feed)
        assert feed.health.connections == 2


def take_until_heard(broker: Broker, feed: LiveFeed) -> None:
    """Publish until the subscription stands."""
    end_s = time.monotonic() + 20
    while not feed.take(timeout_s=0.2):
        assert time.monotonic() < end_s, feed.health.trouble
        broker.publish([("race/0/hello", b"hello")])
    time.sleep(0.2)
    feed.take()


def test_a_broker_that_refuses_is_said(broker):
    with open_live(f"mqtt://me:wrong@127.0.0.1:{broker.port}/race/#") as feed:
        wait_until(lambda: "cannot be reached" in feed.health.trouble)
        assert "wrong" not in feed.health.trouble


# paho-mqtt forgets to close a socket on which TLS was refused.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_broker_without_tls_is_said(broker):
    with open_live(f"mqtts://me:s%40cret@127.0.0.1:{broker.port}/race/#") as feed:
        wait_until(lambda: "trying again" in feed.health.trouble)
        assert not feed.health.connected
