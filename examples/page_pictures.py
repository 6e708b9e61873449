"""Make the pictures of the page of ``tracker3d serve`` for the README, in a real browser.

    python examples/page_pictures.py RECORDING DEM

The recording is that of stage 4 of 2026 (Carcassonne to Foix); it cannot be distributed. Needs Chromium and
the built page (``make page``); the browser is driven as the tests drive it.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from tracker3d.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
ASSETS = ROOT / "assets"
sys.path.insert(0, str(ROOT / "tests" / "export"))
sys.path.insert(0, str(ROOT / "tests" / "serve"))

import browser  # noqa: E402

PLACE = "36.6km"
READY = "window.tracker3d && tracker3d.stream.received > 2 && !tracker3d.cameras.flight"
TABLE_READY = "document.body && document.body.dataset.loaded === 'yes'"
SETTLE_S = 8.0
QUALITY = 86

# name, path, width, height, pixel ratio, what to wait for
PICTURES = (
    ("page-stage", "", 1280, 720, 1.0, READY),
    ("page-follow", "#leader", 1280, 720, 1.0, READY),
    ("page-phone", "#leader", 390, 844, 2.0, READY),
    ("page-ar", "ar.html", 390, 844, 2.0, TABLE_READY),
)


@contextmanager
def served(stage: Path, recording: Path) -> Iterator[str]:
    """Run the server as a user does; yields its address."""
    command = [sys.executable, "-m", "tracker3d", "serve", stage, "--feed", recording, "--port", "0"]
    with subprocess.Popen(
        [*command, "--from", PLACE, "--loop"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+", process.stdout.readline())
            if not found:
                sys.exit("The server did not start.")
            yield found[0]
        finally:
            process.terminate()


def make(recording: Path, dem: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        stage = Path(folder) / "foix.stage"
        if main(["prepare", str(recording), "--dem", str(dem), "-o", str(stage)]):
            sys.exit(1)
        with served(stage, recording) as address, browser.browse(Path(folder) / "profile") as page:
            for name, path, width, height, ratio, ready in PICTURES:
                page.size(width, height, ratio=ratio, touch=ratio > 1.0)
                page.open("about:blank")
                page.open(address + path)
                page.wait(ready, timeout_s=120)
                # software renderers need their time, and so do flights of the camera
                page.evaluate("window.tracker3d && tracker3d.world.keepSharp()")
                time.sleep(SETTLE_S)
                shot = Path(folder) / "shot.png"
                page.picture(shot)
                with Image.open(shot) as picture:
                    picture.convert("RGB").save(
                        ASSETS / f"{name}.jpg", quality=QUALITY, optimize=True, progressive=True
                    )


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    make(*(Path(argument) for argument in sys.argv[1:]))
