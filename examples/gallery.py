"""Make the gallery of the README: four climbs, each from afar, on the road and from the side, in three looks.

    python examples/gallery.py DATA [--only NAME]

DATA holds ``routes/`` (GPX) and ``dem/`` (elevation files) as named below. All of it is free to show.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from tracker3d.cli import main

ASSETS = Path(__file__).resolve().parent.parent / "assets"
WIDEST_BYTES = 350_000


@dataclass(frozen=True)
class Climb:
    """A road, its elevation data, the kilometre of the picture on the road and the view from the side."""

    name: str
    route: str
    dem: str
    road_km: float
    side: str
    credit: str = ""


CLIMBS = (
    Climb(
        "ventoux",
        "mont_ventoux_from_bedoin.gpx",
        "ventoux/N44E005.hgt",
        17.2,
        "side:20.9",
    ),
    Climb(
        "alpe-dhuez",
        "alpe_dhuez_from_bourg_doisans.gpx",
        "alpe_dhuez/alp_dheuz.tif",
        3.0,
        "side:13.6",
        "Elevation: guardian/interactive-tour-de-france-2015 (Apache-2.0)",
    ),
    Climb(
        "beille",
        "plateau_de_beille.gpx",
        "pyrenees/N41-N42_E001.vrt",
        9.0,
        "side:15.5",
    ),
    Climb(
        "arcalis",
        "andorra_arcalis.gpx",
        "pyrenees/N41-N42_E001.vrt",
        15.4,
        "side:18.2",
    ),
)
LOOKS = ("natural", "satellite", "night")


def run(*arguments: str | Path) -> None:
    code = main([str(argument) for argument in arguments])
    if code:
        sys.exit(code)


def keep(picture: Path) -> None:
    """Store a rendered picture small enough for a page."""
    target = ASSETS / f"gallery-{picture.stem}.jpg"
    with Image.open(picture) as image:
        for quality in range(90, 60, -3):
            image.convert("RGB").save(target, quality=quality, optimize=True, progressive=True)
            if target.stat().st_size <= WIDEST_BYTES:
                return


def make(data: Path, only: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for climb in CLIMBS:
            if only not in climb.name:
                continue
            route, dem = data / "routes" / climb.route, data / "dem" / climb.dem
            for look in LOOKS if climb is CLIMBS[0] else LOOKS[:1]:
                stage = Path(folder) / f"{climb.name}-{look}.stage"
                credit = ("--credit", climb.credit) if climb.credit else ()
                run("prepare", route, "--dem", dem, "--look", look, *credit, "-o", stage)
                views = {
                    "overview": "overview",
                    "road": f"road:{climb.road_km:g}",
                    "side": climb.side,
                }
                if look != "natural":
                    views = {look: climb.side}
                for view, camera in views.items():
                    picture = Path(folder) / f"{climb.name}-{view}.png"
                    run("render", stage, "--camera", camera, "-o", picture)
                    keep(picture)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if len(arguments) not in (1, 3) or (len(arguments) == 3 and arguments[1] != "--only"):
        sys.exit(__doc__)
    make(Path(arguments[0]), arguments[2] if len(arguments) == 3 else "")
