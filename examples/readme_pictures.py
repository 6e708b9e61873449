"""Make the pictures of the README from a real recording and elevation files.

    python examples/readme_pictures.py DATA

DATA holds ``feed/``, ``routes/`` and ``dem/`` as named below. The recording, stage 4 of 2026 (Carcassonne to
Foix), cannot be distributed.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from PIL import Image

from tracker3d.cli import main

ASSETS = Path(__file__).resolve().parent.parent / "assets"
RECORDING, DEM = "feed/stage-04_2026-07-07.json.gz", "dem/pyrenees/N42E001.hgt.zip"
VENTOUX, VENTOUX_DEM = "routes/mont_ventoux_from_bedoin.gpx", "dem/ventoux/N44E005.hgt"

# name, time, camera
STAGE_PICTURES = (
    ("montsegur-climb", "37.5km", "climb:Montségur"),
    ("peloton-chase", "31km", "chase:peloton"),
    ("whole-stage", "100km", "overview"),
    ("finish", "0.08km", "finish"),
)


def run(*arguments: str | Path) -> None:
    code = main([str(argument) for argument in arguments])
    if code:
        sys.exit(code)


def keep(picture: Path) -> None:
    """Store a rendered picture small enough for a page."""
    with Image.open(picture) as image:
        image.convert("RGB").save(ASSETS / f"{picture.stem}.jpg", quality=88, optimize=True, progressive=True)


def make(data: Path) -> None:
    recording = data / RECORDING
    with tempfile.TemporaryDirectory() as folder:
        stage = Path(folder) / "foix.stage"
        run("prepare", recording, "--dem", data / DEM, "-o", stage)
        for name, at, camera in STAGE_PICTURES:
            picture = Path(folder) / f"{name}.png"
            run("render", stage, "--feed", recording, "--at", at, "--camera", camera, "-o", picture)
            keep(picture)
        ventoux = Path(folder) / "ventoux.stage"
        run("prepare", data / VENTOUX, "--dem", data / VENTOUX_DEM, "-o", ventoux)
        picture = Path(folder) / "ventoux.png"
        run("render", ventoux, "--camera", "overview", "-o", picture)
        keep(picture)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    make(Path(sys.argv[1]))
