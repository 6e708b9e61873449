"""Labels of gates: start, sprints, summits, checks, the last kilometre and the finish."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from terrain import atmosphere
from tracker3d.scene.label_view import Wanted
from tracker3d.scene.model import GateKind, Overlay
from tracker3d.scene.projection import focal_px, in_sight, inside, project

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.scene.label_view import LabelView
    from tracker3d.scene.model import StageScene
    from tracker3d.scene.tags import TagPress

_RISE = 40.0
_RANK = {
    GateKind.FINISH: 0,
    GateKind.CLIMB: 1,
    GateKind.LAST_KM: 2,
    GateKind.SPRINT: 3,
    GateKind.START: 4,
    GateKind.TIME_CHECK: 5,
}
_HEIGHT_M = 9.0
_READABLE_PX = 75.0
"""A gate this high in a picture 1080 lines high is read itself, and needs no label."""
_LAST_KM_LEAST_PX = 1.2
_TAKEN_HAZES = 2.5
"""So many times as far off as haze has two thirds of its strength there is nothing but haze."""
_BANNER_MIDDLE_M, _BANNER_HALF_M = 6.3, (5.6, 1.1)


def place_labels(view: LabelView, press: TagPress) -> list[Wanted]:
    """Return labels of the gates in sight that are too small to be read themselves."""
    gates = view.scene.gates
    if Overlay.PLACE_LABELS not in view.overlays or not gates:
        return []
    px, depth_m, visible = view.scene.memory.get(
        "gates seen", (view.pose, view.viewport_px), lambda: _gates_seen(view), most=4
    )
    wanted = []
    gate_px = _HEIGHT_M * focal_px(view.pose, view.viewport_px) / np.maximum(depth_m, 1.0) / view.look.scale
    for index in np.flatnonzero(visible).tolist():
        gate = gates[index]
        least_px = _LAST_KM_LEAST_PX if gate.kind is GateKind.LAST_KM else 0.0
        if not least_px <= gate_px[index] <= _READABLE_PX:
            continue
        tag = press.place(gate)
        wanted.append(
            Wanted(
                key=("place", index),
                rank=(2, _RANK[gate.kind] + min(float(depth_m[index]), 9e5) / 1e6),
                anchor_px=(float(px[index, 0]), float(px[index, 1])),
                size_px=(tag.width_px, tag.height_px),
                rise_px=_RISE * view.look.scale,
                colour_rgb=gate.colour_rgb,
                opacity=1.0,
                tag=lambda gate=gate: press.place(gate),  # type: ignore[misc]
            )
        )
    return wanted


def _gates_seen(
    view: LabelView,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return pixels (n, 2) and depths (n,) of the tops of the gates, and which of them are seen.

    Those are not whose foot is out of the picture, or which haze has taken: a label would hang in the sky.
    """
    feet, tops, _ = _gates_m(view.scene)
    px, depth_m = project(view.pose, view.viewport_px, np.concatenate([tops, feet]))
    both = (inside(px, view.viewport_px) & (depth_m > 0)).reshape(2, -1).all(axis=0)
    px, depth_m = px[: len(tops)], depth_m[: len(tops)]
    reach_m = float(
        np.linalg.norm(np.asarray(view.pose.target_m, float) - np.asarray(view.pose.eye_m, float))
    )
    visible = both & (depth_m < _TAKEN_HAZES * atmosphere(view.scene.ground.look).haze_m(reach_m))
    if visible.any():
        visible[visible] = in_sight(view.scene, view.pose.eye_m, tops[visible])
    return px, depth_m, visible


def _gates_m(scene: StageScene) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the feet of the gates, their tops, and the middles of their banners, (n, 3) each."""

    def make() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        feet = np.array([gate.position_m for gate in scene.gates], float).reshape(-1, 3)
        up = np.array([0.0, 0.0, 1.0])
        return feet, feet + _HEIGHT_M * up, feet + _BANNER_MIDDLE_M * up

    return scene.memory.get("gates", None, make)


def banners_px(view: LabelView) -> NDArray[np.float64]:
    """Return the boxes (k, 4) of banners over the road that are read themselves."""
    if not view.scene.gates:
        return np.empty((0, 4))
    px, depth_m = project(view.pose, view.viewport_px, _gates_m(view.scene)[2])
    metre_px = focal_px(view.pose, view.viewport_px) / np.maximum(depth_m, 1.0)
    near = (depth_m > 0) & (_HEIGHT_M * metre_px > _READABLE_PX * view.look.scale)
    half = np.array(_BANNER_HALF_M) * metre_px[near, None]
    return np.concatenate([px[near] - half, px[near] + half], axis=1)
