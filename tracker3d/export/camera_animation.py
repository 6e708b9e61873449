"""A camera's move alone as glTF: one animated camera that other programs open, edit and give back."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.transform import Rotation

import tracker3d
from tracker3d.errors import InputError
from tracker3d.export.glb import GlbWriter, y_up
from tracker3d.export.stage_file import place_extras
from tracker3d.files import written_aside
from tracker3d.scene.camera import Moment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from tracker3d.race import Race
    from tracker3d.scene.camera import Camera
    from tracker3d.scene.model import CameraPose, StageScene

CAMERA_NODE = "camera_shots"
MOST_KEYS = 200_000
VIEWPORT_PX = (1920, 1080)
"""Views of whole stages and climbs are framed for pictures of this shape."""

_NEAR_SHARE = 0.02
_FAR_M = 400_000.0


def export_camera(
    scene: StageScene,
    race: Race,
    camera: Camera,
    path: Path,
    *,
    duration_s: float,
    start_ms: int | None = None,
    fps: float = 25.0,
) -> int:
    """Write a camera's move as a glTF binary; returns the number of keys.

    There is one key for each frame, so that it is exact there: within 1 cm and 5 microseconds of its own
    motion, and 0.001 degrees, up to 100 km from the stage's origin (numbers of 32 bits). Lens and distance to
    what is looked at, which glTF cannot animate, are lists in the node's extras, ``fov_deg`` and ``reach_m``,
    one value for each key. The root is that of a whole stage (:func:`~tracker3d.export.export_glb`).

    Parameters
    ----------
    scene : StageScene
    race : Race
    camera : Camera
    path : Path
        Must end in ``.glb``.
    duration_s : float
    start_ms : int | None
        Race time at which the move begins; the race's first moment where None. Race time then runs with it.
    fps : float
        Keys a second.

    Raises
    ------
    InputError
        The path or the number of keys cannot be used.
    OutputError
        The file cannot be written.
    """
    if path.suffix.lower() != ".glb":
        raise InputError(f"{path.name} cannot be exported; give a name that ends in .glb.")
    count = math.floor(duration_s * fps + 1e-6) + 1
    if not 2 <= count <= MOST_KEYS:
        raise InputError(
            f"{duration_s:g} s at {fps:g} keys a second are {count} keys; 2 to {MOST_KEYS} are possible."
        )
    times_s = np.arange(count) / fps
    began_ms = race.start_ms if start_ms is None else start_ms
    poses = []
    for time_s in times_s.tolist():
        time_ms = began_ms + round(1000.0 * time_s)
        moment = Moment(scene, race, race.at(time_ms), time_s, VIEWPORT_PX, began_ms=began_ms)
        poses.append(camera.pose(moment))
    with written_aside(path) as aside:
        _write(scene, poses, times_s, aside, fps=fps)
    return count


def _write(
    scene: StageScene, poses: Sequence[CameraPose], times_s: NDArray[np.float64], path: Path, *, fps: float
) -> None:
    writer = GlbWriter(
        generator=f"tracker3d {tracker3d.__version__}", copyright_notice="; ".join(scene.stage.credits)
    )
    eyes = np.array([pose.eye_m for pose in poses])
    reaches = np.linalg.norm(np.array([pose.target_m for pose in poses]) - eyes, axis=1)
    turns = turns_of(poses)
    lens = writer.perspective_camera(
        CAMERA_NODE, fov_deg=poses[0].fov_deg, near_m=max(1.0, _NEAR_SHARE * reaches.min()), far_m=_FAR_M
    )
    extras = {
        "fps": fps,
        "fov_deg": [round(float(pose.fov_deg), 6) for pose in poses],
        "reach_m": [round(reach, 4) for reach in reaches.tolist()],
    }
    node = writer.node(CAMERA_NODE, camera=lens, translation_m=eyes[0], rotation=turns[0], extras=extras)
    keys = writer.key_times(times_s)
    writer.animate_translation(node, keys, eyes)
    writer.animate_rotation(node, keys, turns)
    root = writer.node("stage", children=[node], extras=place_extras(scene))
    writer.write(path, root=root, animation_name="shots")


def turns_of(poses: Sequence[CameraPose]) -> NDArray[np.float32]:
    """Return unit quaternions (k, 4) x, y, z, w of poses in glTF axes; neighbours have the same sign."""
    right, up, forward = np.moveaxis(np.array([pose.axes for pose in poses]), 1, 0)
    turn = Rotation.from_matrix(
        np.stack([y_up(right), y_up(up), -y_up(forward)], axis=-1).astype(float)
    ).as_quat()
    flips = np.cumprod(np.where((turn[1:] * turn[:-1]).sum(axis=1) < 0.0, -1.0, 1.0))
    turn[1:] *= flips[:, None]
    result: NDArray[np.float32] = turn.astype(np.float32)
    return result
