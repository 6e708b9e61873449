"""Fixes: decoded positions as columns, whatever format they came in."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class FixFlag(enum.IntFlag):
    """What the feed itself says about a fix."""

    NONE = 0
    PARKED = 1
    """A stale row of a tracker that is not in the race (no time to the first rider on a road stage)."""
    MATCHED = 2
    """Already put on the road by the sender."""
    FINISHED = 4


class FixSource(enum.IntEnum):
    """Where a fix was read from."""

    UNKNOWN = 0
    RACE_CENTER = 1
    """The stream, its REST documents, or a recording or log of them."""
    POSITIONS_FILE = 2
    """The Race Center's ``positions.csv``, published after a stage."""
    TABLE = 3
    """Our own CSV."""
    LINES = 4
    """Our own JSON lines, from a file or live."""
    GPX = 5
    NMEA = 6


@dataclass(frozen=True)
class Fixes:
    """Positions of all riders as columns of equal length n, in the order received.

    Attributes
    ----------
    bibs : (k,) int32
        Bib of each rider index, ascending; vehicles are negative.
    time_ms : (n,) int64
        When the position was measured, milliseconds since 1970 UTC.
    rider : (n,) int32
        Index into ``bibs``.
    lon_deg, lat_deg : (n,) float64
        WGS 84.
    speed_mps : (n,) float32
        As reported, NaN where it is not; lags the position by about 2.5 s on the Race Center feed.
    official_to_go_m : (n,) float64
        The sender's own distance to the finish, NaN where it gives none. Memoryless: never the truth.
    gap_to_first_s : (n,) float32
        The sender's own time to the first rider, NaN where it gives none.
    flags : (n,) uint8
        :class:`FixFlag` bits.
    source : (n,) uint8
        :class:`FixSource` of each.
    refused : dict of str to int
        How many rows could not be used, by cause in plain words.
    vehicle_names : dict of int to str
        Names that the feed itself gives vehicles, by (negative) bib.
    jerseys : dict of int to str
        Jersey worn by bib, as the feed's newest word ("yellow", "green", "polka", "white").
    time_trial : bool
        The feed times riders against the best and never against the first on the road.
    """

    bibs: NDArray[np.int32]
    time_ms: NDArray[np.int64]
    rider: NDArray[np.int32]
    lon_deg: NDArray[np.float64]
    lat_deg: NDArray[np.float64]
    speed_mps: NDArray[np.float32]
    official_to_go_m: NDArray[np.float64]
    gap_to_first_s: NDArray[np.float32]
    flags: NDArray[np.uint8]
    source: NDArray[np.uint8]
    refused: dict[str, int] = field(default_factory=dict)
    vehicle_names: dict[int, str] = field(default_factory=dict)
    jerseys: dict[int, str] = field(default_factory=dict)
    time_trial: bool = False

    def __len__(self) -> int:
        return len(self.time_ms)
