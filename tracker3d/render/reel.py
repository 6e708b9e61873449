"""The frames of a video, one after the other: drawn, read back, and handed on to be encoded."""

from __future__ import annotations

import dataclasses
import math
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from tracker3d.render.layers import finished, mixed
from tracker3d.render.picture import Moment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from fractions import Fraction
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from tracker3d.race import Race
    from tracker3d.render.conveyor import Conveyor
    from tracker3d.render.encoders import Encoder
    from tracker3d.render.offscreen import Offscreen
    from tracker3d.render.parts import Parts, Slots
    from tracker3d.render.picture import Picture, Shown
    from tracker3d.scene.model import FrameState, StageScene


@dataclass(frozen=True)
class Production:
    """What is filmed, and how every picture of it is taken."""

    scene: StageScene
    race: Race
    picture: Picture


@dataclass(frozen=True)
class Span:
    """Which frames of a camera's move are made.

    Attributes
    ----------
    start_ms : int
        Race time at which the move begins: frame 0.
    fps : Fraction
        Exact; frame k shows the race at ``start_ms + k / fps``.
    first, count : int
        From frame ``first`` on.
    """

    start_ms: int
    fps: Fraction
    first: int
    count: int

    def time_ms(self, number: int) -> int:
        """Return the race time of frame ``number`` of the move."""
        return self.start_ms + round(number * 1000 / self.fps)

    def wall_s(self, number: int) -> float:
        """Return how long the move has lasted at frame ``number``."""
        return float(number / self.fps)


@dataclass
class Timing:
    """Where the time of a render went, in seconds."""

    frame_s: float = 0.0
    render_s: float = 0.0
    read_s: float = 0.0
    encode_s: float = 0.0
    frames: int = 0


@dataclass
class Reel:
    """Makes the frames of a production.

    Attributes
    ----------
    production : Production
    span : Span
    timing : Timing
        Of what was made so far.
    """

    production: Production
    span: Span
    timing: Timing = field(default_factory=Timing)

    def shown(self, number: int, previous: FrameState | None) -> Shown:
        """Return what frame ``number`` of the span shows; ``previous`` is the frame before."""
        production, span = self.production, self.span
        number += span.first
        moment = Moment(span.time_ms(number), span.start_ms, span.wall_s(number))
        return production.picture.shown(production.scene, production.race, moment, previous=previous)

    def before(self, number: int, slots: Slots) -> FrameState | None:
        """Return what stands for the frame before ``number``, after which labels stood at ``slots``."""
        return dataclasses.replace(self.shown(number, None).frame, label_slots=slots) if slots else None

    def try_out(self) -> None:
        """Make the first frame of every shot without drawing it, so that what is wrong is said at once.

        Raises
        ------
        InputError
            A camera asks for what the stage has not.
        """
        span = self.span
        for cut in self.production.picture.cuts(self.production.scene):
            number = math.ceil(cut.start_s * span.fps) - span.first
            if 0 <= number < span.count:
                self.shown(number, None)

    def walk(self, frames: range, slots: Slots) -> Slots:
        """Return where labels stand after ``frames`` without drawing them."""
        previous = self.before(frames[0], slots)
        for number in frames:
            previous = self.shown(number, previous).frame
        assert previous is not None
        return dict(previous.label_slots)

    def shoot(
        self,
        part: int,
        slots: Slots,
        *,
        parts: Parts,
        target: Offscreen,
        conveyor: Conveyor,
        drawn: Callable[[], None],
    ) -> Slots:
        """Draw a part and have it encoded; return where labels stand after it.

        ``drawn`` is called after each frame. The part may not be finished when this returns, but it is when
        the conveyor has ended.
        """
        frames = parts.frames(part)
        previous = self.before(frames[0], slots)
        encoding = _Encoding(self, part, parts)
        conveyor.put(partial(encoding.begin, self.span.first + frames[0]))
        for number in frames:
            begun_s = time.perf_counter()
            shown = self.shown(number, previous)
            previous = shown.frame
            self.timing.frame_s += time.perf_counter() - begun_s
            self.timing.frames += 1
            image = self._drawn(target, shown.frame)
            if shown.under is not None:
                image = mixed(self._drawn(target, shown.under), image, shown.share)
            conveyor.put(partial(encoding.add, image))
            drawn()
        assert previous is not None
        conveyor.put(partial(encoding.end, previous.label_slots))
        return dict(previous.label_slots)

    def _drawn(self, target: Offscreen, frame: FrameState) -> NDArray[np.uint8]:
        begun_s = time.perf_counter()
        target.set_frame(frame)
        target.render()
        rendered_s = time.perf_counter()
        image = target.read()
        self.timing.render_s += rendered_s - begun_s
        self.timing.read_s += time.perf_counter() - rendered_s
        return image


@dataclass
class _Encoding:
    """One part on its way into a file, in the encoder's thread."""

    reel: Reel
    part: int
    parts: Parts

    def begin(self, first: int) -> None:
        self._encoder: Encoder
        self._aside: Path
        self._encoder, self._aside = self.parts.begin(self.part, first=first)

    def add(self, image: NDArray[np.uint8]) -> None:
        begun_s = time.perf_counter()
        picture = self.reel.production.picture
        self._encoder.add(finished(image, picture.layer, picture.alpha, metres=self.parts.metres))
        self.reel.timing.encode_s += time.perf_counter() - begun_s

    def end(self, slots: Mapping[tuple[str, int], int]) -> None:
        begun_s = time.perf_counter()
        self._encoder.close()
        self.parts.finish(self.part, self._aside, slots)
        self.reel.timing.encode_s += time.perf_counter() - begun_s
