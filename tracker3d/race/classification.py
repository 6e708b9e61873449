"""The general classification as it would be if the race ended as it stands: virtual, and labelled so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tracker3d.race.model import RaceState
    from tracker3d.race.race import Race

SAME_TIME_S = 1.0
"""At the line riders get the time of their group's first: a group ends where a gap of a second opens."""


@dataclass(frozen=True)
class ClassifiedRider:
    """A line of the classification.

    Attributes
    ----------
    position, position_before : int
        From 1; among those classified now.
    bib : int
    before_s : float
        Time before the stage.
    gap_s : float
        On this stage, of his group behind the head of the race; in a time trial behind the best.
    behind_s : float
        Behind the first of the classification.
    """

    position: int
    position_before: int
    bib: int
    before_s: float
    gap_s: float
    behind_s: float


@dataclass(frozen=True)
class Classification:
    """A classification at one moment.

    Attributes
    ----------
    time_ms : int
    riders : tuple of ClassifiedRider
        By position.
    unknown : tuple of int
        Bibs with a time before the stage of whom nothing is known now: not on the road, lost, or without
        history.
    virtual : bool
        True while riders are on the road; then it must be shown as virtual. Bonuses are never in it.
    """

    time_ms: int
    riders: tuple[ClassifiedRider, ...]
    unknown: tuple[int, ...]
    virtual: bool


def group_gaps_s(race: Race, state: RaceState) -> NDArray[np.float64]:
    """Return each rider's time behind the head of the race as it counts: that of his group's first, (k,)."""
    gap_s = state.gap_s.copy()
    for group in state.groups:
        gap_s[group.riders] = group.gap_to_head_s
    finish_ms = race.positions.finish_ms[: len(gap_s)]
    arrived = np.flatnonzero(state.riders.finished & (state.riders.bibs > 0))
    if len(arrived):
        arrived = arrived[np.argsort(finish_ms[arrived], kind="stable")]
        times_s = finish_ms[arrived] / 1000.0
        begins = np.concatenate([[True], np.diff(times_s) >= SAME_TIME_S])
        first_s = times_s[np.flatnonzero(begins)[np.cumsum(begins) - 1]]
        gap_s[arrived] = first_s - times_s[0]
    return gap_s


def virtual_classification(
    race: Race,
    state: RaceState,
    before_s: Mapping[int, float],
    *,
    gap_s: NDArray[np.float64] | None = None,
) -> Classification:
    """Add each rider's gap now to his time before the stage.

    Parameters
    ----------
    race : Race
    state : RaceState
        The moment.
    before_s : mapping of bib to seconds
        Times before the stage; only differences count. Who is missing in it is not classified, and neither
        is who has left the race by the feed's word.
    gap_s : (k,) float64, optional
        What counts on this stage instead of the time behind the head, as
        :meth:`~tracker3d.race.time_trial.TimeTrial.against_best_s` in a time trial.
    """
    gaps = group_gaps_s(race, state) if gap_s is None else gap_s
    stage_number = race.reports.stage_number
    out = {gone.bib for gone in race.reports.withdrawals if gone.stage_number <= stage_number}
    before_s = {bib: time_s for bib, time_s in before_s.items() if bib not in out}
    bibs = state.riders.bibs.tolist()
    now_s = {bib: gap for bib, gap in zip(bibs, gaps.tolist(), strict=True) if bib in before_s and gap == gap}
    rows = sorted(now_s, key=lambda bib: (before_s[bib] + now_s[bib], before_s[bib], bib))
    were = {bib: at + 1 for at, bib in enumerate(sorted(now_s, key=lambda bib: (before_s[bib], bib)))}
    first_s = before_s[rows[0]] + now_s[rows[0]] if rows else 0.0
    racing = (state.riders.bibs > 0) & ~state.riders.finished
    return Classification(
        time_ms=state.time_ms,
        riders=tuple(
            ClassifiedRider(
                position=at + 1,
                position_before=were[bib],
                bib=bib,
                before_s=before_s[bib],
                gap_s=now_s[bib],
                behind_s=before_s[bib] + now_s[bib] - first_s,
            )
            for at, bib in enumerate(rows)
        ),
        unknown=tuple(sorted(bib for bib in before_s if bib not in now_s)),
        virtual=bool(racing[state.order].any()) or not state.riders.finished.any(),
    )
