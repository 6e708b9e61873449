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
    command = [server, "-displayfd", str(write_end), "-screen", "0", "1920x1200x24", "-nolisten", "tcp"]
    process = subprocess.Popen(command, pass_fds=[write_end], stderr=subprocess.DEVNULL)
    os.close(write_end)
    with os.fdopen(read_end) as stream:
        number = stream.readline().strip()
    os.environ["DISPLAY"] = f":{number}"
    os.environ.setdefault("QT_QPA_PLATFORM", "xcb")
    try:
        yield f":{number}"
    finally:
        del os.environ["DISPLAY"]
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture(autouse=True)
def _needs_display(request: pytest.FixtureRequest, display: str) -> None:
    if request.node.get_closest_marker("window") and not display:
        pytest.skip("no X display, and Xvfb is not installed")
