"""Fixtures for all tests: real data where they are, and an X display where there is none."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracker3d.feed.rehearsal import RehearsalFiles
    from tracker3d.replay import Replay
    from tracker3d.stage import PrepareReport

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED_DATA = REPOSITORY.parent / "shared" / "data"


@pytest.fixture(scope="session")
def rehearsal_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the rehearsal, one for all processes that run the tests."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "the-rehearsal"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def rehearsal_files(rehearsal_folder: Path) -> RehearsalFiles:
    """The rehearsal as operators get it, made by the first test that needs it; tests read it only."""
    from tracker3d.feed.rehearsal import make

    with FileLock(rehearsal_folder / "lock"):
        return make(rehearsal_folder)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real recordings, routes and elevation files; skips where there is none."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"real data are not here ({SHARED_DATA}); they cannot be distributed")
    return SHARED_DATA


@pytest.fixture(scope="session")
def foix_recording(shared_data: Path) -> Path:
    """Recording of a whole road stage to Foix, with its trace and its riders."""
    return shared_data / "feed" / "stage-04_2026-07-07.json.gz"


@pytest.fixture(scope="session")
def foix_report(
    foix_recording: Path, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> PrepareReport:
    """What was said when the stage to Foix was prepared as users prepare it, once for all tests."""
    from tracker3d.stage import prepare

    package = tmp_path_factory.mktemp("foix") / "foix.stage"
    return prepare(
        foix_recording, output=package, dem_paths=[shared_data / "dem" / "pyrenees" / "N41-N42_E001.vrt"]
    )


@pytest.fixture(scope="session")
def foix_package(foix_report: PrepareReport) -> Path:
    """Package of the stage to Foix; tests read it only."""
    return foix_report.path


@pytest.fixture(scope="session")
def foix_replay(foix_package: Path, foix_recording: Path) -> Replay:
    """The race to Foix on its road."""
    from tracker3d.replay import open_replay

    return open_replay(foix_package, foix_recording)


@pytest.fixture(scope="session")
def ventoux_package(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Package of the road up Mont Ventoux, prepared once; tests read it only."""
    from tracker3d.stage import prepare

    package = tmp_path_factory.mktemp("ventoux") / "ventoux.stage"
    return prepare(
        shared_data / "routes" / "mont_ventoux_from_bedoin.gpx",
        output=package,
        dem_paths=[shared_data / "dem" / "ventoux" / "N44E005.hgt"],
    ).path


@pytest.fixture(scope="session", autouse=True)
def display() -> Iterator[str]:
    """Name of an X display; Xvfb is started where the machine has none."""
    existing = os.environ.get("DISPLAY")
    if existing:
        yield existing
        return
    server = shutil.which("Xvfb")
    if server is None:
        yield ""
        return
    name = _start_server(server)
    os.environ["DISPLAY"] = name
    os.environ.setdefault("QT_QPA_PLATFORM", "xcb")
    yield name


def _start_server(server: str) -> str:
    """Start an X server that ends after this process has; returns the name of its display.

    Qt and GLX keep their connection until the process is gone, and losing it would end the process with
    an error. So nobody stops the server: it ends when the pipe to its keeper closes, which is with us.
    """
    keeper_end, _kept_open = os.pipe()
    number_end, server_end = os.pipe()
    os.set_inheritable(server_end, True)
    script = (
        f"{server} -displayfd {server_end} -screen 0 1920x1200x24 -nolisten tcp & cat >/dev/null; kill $!"
    )
    actions = [(os.POSIX_SPAWN_DUP2, keeper_end, 0), (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)]
    os.posix_spawn("/bin/sh", ["sh", "-c", script], os.environ, file_actions=actions)
    os.close(keeper_end)
    os.close(server_end)
    with os.fdopen(number_end) as stream:
        return f":{stream.readline().strip()}"


@pytest.fixture(autouse=True)
def _needs_display(request: pytest.FixtureRequest, display: str) -> None:
    if request.node.get_closest_marker("window") and not display:
        pytest.skip("no X display, and Xvfb is not installed")
