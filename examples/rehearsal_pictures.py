"""Make the README's pictures of the rehearsal: cards for social media, and an upright picture.

python examples/rehearsal_pictures.py
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from PIL import Image

from tracker3d.cli import main
from tracker3d.feed.rehearsal import make

ASSETS = Path(__file__).resolve().parent.parent / "assets"
WIDTH_PX = 720


def run(*arguments: str | Path) -> None:
    code = main([str(argument) for argument in arguments])
    if code:
        sys.exit(code)


def keep(picture: Path) -> None:
    """Store a rendered picture small enough for a page."""
    with Image.open(picture) as image:
        small = image.convert("RGB").resize((WIDTH_PX, WIDTH_PX * image.height // image.width))
        small.save(ASSETS / f"{picture.stem}.jpg", quality=86, optimize=True, progressive=True)


def draw() -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = make(Path(folder))
        gaps, profile, vertical = (
            Path(folder) / name for name in ("card-gaps.png", "card-profile.png", "vertical.png")
        )
        stage = files.package
        usual = ("--feed", files.recording, "--at", "4.2km", "--size", "vertical")
        run("card", stage, "gaps", *usual, "--camera", "climb:Aurevers", "-o", gaps)
        run("card", stage, "profile", *usual, "-o", profile)
        run("render", stage, *usual, "--camera", "chase:leader", "-o", vertical)
        for picture in (gaps, profile, vertical):
            keep(picture)


if __name__ == "__main__":
    draw()
