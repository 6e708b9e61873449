"""The board of the general classification as it would be if the race ended as it stands."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tracker3d.race.classification import virtual_classification
from tracker3d.scene.figures import gap_text
from tracker3d.scene.ranking import trial_of
from tracker3d.stage.times import times_before

if TYPE_CHECKING:
    from tracker3d.race import Race
    from tracker3d.race.classification import Classification, ClassifiedRider
    from tracker3d.race.model import RaceState
    from tracker3d.scene.model import StageScene

MOST_ROWS = 6
LEAST_ROWS = 3
"""Fewer say nothing of a classification: then there is no board."""

_TOLD_EVERY_MS = 1000
_MOST_KEPT = 8


@dataclass(frozen=True)
class Standing:
    """A row: position from 1, name, gap in words, places gained since before the stage (negative: lost)."""

    position: int
    name: str
    figure: str
    gained: int
    selected: bool = False


@dataclass(frozen=True)
class Standings:
    """What the board says.

    Attributes
    ----------
    heading, note : str
    rows : tuple of Standing
        The first of the classification.
    selected : Standing or None
        The row of whom the operator chose, wherever he stands.
    """

    heading: str
    note: str
    rows: tuple[Standing, ...]
    selected: Standing | None = None

    def shown(self, most: int) -> tuple[Standing, ...]:
        """Return at most so many rows; the last one is that of who is selected, if he stands further down."""
        rows = self.rows[:most]
        if self.selected is None or self.selected in rows:
            return rows
        return (*rows[: most - 1], self.selected)


def standings_at(
    scene: StageScene, race: Race, state: RaceState, *, selected_bib: int | None = None
) -> Standings | None:
    """Return the classification of the last whole second; None where it cannot be told.

    It cannot without times before the stage, before anybody is seen, and as long as nothing is known of who
    led before the stage: gaps to another would be wrong on air. So in a time trial it comes with his start.
    """
    time_ms = state.time_ms - state.time_ms % _TOLD_EVERY_MS

    def make() -> tuple[Race, Classification | None]:
        return race, _classification(scene, race, state if time_ms == state.time_ms else race.at(time_ms))

    # the race is kept beside it, so that its identity stays its own
    _, found = scene.memory.get("standings", (id(race), time_ms), make, most=_MOST_KEPT)
    if found is None:
        return None
    word, names = scene.theme.word, scene.memory.get("standing names", None, lambda: _names(scene))

    def told(rider: ClassifiedRider) -> Standing:
        # what the first has ridden in all is not known: the times may be given as gaps
        figure = gap_text(rider.behind_s) if rider.behind_s >= 1.0 - 1e-6 else word("same_time")
        return Standing(
            position=rider.position,
            name=names[rider.bib],
            figure=figure if rider.position > 1 else "",
            gained=rider.position_before - rider.position,
            selected=rider.bib == selected_bib,
        )

    return Standings(
        heading=word("virtual_gc" if found.virtual else "gc"),
        note="" if race.stage.time_trial or not race.grouped else word("no_bonuses"),
        rows=tuple(told(rider) for rider in found.riders[:MOST_ROWS]),
        selected=next((told(rider) for rider in found.riders if rider.bib == selected_bib), None),
    )


def _classification(scene: StageScene, race: Race, state: RaceState) -> Classification | None:
    before_s = scene.memory.get("times before", None, lambda: times_before(scene.stage.riders))
    if not before_s:
        return None
    gap_s = None
    if race.stage.time_trial:
        gap_s = trial_of(scene, race).against_best_s(state.time_ms)
    elif not race.grouped:
        # a time trial as a common start: behind the best at the same place, and nobody gets another's time
        gap_s = state.gap_s
    found = virtual_classification(race, state, before_s, gap_s=gap_s)
    if not found.riders:
        return None
    led_s = min(rider.before_s for rider in found.riders)
    return None if any(before_s[bib] < led_s for bib in found.unknown) else found


def _names(scene: StageScene) -> dict[int, str]:
    """Name riders by bib, with an initial where several of them have the same name."""
    riders = [rider for rider in scene.stage.riders if not rider.vehicle]
    shared = Counter(rider.display_name for rider in riders)
    return {
        rider.bib: f"{rider.first_name[0]}. {rider.display_name}"
        if shared[rider.display_name] > 1 and rider.first_name
        else rider.display_name
        for rider in riders
    }
