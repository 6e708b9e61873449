"""Draws one bus of a show into a view: when something is new, and as well as there is time for."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from tracker3d.app.pacing import Pacer, Quality

if TYPE_CHECKING:
    from tracker3d.app.monitor import Monitor
    from tracker3d.app.view import StageView
    from tracker3d.app.watchdog import Watchdog
    from tracker3d.show import Show, Side

_LOG = logging.getLogger(__name__)


class BusView(QObject):
    """One bus on one monitor.

    Parameters
    ----------
    side : Side
    monitor : Monitor
    wall_clock : callable
        Seconds of a monotonic clock.
    watchdog : Watchdog
        Told what is drawing and what is not.

    Signals
    -------
    said : str
        Something that the operator should read.
    """

    said = Signal(str)

    def __init__(self, side: Side, monitor: Monitor, watchdog: Watchdog) -> None:
        super().__init__()
        self.side, self.monitor = side, monitor
        self.pacer = Pacer()
        self.show: Show | None = None
        self._watchdog = watchdog
        self._view: StageView | None = None
        self._viewport_px = (0, 0)
        self._ground_faults = 0
        self._fault = ""
        self._moved = False

    @property
    def view(self) -> StageView | None:
        """What draws; None before it is made and after it has gone."""
        return self._view

    def set_view(self, view: StageView) -> None:
        """Draw here from now on."""
        self._view = view
        view.watchdog = self._watchdog
        self.monitor.set_view(view)

    def set_show(self, show: Show | None) -> None:
        """Draw another show, from the next frame on; its ground is built now."""
        self.show = show
        if self._view is not None and show is not None:
            with self._watchdog.drawing():
                self._view.set_stage(show.scene)
            self.pacer.changed = True

    def shut(self) -> None:
        """Release the graphics."""
        if self._view is not None:
            self._view.shut()
            self._view = None

    def advance(self, wall_s: float) -> None:
        """Draw what is due. It never raises."""
        try:
            self._advance(wall_s)
        except Exception as error:
            if repr(error) != self._fault:
                self._fault = repr(error)
                _LOG.exception("A frame could not be drawn")
                self.said.emit(f"A fault in the program: {error!r}. The picture may stand still.")

    def painted(self, wall_s: float) -> None:
        """Take note that a picture is on the screen."""
        self.pacer.painted(wall_s)

    def _advance(self, wall_s: float) -> None:
        show, view = self.show, self._view
        if show is None or view is None:
            return
        moving = show.moving(self.side, wall_s)
        # A move that is over is drawn where it ends, however late the last frame of it came.
        self.pacer.changed = self.pacer.changed or (self._moved and not moving)
        self._moved = moving
        if view.viewport_px != self._viewport_px:
            self._viewport_px = view.viewport_px
            self.pacer.changed = True
        if not (moving or self.pacer.changed or self.pacer.painting):
            with self._watchdog.drawing():
                self.pacer.finer = view.refine() or self.pacer.finer
        quality = self.pacer.due(wall_s, moving=moving)
        if quality is not None and self.pacer.repeats(quality):
            self.pacer.asked(quality, wall_s)
            view.update()
        elif quality is not None:
            self._draw(show, view, wall_s, quality)
        self._tell_ground_faults(view)

    def _draw(self, show: Show, view: StageView, wall_s: float, quality: Quality) -> None:
        size_px = view.draft_viewport_px if quality == Quality.DRAFT else self._viewport_px
        with self._watchdog.drawing():
            picture = show.picture(self.side, wall_s, size_px)
            self.monitor.picture.dissolve(picture)
            self.monitor.set_black(black=picture.frame is None)
            if picture.frame is None:
                self.pacer.rest()
                return
            self.pacer.asked(quality, wall_s)
            view.show_frame(picture.frame, still=quality == Quality.STILL)

    def _tell_ground_faults(self, view: StageView) -> None:
        """Say once how much of the ground could not be read; the show goes on with what is around it."""
        faults = view.faults
        if len(faults) == self._ground_faults:
            return
        self._ground_faults = len(faults)
        if faults:
            parts = "1 part" if len(faults) == 1 else f"{len(faults)} parts"
            self.said.emit(f"{parts} of the ground shown coarsely: {faults[-1]}")
