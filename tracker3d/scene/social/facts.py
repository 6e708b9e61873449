"""What a card says: read from the race at one moment, written in the theme's words.

Figures follow the rules of those on air: gaps from history, speeds as means over a stated window, climbs
timed from the foot that the road book gives to the summit, never a guess where history does not reach.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.errors import InputError
from tracker3d.race.climbing import progress_on
from tracker3d.race.passages import passages_at
from tracker3d.scene.climbs import category_text, climb_named, climbs_of, foot_of
from tracker3d.scene.figures import clock_text, gap_text, km_text, local_clock_text, metres_text
from tracker3d.scene.placing import roster_of
from tracker3d.scene.tags import group_title

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.race import Race
    from tracker3d.race.model import Group, RaceState
    from tracker3d.scene.model import StageScene
    from tracker3d.scene.placing import Roster
    from tracker3d.scene.style import Rgb
    from tracker3d.stage.model import Place
    from tracker3d.stage.route import Route

_MOST_GROUPS = 6
_NAMED_RIDERS = 3
_SPEED_STEP_M, _SPEED_STEPS = 250.0, 4
_SPEED_WINDOW_M = _SPEED_STEP_M * _SPEED_STEPS
_SEEN_STEP_MS, _YOUNG_S = 4_000, 9.0
_MOST_OVER_FIELD = 1.15
"""A rider's speed over a kilometre, times that of the fastest tenth there."""


class Template(enum.StrEnum):
    """What a card is about."""

    GAPS = "gaps"
    CLIMB = "climb"
    SPEEDS = "speeds"
    PROFILE = "profile"


@dataclass(frozen=True)
class CardRow:
    """One line of a card.

    Attributes
    ----------
    mark : str
        Before the name: a place, a number of riders; may be empty.
    name, detail, figure, unit : str
    colour : (red, green, blue)
    share : float
        Length of its bar, 0 to 1; NaN for none.
    """

    mark: str
    name: str
    detail: str
    figure: str
    unit: str
    colour: Rgb
    share: float = float("nan")


@dataclass(frozen=True)
class CardFacts:
    """What a card says.

    Attributes
    ----------
    template : Template
    title, subtitle : str
    stage, moment : str
        The stage's name, and when in the race this is.
    rows : tuple of CardRow
    note : str
        How the figures are meant; empty where they explain themselves.
    ridden_m : float
        How far the head of the race is.
    """

    template: Template
    title: str
    subtitle: str
    stage: str
    moment: str
    rows: tuple[CardRow, ...]
    note: str
    ridden_m: float


def card_facts(
    scene: StageScene, race: Race, time_ms: int, template: Template, *, climb: str = "", most_rows: int = 6
) -> CardFacts:
    """Return what a card says of a moment.

    Parameters
    ----------
    scene : StageScene
    race : Race
    time_ms : int
        Milliseconds since 1970 UTC.
    template : Template
    climb : str
        For :attr:`Template.CLIMB`: its name or a kilometre on it; empty: the last one ridden.
    most_rows : int
        At most so many lines.

    Raises
    ------
    InputError
        The race has nothing to say about this yet.
    """
    state = race.at(time_ms)
    if not len(state.order):
        raise InputError("Nobody rides at this moment; choose a later time for the card.")
    teller = _Teller(scene, race, state, most_rows)
    says = {
        Template.GAPS: teller.gaps,
        Template.CLIMB: lambda: teller.climb(climb),
        Template.SPEEDS: teller.speeds,
        Template.PROFILE: teller.profile,
    }
    title, subtitle, rows, note = says[template]()
    theme, stage = scene.theme, scene.stage
    km = theme.figure(f"{km_text(state.to_go_m)} km {theme.word('to_go')}")
    finished = state.to_go_m <= 0.0
    clock = local_clock_text(time_ms, stage.timezone)[:5]
    return CardFacts(
        template=template,
        title=title,
        subtitle=subtitle,
        stage=stage.name.replace(" > ", " – "),
        moment=f"{theme.word('finish')}  ·  {clock}" if finished else f"{km}  ·  {clock}",
        rows=tuple(rows),
        note=note,
        ridden_m=float(stage.route.finish_m - max(state.to_go_m, 0.0)),
    )


_Says = tuple[str, str, list[CardRow], str]


class _Teller:
    def __init__(self, scene: StageScene, race: Race, state: RaceState, most_rows: int) -> None:
        self.scene, self.race, self.state, self.most = scene, race, state, most_rows
        self.theme = scene.theme
        self.roster: Roster = roster_of(scene, state.riders.bibs)
        self.teams = {team.code: team.name for team in scene.stage.teams if team.name}

    def gaps(self) -> _Says:
        """Tell of groups from the front, with who is in them."""
        groups = self._groups(min(self.most, _MOST_GROUPS))
        if not groups:
            raise InputError("There are no groups at this moment; choose another time for the card.")
        known = [group.gap_to_head_s for group in groups if np.isfinite(group.gap_to_head_s)]
        widest = max([*known, 1.0])
        rows = []
        for number, group in enumerate(groups):
            leads = number == 0
            size = len(group.riders)
            rows.append(
                CardRow(
                    mark=str(size),
                    name=group_title(self.theme, group, self.roster),
                    detail="" if size == 1 else self._names(group),
                    figure="" if leads else gap_text(group.gap_to_head_s),
                    unit="",
                    colour=self.theme.colour(group.role.value),
                    share=float(np.nan_to_num(group.gap_to_head_s)) / widest,
                )
            )
        return self.theme.word("card_gaps"), self._ridden(), rows, ""

    def climb(self, words: str) -> _Says:
        """Tell who was fastest from the foot of a climb to its summit."""
        place = climb_named(self.scene.stage, words) if words else self._last_climb()
        taken = progress_on(self.race, place, self.state)
        done = np.isfinite(taken.time_on_s) & (taken.to_summit_m <= 0.0) & ~self.roster.vehicle
        order = np.flatnonzero(done)[np.argsort(taken.time_on_s[done], kind="stable")][: self.most]
        if not len(order):
            raise InputError(
                f"Nobody has been timed up {place.name} by then; choose a later time or --climb."
            )
        times_s = taken.time_on_s[order]
        rows = [
            self._rider_row(
                number,
                int(rider),
                clock_text(times_s[number]) if number == 0 else self._behind(times_s[number] - times_s[0]),
                "",
            )
            for number, rider in enumerate(order)
        ]
        return place.name, self._climb_says(place), rows, self.theme.word("card_climb_note")

    def _behind(self, gap_s: float) -> str:
        """Return how much later somebody was, or that it was in the same second."""
        return gap_text(gap_s) if gap_s >= 1.0 else self.theme.word("same_time")

    def speeds(self) -> _Says:
        """Tell who was fastest so far, over a window that is stated."""
        fastest = self._fastest()
        if not fastest:
            raise InputError("No speeds are known by then; choose a later time for the card.")
        rows = []
        for number, (rider, speed_mps, place_m) in enumerate(fastest):
            place = self.theme.figure(f"km {km_text(place_m)}")
            figure = self.theme.figure(f"{3.6 * speed_mps:.1f}")
            share = speed_mps / fastest[0][1]
            rows.append(
                self._rider_row(number, rider, figure, self.theme.word("speed_unit"), place, share=share)
            )
        return self.theme.word("card_speeds"), "", rows, self.theme.word("card_speeds_note")

    def profile(self) -> _Says:
        """Tell how far the race is, and who was first at the climbs behind."""
        stage, ridden_m = self.scene.stage, self.scene.stage.route.finish_m - self.state.to_go_m
        rows = []
        for place in climbs_of(stage):
            first = passages_at(self.race, place, until_ms=self.state.time_ms)[:1]
            rider = self._rider_of(first[0].bib) if first else -1
            if rider >= 0 and place.distance_m <= ridden_m + 1.0:
                category = category_text(self.theme, place.category)
                name = self.roster.riders[rider].display_name
                colour = self.theme.gate("climb")
                where = self.theme.figure(f"km {km_text(place.distance_m)}")
                rows.append(CardRow(category, place.name, where, name, "", colour))
        ascent_m = _ascent_m(stage.route, ridden_m)
        note = self.theme.word("card_profile_note") if rows else ""
        climbed = f"{metres_text(ascent_m)} m {self.theme.word('card_climbed')}"
        return self.theme.word("card_profile"), f"{self._ridden()}  ·  {climbed}", rows[-self.most :], note

    def _ridden(self) -> str:
        finish_m = self.scene.stage.route.finish_m
        ridden_m = finish_m - max(self.state.to_go_m, 0.0)
        return self.theme.figure(f"{km_text(ridden_m)} / {finish_m / 1000.0:.1f} km")

    def _groups(self, limit: int) -> list[Group]:
        groups = self.state.groups
        weight = sorted(range(len(groups)), key=lambda at: (at != 0, -len(groups[at].riders)))
        return [groups[at] for at in sorted(weight[:limit])]

    def _names(self, group: Group) -> str:
        riders = [self.roster.riders[int(at)] for at in group.riders]
        riders.sort(key=lambda rider: (not rider.jersey, (rider.bib - 1) % 10, rider.bib))
        names = ", ".join(rider.display_name for rider in riders[:_NAMED_RIDERS])
        return f"{names}, …" if len(riders) > _NAMED_RIDERS else names

    def _last_climb(self) -> Place:
        head_m = float(np.nanmax(self.state.riders.distance_m[self.state.order]))
        climbs = climbs_of(self.scene.stage)
        done = [climb for climb in climbs if climb.distance_m <= head_m]
        if not done:
            raise InputError("No climb has been ridden by then; choose a later time, or say --climb NAME.")
        return done[-1]

    def _climb_says(self, place: Place) -> str:
        says = [category_text(self.theme, place.category)]
        says.append(f"{(place.distance_m - foot_of(self.scene.stage, place)) / 1000.0:.1f} km")
        if np.isfinite(place.average_gradient_percent):
            says.append(f"{place.average_gradient_percent:.1f} %")
        return self.theme.figure("  ·  ".join(filter(None, says)))

    def _rider_row(
        self,
        number: int,
        rider: int,
        figure: str,
        unit: str,
        more: str = "",
        *,
        share: float = float("nan"),
    ) -> CardRow:
        who = self.roster.riders[rider]
        red, green, blue = self.roster.colours[rider].tolist()
        team = self.teams.get(who.team_code, who.team_code)
        detail = "  ·  ".join(filter(None, (team, more)))
        return CardRow(str(number + 1), who.display_name, detail, figure, unit, (red, green, blue), share)

    def _rider_of(self, bib: int) -> int:
        found = np.flatnonzero(self.state.riders.bibs == bib)
        return int(found[0]) if len(found) else -1

    def _fastest(self) -> list[tuple[int, float, float]]:
        """Return riders with their fastest kilometre so far, fastest first: index, m/s, and where it began.

        A kilometre counts where each of its moments is near a fix, for across a hole in the feed positions
        may jump, and where the field was not much slower: a tracker also goes on in a car.
        """
        history, riders = self.race.history, len(self.state.riders.bibs)
        ridden_m = self.scene.stage.route.finish_m - max(self.state.to_go_m, 0.0)
        places_m = np.arange(0.0, ridden_m, _SPEED_STEP_M)
        if len(places_m) <= _SPEED_STEPS:
            return []
        passed_ms = np.stack([history.passages_ms(place)[:riders] for place in places_m])
        passed_ms[passed_ms > self.state.time_ms] = np.nan
        from_ms, until_ms = passed_ms[:-_SPEED_STEPS], passed_ms[_SPEED_STEPS:]
        with np.errstate(divide="ignore", invalid="ignore"):
            speed = 1000.0 * _SPEED_WINDOW_M / (until_ms - from_ms)
        usable = np.isfinite(speed) & ~self.roster.vehicle & self._seen(from_ms, until_ms)
        speed = np.where(usable, speed, 0.0)
        fast = np.array([np.quantile(row[row > 0.0], 0.9) if (row > 0.0).any() else 0.0 for row in speed])
        speed[speed > _MOST_OVER_FIELD * fast[:, None]] = 0.0
        rows = speed.argmax(axis=0)
        best = speed[rows, np.arange(riders)]
        order = [
            rider for rider in np.argsort(-best, kind="stable")[: self.most].tolist() if best[rider] > 0.0
        ]
        return [(rider, float(best[rider]), float(places_m[rows[rider]])) for rider in order]

    def _seen(self, from_ms: NDArray[np.float64], until_ms: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell of spans of riders (n, k) whether positions are young all through them."""
        positions, riders = self.race.positions, from_ms.shape[1]
        moments_ms = np.arange(positions.start_ms, self.state.time_ms + _SEEN_STEP_MS, _SEEN_STEP_MS)
        old = np.zeros((len(moments_ms) + 1, riders), np.int32)
        for number, moment_ms in enumerate(moments_ms.tolist()):
            ages_s = positions.at(moment_ms).age_s[:riders]
            old[number + 1, : len(ages_s)] = ~(ages_s <= _YOUNG_S)
        count = np.cumsum(old, axis=0)

        def before(times_ms: NDArray[np.float64], past: int) -> NDArray[np.int32]:
            steps = (np.nan_to_num(times_ms, nan=positions.start_ms) - positions.start_ms) / _SEEN_STEP_MS
            return np.take_along_axis(count, np.clip(steps.astype(int) + past, 0, len(moments_ms)), axis=0)

        return np.asarray(before(until_ms, 2) == before(from_ms, 0))


def _ascent_m(route: Route, until_m: float) -> float:
    heights = np.asarray(route.height(np.arange(0.0, max(until_m, 0.0) + 1.0, 25.0)), float)
    return float(np.maximum(np.diff(heights), 0.0).sum())
