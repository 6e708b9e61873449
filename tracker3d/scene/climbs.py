"""Climbs of a stage: by name or kilometre, and how they are written."""

from __future__ import annotations

import math
import unicodedata
from typing import TYPE_CHECKING

from tracker3d.errors import InputError
from tracker3d.stage.climbs import climbs_of as climbs_of
from tracker3d.stage.climbs import foot_of as foot_of
from tracker3d.stage.model import Place, PlaceKind

if TYPE_CHECKING:
    from tracker3d.scene.style import Theme
    from tracker3d.stage.model import Stage

_LEAST_CLIMB_M = 500.0


def climb_named(stage: Stage, words: str) -> Place:
    """Return the climb whose name holds these words, or that holds this kilometre.

    Where the stage states no climbs at all, as a plain GPX does, a kilometre is the summit of one.

    Raises
    ------
    InputError
        The stage has no such climb, or the road does not climb to this kilometre.
    """
    climbs = climbs_of(stage)
    try:
        distance_m = float(words) * 1000.0
    except ValueError:
        distance_m = math.nan
    if not climbs:
        return _unstated(stage, distance_m)
    if math.isfinite(distance_m):
        for climb in climbs:
            if foot_of(stage, climb) <= distance_m <= climb.distance_m + 500.0:
                return climb
        tops = ", ".join(f"{climb.name} (summit at km {climb.distance_m / 1000:.1f})" for climb in climbs)
        raise InputError(f"No climb of {stage.name} holds km {words}; its climbs are {tops}.")
    wanted = plain(words)
    found = [climb for climb in climbs if wanted in plain(climb.name)]
    if found:
        return min(found, key=lambda climb: len(climb.name))
    names = ", ".join(climb.name for climb in climbs)
    raise InputError(f"{stage.name} has no climb named {words!r}; its climbs are {names}.")


def _unstated(stage: Stage, summit_m: float) -> Place:
    route = stage.route
    if route.start_m <= summit_m <= route.end_m:
        place = Place(
            PlaceKind.CLIMB, stage.name, summit_m, float(route.height(summit_m)), "", math.nan, math.nan
        )
        if foot_of(stage, place) < summit_m - _LEAST_CLIMB_M:
            return place
    raise InputError(
        f"{stage.name} states no climbs; name the kilometre of a summit, or choose another camera, such as "
        "overview."
    )


def stage_title(stage: Stage) -> str:
    """Return a stage's name as graphics write it: from town to town with a dash."""
    return stage.name.replace(" > ", " – ")


def plain(text: str) -> str:
    """Return text without accents, case and punctuation, for comparing names."""
    bare = unicodedata.normalize("NFKD", text)
    letters = "".join(
        letter if letter.isalnum() else " " for letter in bare if not unicodedata.combining(letter)
    )
    return " ".join(letters.casefold().split())


def category_text(theme: Theme, category: str) -> str:
    """Return a climb's category as graphics write it, empty for none."""
    if not category:
        return ""
    if category.upper() in ("H", "HC"):
        return theme.word("hors_categorie")
    return theme.word("category").format(category=category)
