"""``serve`` and ``record`` as an operator rehearses with them, in processes of their own."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tracker3d.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STAMP = 1_783_420_242


def a_frame(index: int) -> str:
    row = {"Bib": 1, "Latitude": 45.0 + index * 1e-4, "Longitude": 6.0, "kph": 36.0, "secToFirstRider": 0}
    data = {"TimeStamp": STAMP + 6 * index, "StageId": "400", "Riders": [row]}
    return json.dumps({"bind": "telemetryCompetitor-2026", "data": data})


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "race.json"
    events = [{"dt": 6_000, "data": a_frame(index)} for index in range(100)]
    path.write_text(json.dumps({"version": 1, "meta": {}, "rest": {}, "events": events}))
    return path


def _heed_interrupts() -> None:
    """Undo what a shell does to jobs in the background: they, and all that they start, ignore Ctrl+C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def server(recording: Path) -> Iterator[str]:
    """The address of ``tracker3d serve`` with the recording."""
    command = [sys.executable, "-m", "tracker3d", "serve", recording, "--as-feed", "--port", "0"]
    # Without faults: a real feed is cut at each half minute of the clock, and then sends frames of yesterday.
    with subprocess.Popen(
        [*command, "--speed", "60", "--faults", "none"],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=_heed_interrupts,
    ) as process:
        assert process.stdout is not None
        url = ""
        while not url:
            line = process.stdout.readline()
            assert line, "the server ended"
            found = re.search(r"http://127\.0\.0\.1:\d+/live-stream", line)
            url = found[0] if found else ""
        yield url
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=20)
        finally:
            process.kill()
        assert process.returncode == 0


def test_a_race_is_served_recorded_and_served_again(server, tmp_path, capsys):
    log = tmp_path / "race-log"
    assert main(["record", server, "-o", str(log), "--minutes", "0.05"]) == 0
    said = capsys.readouterr()
    assert re.search(r"Recorded \d+ messages, .* in .*race-log\.", said.out)
    assert said.err == ""
    assert main(["info", str(log), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["kind"] == "log of a live feed"
    assert facts["messages"] >= 10
    assert facts["about"]["from"] == server
    from tracker3d.feed.server import read_playlist

    assert set(read_playlist(log).events) <= {a_frame(index).encode() for index in range(100)}


def test_standard_input_is_recorded_to_its_end(tmp_path):
    lines = "".join(f"data: {a_frame(index)}\n\n" for index in range(50))
    done = subprocess.run(
        [sys.executable, "-m", "tracker3d", "record", "-", "-o", tmp_path / "log"],
        input=lines,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Recorded 50 messages" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["serve", "{race}"], "add --as-feed"),
        (["serve", "{folder}/none.json", "--as-feed"], "does not exist"),
        (["serve", "{race}", "--as-feed", "--skip-minutes", "1000"], "skip fewer"),
        (["record", "ftp://host/x", "-o", "{folder}/log"], "is no address of a feed"),
        (["record", "http://127.0.0.1:9/live-stream", "-o", "{race}"], "is a file"),
    ],
)
def test_mistakes_get_one_plain_sentence(arguments, sentence, recording, tmp_path, capsys):
    filled = [text.format(race=recording, folder=tmp_path) for text in arguments]
    assert main(filled) == 1
    said = capsys.readouterr()
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert not (tmp_path / "log").exists()


@pytest.mark.parametrize("speed", ["0", "0.09", "1001", "fast"])
def test_speeds_have_bounds(speed, recording):
    assert main(["serve", str(recording), "--as-feed", "--speed", speed]) == 2
