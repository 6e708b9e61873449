"""What the window's thread spends on the ground while the camera flies from the whole stage to one bend.

Run as ``GALLIUM_NOOP=1 python tests/bench/bench_zoom.py [package.stage]``: Mesa then drops rasterisation
while everything else happens as always. Without an argument the rehearsal's stage is made in a folder of its
own.
The flight goes down in 4 s, stays for 2 s, goes back in 4 s and then cuts down and up again; at 60 frames a
second, so that workers have the time that they have in the app.
"""

from __future__ import annotations

import gc
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.render.offscreen import offscreen_window
from tracker3d.render.view import SceneView
from tracker3d.replay import replay_on
from tracker3d.scene import build_scene, frame_at, parse_camera
from tracker3d.scene.camera import FixedCamera
from tracker3d.scene.model import NO_OVERLAYS, CameraPose
from tracker3d.stage import open_package

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.scene.model import StageScene

_SIZE_PX = (1920, 1080)
_RATE = 60
_BEND_M = 60.0


def tightest_bend(scene: StageScene) -> int:
    """Return the node where the road turns most within 60 m before and after it."""
    s = scene.road.distance_m
    middle = scene.road.positions_m[:, :2].astype(float)
    reach = max(2, round(_BEND_M / float(np.median(np.diff(s)))))
    ahead, behind = middle[2 * reach :] - middle[reach:-reach], middle[reach:-reach] - middle[: -2 * reach]
    return int(np.argmin((ahead * behind).sum(axis=1))) + reach


def bend_pose(scene: StageScene) -> CameraPose:
    """Look at the tightest bend from 120 m away."""
    place = scene.road.positions_m[tightest_bend(scene)].astype(float)
    return CameraPose(place + np.array([-70.0, -80.0, 55.0]), place, 35.0)


def between(start: CameraPose, end: CameraPose, share: float) -> CameraPose:
    """Return a pose on the way whose distance to what it looks at shrinks evenly by factors."""

    def ray(pose: CameraPose) -> NDArray[np.float64]:
        return np.asarray(pose.eye_m, float) - np.asarray(pose.target_m, float)

    far, near = (np.linalg.norm(ray(pose)) for pose in (start, end))
    length = far ** (1.0 - share) * near**share
    gone = (far - length) / (far - near)
    target = np.asarray(start.target_m, float) * (1.0 - gone) + np.asarray(end.target_m, float) * gone
    direction = ray(start) / far * (1.0 - share) + ray(end) / near * share
    return CameraPose(target + direction / np.linalg.norm(direction) * length, target, start.fov_deg)


def shares() -> NDArray[np.float64]:
    """Return how near the camera is at each frame, 0 for the whole stage to 1 for the bend."""
    down = 0.5 - 0.5 * np.cos(np.linspace(0.0, np.pi, 4 * _RATE))
    stay = np.ones(2 * _RATE)
    cuts = np.concatenate([np.zeros(_RATE), np.ones(_RATE), np.zeros(_RATE)])
    return np.concatenate([down, stay, down[::-1], cuts])


def measure(package: Path) -> None:
    """Fly and print."""
    opened = open_package(package)
    scene = build_scene(opened.stage, opened.ground)
    race = replay_on(opened, None).race
    tree = opened.ground.tree
    total = int(tree.triangles.sum())
    print(f"{package.name}: {len(tree)} tiles on {tree.levels} levels, {total:,} triangles")

    def frame_of(pose: CameraPose) -> object:
        return frame_at(
            scene,
            race,
            race.start_ms,
            camera=FixedCamera(pose),
            viewport_px=_SIZE_PX,
            overlays=NO_OVERLAYS,
        )

    whole = frame_at(scene, race, race.start_ms, camera=parse_camera("overview"), viewport_px=_SIZE_PX).camera
    near = bend_pose(scene)
    way = shares()
    frames = [frame_of(between(whole, near, float(share))) for share in way]
    window = offscreen_window(*_SIZE_PX, alpha=False)
    view = SceneView(window)
    view.set_stage(scene)
    gc.collect()
    gc.freeze()  # as the app does when it has loaded
    view.set_frame(frames[0])
    view.render()
    ground = view._ground
    rows = []
    for frame in frames:
        begin = time.perf_counter()
        at_hand = ground.load
        start = _clocks()
        view.set_frame(frame)
        placed = _clocks()
        view.render()
        drawn = _clocks()
        triangles = int(tree.triangles[list(ground.shown)].sum())
        rows.append((*(placed - start), *(drawn - placed), triangles, ground.load != at_hand, view.pending))
        time.sleep(max(0.0, 1.0 / _RATE - (time.perf_counter() - begin)))
    view.close()
    window.Finalize()
    columns = (np.array(column) for column in zip(*rows, strict=True))
    place_s, place_cpu_s, draw_s, draw_cpu_s, triangles, added, pending = columns
    whole_s, whole_cpu_s = place_s + draw_s, place_cpu_s + draw_cpu_s
    print(f"  {'ms of the window thread':30s}    wall:  p50    p99    max   processor:  p50    p99    max")
    for name, wall_s, cpu_s in (
        ("set_frame", place_s, place_cpu_s),
        ("render", draw_s, draw_cpu_s),
        ("both", whole_s, whole_cpu_s),
        ("both, frames with a new tile", whole_s[added], whole_cpu_s[added]),
    ):
        wall, cpu = (np.percentile(values, [50, 99, 100]) * 1000.0 for values in (wall_s, cpu_s))
        print(f"  {name:30s}        {_three(wall)}              {_three(cpu)}")
    print(f"  triangles: median {int(np.median(triangles)):,}, most {triangles.max():,}")
    print(f"  tiles added: {added.sum()}; frames not yet complete: {pending.mean():.1%}")
    flying, cut = pending[: 10 * _RATE].mean(), pending[10 * _RATE :].mean()
    print(f"  flying down and back {flying:.1%}, after cuts {cut:.1%}")


def _clocks() -> NDArray[np.float64]:
    """Seconds on the wall, and of a processor that this thread has used: others may want it too."""
    return np.array([time.perf_counter(), time.thread_time()])


def _three(values: NDArray[np.float64]) -> str:
    return "  ".join(f"{value:5.2f}" for value in values)


if __name__ == "__main__":
    if len(sys.argv) == 2:
        measure(Path(sys.argv[1]))
    else:
        from tracker3d.feed.rehearsal import make

        with tempfile.TemporaryDirectory() as folder:
            measure(make(Path(folder)).package)
