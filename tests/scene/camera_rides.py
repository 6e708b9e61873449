"""A lone rider on any road, and what a flight of a camera is measured by."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tracker3d.race.model import RaceState
from tracker3d.scene.camera import Moment
from tracker3d.scene.projection import relief_drawn_m
from tracker3d.track.model import RiderStates

FPS = 25
SIZE = (1920, 1080)


@dataclass(frozen=True)
class LoneRide:
    """One rider whose speed changes at every fix, as trackers report it; ``jump_m`` after ``jump_s``."""

    stage: object = field(repr=False)
    start_m: float
    speeds_mps: tuple[float, ...]
    fix_s: float = 5.0
    jump_s: float = np.inf
    jump_m: float = 0.0
    start_ms: int = 0

    def place_m(self, time_ms):
        times = self.fix_s * np.arange(len(self.speeds_mps) + 1)
        gone = np.concatenate([[0.0], np.cumsum(np.array(self.speeds_mps) * self.fix_s)])
        at_s = time_ms / 1000.0
        before = min(at_s, 0.0) * self.speeds_mps[0]
        after = max(at_s - times[-1], 0.0) * self.speeds_mps[-1]
        jump = self.jump_m if at_s >= self.jump_s else 0.0
        return self.start_m + float(np.interp(at_s, times, gone)) + before + after + jump

    def at(self, time_ms):
        distance = np.array([self.place_m(time_ms)])
        zero = np.zeros(1)
        riders = RiderStates(
            time_ms,
            np.array([1], np.int32),
            distance,
            zero + 10.0,
            zero,
            zero,
            np.zeros(1, np.uint8),
            np.zeros(1, bool),
        )
        order = np.zeros(1, np.int32)
        return RaceState(time_ms, riders, order, zero, np.array([-1], np.int32), (), 0.0)


def flown(scene, race, camera, *, seconds, fps=FPS, from_ms=0, known_ahead_s=np.inf):
    """Return the poses of a flight, frame by frame, at equal pace of both clocks."""
    poses = []
    for frame in range(round(seconds * fps)):
        time_ms = from_ms + round(1000 * frame / fps)
        moment = Moment(
            scene, race, race.at(time_ms), frame / fps, SIZE, began_ms=from_ms, known_ahead_s=known_ahead_s
        )
        poses.append(camera.pose(moment))
    return poses


def arrays(poses):
    """Return eyes, unit directions and reaches of poses."""
    eyes = np.array([pose.eye_m for pose in poses])
    sight = np.array([pose.target_m for pose in poses]) - eyes
    reach = np.linalg.norm(sight, axis=1)
    return eyes, sight / reach[:, None], reach


def least_height_m(scene, poses):
    eyes, _, _ = arrays(poses)
    return float((eyes[:, 2] - relief_drawn_m(scene, eyes[:, 0], eyes[:, 1])).min())


def largest(rows, order, fps=FPS):
    """Return the largest derivative of rows (k, n) sampled at the frame rate."""
    return float(np.linalg.norm(np.diff(rows, order, axis=0), axis=1).max()) * fps**order


def jerk(poses, fps=FPS):
    """Return the largest jerk of the eye in m/s^3, and of the direction in degrees/s^3."""
    eyes, looks, _ = arrays(poses)
    return largest(eyes, 3, fps), np.degrees(largest(looks, 3, fps))


def hidden(scene, eye_m, target_m):
    """Tell whether ground stands half a metre above the line of sight, more than 20 m from the target."""
    away = float(np.hypot(*(target_m - eye_m)[:2]))
    if away < 25.0:
        return False
    share = np.linspace(0.0, 1.0 - 20.0 / away, max(8, int(away / 10.0)))
    points = eye_m + share[:, None] * (target_m - eye_m)
    return bool((relief_drawn_m(scene, points[:, 0], points[:, 1]) > points[:, 2] + 0.5)[1:].any())


def longest_hidden_s(scene, race, poses, fps=FPS):
    """Return for how long the rider's head is hidden at a stretch."""
    longest = run = 0
    route, scale = scene.stage.route, scene.stage.frame.vertical_exaggeration
    for frame, pose in enumerate(poses):
        place_m = race.place_m(round(1000 * frame / fps))
        x_m, y_m = route.position(place_m)
        head = np.array([float(x_m), float(y_m), (float(route.z_drawn(place_m)) + 1.5) * scale])
        run = run + 1 if hidden(scene, np.asarray(pose.eye_m), head) else 0
        longest = max(longest, run)
    return longest / fps
