"""Panels of one frame: which are shown, where they stand, and the figures in them.

Everything keeps clear of the picture's outer 5 % (EBU R 95, graphics safe area). A panel is drawn again only
when what it says changes; its key is what it says.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps

from tracker3d.race.model import Role
from tracker3d.scene.cards import (
    CardClimb,
    draw_board,
    draw_climb_card,
    draw_shot_title,
    draw_stage_name,
    draw_standings,
    draw_to_go,
    rows_that_fit,
)
from tracker3d.scene.climbs import climbs_of, foot_of
from tracker3d.scene.drawing import GAP, SAFE_SHARE, STORY_FOOT, STORY_HEAD, Canvas, is_story
from tracker3d.scene.figures import clock_text, km_text, local_clock_text
from tracker3d.scene.free_area import MOST_GAP_ROWS
from tracker3d.scene.model import Overlay, Panel
from tracker3d.scene.ranking import out_on_the_road
from tracker3d.scene.standings import LEAST_ROWS, MOST_ROWS
from tracker3d.scene.strip import draw_legend, draw_strip, strip_column, strip_size, with_markers
from tracker3d.scene.tags import group_gap, group_titles
from tracker3d.scene.trend import GapTrend, draw_trend
from tracker3d.scene.wind import draw_wind

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from numpy.typing import NDArray

    from tracker3d.race.model import Group, RaceState
    from tracker3d.scene.camera.titles import ShownTitle
    from tracker3d.scene.drawing import Look
    from tracker3d.scene.model import StageScene
    from tracker3d.scene.ranking import Ranking
    from tracker3d.scene.standings import Standings

_MOST_SPEED_ROWS = 4
_CARD_GROUP = 3
_CARD_STEP_M = 10.0
_LOGO_BOX = (220, 96)
_MOST_PICTURES = 16
"""Of each panel: those of some moments and two buses. A board takes 1 MB and is another each second."""
_TITLE_SHARE = 0.6
_FADE_STEPS = 24


def make_panels(
    scene: StageScene,
    state: RaceState,
    look: Look,
    viewport_px: tuple[int, int],
    overlays: frozenset[Overlay],
    *,
    trend: GapTrend | None = None,
    wind: tuple[int, str, str] | None = None,
    title: ShownTitle | None = None,
    ranking: Ranking | None = None,
    standings: Standings | None = None,
) -> tuple[Panel, ...]:
    """Return the panels of a moment in drawing order; what is None of the last five is not shown."""
    more = (trend, wind, title, ranking, standings)
    return tuple(_Desk(scene, state, look, viewport_px, overlays, *more).panels())


class _Desk:
    """Lays out the panels of one frame.

    Two columns grow from the top; what lies at the foot comes first. A board for which there is no room left
    is left out.
    """

    def __init__(
        self,
        scene: StageScene,
        state: RaceState,
        look: Look,
        viewport_px: tuple[int, int],
        overlays: frozenset[Overlay],
        trend: GapTrend | None,
        wind: tuple[int, str, str] | None,
        title: ShownTitle | None,
        ranking: Ranking | None,
        standings: Standings | None,
    ) -> None:
        self.scene = scene
        self.trend = trend
        self.wind = wind
        self.title = title
        self.ranking = ranking
        self.standings = standings
        self.state = state
        self.look = look
        self.overlays = overlays
        self.width, self.height = viewport_px
        head, foot = (STORY_HEAD, STORY_FOOT) if is_story(viewport_px) else (SAFE_SHARE, SAFE_SHARE)
        self.left, self.top = round(self.width * SAFE_SHARE), round(self.height * head)
        self.right, self.bottom = self.width - self.left, self.height - round(self.height * foot)
        self.foot_left = self.foot_right = self.bottom
        self.below_name = self.top

    def panels(self) -> Iterator[Panel]:
        yield from self._foot()
        to_go = self._to_go() if Overlay.TO_GO in self.overlays and len(self.state.riders.bibs) else None
        figures_left = self.right if to_go is None else self.right - to_go.image.shape[1]
        name_right = self.left
        if Overlay.STAGE_NAME in self.overlays:
            room = figures_left - self.left - self.look.px(GAP)
            name = self._panel("stage_name", room, lambda: draw_stage_name(self.scene.stage, self.look, room))
            yield _at(name, self.left, self.top)
            self.below_name += name.image.shape[0] + self.look.px(GAP)
            name_right += name.image.shape[1]
        if self.scene.stage.simulated:
            yield self._mark(name_right, figures_left)
        for board in self._boards():
            if self.below_name + board.image.shape[0] > self.foot_left:
                break
            yield _at(board, self.left, self.below_name)
            self.below_name += board.image.shape[0] + self.look.px(GAP)
        below_figure = self.top
        if to_go is not None:
            yield _at(to_go, self.right - to_go.image.shape[1], self.top)
            below_figure += to_go.image.shape[0] + self.look.px(GAP)
        card = self._climb_card() if Overlay.CLIMB_CARD in self.overlays else None
        if card is not None:
            yield _at(card, self.right - card.image.shape[1], below_figure)
            below_figure += card.image.shape[0] + self.look.px(GAP)
        for extra in self._extras():
            if below_figure + extra.image.shape[0] <= self.foot_right:
                yield _at(extra, self.right - extra.image.shape[1], below_figure)
                below_figure += extra.image.shape[0] + self.look.px(GAP)

    def _mark(self, name_right: int, figures_left: int) -> Panel:
        """Return the mark of a simulated stage: at the top between name and figures, else above the foot."""
        mark = self._panel("simulated", None, lambda: _draw_simulated(self.look))
        height, width = mark.image.shape[:2]
        left, gap = (self.width - width) // 2, self.look.px(GAP)
        if name_right + gap <= left and left + width + gap <= figures_left:
            return _at(mark, left, self.top)
        placed = _at(mark, self.left, self.foot_left - height)
        self.foot_left -= height + gap
        return placed

    def _panel(self, name: str, says: Hashable, draw: Callable[[], Canvas]) -> Panel:
        key = (name, self.look.scale, self.width, says)
        image = self.scene.memory.get(f"panel {name}", key, lambda: draw().pixels(), most=_MOST_PICTURES)
        return Panel(name=name, image=image, key=key, x_px=0, y_px=0)

    def _foot(self) -> Iterator[Panel]:
        """Credits, and above them the profile with its markers and the legend."""
        bottom = self.bottom
        credit_lines = self._small_print() if Overlay.CREDITS in self.overlays else ()
        if credit_lines:
            width = self.right - self.left
            credits_panel = self._panel(
                "credits", credit_lines, lambda: _draw_credits(self.look, credit_lines, width)
            )
            bottom -= credits_panel.image.shape[0]
            yield _at(credits_panel, self.left, bottom)
            bottom -= self.look.px(4)
        if Overlay.PROFILE in self.overlays:
            size = strip_size(self.look, self.right - self.left)
            bottom -= size[1]
            yield _at(self._profile(size), self.left, bottom)
            bottom -= self.look.px(GAP)
        self.foot_left = self.foot_right = bottom
        if Overlay.LEGEND in self.overlays:
            legend = self._panel("legend", None, lambda: draw_legend(self.look))
            bottom -= legend.image.shape[0]
            yield _at(legend, self.right - legend.image.shape[1], bottom)
            bottom -= self.look.px(GAP)
            self.foot_right = bottom
        yield from self._shot_title(bottom)
        path = self.scene.theme.logos.get("corner")
        if Overlay.LOGO in self.overlays and path is not None:
            logo = self._panel("logo", path, lambda: _draw_logo(self.look, path))
            self.foot_right = bottom - logo.image.shape[0] - self.look.px(GAP)
            yield _at(logo, self.right - logo.image.shape[1], bottom - logo.image.shape[0])

    def _shot_title(self, profile_top: int) -> Iterator[Panel]:
        """Title of the shot at the left, above the profile, as far as it is faded in."""
        if self.title is None or self.title.opacity <= 0.0:
            return
        says = (self.title.title, self.title.subtitle)
        most_px = round(_TITLE_SHARE * (self.right - self.left))
        drawn = self._panel("shot_title", says, lambda: draw_shot_title(self.look, *says, most_px)).image
        step = round(self.title.opacity * _FADE_STEPS)
        key = ("shot_title", self.look.scale, self.width, says, step)
        image = self.scene.memory.get("panel shot_title faded", key, lambda: _faded(drawn, step))
        top = profile_top - image.shape[0]
        yield Panel("shot_title", image, key, self.left, top)
        self.foot_left = top - self.look.px(GAP)

    def _small_print(self) -> tuple[str, ...]:
        """Return what every picture has to say: that heights are exaggerated, and whose data it shows."""
        stage = self.scene.stage
        factor = stage.frame.vertical_exaggeration
        if factor == 1.0:
            return stage.credits
        decimal = self.scene.theme.word("decimal")
        stated = f"{self.scene.theme.word('heights')} × {factor:g}".replace(".", decimal)
        return (stated, *stage.credits)

    def _profile(self, size: tuple[int, int]) -> Panel:
        finish_m = max(self.scene.stage.route.finish_m, 1.0)
        places = [(group.front_m, group.role) for group in reversed(self.state.groups)]
        if not places:
            riders = self.state.riders.distance_m[out_on_the_road(self.state)]
            places = [(distance_m, Role.PELOTON) for distance_m in riders.tolist()]
        columns = [
            (strip_column(self.look, distance_m / finish_m, size[0]), role.value)
            for distance_m, role in places
            if math.isfinite(distance_m)
        ]
        marks = tuple(dict.fromkeys(columns))
        strip = self._panel("profile ground", size, lambda: draw_strip(self.scene, self.look, size)).image
        key = ("profile", self.look.scale, size, marks)
        image = self.scene.memory.get(
            "panel profile", key, lambda: with_markers(strip, self.look, marks), most=_MOST_PICTURES
        )
        return Panel("profile", image, key, 0, 0)

    def _to_go(self) -> Panel:
        stage, state = self.scene.stage, self.state
        racing_s = None if stage.start_time_ms is None else (state.time_ms - stage.start_time_ms) / 1000.0
        race_clock = clock_text(racing_s) if racing_s is not None and racing_s >= 0 else ""
        word = self.scene.theme.word
        figure, unit = km_text(state.to_go_m), f"km {word('to_go')}"
        if stage.time_trial:
            figure, unit = str(int(out_on_the_road(state).sum())), word("on_road")
        elif figure == "-":
            unit = ""
        says = (figure, unit, race_clock, local_clock_text(state.time_ms, stage.timezone))
        return self._panel("to_go", says, lambda: draw_to_go(self.look, *says))

    def _gap_board(self) -> Panel:
        says = tuple(
            self._row(group, group_gap(group)) for group in _most_telling(self.state.groups, MOST_GAP_ROWS)
        )
        return self._panel("gap_board", says, lambda: draw_board(self.look, says))

    def _speed_board(self) -> Panel:
        theme = self.scene.theme
        says = tuple(
            self._row(group, f"{3.6 * group.speed_mps:.0f}" if math.isfinite(group.speed_mps) else "-")
            for group in _most_telling(self.state.groups, _MOST_SPEED_ROWS)
        )
        heading = f"{theme.word('speed')}, {theme.word('speed_unit')}"
        return self._panel("speed_board", says, lambda: draw_board(self.look, says, heading=heading))

    def _boards(self) -> Iterator[Panel]:
        """Boards of the left column, each made when those before it have their place."""
        if Overlay.GAP_BOARD in self.overlays and self.ranking is not None:
            yield self._ranking_board(self.ranking)
        if Overlay.GAP_BOARD in self.overlays and self.state.groups:
            yield self._gap_board()
        if self.standings is not None:
            rows = rows_that_fit(self.look, self.foot_left - self.below_name)
            if rows >= LEAST_ROWS:
                yield self._standings_board(self.standings, min(rows, MOST_ROWS))
        if Overlay.SPEED_BOARD in self.overlays and self.state.groups:
            yield self._speed_board()

    def _ranking_board(self, ranking: Ranking) -> Panel:
        rows = tuple(
            (name, 1, figure, (Role.PELOTON if number else Role.HEAD).value)
            for number, (name, figure) in enumerate(ranking.rows)
        )
        return self._panel(
            "ranking", (ranking.heading, rows), lambda: draw_board(self.look, rows, heading=ranking.heading)
        )

    def _standings_board(self, standings: Standings, most: int) -> Panel:
        says = (standings.heading, standings.note, standings.shown(most))
        return self._panel("virtual_gc", says, lambda: draw_standings(self.look, *says))

    def _extras(self) -> Iterator[Panel]:
        """Panels that follow below the figures as far as there is room."""
        if self.wind is not None:
            says = self.wind
            yield self._panel("wind", says, lambda: draw_wind(self.look, *says))
        if self.trend is not None:
            now_s = self.trend.gaps_s[-1]
            whole_s = float(math.floor(now_s + 1e-6))
            trend = GapTrend((*self.trend.gaps_s[:-1], whole_s), self.trend.change_s + whole_s - now_s)
            key = (self.state.time_ms // 60_000, whole_s)
            yield self._panel("gap_trend", key, lambda: draw_trend(self.look, trend))

    def _row(self, group: Group, figure: str) -> tuple[str, int, str, str]:
        return self._titles[group.id], len(group.riders), figure, group.role.value

    @cached_property
    def _titles(self) -> dict[int, str]:
        """What each group is called, by id."""
        titles = group_titles(self.scene, self.state)
        return {group.id: title for group, title in zip(self.state.groups, titles, strict=True)}

    def _climb_card(self) -> Panel | None:
        """Card of the climb on which the first group that climbs is, from the head to the peloton."""
        stage = self.scene.stage
        climbs = self.scene.memory.get(
            "climbs", None, lambda: [(climb, foot_of(stage, climb)) for climb in climbs_of(stage)]
        )
        for group in self.state.groups:
            if group.role not in (Role.HEAD, Role.PELOTON) and len(group.riders) < _CARD_GROUP:
                continue
            if group.role in (Role.DROPPED, Role.GRUPPETTO):
                break
            for climb, foot_m in climbs:
                if foot_m <= group.front_m < climb.distance_m:
                    # in steps, for a picture that is kept must show what its key says and nothing finer
                    step = int((climb.distance_m - group.front_m) // _CARD_STEP_M)
                    to_summit_m = (step + 0.5) * _CARD_STEP_M
                    card = CardClimb(climb, foot_m, self._titles[group.id], group.role.value)
                    says = (climb.distance_m, card.group, card.role, step)
                    return self._panel(
                        "climb_card",
                        says,
                        lambda card=card, to_summit_m=to_summit_m: draw_climb_card(  # type: ignore[misc]
                            stage.route, self.look, card, to_summit_m
                        ),
                    )
        return None


def _most_telling(groups: tuple[Group, ...], limit: int) -> list[Group]:
    """Return at most ``limit`` groups in order: the named roles, then the largest ones."""
    named = (Role.HEAD, Role.PELOTON, Role.GRUPPETTO)
    ranked = sorted(
        range(len(groups)), key=lambda row: (groups[row].role not in named, -len(groups[row].riders))
    )
    return [groups[row] for row in sorted(ranked[:limit])]


def _at(panel: Panel, x_px: int, y_px: int) -> Panel:
    return Panel(panel.name, panel.image, panel.key, x_px, y_px)


def _faded(image: NDArray[np.uint8], step: int) -> NDArray[np.uint8]:
    """Return a picture at ``step`` of ``_FADE_STEPS`` of its opacity."""
    if step >= _FADE_STEPS:
        return image
    faded = image.copy()
    faded[..., 3] = image[..., 3].astype(np.uint16) * step // _FADE_STEPS
    return faded


def _draw_simulated(look: Look) -> Canvas:
    theme = look.theme
    text, size = theme.word("simulated"), theme.sizes.panel_text
    canvas = Canvas(look, look.width(text, size, "Black") + look.px(36), look.px(38))
    canvas.box(0, 0, *canvas.image.size, colour=theme.colour("alert"), radius_px=look.px(4))
    canvas.text(
        canvas.image.width / 2,
        look.px(27),
        text,
        size,
        colour=theme.colour("panel"),
        weight="Black",
        anchor="m",
    )
    return canvas


def _draw_logo(look: Look, path: str) -> Canvas:
    """Fit the logo into its box; a file that has gone meanwhile leaves the box empty."""
    canvas = Canvas(look, look.px(_LOGO_BOX[0]), look.px(_LOGO_BOX[1]))
    try:
        with Image.open(path, formats=["PNG"]) as file:
            logo = ImageOps.contain(file.convert("RGBA"), canvas.image.size, Image.Resampling.LANCZOS)
    except (OSError, SyntaxError, ValueError):
        return canvas
    canvas.paste(logo, canvas.image.width - logo.width, canvas.image.height - logo.height)
    return canvas


def _draw_credits(look: Look, lines: tuple[str, ...], width_px: int) -> Canvas:
    """All credits in as few lines as they fit, on a shade that keeps them readable over any ground."""
    theme, size = look.theme, look.theme.sizes.credit
    pad, line_px = look.px(6), look.px(size * 1.25)
    rows: list[str] = []
    for credit in lines:
        joined = f"{rows[-1]}  ·  {credit}" if rows else credit
        if rows and look.width(joined, size) <= width_px - 2 * pad:
            rows[-1] = joined
        else:
            rows.append(look.fitted(credit, size, "Regular", width_px - 2 * pad))
    widest = max(look.width(row, size) for row in rows) + 2 * pad
    canvas = Canvas(look, widest, line_px * len(rows) + look.px(3))
    canvas.box(0, 0, *canvas.image.size, colour=theme.colour("panel"), opacity=0.45, radius_px=look.px(3))
    for number, row in enumerate(rows):
        canvas.text(pad, line_px * (number + 0.8), row, size, colour=theme.colour("text"), opacity=0.9)
    return canvas
