"""The race while it goes on: the same race, over positions that grow.

Once a second a row of what is known of that moment is kept; groups, gaps and events go on from there, and
what was said of a moment stays. A moment can be shown as soon as two later rows are there, so the delay of
what is on air is the feed's own (some 8 s) and 2 s more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker3d.race.positions import ROW_MS, PositionTable
from tracker3d.race.race import Race
from tracker3d.track.live_motion import DELAY_S, LiveMotion

if TYPE_CHECKING:
    from tracker3d.feed.reports import Reports
    from tracker3d.race.grouping import GroupRule
    from tracker3d.stage.model import Stage
    from tracker3d.track.live import LiveTracks

_MOST_ROWS = 600


class LiveRace:
    """Keeps a race up to date.

    Parameters
    ----------
    stage : Stage
    tracks : LiveTracks
        Goes on taking fixes.
    delay_s : float
        How long ago the newest moment is; see :class:`~tracker3d.track.live_motion.LiveMotion`.
    rule : GroupRule, optional

    Attributes
    ----------
    race : Race
        As far as it has gone: any moment up to ``race.end_ms`` can be asked for, the past too.
    """

    def __init__(
        self, stage: Stage, tracks: LiveTracks, *, delay_s: float = DELAY_S, rule: GroupRule | None = None
    ) -> None:
        self._tracks = tracks
        self._motion = LiveMotion(tracks, stage.route, delay_s=delay_s)
        self._table = PositionTable(finish_m=float(stage.route.finish_m))
        self._table.reserve(len(stage.riders))
        self.race = Race(stage, self._table, rule=rule)
        self._held_rows = 0

    def advance(self, now_ms: float, reports: Reports | None = None, *, hold_rows: int = 1) -> Race:
        """Go on to a moment of the race's clock, and return the race.

        ``hold_rows``: groups and events go on once so many rows are there. What is said of a moment is the
        same; many at once take half of the time, as when a whole recording is read back.

        Costs little when called for every frame: work is done once a second. After a long pause it catches
        up by ten minutes a call.
        """
        if not len(self._tracks.bibs):
            return self.race
        delay_ms = 1000.0 * self._motion.delay_s
        if not len(self._table):
            self._table.begin(-(-self._tracks.start_ms // ROW_MS) * ROW_MS)
        rows = int((now_ms - delay_ms - self._table.next_ms) // ROW_MS) + 1
        for _ in range(min(rows, _MOST_ROWS)):
            self._table.append(self._motion.at(self._table.next_ms + delay_ms))
        self._held_rows += max(rows, 0)
        if self._held_rows >= hold_rows or reports is not None:
            self._held_rows = 0
            self.race.extend(reports)
        return self.race
