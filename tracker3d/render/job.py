"""Whole render jobs: one picture, or a video of a span of the race."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

from tracker3d.errors import InputError
from tracker3d.progress import silent
from tracker3d.render.conveyor import Conveyor
from tracker3d.render.encoders import Recording
from tracker3d.render.formats import choose_format, require_codec, require_size
from tracker3d.render.layers import Layer, finished
from tracker3d.render.output import said_plainly, write_picture
from tracker3d.render.parts import Parts
from tracker3d.render.picture import Moment
from tracker3d.render.reel import Production, Reel, Span, Timing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction
    from pathlib import Path

    from tracker3d.progress import Progress
    from tracker3d.race import Race
    from tracker3d.render.picture import Picture
    from tracker3d.scene.model import StageScene


class Recipe(Protocol):
    """How another process comes by what is filmed; it can be pickled."""

    def open(self) -> Production:
        """Open everything that is needed."""


def span_of(start_ms: int, end_ms: int, fps: Fraction) -> Span:
    """Return the frames from ``start_ms`` to before ``end_ms``; frame k shows the race at start + k / fps.

    Raises
    ------
    InputError
        The end does not come after the start.
    """
    if end_ms <= start_ms:
        raise InputError("--to must be later than --from.")
    return Span(start_ms, fps, 0, max(1, int((end_ms - start_ms) * fps / 1000)))


def render_still(
    scene: StageScene,
    race: Race,
    output: Path,
    *,
    time_ms: int,
    picture: Picture,
    wall_s: float = 0.0,
) -> None:
    """Write one picture of the race at ``time_ms``: a ``.png``, or the depth matte in metres as ``.exr``."""
    ending = output.suffix.lower()
    metres = ending == ".exr" and picture.layer is Layer.DEPTH
    if ending != ".png" and not metres:
        raise InputError(
            f"{output} is no picture file; --at writes OUT.png, and --from and --to write a video."
        )
    moment = Moment(time_ms, time_ms - round(1000 * wall_s), wall_s)
    frame = picture.frame(scene, race, moment)
    with picture.open() as target:
        target.set_stage(scene)
        target.set_frame(frame)
        target.render()
        drawn = target.read()
    write_picture(output, finished(drawn, picture.layer, picture.alpha, metres=metres))


def render_video(
    production: Production,
    output: Path,
    *,
    span: Span,
    codec: str | None = None,
    progress: Progress = silent,
    made_from: Mapping[str, Any] | None = None,
    recipe: Recipe | None = None,
    workers: int = 1,
) -> Timing:
    """Write a span of frames as a video or as pictures.

    What was finished when a render was stopped is kept beside the output, and the same call goes on from
    there to the same bytes.

    Parameters
    ----------
    production : Production
    output : Path
        See :mod:`tracker3d.render.formats`.
    span : Span
    codec : str | None
        One of several formats that go by the same name.
    progress : Progress
    made_from : mapping | None
        Everything that decides what the frames look like, as plain data: only where it is the same is a
        render gone on with. None: it is never gone on with.
    recipe : Recipe | None
        How other processes open the production, for several ``workers``.
    workers : int
        Processes that draw.

    Returns
    -------
    Timing
        Where the time went, of what this process drew.

    Raises
    ------
    InputError, MachineError, OutputError
        The output cannot be made as asked for.
    """
    picture = production.picture
    kind = choose_format(output, layer=picture.layer, alpha=picture.alpha, codec=codec)
    require_size(kind, picture.size_px)
    require_codec(kind)
    recording = Recording(kind, kind.pixels(picture.layer, picture.alpha), span.fps, picture.alpha)
    parts = Parts(output, recording, count=span.count)
    reel = Reel(production, span)
    job = None if made_from is None else {**made_from, "span": repr(span), "recording": repr(recording)}
    reel.try_out()
    with said_plainly(output, remedy="make room or choose another place; what is finished is kept"):
        done = parts.open(job)
        tell = _Teller(progress, done=done, count=span.count)
        try:
            if workers > 1 and recipe is not None and done < span.count:
                from tracker3d.render.workers import shoot_with_workers

                shoot_with_workers(reel, parts, recipe, workers=workers, drawn=tell)
            elif done < span.count:
                _shoot(reel, parts, tell)
            parts.join()
        finally:
            if job is None or not parts.done_frames():
                parts.discard()
    return reel.timing


def _shoot(reel: Reel, parts: Parts, tell: _Teller) -> None:
    slots = None
    with reel.production.picture.open() as target, Conveyor() as conveyor:
        target.set_stage(reel.production.scene)
        for part in range(len(parts)):
            if parts.is_done(part):
                slots = None
                continue
            if slots is None:
                slots = parts.slots_after(part - 1)
            slots = reel.shoot(part, slots, parts=parts, target=target, conveyor=conveyor, drawn=tell)


class _Teller:
    """Says after each frame how many are done and how long the rest will take."""

    def __init__(self, progress: Progress, *, done: int, count: int) -> None:
        self._progress = progress
        self._begun_s = time.monotonic()
        self._before = self._done = done
        self._count = count
        if done:
            progress(f"going on from frame {done} of {count}", done / count)

    def __call__(self) -> None:
        self._done += 1
        rate = (self._done - self._before) / max(time.monotonic() - self._begun_s, 1e-6)
        left = _lasts((self._count - self._done) / rate)
        self._progress(
            f"frame {self._done} of {self._count}, {rate:.1f} a second, {left} left", self._done / self._count
        )


def _lasts(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}" if minutes >= 60 else f"{minutes}:{rest:02d}"
