"""Whole render jobs: one picture, or a video of a span of the race."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from tracker3d.errors import InputError
from tracker3d.render.offscreen import Offscreen
from tracker3d.render.output import write_picture, write_video
from tracker3d.scene import USUAL_OVERLAYS, frame_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from tracker3d.progress import Progress
    from tracker3d.race import Race
    from tracker3d.scene import Camera
    from tracker3d.scene.model import FrameState, Overlay, StageScene

_NTSC = {"23.976": Fraction(24000, 1001), "29.97": Fraction(30000, 1001), "59.94": Fraction(60000, 1001)}
_HIGHEST_FPS = 240


@dataclass(frozen=True)
class Picture:
    """What every picture of a job has in common."""

    camera: Camera
    size_px: tuple[int, int]
    alpha: bool = False
    overlays: frozenset[Overlay] = USUAL_OVERLAYS

    def frame(
        self,
        scene: StageScene,
        race: Race,
        time_ms: int,
        *,
        began_ms: int,
        wall_s: float = 0.0,
        previous: FrameState | None = None,
    ) -> FrameState:
        """Return one frame of the job, which began at ``began_ms`` and has lasted ``wall_s``."""
        return frame_at(
            scene,
            race,
            time_ms,
            camera=self.camera,
            viewport_px=self.size_px,
            overlays=self.overlays,
            previous=previous,
            wall_s=wall_s,
            began_ms=began_ms,
        )


def parse_rate(text: str) -> Fraction:
    """Return an exact frame rate from text such as "50", "29.97" (meaning 30000/1001) or "30000/1001"."""
    try:
        rate = _NTSC.get(text) or Fraction(text)
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if not 0 < rate <= _HIGHEST_FPS:
        raise InputError(
            f"--fps {text} is no frame rate; give 25, 29.97, 50, 59.94 or a fraction such as 30000/1001."
        )
    return rate


def render_still(
    scene: StageScene,
    race: Race,
    output: Path,
    *,
    time_ms: int,
    picture: Picture,
) -> None:
    """Write one picture (.png) of the race at ``time_ms``."""
    if output.suffix.lower() != ".png":
        raise InputError(
            f"{output} is no picture file; --at writes OUT.png, and --from and --to write a video."
        )
    frame = picture.frame(scene, race, time_ms, began_ms=time_ms)
    with Offscreen(picture.size_px, alpha=picture.alpha) as target:
        target.set_stage(scene)
        target.set_frame(frame)
        write_picture(output, target.picture())


def render_video(
    scene: StageScene,
    race: Race,
    output: Path,
    *,
    span_ms: tuple[int, int],
    fps: Fraction,
    picture: Picture,
    progress: Progress,
) -> None:
    """Write the span of the race from ``span_ms[0]`` to before ``span_ms[1]`` as a video or pictures.

    Frame k shows the race at start + k / fps; the rate is exact.
    """
    start_ms, end_ms = span_ms
    if end_ms <= start_ms:
        raise InputError("--to must be later than --from.")
    count = max(1, int((end_ms - start_ms) * fps / 1000))
    with Offscreen(picture.size_px, alpha=picture.alpha) as target:
        target.set_stage(scene)

        def pictures() -> Iterator[NDArray[np.uint8]]:
            previous = None
            for number in range(count):
                time_ms = start_ms + round(number * 1000 / fps)
                previous = picture.frame(
                    scene,
                    race,
                    time_ms,
                    began_ms=start_ms,
                    wall_s=float(number / fps),
                    previous=previous,
                )
                target.set_frame(previous)
                progress(f"rendering {output.name}", number / count)
                yield target.picture()

        write_video(output, pictures(), fps=fps, alpha=picture.alpha)
