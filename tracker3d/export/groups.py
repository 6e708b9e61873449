"""Groups instead of riders: the first, the second and further groups on the road, at their first riders."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tracker3d.export.paths import RacePaths
    from tracker3d.race import Race

MOST_GROUPS = 8
STEP_S = 5
"""How often it is looked who rides in front of which group."""


def group_paths(race: Race, paths: RacePaths) -> RacePaths:
    """Return paths of the first rider of each group, by order on the road.

    ``bibs`` are 1 for the first group and so on. Where there are fewer, the others are with the last one.
    """
    looks = np.arange(0, len(paths.times_s), STEP_S)
    front = np.zeros((len(looks), MOST_GROUPS), np.int64)
    column = {bib: index for index, bib in enumerate(paths.bibs.tolist())}
    for row, second in enumerate(looks.tolist()):
        state = race.at(paths.start_ms + 1000 * second)
        leading = [column.get(int(state.riders.bibs[group.riders[0]]), -1) for group in state.groups]
        shown = [index for index in leading if index >= 0][:MOST_GROUPS]
        if not shown:
            riding = np.where(paths.bibs >= 0, paths.distance_m[second], -np.inf)
            shown = [int(riding.argmax())]
        front[row] = [*shown, *[shown[-1]] * (MOST_GROUPS - len(shown))]
    most = max(1, max(len(set(row)) for row in front.tolist()))
    chosen = np.repeat(front[:, :most], STEP_S, axis=0)[: len(paths.times_s)]
    rows = np.arange(len(chosen))[:, None]
    return dataclasses.replace(
        paths,
        bibs=np.arange(1, most + 1, dtype=np.int32),
        positions_m=paths.positions_m[rows, chosen],
        first_seen_s=np.zeros(most),
        distance_m=paths.distance_m[rows, chosen],
        lateral_m=paths.lateral_m[rows, chosen],
    )
