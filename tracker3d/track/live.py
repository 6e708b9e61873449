"""Fixes put on the road as they arrive.

The same steps as over a whole recording, fix by fix: what a fix means is settled when three newer ones of its
rider have come (:data:`tracker3d.track.live_windows.LAG`), and until then it may still be taken otherwise. So
live and replay agree but where only later fixes could tell.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.feed.fixes import FixFlag
from tracker3d.track.live_steps import (
    OUT_COLUMNS,
    OUT_LAT,
    OUT_LATERAL,
    OUT_LON,
    OUT_MPS,
    OUT_PLACE,
    OUT_RIDER,
    OUT_SERIAL,
    OUT_SMOOTH,
    OUT_TIME,
    OUT_VERDICT,
    OUT_X,
    OUT_Y,
    settle_all,
    take_fixes,
)
from tracker3d.track.live_windows import (
    FIX_LAT,
    FIX_LON,
    FIX_MPS,
    FIX_SERIAL,
    FIX_TIME,
    FIX_X,
    FIX_Y,
    OPEN,
    Windows,
    empty_windows,
    new_scratch,
)
from tracker3d.track.model import Tracks
from tracker3d.track.places import RoadPlaces
from tracker3d.track.projecting import Projection
from tracker3d.track.snap import GATE_M

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.feed.fixes import Fixes
    from tracker3d.stage.model import Stage
    from tracker3d.track.live_windows import Scratch

_USUAL_NOISE_M = 5.0
_MANY_FIXES = 4096
"""From so many fixes at once on, a second thread does half of the riders; below, waking it costs more."""


@dataclass(frozen=True)
class Settled:
    """Fixes whose place is settled, n of them.

    Attributes
    ----------
    tracks : Tracks
        In the order settled; its ``rider`` counts into all bibs seen so far.
    smooth_m : (n,) float64
        Where the rider was at that moment, weighed with the speeds and the fixes around; NaN before the
        rider's first accepted fix.
    serial : (n,) int64
        Which fix it is, counting all fixes ever added from 0.
    """

    tracks: Tracks
    smooth_m: NDArray[np.float64]
    serial: NDArray[np.int64]


class LiveTracks:
    """Every rider's way so far, kept up to date fix by fix.

    Parameters
    ----------
    stage : Stage
    noise_m : float, optional
        Scale of the lateral offsets of good fixes. Without it the feed's own is followed.

    Attributes
    ----------
    windows : Windows
        State arrays over riders, for :class:`~tracker3d.track.live_motion.LiveMotion`; there is room for
        more riders than there are.
    left_out : (2,) int64
        Fixes received twice, and those that came too late to count.
    """

    def __init__(self, stage: Stage, *, noise_m: float | None = None) -> None:
        self._projection = Projection(stage)
        self._road = RoadPlaces(stage.route, gate_m=GATE_M)
        self._learn_noise = noise_m is None
        self._noise = np.array([noise_m or _USUAL_NOISE_M, 0.0])
        self._scratch = new_scratch()
        self._index: dict[int, int] = {}
        self._bibs = np.zeros(0, np.int32)
        self._last_bibs: tuple[NDArray[np.int32], NDArray[np.int64]] | None = None
        self._start_ms: int | None = None
        self._added = 0
        self.windows: Windows = empty_windows(0)
        self.left_out = np.zeros(2, np.int64)

    @property
    def bibs(self) -> NDArray[np.int32]:
        """Bib of each rider index, in the order in which they were first seen; (k,) int32."""
        return self._bibs

    @property
    def start_ms(self) -> int:
        """The moment that times in ``windows`` count from: the first fix added, 0 before it."""
        return self._start_ms or 0

    @property
    def noise_m(self) -> float:
        """Scale of the lateral offsets in use."""
        return float(self._noise[0])

    def add(self, fixes: Fixes) -> Settled:
        """Take fixes in the order received, and return those that they settle.

        Parked trackers are left out. A fix may be older than its rider's newest one by up to three fixes.
        """
        rider = self._riders(fixes.bibs)[fixes.rider]
        rows = np.flatnonzero((fixes.flags & FixFlag.PARKED) == 0)
        if self._start_ms is None and len(rows):
            self._start_ms = int(fixes.time_ms[rows].min())
        columns = np.empty((len(rows), 7))
        columns[:, FIX_TIME] = (fixes.time_ms[rows] - self.start_ms) / 1000.0
        lon_deg, lat_deg = fixes.lon_deg[rows], fixes.lat_deg[rows]
        columns[:, FIX_LON], columns[:, FIX_LAT] = lon_deg, lat_deg
        columns[:, FIX_X], columns[:, FIX_Y] = self._projection.to_local(lon_deg, lat_deg)
        columns[:, FIX_MPS] = fixes.speed_mps[rows]
        columns[:, FIX_SERIAL] = np.arange(self._added, self._added + len(rows))
        self._added += len(rows)
        return self._settled(self._take(rider[rows], columns))

    def _take(self, rider: NDArray[np.int64], columns: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take fixes, those of a large field in two halves that have no rider in common."""
        if len(rider) < _MANY_FIXES:
            return self._take_part(rider, columns, self._scratch, self._noise, self.left_out)
        second = rider >= np.median(rider)
        noise, left_out = self._noise.copy(), np.zeros(2, np.int64)
        with ThreadPoolExecutor(1) as thread:
            other = thread.submit(
                self._take_part, rider[second], columns[second], new_scratch(), noise, left_out
            )
            first = self._take_part(
                rider[~second], columns[~second], self._scratch, self._noise, self.left_out
            )
            settled = np.concatenate([first, other.result()])
        self._noise[:] = 0.5 * (self._noise + noise)
        self.left_out += left_out
        return settled

    def _take_part(
        self,
        rider: NDArray[np.int64],
        columns: NDArray[np.float64],
        scratch: Scratch,
        noise: NDArray[np.float64],
        left_out: NDArray[np.int64],
    ) -> NDArray[np.float64]:
        out = np.empty((len(rider), OUT_COLUMNS))
        count = take_fixes(
            *(self.windows, self._road.legs, scratch, rider, columns),
            *(self._learn_noise, noise, left_out, out),
        )
        return out[:count]

    def settle(self) -> Settled:
        """Settle what is still open, at the end of a feed."""
        out = np.empty((int(self.windows.counts[:, OPEN].sum()), OUT_COLUMNS))
        count = settle_all(self.windows, self._scratch, len(self._bibs), out)
        return self._settled(out[:count])

    def _riders(self, bibs: NDArray[np.int32]) -> NDArray[np.int64]:
        """Index of each bib, with room made for new ones."""
        if self._last_bibs is None or not np.array_equal(self._last_bibs[0], bibs):
            new = [int(bib) for bib in bibs if int(bib) not in self._index]
            for bib in new:
                self._index[bib] = len(self._index)
            self._bibs = np.append(self._bibs, np.array(new, np.int32))
            if len(self._bibs) > len(self.windows.counts):
                more = empty_windows(len(self._bibs) + len(self._bibs) // 4 - len(self.windows.counts))
                self.windows = Windows(
                    *(np.concatenate([old, added]) for old, added in zip(self.windows, more, strict=True))
                )
            index = np.array([self._index[int(bib)] for bib in bibs], np.int64)
            self._last_bibs = (bibs.copy(), index)
        return self._last_bibs[1]

    def _settled(self, out: NDArray[np.float64]) -> Settled:
        distance_m, lateral_m = out[:, OUT_PLACE], out[:, OUT_LATERAL]
        far = np.flatnonzero(np.isnan(distance_m))
        if len(far):
            distance_m[far], lateral_m[far] = self._road.nearest(out[far, OUT_X], out[far, OUT_Y])
        tracks = Tracks(
            bibs=self._bibs,
            time_ms=self.start_ms + np.rint(1000.0 * out[:, OUT_TIME]).astype(np.int64),
            rider=out[:, OUT_RIDER].astype(np.int32),
            lon_deg=out[:, OUT_LON],
            lat_deg=out[:, OUT_LAT],
            distance_m=distance_m,
            lateral_m=lateral_m,
            speed_mps=out[:, OUT_MPS],
            verdict=out[:, OUT_VERDICT].astype(np.uint8),
        )
        return Settled(tracks, out[:, OUT_SMOOTH], out[:, OUT_SERIAL].astype(np.int64))
