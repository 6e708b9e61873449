"""One frame: a pure function of the scene, the race, the time and the camera."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.scene.camera.moment import Moment
from tracker3d.scene.camera.titles import title_of
from tracker3d.scene.drawing import Look, scale_of
from tracker3d.scene.glows import make_glows
from tracker3d.scene.label_view import LabelView
from tracker3d.scene.labels import make_labels
from tracker3d.scene.model import USUAL_OVERLAYS, FrameState, Overlay
from tracker3d.scene.panels import make_panels
from tracker3d.scene.placing import place_riders
from tracker3d.scene.ranking import ranking_at
from tracker3d.scene.standings import standings_at
from tracker3d.scene.trend import gap_trend
from tracker3d.scene.wind import wind_arrows, wind_says

if TYPE_CHECKING:
    from tracker3d.race import Race
    from tracker3d.race.model import RaceState
    from tracker3d.scene.camera import Camera
    from tracker3d.scene.camera.titles import ShownTitle
    from tracker3d.scene.model import Panel, StageScene

BOARDS_MS = 200
"""Boards tell the race at multiples of this."""
_MOST_BOARDS = 8


def frame_at(
    scene: StageScene,
    race: Race,
    time_ms: int,
    *,
    camera: Camera,
    viewport_px: tuple[int, int],
    overlays: frozenset[Overlay] = USUAL_OVERLAYS,
    previous: FrameState | None = None,
    wall_s: float = 0.0,
    began_ms: int | None = None,
    known_ahead_s: float = math.inf,
    selected_bib: int | None = None,
) -> FrameState:
    """Return everything that moves, for one moment seen by one camera.

    Parameters
    ----------
    scene : StageScene
    race : Race
    time_ms : int
        Milliseconds since 1970 UTC.
    camera : Camera
    viewport_px : (width, height)
        Of the picture.
    overlays : set of Overlay
        What is laid over the picture. The mark of a simulated stage always is.
    previous : FrameState | None
        The frame shown before: its labels keep their places. Nothing else depends on it.
    wall_s : float
        Seconds since the camera move began, for moves by wall time.
    began_ms : int | None
        Race time at which the camera move began, for moves by race time; the stage's start where None.
    known_ahead_s : float
        How far beyond this moment the race is known: live the delay of what is shown.
    selected_bib : int | None
        Whom the operator chose.

    Raises
    ------
    InputError
        The camera asks for a climb that the stage has not.
    """
    state = race.at(time_ms)
    moment = Moment(scene, race, state, wall_s, viewport_px, began_ms=began_ms, known_ahead_s=known_ahead_s)
    pose = camera.pose(moment)
    title = title_of(camera, moment) if Overlay.SHOT_TITLE in overlays else None
    look = scene.memory.get("look", viewport_px, lambda: Look(scene.theme, scale_of(viewport_px)))
    placed = place_riders(scene, state.riders, pose, viewport_px, scale=look.scale)
    blows = Overlay.WIND in overlays
    arrows = wind_arrows(scene, race, state, pose, viewport_px, scale=look.scale) if blows else []
    panels = _boards(scene, race, state, look, viewport_px, overlays, title, selected_bib)
    taken = [_kept_clear(panel, viewport_px) for panel in panels]
    view = LabelView(scene, state, placed, pose, viewport_px, look, overlays, selected_bib, arrows)
    sprites, slots = make_labels(
        view,
        taken_px=np.array(taken, float).reshape(-1, 4),
        slots_before={} if previous is None else previous.label_slots,
    )
    return FrameState(
        time_ms=time_ms,
        viewport_px=viewport_px,
        camera=pose,
        riders=placed.instances,
        rider_px=placed.px,
        sprites=sprites,
        panels=panels,
        glows=make_glows(scene, state, pose, look, viewport_px, overlays, selected_bib=selected_bib),
        labelled_bibs=frozenset(number for kind, number in slots if kind == "rider"),
        labelled_groups=frozenset(number for kind, number in slots if kind == "group"),
        label_slots=slots,
    )


def _boards(
    scene: StageScene,
    race: Race,
    state: RaceState,
    look: Look,
    viewport_px: tuple[int, int],
    overlays: frozenset[Overlay],
    title: ShownTitle | None,
    selected_bib: int | None,
) -> tuple[Panel, ...]:
    """Return the panels: their figures are those of the last fifth of a second, for nobody reads faster.

    The race is kept beside them, so that its identity stays its own.
    """
    time_ms = state.time_ms - state.time_ms % BOARDS_MS
    classified = Overlay.VIRTUAL_GC in overlays

    def make() -> tuple[Race, tuple[Panel, ...]]:
        told = state if time_ms == state.time_ms else race.at(time_ms)
        trend = gap_trend(scene, race, told) if Overlay.GAP_TREND in overlays else None
        wind = wind_says(scene, race, told) if Overlay.WIND in overlays else None
        standings = standings_at(scene, race, told, selected_bib=selected_bib) if classified else None
        ranked = Overlay.GAP_BOARD in overlays and not told.groups and len(told.order) > 0
        panels = make_panels(
            *(scene, told, look, viewport_px, overlays),
            trend=trend,
            wind=wind,
            title=title,
            ranking=ranking_at(scene, race, told) if ranked else None,
            standings=standings,
        )
        return race, panels

    key = (id(race), time_ms, viewport_px, overlays, title, selected_bib if classified else None)
    return scene.memory.get("boards", key, make, most=_MOST_BOARDS)[1]


def _kept_clear(panel: Panel, viewport_px: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the box of a panel that labels keep off: for the profile all the picture's foot."""
    height, width = panel.image.shape[:2]
    if panel.name == "profile":
        return 0, panel.y_px, viewport_px[0], viewport_px[1]
    return panel.x_px, panel.y_px, panel.x_px + width, panel.y_px + height
