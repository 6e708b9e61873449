"""Messages of a live feed to fixes, batch by batch, without decoding anything twice."""

from __future__ import annotations

import math
from collections import Counter, deque
from typing import TYPE_CHECKING

from tracker3d.feed.columns import MOST_RIDERS, FixColumns
from tracker3d.feed.gathering import ReportBook
from tracker3d.feed.message import Shape, shape_of
from tracker3d.feed.nmea import add_nmea
from tracker3d.feed.racecenter import add_frame, decode_message, is_other_day, mark_rows, noon_of
from tracker3d.feed.tables import add_json_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tracker3d.feed.fixes import Fixes
    from tracker3d.feed.message import Message
    from tracker3d.feed.racecenter import Frame
    from tracker3d.feed.reports import Reports
    from tracker3d.stage.model import Stage

_RECENT_MESSAGES = 32
_RECENT_TIMES = 64
_STAGE_VOTES = 50
_CLOCK_SAMPLES = 100


class FixStream:
    """Decodes messages as they come; every call of :meth:`add` gives what is new.

    The decoders are those of recordings. What a live feed sends again is left out and counted: the same
    message, and positions of a rider at a time that he already has (after a reconnect the server sends old
    frames, after the finish the last one goes on and on). A frame that comes late but was never seen is
    *not* left out: it holds positions that nobody has, and its rows say when they were measured. Frames of
    another day are left out, and where the stage has no date those of another stage than most of late.

    Parameters
    ----------
    stage : Stage
        Tells a time trial from a road stage, and the day.

    Attributes
    ----------
    dropped : Counter
        What could not be used or was there already, by cause.
    late_fixes : int
        Fixes that came after a newer one of the same rider.
    """

    def __init__(self, stage: Stage) -> None:
        self._time_trial = stage.time_trial
        self._noon_ms = noon_of(stage)
        self._recent: dict[tuple[str, bytes], None] = {}
        self._seen_ms: dict[int, dict[float, None]] = {}
        self._newest_ms = -math.inf
        self._stage_ids: deque[str] = deque(maxlen=_STAGE_VOTES)
        self._gap_seen = self._split_seen = False
        self._transit_ms: deque[float] = deque(maxlen=_CLOCK_SAMPLES)
        self._delay_ms: deque[float] = deque(maxlen=_CLOCK_SAMPLES)
        self._book = ReportBook(stage)
        self.dropped: Counter[str] = Counter()
        self.late_fixes = 0

    @property
    def reports(self) -> Reports:
        """What the feed has said besides positions so far."""
        return self._book.reports

    @property
    def skew_ms(self) -> float | None:
        """The machine's clock minus the feed's, plus the shortest way of a message; None while unknown."""
        return min(self._transit_ms, default=None)

    @property
    def delay_ms(self) -> float | None:
        """How old positions are when they arrive, by this machine's clock: the median of late."""
        ages = sorted(self._delay_ms)
        return ages[len(ages) // 2] if ages else None

    def add(self, messages: Iterable[Message]) -> Fixes:
        """Decode messages in the order received.

        Returns
        -------
        Fixes
            Only what is new, possibly nothing; ``refused`` is of these messages alone, ``bibs`` too.
        """
        columns = FixColumns()
        for message in messages:
            if self._is_repeated(message.topic, message.data):
                columns.refused["messages received twice"] += 1
                continue
            begin = len(columns)
            self._decode(message, columns)
            self._drop_known(columns, begin)
        self._gap_seen |= any(gap is not None for gap in columns.gap_s)
        columns.time_trial = self._split_seen and not self._gap_seen
        mark_rows(columns, time_trial=self._time_trial or columns.time_trial, gaps_told=self._gap_seen)
        fixes = columns.usable()
        self.dropped.update(fixes.refused)
        return fixes

    def _is_repeated(self, topic: str, data: bytes) -> bool:
        if (topic, data) in self._recent:
            return True
        self._recent[topic, data] = None
        if len(self._recent) > _RECENT_MESSAGES:
            del self._recent[next(iter(self._recent))]
        return False

    def _decode(self, message: Message, columns: FixColumns) -> None:
        shape = shape_of(message.data)
        if shape is Shape.NMEA:
            add_nmea(message.data, columns, topic=message.topic)
        elif shape is Shape.LINES:
            add_json_lines(message.data, columns)
        else:
            frames, documents = decode_message(message.data, columns.refused)
            for document in documents:
                self._book.add_document(document, receive_ms=message.receive_ms)
            for frame in frames:
                if self._is_of_this_stage(frame, columns.refused):
                    self._watch_clocks(frame, message.receive_ms)
                    self._split_seen |= any(row.secToITTLead is not None for row in frame.Riders or [])
                    add_frame(frame, columns)
                    self._book.add_frame(frame)

    def _is_of_this_stage(self, frame: Frame, refused: Counter[str]) -> bool:
        if is_other_day(frame.time_ms, self._noon_ms):
            refused["frames of another day"] += 1
            return False
        if not frame.StageId:
            return True
        self._stage_ids.append(frame.StageId)
        votes = Counter(self._stage_ids)
        if votes[frame.StageId] < max(votes.values()):
            refused["frames of another stage"] += 1
            return False
        return True

    def _watch_clocks(self, frame: Frame, receive_ms: int) -> None:
        if frame.time_ms is None or not math.isfinite(frame.time_ms):
            return
        if frame.time_ms > self._newest_ms:
            self._newest_ms = frame.time_ms
            self._delay_ms.append(receive_ms - frame.time_ms)
            if frame.sent_ms is not None:
                self._transit_ms.append(receive_ms - frame.sent_ms)

    def _drop_known(self, columns: FixColumns, begin: int) -> None:
        """Leave out rows of a rider at a time that an earlier message gave him.

        Several rows of one bib within one message stay: two trackers may send under it.
        """
        rows = list(zip(columns.bib[begin:], columns.time_ms[begin:], strict=True))
        wanted = [self._verdict(bib, time_ms, columns.refused) for bib, time_ms in rows]
        if not all(wanted):
            columns.keep(wanted, begin=begin)
        positions = zip(columns.lat_deg[begin:], columns.lon_deg[begin:], strict=True)
        kept = zip(columns.bib[begin:], columns.time_ms[begin:], positions, strict=True)
        for bib, time_ms, position in kept:
            # A row without a position gives the rider nothing: the next may.
            if bib is not None and time_ms is not None and None not in position:
                self._remember(bib, time_ms)

    def _remember(self, bib: int, time_ms: float) -> None:
        times = self._seen_ms.pop(bib, {})
        self.late_fixes += bool(times) and time_ms < next(reversed(times))
        self._seen_ms[bib] = times
        times[time_ms] = None
        if len(times) > _RECENT_TIMES:
            del times[next(iter(times))]
        if len(self._seen_ms) > MOST_RIDERS:
            # Bibs that are noise: the one that was silent for longest is forgotten.
            del self._seen_ms[next(iter(self._seen_ms))]

    def _verdict(self, bib: int | None, time_ms: float | None, refused: Counter[str]) -> bool:
        if bib is None or time_ms is None:
            return True
        if time_ms in self._seen_ms.get(bib, ()):
            refused["positions received again"] += 1
            return False
        if is_other_day(time_ms, self._noon_ms):
            refused["positions of another day"] += 1
            return False
        return True
