"""``serve`` as somebody runs it who lets phones in, in a process of its own."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx
import pytest

from tracker3d.cli import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def ramp(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A package of a road up a ramp, and three riders on it."""
    tmp_path = tmp_path_factory.mktemp("ramp")
    places = [(6.0 + 0.0005 * i, 45.0 + 0.0003 * i) for i in range(150)]
    points = "".join(
        f'<trkpt lat="{lat}" lon="{lon}"><ele>{800 + i}</ele></trkpt>' for i, (lon, lat) in enumerate(places)
    )
    (tmp_path / "road.gpx").write_text(
        '<gpx version="1.1" creator="test" xmlns="http://www.topografix.com/GPX/1/1">'
        f"<trk><name>Ramp</name><trkseg>{points}</trkseg></trk></gpx>"
    )
    rows = [
        f"2026-07-07T12:{i // 12:02d}:{i % 12 * 5:02d}.000Z,{bib},{lat},{lon},10.0"
        for bib in (1, 2, 3)
        for i, (lon, lat) in enumerate(places)
    ]
    (tmp_path / "race.csv").write_text("\n".join(["time_utc,bib,lat,lon,speed_mps", *rows]))
    package = tmp_path / "ramp.stage"
    arguments = [
        "prepare",
        str(tmp_path / "road.gpx"),
        "--dem",
        "none",
        "--width-km",
        "2",
        "-o",
        str(package),
    ]
    assert main(arguments) == 0
    return package, tmp_path / "race.csv"


def test_phones_get_in_with_the_address_shown_and_nobody_without(ramp):
    package, feed = ramp
    command = [sys.executable, "-m", "tracker3d", "serve", package, "--feed", feed, "--port", "0", "--loop"]
    with subprocess.Popen(
        [*command, "--host", "0.0.0.0", "--interval", "0.2", "--from", "1km"],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            found = re.search(r"http://[\d.]+:(\d+)/([\w-]{20,})/", line)
            assert found, line
            server = f"http://127.0.0.1:{found[1]}/"
            assert httpx.get(f"{server}state.json", timeout=10).status_code == 403
            manifest = httpx.get(f"{server}{found[2]}/manifest.json", timeout=10).json()
            assert manifest["title"] == "Ramp"
            state = httpx.get(f"{server}{found[2]}/state.json", timeout=10).json()
            assert set(state["p"]) == {"1", "2", "3"}
            assert state["to_go_m"] == pytest.approx(1000.0, abs=100.0)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=20)
            finally:
                process.kill()
        assert process.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["serve", "{package}"], "--feed"),
        (["serve", "{package}", "--feed", "{package}/none.csv"], "does not exist"),
        (["serve", "{package}", "--feed", "ftp://host/x"], "is no address of a feed"),
        (["serve", "{package}", "--feed", "{feed}", "--from", "900km"], "is never seen at"),
        (["serve", "{package}", "--feed", "{feed}", "--broker", "http://host/x"], "is no place at a broker"),
    ],
)
def test_mistakes_get_one_plain_sentence(arguments, sentence, ramp, capsys):
    filled = [text.format(package=ramp[0], feed=ramp[1]) for text in arguments]
    assert main(filled) == 1
    said = capsys.readouterr().err
    assert sentence in said
    assert "Traceback" not in said
