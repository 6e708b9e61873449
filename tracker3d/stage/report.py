"""What was prepared, in sentences for whoever prepared it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.stage.model import PlaceKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tracker3d.stage.model import Stage
    from tracker3d.stage.route import Route
    from tracker3d.stage.source import Source

_MERGED_GAP_M = 100.0


@dataclass(frozen=True)
class PrepareReport:
    """What was prepared, and what to know about it.

    ``findings`` are statements, ``warnings`` what the user should look at; one sentence each.
    """

    path: Path
    stage: Stage
    findings: tuple[str, ...]
    warnings: tuple[str, ...]

    def lines(self) -> list[str]:
        """Return the report as lines for a console."""
        return [
            *self.findings,
            *(f"Warning: {warning}" for warning in self.warnings),
            f"Written: {self.path}",
        ]


def covered_intervals(route: Route) -> tuple[tuple[float, float], ...]:
    """Return (from, to) road distances with elevation data, gaps of a few metres closed."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], route.covered.astype(np.int8), [0]])))
    intervals: list[tuple[float, float]] = []
    for first, after in edges.reshape(-1, 2):
        begin_m = float(route.distance_m[first])
        end_m = min(float(route.distance_m[after - 1]), route.finish_m)
        if intervals and begin_m - intervals[-1][1] <= _MERGED_GAP_M:
            intervals[-1] = (intervals[-1][0], end_m)
        else:
            intervals.append((begin_m, end_m))
    return tuple(intervals)


def coverage_sentence(route: Route, intervals: Sequence[tuple[float, float]]) -> str:
    """Say which kilometres of the road have elevation data."""
    if not intervals:
        return "No elevation data: the ground is an apron at the road's own height."
    if len(intervals) == 1 and intervals[0] == (route.start_m, route.finish_m):
        return "The DEM covers the whole road."
    spans = [f"km {begin_m / 1000:.1f} to {end_m / 1000:.1f}" for begin_m, end_m in intervals[:6]]
    more = f" and {len(intervals) - 6} shorter pieces" if len(intervals) > 6 else ""
    return (
        f"The DEM covers {', '.join(spans)}{more} of the road; "
        "elsewhere the ground is an apron at the road's own height."
    )


def findings_of(stage: Stage, source: Source) -> list[str]:
    """Say what was prepared: its length, climbs, structures and coverage."""
    route = stage.route
    neutral = f" after {-route.start_m / 1000:.1f} km of neutralised start" if route.start_m < -50.0 else ""
    stated = f" ({source.ascent_m:,.0f} m stated)" if math.isfinite(source.ascent_m) else ""
    riders = sum(not rider.vehicle for rider in stage.riders)
    people = f", {riders} riders in {len(stage.teams)} teams" if riders else ""
    length = f"{route.finish_m / 1000:.2f} km{neutral}"
    findings = [f"{stage.name}: {length}, {route.ascent_m:,.0f} m of climbing{stated}{people}."]
    climbs = [place for place in stage.places if place.kind is PlaceKind.CLIMB]
    if climbs:
        findings.append(f"Climbs: {', '.join(place.name for place in climbs)}.")
    apart_m = float(route.on_structure.sum()) * route.step_m
    if apart_m > 0.0:
        findings.append(f"Tunnels and bridges: {apart_m / 1000:.1f} km of the road.")
    findings.append(coverage_sentence(route, stage.coverage.covered_m))
    return findings
