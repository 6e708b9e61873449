"""The board of a time trial, where groups and gaps on the road mean nothing: times at a check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tracker3d.race.time_trial import TimeTrial
from tracker3d.scene.figures import clock_text, gap_text
from tracker3d.scene.placing import roster_of
from tracker3d.stage.model import PlaceKind
from tracker3d.track.model import Presence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tracker3d.race import Race
    from tracker3d.race.model import RaceState
    from tracker3d.scene.model import StageScene
    from tracker3d.stage.model import Place

MOST_ROWS = 6


@dataclass(frozen=True)
class Ranking:
    """What the board says: where, and names with their figures, the best first."""

    heading: str
    rows: tuple[tuple[str, str], ...]


def ranking_at(scene: StageScene, race: Race, state: RaceState) -> Ranking | None:
    """Return who is best at a moment; None in a race with groups, and before anybody passed anywhere.

    In a time trial that is at the last of its checks that somebody has passed by then, the finish the last of
    all. In its view as a common start it is on the road, by the time behind the best at the same place.
    """
    if race.grouped or not len(state.order):
        return None
    if not race.stage.time_trial:
        return _on_the_road(scene, state)
    trial = trial_of(scene, race)
    for place in reversed(trial.checks):
        results = trial.ranking(place, until_ms=state.time_ms)[:MOST_ROWS]
        if results:
            names = _names(scene, state)
            figures = [clock_text(results[0].time_s), *(gap_text(each.behind_s) for each in results[1:])]
            rows = zip([names[each.bib] for each in results], figures, strict=True)
            return Ranking(_called(scene, place), tuple(rows))
    return None


def trial_of(scene: StageScene, race: Race) -> TimeTrial:
    """Return the one time trial of a race that all boards of a scene read."""
    return scene.memory.get("time trial", id(race), lambda: (race, TimeTrial(race)))[1]


def out_on_the_road(state: RaceState) -> NDArray[np.bool_]:
    """Tell who of a time trial's riders (n,) is between start and finish and was heard of not long ago."""
    riders = state.riders
    started = (riders.bibs > 0) & (riders.distance_m > 0.0)
    found: NDArray[np.bool_] = started & ~riders.finished & (riders.presence < Presence.LOST)
    return found


def _on_the_road(scene: StageScene, state: RaceState) -> Ranking:
    names, bibs = _names(scene, state), state.riders.bibs
    rows = tuple(
        (names[int(bibs[rider])], gap_text(float(state.gap_s[rider])) if number else "")
        for number, rider in enumerate(state.order[:MOST_ROWS].tolist())
    )
    return Ranking(scene.theme.word("common_start"), rows)


def _names(scene: StageScene, state: RaceState) -> dict[int, str]:
    return {rider.bib: rider.display_name for rider in roster_of(scene, state.riders.bibs).riders}


def _called(scene: StageScene, place: Place) -> str:
    return scene.theme.word("finish") if place.kind is PlaceKind.FINISH else place.name
