"""What a frame costs the processor, without the software rasteriser.

Run as ``GALLIUM_NOOP=1 python tests/bench/bench_frame.py [package.stage recording]``: Mesa then drops
rasterisation while everything else happens as always. Without arguments a synthetic scene of 40 tiles
and 181 riders is drawn; with a prepared stage and its recording, the stage as operators see it.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "render"))

from render_scenes import hill_scene, rider_frame

from tracker3d.render import Offscreen

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from tracker3d.scene import Camera
    from tracker3d.scene.model import FrameState, StageScene

_SIZE_PX = (1920, 1080)
_FRAMES = 200


def measure(draw: Callable[[FrameState], None], frames: Callable[[int], FrameState]) -> None:
    """Print the median and the 95th percentile of making and drawing frames, in milliseconds.

    On the wall, and of the processor that this thread has used: others may want it too. Last come the same
    frames once more, without anything between: making a frame leaves little of drawing in the caches.
    """
    clocks, made, again = [], [], []
    for number in range(_FRAMES + 20):
        start = _clocks()
        frame = frames(number)
        middle = _clocks()
        draw(frame)
        clocks.append((middle - start, _clocks() - middle))
        made.append(frame)
    for frame in made:
        start = _clocks()
        draw(frame)
        again.append(_clocks() - start)
    make_ms, draw_ms = 1000.0 * np.moveaxis(np.array(clocks[20:]), 1, 0)
    for name, values in (
        ("frame_at", make_ms),
        ("set_frame and render", draw_ms),
        ("whole frame", make_ms + draw_ms),
        ("drawn back to back", 1000.0 * np.array(again[20:])),
    ):
        (wall, cpu), (late, late_cpu) = np.percentile(values, (50, 95), axis=0)
        print(f"  {name:22s} median {wall:6.2f} ms, p95 {late:6.2f}; processor {cpu:6.2f}, {late_cpu:6.2f}")


def _clocks() -> NDArray[np.float64]:
    return np.array([time.perf_counter(), time.thread_time()])


def synthetic() -> None:
    """Measure 181 riders with labels on 40 tiles."""
    scene = hill_scene(tiles=(8, 5))
    for name, scale in (("cyclists", 1.3), ("markers", 12.0)):
        print(f"synthetic, 40 tiles, 181 riders as {name}, 60 labels")
        chosen = [
            rider_frame(count=181, labels=60, first_m=300.0 + 2.0 * k, scale=scale, size_px=_SIZE_PX)
            for k in range(40)
        ]
        _run(scene, lambda number, chosen=chosen: chosen[number % len(chosen)])


def labels() -> None:
    """Measure choosing places for 200 labels that all want one, in a crowd and spread over the picture."""
    from tracker3d.scene.declutter import Candidates, place

    random = np.random.default_rng(5)
    print("200 labels, choosing who is shown and where")
    for name, spread_px, limit in (
        ("spread", 800.0, 200),
        ("spread, 22 shown", 800.0, 22),
        ("crowd", 90.0, 200),
    ):
        anchors = np.array([960.0, 540.0]) + spread_px * random.uniform(-1.0, 1.0, (200, 2)) * (1.0, 0.55)
        sizes = np.stack([random.uniform(90.0, 240.0, 200), np.full(200, 28.0)], axis=1)
        wanted = Candidates(anchors, sizes, np.full(200, 22.0), np.full(200, -1, np.int64))
        took_ms = []
        for _ in range(_FRAMES):
            start = time.perf_counter()
            shown, _corners, _slots = place(
                wanted,
                viewport_px=_SIZE_PX,
                margin_px=38.0,
                taken_px=np.array([[0.0, 860.0, 1920.0, 1080.0], [96.0, 54.0, 470.0, 410.0]]),
                spared_px=anchors.astype(np.float32),
                spacing_px=5.0,
                limit=limit,
            )
            took_ms.append((time.perf_counter() - start) * 1000.0)
        print(f"  {name:18s} median {np.median(took_ms):6.3f} ms   {len(shown)} of 200 shown")


def real(package: Path, recording: Path) -> None:
    """Measure a prepared stage with its recording, by camera."""
    from tracker3d.replay import open_replay
    from tracker3d.scene import build_scene, frame_at, parse_camera

    replay = open_replay(package, recording)
    scene = build_scene(replay.package.stage, replay.package.ground)
    middle_ms = (replay.motion.start_ms + replay.motion.end_ms) // 2
    for spec in ("overview", "orbit", "chase:peloton", "road"):
        camera = parse_camera(spec)
        previous: list[FrameState | None] = [None]

        def frames(
            number: int, camera: Camera = camera, previous: list[FrameState | None] = previous
        ) -> FrameState:
            frame = frame_at(
                scene,
                replay.race,
                middle_ms + 40 * number,
                camera=camera,
                viewport_px=_SIZE_PX,
                previous=previous[0],
                wall_s=number / 25.0,
            )
            previous[0] = frame
            return frame

        print(f"{package.name}, {spec}")
        _run(scene, frames)


def _run(scene: StageScene, frames: Callable[[int], FrameState]) -> None:
    with Offscreen(_SIZE_PX, supersample=False) as target:
        target.set_stage(scene)

        def draw(frame: FrameState) -> None:
            target.set_frame(frame)
            target.render()

        measure(draw, frames)


if __name__ == "__main__":
    labels()
    synthetic()
    if len(sys.argv) == 3:
        real(Path(sys.argv[1]), Path(sys.argv[2]))
