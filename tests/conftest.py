"""Fixtures for all tests: real data where they are, and an X display where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).resolve().parent.parent
_SERVERS: list[subprocess.Popen[bytes]] = []
SHARED_DATA = REPOSITORY.parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real recordings, routes and elevation files; skips where there is none."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"real data are not here ({SHARED_DATA}); they cannot be distributed")
    return SHARED_DATA


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
    read_end, write_end = os.pipe()
    # Qt and GLX keep their connection until the process is gone, so the server must outlive it:
    # it ends when the pipe on its standard input is closed by the end of this process
    script = f"{server} -displayfd {write_end} -screen 0 1920x1200x24 -nolisten tcp & cat >/dev/null; kill $!"
    _SERVERS.append(
        subprocess.Popen(
            ["sh", "-c", script], pass_fds=[write_end], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    )
    os.close(write_end)
    with os.fdopen(read_end) as stream:
        number = stream.readline().strip()
    os.environ["DISPLAY"] = f":{number}"
    os.environ.setdefault("QT_QPA_PLATFORM", "xcb")
    yield f":{number}"


@pytest.fixture(autouse=True)
def _needs_display(request: pytest.FixtureRequest, display: str) -> None:
    if request.node.get_closest_marker("window") and not display:
        pytest.skip("no X display, and Xvfb is not installed")
