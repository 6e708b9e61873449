"""What a feed knows better than the stage that was prepared for it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.stage.model import Rider
from tracker3d.timespec import local_date

if TYPE_CHECKING:
    from tracker3d.feed.fixes import Fixes
    from tracker3d.stage.model import Stage


def with_feed_facts(stage: Stage, fixes: Fixes) -> Stage:
    """Return the stage with what the feed knows better.

    Jerseys and vehicle names, everybody who sends a position, and, where the road came without them, the day
    and that it is a time trial.
    """
    riders = {rider.bib: rider for rider in stage.riders}
    for bib in (int(bib) for bib in fixes.bibs):
        name = fixes.names.get(bib, "")
        if bib not in riders:
            riders[bib] = Rider(bib=bib, last_name=name, vehicle=bib < 0)
        elif name and not riders[bib].last_name:
            riders[bib] = dataclasses.replace(riders[bib], last_name=name)
    if fixes.jerseys:
        riders = {
            bib: dataclasses.replace(rider, jersey=fixes.jerseys.get(bib, ""))
            for bib, rider in riders.items()
        }
    in_order = sorted(riders.values(), key=lambda rider: (rider.vehicle, abs(rider.bib)))
    return dataclasses.replace(
        stage,
        riders=tuple(in_order),
        date=stage.date or local_date(float(np.median(fixes.time_ms)), stage),
        time_trial=stage.time_trial or fixes.time_trial,
    )
