"""Milliseconds per frame of every output: its state, drawing, reading back, encoding, and all together.

Run as ``python tests/bench/bench_pictures.py [package.stage feed TIME [FRAMES]]``; without arguments the
rehearsal is made. Encoding goes on in a thread while the next frame is drawn: the last column says how much
of the sum of all is really waited for.
"""

from __future__ import annotations

import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

from tracker3d.render import Alpha, Layer
from tracker3d.render.job import render_video
from tracker3d.render.picture import Picture
from tracker3d.render.reel import Production, Span
from tracker3d.replay import open_replay
from tracker3d.scene import build_scene, parse_camera
from tracker3d.timespec import parse_time

_SIZE_PX = (1920, 1080)
_FPS = Fraction(50)
_FRAMES = 24
OUTPUTS = (
    ("H.264, full", "a.mp4", None, Layer.FULL, Alpha.NONE),
    ("H.264, clean", "b.mp4", None, Layer.CLEAN, Alpha.NONE),
    ("QuickTime Animation, overlays", "c.mov", "qtrle", Layer.OVERLAYS, Alpha.STRAIGHT),
    ("ProRes 4444, overlays", "d.mov", "prores", Layer.OVERLAYS, Alpha.PREMULTIPLIED),
    ("ProRes 4444, hold-out", "e.mov", "prores", Layer.HOLD_OUT, Alpha.STRAIGHT),
    ("FFV1, full with alpha", "f.mkv", None, Layer.FULL, Alpha.PREMULTIPLIED),
    ("VP9, hold-out", "g.webm", None, Layer.HOLD_OUT, Alpha.STRAIGHT),
    ("PNG, full", "h", "png", Layer.FULL, Alpha.NONE),
    ("PNG, overlays", "i", "png", Layer.OVERLAYS, Alpha.STRAIGHT),
    ("PNG 16 bit, depth", "j", "png", Layer.DEPTH, Alpha.NONE),
    ("OpenEXR, depth", "k", "exr", Layer.DEPTH, Alpha.NONE),
    ("PNG 16 bit, riders", "l", "png", Layer.RIDERS, Alpha.NONE),
)


def main() -> int:
    with tempfile.TemporaryDirectory() as work:
        if len(sys.argv) > 3:
            replay = open_replay(Path(sys.argv[1]), Path(sys.argv[2]))
            start_ms = parse_time(sys.argv[3], stage=replay.package.stage, race=replay.race)
        else:
            from tracker3d.feed.rehearsal import make

            files = make(Path(work))
            replay = open_replay(files.package, files.recording)
            start_ms = replay.race.time_of_to_go(5_000.0)
        frames = int(sys.argv[4]) if len(sys.argv) > 4 else _FRAMES
        scene = build_scene(replay.package.stage, replay.package.ground)
        size = "x".join(map(str, _SIZE_PX))
        print(f"{replay.package.stage.name}, {size}, ms per frame over {frames} frames\n")
        print("| output | state | render | read back | encode | sum | in all | share |")
        print("|---|---|---|---|---|---|---|---|")
        for title, name, codec, layer, alpha in OUTPUTS:
            picture = Picture(parse_camera("chase:leader"), _SIZE_PX, alpha=alpha, layer=layer)
            marks: list[float] = []
            timing = render_video(
                Production(scene, replay.race, picture),
                Path(work) / name,
                span=Span(start_ms, _FPS, 0, frames),
                codec=codec,
                progress=lambda text, share, marks=marks: marks.append(time.perf_counter()),
            )
            in_all = (time.perf_counter() - marks[0]) / (frames - 1)
            parts = [timing.frame_s, timing.render_s, timing.read_s, timing.encode_s]
            figures = [1000.0 * part / frames for part in parts]
            cells = [*figures, sum(figures), 1000.0 * in_all]
            row = " | ".join(f"{each:.0f}" for each in cells)
            print(f"| {title} | {row} | {1000.0 * in_all / sum(figures):.2f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
