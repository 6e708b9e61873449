"""Fixes that have been put on the road, and where every rider is at one moment."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


SPEED_WINDOW_S = 10.0
"""Speeds are means over this window, centred on the moment."""

PRESENCE_AGES_S = (12.0, 40.0, 300.0)
"""From these ages on a rider is coasting, stale, lost."""

UNCERTAIN_AGES_S = (0.0, 6.0, 12.0, 18.0, 30.0, 48.0, 60.0, 150.0, 300.0)
BETWEEN_FIXES_M = (2.0, 3.0, 4.5, 6.0, 9.0, 16.0, 25.0, 80.0, 200.0)
BEYOND_FIXES_M = (2.5, 3.5, 9.5, 18.0, 40.0, 70.0, 87.0, 900.0, 2400.0)
"""Medians of the errors along the road at these ages, between two fixes and after the last one, as measured
on a road stage; beyond a minute they are what a rider rides at most while he is held."""


class Verdict(enum.IntEnum):
    """What became of a fix; everything from ``OFF_ROAD`` on is rejected and never moves a rider."""

    HIGH = 0
    LOW = 1
    """Accepted, but far from the road or after a long silence."""
    OFF_ROAD = 2
    TELEPORT = 3
    """No rider is that fast."""
    BACKWARDS = 4
    SECOND_TRACKER = 5
    """Another tracker under the same bib."""

    @property
    def accepted(self) -> bool:
        """Whether a fix with this verdict moves its rider."""
        return self < Verdict.OFF_ROAD


@dataclass(frozen=True)
class Tracks:
    """Every usable fix with its place on the road, as columns of equal length n.

    Sorted by rider index, then time; (rider, time) is unique.

    Attributes
    ----------
    bibs : (k,) int32
        Bib of each rider index.
    time_ms : (n,) int64
    rider : (n,) int32
    lon_deg, lat_deg : (n,) float64
        As received.
    distance_m : (n,) float64
        Official road distance from km 0; for a rejected fix that of the nearest place on the road.
    lateral_m : (n,) float64
        Signed offset, positive left of the direction of the race.
    speed_mps : (n,) float64
        Along the road, corrected for the feed's lag where it reports speed, else from the distances.
    verdict : (n,) uint8
        :class:`Verdict`.
    dropped : dict of str to int
        Rows that were not fixes at all (parked, duplicates, frozen after the finish), by cause.
    """

    bibs: NDArray[np.int32]
    time_ms: NDArray[np.int64]
    rider: NDArray[np.int32]
    lon_deg: NDArray[np.float64]
    lat_deg: NDArray[np.float64]
    distance_m: NDArray[np.float64]
    lateral_m: NDArray[np.float64]
    speed_mps: NDArray[np.float64]
    verdict: NDArray[np.uint8]
    dropped: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.time_ms)


class Presence(enum.IntEnum):
    """How far a rider's shown position can be trusted, by the age of what it rests on."""

    LIVE = 0
    """Under 12 s."""
    COASTING = 1
    """12 to 40 s."""
    STALE = 2
    """Over 40 s."""
    LOST = 3
    """Over 5 min: no word of an abandonment."""
    ABSENT = 4
    """Not seen yet: no position at all, every number is NaN."""


@dataclass(slots=True)
class RiderStates:
    """All riders at one moment, as arrays over rider index.

    It is made for every frame, and not frozen: that would take a microsecond more.

    Attributes
    ----------
    time_ms : int
    bibs : (k,) int32
    distance_m, speed_mps, lateral_m : (k,) float64
        On the road; NaN for the absent.
    age_s : (k,) float64
        Distance in time to the nearest fix that the position rests on.
    presence : (k,) uint8
        :class:`Presence`.
    finished : (k,) bool
    uncertainty_m : (k,) float64
        Half of all errors along the road are smaller: it grows with the age, and faster after a rider's last
        fix than between two. Left out, it is taken to be between two.
    """

    time_ms: int
    bibs: NDArray[np.int32]
    distance_m: NDArray[np.float64]
    speed_mps: NDArray[np.float64]
    lateral_m: NDArray[np.float64]
    age_s: NDArray[np.float64]
    presence: NDArray[np.uint8]
    finished: NDArray[np.bool_]
    uncertainty_m: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        if not len(self.uncertainty_m):
            self.uncertainty_m = np.interp(self.age_s, UNCERTAIN_AGES_S, BETWEEN_FIXES_M)
