"""When to draw, and how well: as often as there is something new, as finely as there is time for."""

from __future__ import annotations

import enum

STILL_AFTER_S = 0.2
"""So long after the last change the picture counts as still, and the hand as at rest."""

STILL_BELOW_S = 0.03
"""The finest quality is drawn only where an ordinary picture takes no longer than this."""

DRAFT_ABOVE_S = 0.07
"""Where an ordinary picture takes longer, a draft answers first while scrubbing, turning or zooming."""

GROUND_SHARE = 2.0
"""While the ground becomes finer it gets this much of the time that its pictures take."""

LATE_ABOVE_S = 0.04
"""An ordinary picture that takes longer is counted as late."""

PAINT_PATIENCE_S = 1.0
"""A repaint that has not come after this long will not come: the view is covered or minimised."""

_LONG_AGO_S = -1e9


class Quality(enum.IntEnum):
    """How a picture is drawn."""

    DRAFT = 0
    """A quarter of the pixels."""
    SHARP = 1
    STILL = 2
    """Smooth edges and the whole ground: slow."""


class Pacer:
    """Decides which picture is due.

    Never more than one picture is under way, so that a slow graphics processor makes pictures rarer and
    never makes the window wait. It looks at no clock: ``wall_s`` is seconds of any monotonic clock.

    Attributes
    ----------
    changed : bool
        Something else is to be shown.
    finer : bool
        The same can be shown on a finer ground. The picture need not come to rest again after that.
    painted_count, late_count : int
        Pictures that came to the screen, and those of them that took longer than a frame of 25 a second.
    """

    def __init__(self) -> None:
        self.changed = self.finer = False
        self.painted_count = self.late_count = 0
        self._asked_s: float | None = None
        self._quality: Quality | None = None
        self._sharp_cost_s = 0.0
        self._drawn_s = self._acted_s = self._painted_s = _LONG_AGO_S

    @property
    def painting(self) -> bool:
        """Whether a picture is under way."""
        return self._asked_s is not None

    @property
    def cost_ms(self) -> float:
        """How long the last ordinary picture took, in milliseconds."""
        return 1000.0 * self._sharp_cost_s

    @property
    def quality(self) -> Quality | None:
        """How the picture under way, or else the last one, is drawn; None before the first."""
        return self._quality

    def act(self, wall_s: float) -> None:
        """Take note of a hand on time or camera, which wants an answer at once."""
        self._acted_s = wall_s
        self.changed = True

    def due(self, wall_s: float, *, moving: bool) -> Quality | None:
        """Return the picture to draw now, None for none.

        Parameters
        ----------
        wall_s : float
        moving : bool
            The picture changes by itself.
        """
        self.changed = self.changed or moving
        if self._asked_s is not None and wall_s - self._asked_s < PAINT_PATIENCE_S:
            return None
        acting = wall_s - self._acted_s < STILL_AFTER_S
        if self.changed or (self._quality == Quality.DRAFT and not acting):
            return Quality.DRAFT if acting and self._sharp_cost_s > DRAFT_ABOVE_S else Quality.SHARP
        at_rest = wall_s - self._drawn_s >= STILL_AFTER_S
        fast = self._sharp_cost_s <= STILL_BELOW_S
        if at_rest and fast and self._quality == Quality.SHARP:
            return Quality.STILL
        due_s = self._painted_s + GROUND_SHARE * self._sharp_cost_s
        return self._quality if self.finer and wall_s >= due_s else None

    def repeats(self, quality: Quality) -> bool:
        """Tell whether a picture in this quality differs from the last one in nothing but its ground."""
        return not self.changed and quality == self._quality

    def asked(self, quality: Quality, wall_s: float) -> None:
        """Take note that a picture is under way."""
        if not self.repeats(quality):
            self._drawn_s = wall_s
        self.changed = self.finer = False
        self._asked_s, self._quality = wall_s, quality

    def rest(self) -> None:
        """Take note that there is nothing to draw, until something changes."""
        self.changed = self.finer = False

    def painted(self, wall_s: float) -> None:
        """Take note that the picture under way is on the screen."""
        if self._asked_s is None:
            return
        if self._quality == Quality.SHARP:
            self._sharp_cost_s = wall_s - self._asked_s
            self.late_count += self._sharp_cost_s > LATE_ABOVE_S
        self._asked_s, self._painted_s = None, wall_s
        self.painted_count += 1
