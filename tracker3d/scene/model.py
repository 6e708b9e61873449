"""What every sink draws: a scene built once, and the state of one frame.

Plain arrays in frozen dataclasses. Nothing here knows Qt, VTK or glTF. Positions are float32 in the
stage's local frame as drawn (:meth:`terrain.LocalFrame.drawn`). Screen positions are pixels from the
top left corner of the picture.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.errors import InputError
from tracker3d.scene.memory import SceneMemory
from tracker3d.scene.projection import view_axes

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from numpy.typing import NDArray

    from terrain import Ground
    from tracker3d.scene.style import Theme
    from tracker3d.stage.model import Stage


class GateKind(enum.StrEnum):
    """What a gate marks; where both exist, values are those of :class:`tracker3d.stage.model.PlaceKind`."""

    START = "start"
    SPRINT = "sprint"
    CLIMB = "climb"
    """The summit of a climb."""
    TIME_CHECK = "time_check"
    LAST_KM = "last_km"
    FINISH = "finish"


class Overlay(enum.StrEnum):
    """What may be laid over the picture. The mark of a simulated stage is always there."""

    GROUP_LABELS = "group_labels"
    RIDER_LABELS = "rider_labels"
    PLACE_LABELS = "place_labels"
    STAGE_NAME = "stage_name"
    TO_GO = "to_go"
    PROFILE = "profile"
    CLIMB_CARD = "climb_card"
    GAP_BOARD = "gap_board"
    SPEED_BOARD = "speed_board"
    VIRTUAL_GC = "virtual_gc"
    """The general classification as it would be now, where times before the stage are known."""
    GAP_TREND = "gap_trend"
    WIND = "wind"
    """Arrows along the road and a card, where the feed tells of the wind."""
    SHOT_TITLE = "shot_title"
    """What a shot of a camera timeline has to say, where it has a title."""
    LEGEND = "legend"
    CREDITS = "credits"
    LOGO = "logo"
    """The theme's logo, where it has one."""
    GROUP_HALOS = "group_halos"
    """A glow on the road where groups ride, in the colour of their role."""
    TRAILS = "trails"
    """The road just ridden by the head of the race and by who is selected."""


ALL_OVERLAYS = frozenset(Overlay)
USUAL_OVERLAYS = ALL_OVERLAYS - {
    Overlay.SPEED_BOARD,
    Overlay.VIRTUAL_GC,
    Overlay.GAP_TREND,
    Overlay.WIND,
}
"""What a picture carries unless something else is asked for."""
NO_OVERLAYS: frozenset[Overlay] = frozenset()


def parse_overlays(text: str) -> frozenset[Overlay]:
    """Return the overlays named in text such as ``usual,speed_board``, ``none`` or ``to_go,gap_board``.

    Raises
    ------
    InputError
        A name is none of an overlay, nor ``usual``, ``all`` or ``none``.
    """
    sets = {"usual": USUAL_OVERLAYS, "all": ALL_OVERLAYS, "none": NO_OVERLAYS, "": NO_OVERLAYS}
    chosen: set[Overlay] = set()
    for name in (part.strip().replace("-", "_") for part in text.split(",")):
        if name in sets:
            chosen |= sets[name]
        elif name in set(Overlay):
            chosen.add(Overlay(name))
        else:
            known = ", ".join((*filter(None, sets), *Overlay))
            raise InputError(f"{name!r} is no overlay; choose from {known}.")
    return frozenset(chosen)


@dataclass(frozen=True)
class RoadLine:
    """The road as drawn, sampled every few metres.

    Attributes
    ----------
    positions_m : (n, 3) float32
        On the drawn ground.
    distance_m : (n,) float64
    colours : (n, 3) uint8
        sRGB, by gradient.
    hidden : (n,) bool
        In a tunnel: drawn dashed, through the mountain.
    left_m, right_m : (n, 3) float32
        Edges of the ribbon, draped on the drawn ground so that it does not sink on cross slopes.
    """

    positions_m: NDArray[np.float32]
    distance_m: NDArray[np.float64]
    colours: NDArray[np.uint8]
    hidden: NDArray[np.bool_]
    left_m: NDArray[np.float32] | None = None
    right_m: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Gate:
    """A marker that stands across the road: start, sprint, summit, last kilometre, finish."""

    kind: GateKind
    title: str
    subtitle: str
    position_m: NDArray[np.float32]
    heading_rad: float
    colour_rgb: tuple[int, int, int]
    distance_m: float = float("nan")


@dataclass(frozen=True)
class StageScene:
    """Everything that stays the same while the race runs.

    ``memory`` keeps pictures and paths already made for this scene; it changes what a frame costs, never
    what it shows. It is not guarded: one thread at a time makes frames of one scene.
    """

    stage: Stage
    ground: Ground
    road: RoadLine
    gates: tuple[Gate, ...]
    theme: Theme
    memory: SceneMemory = field(default_factory=SceneMemory, repr=False, compare=False)


@dataclass(frozen=True, eq=False)
class CameraPose:
    """Where the picture is taken from.

    ``eye_m``, ``target_m``: (3,) float64 as drawn. ``fov_deg`` is the vertical field of view. ``up``: (3,)
    float64, a direction that points up in the picture, such as north for a map; None means +z, and north
    where the camera looks straight down or up.
    """

    eye_m: NDArray[np.float64]
    target_m: NDArray[np.float64]
    fov_deg: float = 35.0
    up: NDArray[np.float64] | None = None

    @cached_property
    def axes(self) -> NDArray[np.float64]:
        """Right, up and forward as unit vectors in rows, (3, 3)."""
        forward = np.asarray(self.target_m, float) - np.asarray(self.eye_m, float)
        return view_axes(forward, up=self.up)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CameraPose) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def _values(self) -> tuple[object, ...]:
        up = None if self.up is None else tuple(self.up.tolist())
        return tuple(self.eye_m.tolist()), tuple(self.target_m.tolist()), self.fov_deg, up


@dataclass(frozen=True)
class RiderInstances:
    """Riders and vehicles to draw, one row each.

    Attributes
    ----------
    bibs : (n,) int32
    positions_m : (n, 3) float32
        Where the wheels touch the drawn road.
    heading_rad : (n,) float32
        Clockwise from north.
    colours : (n, 3) uint8
        sRGB.
    opacity : (n,) float32
        Fades with the age of what is known.
    scale : (n,) float32
        1 is life size; larger from afar, so that riders keep a readable size on the screen.
    vehicle : (n,) bool
    """

    bibs: NDArray[np.int32]
    positions_m: NDArray[np.float32]
    heading_rad: NDArray[np.float32]
    colours: NDArray[np.uint8]
    opacity: NDArray[np.float32]
    scale: NDArray[np.float32]
    vehicle: NDArray[np.bool_]


@dataclass(frozen=True)
class Glows:
    """Soft light along both sides of the road, as wide as can be seen from where the camera is.

    Attributes
    ----------
    points_m : (n, 4, 3) float32
        Cross-sections as drawn, from left to right: rim, edge of the road, edge of the road, rim. The light
        lies between each rim and its edge.
    rgba : (n, 4, 4) uint8
        sRGB with straight alpha.
    ends : (k,) int64
        One past the last cross-section of each stretch.
    """

    points_m: NDArray[np.float32]
    rgba: NDArray[np.uint8]
    ends: NDArray[np.int64]


@dataclass(frozen=True)
class Sprites:
    """Textured rectangles on the screen cut from one atlas: all of them are one draw call.

    Attributes
    ----------
    atlas : (h, w, 4) uint8
        sRGB with straight alpha.
    atlas_key : Hashable
        Changes when the atlas does; a sink uploads it only then.
    source_px : (n, 4) float32
        x, y, width, height in the atlas.
    target_px : (n, 4) float32
        x, y, width, height in the picture.
    opacity : (n,) float32
    leaders_px : (m, 4) float32
        Leader lines, x0, y0, x1, y1.
    leader_colours : (m, 4) uint8
    """

    atlas: NDArray[np.uint8]
    atlas_key: Hashable
    source_px: NDArray[np.float32]
    target_px: NDArray[np.float32]
    opacity: NDArray[np.float32]
    leaders_px: NDArray[np.float32]
    leader_colours: NDArray[np.uint8]


@dataclass(frozen=True)
class Panel:
    """A picture laid over the scene: km to go, profile strip, credits.

    ``image`` is (h, w, 4) uint8 sRGB with straight alpha; ``key`` changes when it does.
    """

    name: str
    image: NDArray[np.uint8]
    key: Hashable
    x_px: int
    y_px: int


@dataclass(frozen=True)
class FrameState:
    """One frame: everything that moves.

    ``labelled_bibs`` are the riders and ``labelled_groups`` the ids of groups that have a label;
    ``label_slots`` says where each label stands about its anchor: handed to the next frame, so that labels do
    not flicker. ``rider_px`` is (n, 2) float32, where each rider of
    ``riders`` is on the screen (NaN when not in the picture or behind a mountain): picking reads it.
    """

    time_ms: int
    viewport_px: tuple[int, int]
    camera: CameraPose
    riders: RiderInstances
    rider_px: NDArray[np.float32]
    sprites: Sprites
    panels: tuple[Panel, ...]
    glows: Glows | None = None
    labelled_bibs: frozenset[int] = frozenset()
    labelled_groups: frozenset[int] = frozenset()
    label_slots: Mapping[tuple[str, int], int] = field(default_factory=dict)
