"""A small stage with a small race, made once: real package, real feed, nothing faked."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent

sys.path.insert(0, str(Path(__file__).resolve().parent))

from desk import PATIENCE_MS, press, settle

from terrain import GroundLine, build_ground
from tracker3d.app import theme
from tracker3d.app.loading import Order
from tracker3d.app.window import MainWindow
from tracker3d.feed.server import Playlist
from tracker3d.stage import Place, PlaceKind, Rider, Stage, Team, build_route, save_package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

START_MS = int(datetime(2026, 7, 7, 11, 0, tzinfo=UTC).timestamp() * 1000)
LENGTH_M = 9000.0
TEAMS = (
    Team("UAD", "UAE Team", (220, 30, 40)),
    Team("VLB", "Visma", (240, 200, 30)),
    Team("SOQ", "Soudal", (40, 90, 220)),
)
BEHIND_S = {-1: -20.0, 1: 0.0, 2: 1.5, **{bib: 60.0 + 0.5 * (bib - 3) for bib in range(3, 10)}}
NAMES = ("POGAČAR", "YATES", "SOLER", "VINGEGAARD", "JORGENSON", "KUSS", "REMCO", "VAN WILDER", "ØRSTED")


@dataclass(frozen=True)
class SmallStage:
    """Paths of a package and its recording, and the stage itself."""

    package: Path
    feed: Path
    stage: Stage


def make_stage() -> tuple[Stage, object]:
    """Return a road of 9 km over one hill, on an apron of ground."""
    along = np.linspace(0.0, 1.0, 400)
    lon = 1.5 + 0.1 * along + 0.004 * np.sin(12.0 * along)
    lat = 42.9 + 0.01 * np.sin(6.0 * along)
    height = 400.0 + 350.0 * np.sin(np.pi * along) ** 2
    built = build_route(lon, lat, height)
    route = built.route
    line = GroundLine(route.x_m, route.y_m, route.height_m)
    ground = build_ground(route.frame, line=line, half_width_m=900.0)
    route = route.on_ground(
        z_drawn_m=ground.z_drawn_m, on_structure=ground.on_structure, covered=ground.covered
    )
    top_m = float(route.distance_m[int(np.argmax(route.height_m))])
    riders = [
        Rider(number + 1, "Ann", name, TEAMS[number // 3].code, "BEL", jersey="yellow" if number == 0 else "")
        for number, name in enumerate(NAMES)
    ]
    stage = Stage(
        name="Here > There",
        date="2026-07-07",
        timezone="Europe/Paris",
        frame=route.frame,
        route=route,
        start_time_ms=START_MS,
        simulated=True,
        places=(
            Place(PlaceKind.SPRINT, "Village", 2000.0, float(route.height(2000.0))),
            Place(PlaceKind.CLIMB, "Col", top_m, float(route.height(top_m)), "2", 4000.0, 7.0),
            Place(PlaceKind.FINISH, "There", route.finish_m, float(route.height(route.finish_m))),
        ),
        teams=TEAMS,
        riders=(*riders, Rider(-1, "", "Race director", vehicle=True)),
    )
    return stage, ground


def write_feed(path: Path, stage: Stage) -> None:
    """Write a race at 10 m/s: two in front of a bunch of seven, a car before them, fixes every 4 s."""
    rows = ["time_utc,bib,lat,lon,speed_mps"]
    finish_m = stage.route.finish_m
    bibs = [rider.bib for rider in stage.riders]
    for second in range(0, int(finish_m / 10.0) + 200, 4):
        when = datetime.fromtimestamp(START_MS / 1000 + second, UTC).isoformat()
        for bib in bibs:
            behind_s = BEHIND_S[bib]
            distance_m = 10.0 * (second - behind_s)
            if 0.0 <= distance_m <= finish_m:
                lon, lat = stage.route.lonlat(distance_m)
                rows.append(f"{when},{bib},{float(lat):.7f},{float(lon):.7f},10.0")
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def race_frames(stage: Stage, seconds: int) -> list[tuple[int, bytes]]:
    """Return the small race as frames of a feed, 2 s apart: when each is sent, and the frame."""
    made = []
    for at_ms in range(0, 1000 * seconds, 2000):
        rows = []
        for bib, behind_s in BEHIND_S.items():
            lon, lat = stage.route.lonlat(10.0 * (at_ms / 1000.0 + 90.0 - behind_s))
            place = {"Bib": bib, "Latitude": float(lat), "Longitude": float(lon)}
            rows += [place | {"kph": 36.0, "kmToFinish": 5.0, "secToFirstRider": behind_s}] if bib > 0 else []
        stamp_ms = START_MS + at_ms
        data = {
            "TimeStamp": stamp_ms / 1000.0,
            "StageId": "400",
            "_updatedAt": stamp_ms + 2000,
            "Riders": rows,
        }
        event = {"bind": "telemetryCompetitor-2026", "change": "modified", "id": "telemetry", "data": data}
        made.append((at_ms, json.dumps(event).encode()))
    return made


@pytest.fixture(scope="session")
def feed_playlist(small_stage: SmallStage) -> Playlist:
    """Ten minutes of the small race for a feed server."""
    made = race_frames(small_stage.stage, 600)
    return Playlist("small race", [at_ms for at_ms, _ in made], [event for _, event in made])


@pytest.fixture(scope="session")
def small_stage(tmp_path_factory: pytest.TempPathFactory) -> SmallStage:
    """Package and feed on disk."""
    folder = tmp_path_factory.mktemp("small")
    stage, ground = make_stage()
    save_package(folder / "small.stage", stage=stage, ground=ground)
    write_feed(folder / "small.csv", stage)
    return SmallStage(folder / "small.stage", folder / "small.csv", stage)


@pytest.fixture(scope="session", autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Settings and journals of tests lie in a folder of their own, never in the user's."""
    folder = tmp_path_factory.mktemp("user")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"):
            patch.setenv(name, str(folder / name))
        yield folder


@pytest.fixture(autouse=True)
def _deleted_at_once() -> Iterator[None]:
    """Windows that a test has closed are gone before the next begins: their graphics are else left to it."""
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@pytest.fixture
def looks(qapp: QApplication) -> QApplication:
    """The application with its typeface and style sheet."""
    theme.apply(qapp)
    return qapp


@pytest.fixture
def make_window(looks: QApplication, qtbot: QtBot) -> Iterator[Callable[[Order | None], MainWindow]]:
    """Windows as a person has them in front: shown, active, and closed at the end."""
    made: list[MainWindow] = []

    def make(order: Order | None) -> MainWindow:
        window = MainWindow(order)
        made.append(window)
        window.resize(1600, 900)
        with qtbot.waitActive(window, timeout=PATIENCE_MS):
            window.show()
            window.activateWindow()
        window.start()
        return window

    yield make
    for window in made:
        window.close()
        window.deleteLater()


@pytest.fixture
def window(
    make_window: Callable[[Order | None], MainWindow], small_stage: SmallStage, qtbot: QtBot
) -> MainWindow:
    """The small race, paused five minutes after its start, preview beside program."""
    window = make_window(Order(small_stage.package, str(small_stage.feed)))
    qtbot.waitUntil(lambda: window.ready, timeout=PATIENCE_MS)
    press(window, qtbot, "Space")
    for _ in range(5):
        press(window, qtbot, "Shift+Right")
    press(window, qtbot, "F9")
    settle(window.program_view, qtbot)
    settle(window.preview_view, qtbot)
    return window
