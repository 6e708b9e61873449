"""Editing camera moves by their keys: what stands on a timeline, and what dragging it gives.

Every edit gives a whole new move that is valid: a key stays between its neighbours, and a move keeps two.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tracker3d.scene.camera import CameraShot, CameraTimeline, Keyframe, KeyframeCamera, Moment

if TYPE_CHECKING:
    from tracker3d.race import Race
    from tracker3d.scene import Camera
    from tracker3d.scene.model import CameraPose, StageScene

LEAST_STEP_S = 0.1
USUAL_DURATION_S = 20.0
_KEYS = 5
_LONGEST_S = 3600.0


@dataclass(frozen=True)
class TimeKey:
    """One key on the timeline.

    Attributes
    ----------
    at_s : float
        Since the move began.
    shot : int
        Index of the timeline's shot.
    key : int or None
        Index of the keyframe within it; None: where the shot begins.
    """

    at_s: float
    shot: int
    key: int | None = None


def time_keys(timeline: CameraTimeline) -> tuple[TimeKey, ...]:
    """Return all keys in the order of their times: beginnings of shots, and keyframes within them."""
    keys: list[TimeKey] = []
    for number, shot in enumerate(timeline.shots):
        if isinstance(shot.camera, KeyframeCamera):
            inner = enumerate(shot.camera.keys)
            keys += [TimeKey(shot.start_s + key.at_s, number, index) for index, key in inner]
        else:
            keys.append(TimeKey(shot.start_s, number))
    return tuple(keys)


def keyframed(
    camera: Camera,
    scene: StageScene,
    race: Race,
    *,
    time_ms: int,
    duration_s: float,
    viewport_px: tuple[int, int],
) -> CameraTimeline:
    """Return a move as keyframes that can be dragged, read from it at even times while the race goes on."""
    duration_s = min(max(duration_s, LEAST_STEP_S * _KEYS), _LONGEST_S)
    keys = []
    for number in range(_KEYS):
        at_s = duration_s * number / (_KEYS - 1)
        now_ms = min(time_ms + round(1000.0 * at_s), max(race.end_ms, time_ms))
        moment = Moment(scene, race, race.at(now_ms), at_s, viewport_px, began_ms=time_ms)
        keys.append(Keyframe.of(round(at_s, 3), camera.pose(moment)))
    return _one_move(KeyframeCamera(tuple(keys)))


def with_key_moved(timeline: CameraTimeline, number: int, to_s: float) -> CameraTimeline:
    """Give a key another time, as far as its neighbours leave room; the first one stays where it is."""
    keys = time_keys(timeline)
    if not 0 < number < len(keys):
        return timeline
    chosen = keys[number]
    lowest = keys[number - 1].at_s + LEAST_STEP_S
    highest = keys[number + 1].at_s - LEAST_STEP_S if number + 1 < len(keys) else _LONGEST_S
    if lowest > highest:
        return timeline
    at_s = round(min(max(to_s, lowest), highest), 3)
    if chosen.key is None:
        return _with_boundary(timeline, chosen.shot, at_s)
    shot = timeline.shots[chosen.shot]
    frames = list(_frames(shot))
    frames[chosen.key] = dataclasses.replace(frames[chosen.key], at_s=at_s - shot.start_s)
    return _with_frames(timeline, chosen.shot, frames)


def with_key_added(timeline: CameraTimeline, at_s: float, pose: CameraPose) -> CameraTimeline:
    """Put a pose at a time of the move through keyframes that is on then; others have no place for it."""
    for number, shot in enumerate(timeline.shots):
        last = number + 1 == len(timeline.shots)
        if isinstance(shot.camera, KeyframeCamera) and shot.start_s <= at_s and (last or at_s < shot.end_s):
            inner_s = round(min(at_s, _LONGEST_S) - shot.start_s, 3)
            frames = [key for key in _frames(shot) if abs(key.at_s - inner_s) >= LEAST_STEP_S]
            frames = sorted([*frames, Keyframe.of(inner_s, pose)], key=lambda key: key.at_s)
            return _with_frames(timeline, number, frames)
    return timeline


def with_key_pose(timeline: CameraTimeline, number: int, pose: CameraPose) -> CameraTimeline:
    """Let the camera stand elsewhere at a key."""
    chosen = time_keys(timeline)[number]
    if chosen.key is None:
        return timeline
    frames = list(_frames(timeline.shots[chosen.shot]))
    frames[chosen.key] = Keyframe.of(frames[chosen.key].at_s, pose)
    return _with_frames(timeline, chosen.shot, frames)


def without_key(timeline: CameraTimeline, number: int) -> CameraTimeline:
    """Take a keyframe out; the last two of a move stay."""
    chosen = time_keys(timeline)[number]
    frames = list(_frames(timeline.shots[chosen.shot]))
    if chosen.key is None or len(frames) <= 2:
        return timeline
    del frames[chosen.key]
    return _with_frames(timeline, chosen.shot, frames)


def _one_move(camera: KeyframeCamera) -> CameraTimeline:
    return CameraTimeline((CameraShot(camera, 0.0, camera.duration_s),))


def _frames(shot: CameraShot) -> tuple[Keyframe, ...]:
    return shot.camera.keys if isinstance(shot.camera, KeyframeCamera) else ()


def _with_frames(timeline: CameraTimeline, number: int, frames: list[Keyframe]) -> CameraTimeline:
    """Return the timeline with other keyframes; a last shot becomes as long as they last."""
    shot = timeline.shots[number]
    assert isinstance(shot.camera, KeyframeCamera)
    camera = dataclasses.replace(shot.camera, keys=tuple(frames))
    duration_s = frames[-1].at_s if number + 1 == len(timeline.shots) else shot.duration_s
    changed = dataclasses.replace(shot, camera=camera, duration_s=max(duration_s, LEAST_STEP_S))
    return _with_shots(timeline, {number: changed})


def _with_boundary(timeline: CameraTimeline, number: int, at_s: float) -> CameraTimeline:
    """Let a shot begin at another time and end where it did; the one before ends no later."""
    before, shot = timeline.shots[number - 1], timeline.shots[number]
    later = dataclasses.replace(shot, start_s=at_s, duration_s=max(shot.end_s - at_s, LEAST_STEP_S))
    earlier = dataclasses.replace(before, duration_s=at_s - before.start_s)
    return _with_shots(timeline, {number - 1: earlier, number: later})


def _with_shots(timeline: CameraTimeline, changed: dict[int, CameraShot]) -> CameraTimeline:
    shots = [changed.get(number, shot) for number, shot in enumerate(timeline.shots)]
    fitting = [_fitting(shot) for shot in shots]
    return dataclasses.replace(timeline, shots=tuple(fitting))


def _fitting(shot: CameraShot) -> CameraShot:
    """Shorten a hand-over that would outlast its shot."""
    if shot.handover.duration_s <= shot.duration_s:
        return shot
    handover = dataclasses.replace(shot.handover, duration_s=shot.duration_s)
    return dataclasses.replace(shot, handover=handover)
