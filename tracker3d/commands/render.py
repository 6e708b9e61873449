"""``tracker3d render``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from tracker3d.commands.console import complain, progress_shown, say
from tracker3d.commands.production import ProductionRecipe
from tracker3d.errors import InputError

if TYPE_CHECKING:
    from fractions import Fraction

    from tracker3d.render.reel import Production, Span
    from tracker3d.replay import Replay

_PICTURE_SIZE = re.compile(r"(\d{2,5})x(\d{2,5})")
_NAMED_SIZES = {
    "720p": (1280, 720),
    "1080p": (1920, 1080),
    "2160p": (3840, 2160),
    "vertical": (1080, 1920),
    "portrait": (1080, 1350),
    "square": (1080, 1080),
}
_LARGEST_SIDE_PX = 8192
_MOST_WORKERS = 64


def render(
    package: Path,
    /,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    camera: str | None = None,
    shots: Path | None = None,
    show: Path | None = None,
    shot: str | None = None,
    feed: Path | None = None,
    at: str | None = None,
    start: Annotated[str | None, Parameter(name="--from")] = None,
    end: Annotated[str | None, Parameter(name="--to")] = None,
    fps: str = "50",
    size: str = "1920x1080",
    overlays: str | None = None,
    theme: Path | None = None,
    language: str | None = None,
    layer: str = "full",
    alpha: str | None = None,
    codec: str | None = None,
    workers: int = 1,
    common_start: bool = False,
) -> int:
    """Render a picture or a video of the race.

    A video that was stopped goes on from where it was when the same command is given again.

    Parameters
    ----------
    package
        The stage package, NAME.stage.
    output
        OUT.png for a picture; OUT.mp4, OUT.mov, OUT.mkv, OUT.webm or a folder of pictures for a video.
    feed
        A recording or log of the race, positions as .csv or .jsonl, or GPX files; without it the stage alone.
    camera
        overview, orbit, helicopter, chase:<bib|leader|peloton>, moto, overhead, road, climb:<name>,
        side:<name>, summit, finish, fly:<camera> or preview.
    shots
        A file of shots instead, .toml, or a glTF camera, .glb.
    show
        A show file instead: its rundown, each entry once as it goes on air, with its overlays and groups.
    shot
        Only one of the shots, by its number from 1 or its title; of a show any of its shots.
    at
        Time of a picture: ISO 8601 with zone, race-local HH:MM:SS, or km to go such as 35.2km.
    start, end
        First and last time of a video; without the last one, or without a feed, as long as the move.
    fps
        Pictures a second of a video: 25, 29.97, 50, 59.94 or any fraction such as 30000/1001.
    size
        Width x height in pixels, or 720p, 1080p, 2160p, vertical (1080x1920), portrait (1080x1350), square.
    overlays
        What is laid over the picture, by comma: usual, all, none, or names such as usual,speed_board.
        Left out: usual, or what the shots of a show carry.
    theme
        A TOML file of colours, sizes, fonts, logos and words; what it leaves out is as usual.
    language
        Of the words in the picture: en or fr, or one that the theme brings.
    layer
        full, clean (without overlays), overlays (alone), hold-out (mountains hide but are not drawn), or a
        matte: depth or riders.
    alpha
        Transparent background, written straight (NDI, edit suites) or premultiplied (SDI keyers).
    codec
        Of several that go by the same name: .mov holds h264, qtrle or prores; a folder png or exr.
    workers
        How many processes draw a video.
    common_start
        Show a time trial as if everybody had started together, at the time of the first start.
    """
    from tracker3d.frame_rates import parse_rate
    from tracker3d.render.job import render_still, render_video

    if [camera, shots, show].count(None) != 2:
        raise InputError(
            "Say from where: --camera with a camera in words, --shots with a file of shots, "
            "or --show with a show."
        )
    if feed is None and (at, start, end) != (None, None, None):
        raise InputError("--at, --from and --to are times of a race; give its recording with --feed.")
    if feed is not None and ((at is None) == (start is None) or (end is not None and start is None)):
        raise InputError("Say when: --at TIME for a picture, or --from TIME and --to TIME for a video.")
    if common_start and feed is None:
        raise InputError("--common-start is a view of a race; give its recording with --feed.")
    if shot is not None and end is not None:
        raise InputError("--shot says how long the video is; leave --to out.")
    if not 1 <= workers <= _MOST_WORKERS:
        raise InputError(f"--workers {workers} is no number of processes; give 1 to {_MOST_WORKERS}.")
    moving = start is not None or (feed is None and output.suffix.lower() not in (".png", ".exr"))
    rate = parse_rate(fps)
    recipe = ProductionRecipe(
        package,
        feed,
        camera,
        shots,
        parse_size(size),
        show=show,
        shot=None if show is None else shot,
        start=at or start,
        overlays=overlays,
        layer=layer,
        alpha=alpha,
        theme=theme,
        language=language,
        common_start=common_start,
    )
    try:
        with progress_shown() as progress:
            production, replay = recipe.opened(progress)
            first_ms, *last_ms = _times_ms(replay, at, start, end)
            if moving:
                span = _span(production, first_ms, last_ms, rate, shot)
                render_video(
                    production,
                    output,
                    span=span,
                    codec=codec,
                    progress=progress,
                    made_from=recipe.made_from(),
                    recipe=recipe,
                    workers=workers,
                )
            else:
                render_still(
                    production.scene,
                    production.race,
                    output,
                    time_ms=first_ms,
                    picture=production.picture,
                    wall_s=0.0 if shot is None else _shot_s(production, shot)[0],
                )
    except KeyboardInterrupt:
        complain("Stopped; the same command goes on from what is finished.")
        return 1
    say(f"Wrote {output}.")
    return 0


def parse_size(text: str) -> tuple[int, int]:
    """Return (width, height) of text such as ``1920x1080`` or ``vertical``."""
    if text in _NAMED_SIZES:
        return _NAMED_SIZES[text]
    match = _PICTURE_SIZE.fullmatch(text)
    if match is None or max(int(match[1]), int(match[2])) > _LARGEST_SIDE_PX:
        raise InputError(
            f"--size {text} is no picture size; give width x height, at most 8192 each, such as 1920x1080, "
            f"or {', '.join(_NAMED_SIZES)}."
        )
    return int(match[1]), int(match[2])


def _times_ms(replay: Replay, *texts: str | None) -> list[int]:
    """Return the times that were given, or the race's beginning."""
    from tracker3d.timespec import parse_time

    stage, race = replay.package.stage, replay.race
    given = [parse_time(text, stage=stage, race=race) for text in texts if text is not None]
    return given or [race.start_ms]


def _span(production: Production, first_ms: int, last_ms: list[int], fps: Fraction, shot: str | None) -> Span:
    """Return the frames that are asked for: of a time, of the whole move, or of one shot of it."""
    from tracker3d.render.job import span_of
    from tracker3d.render.reel import Span

    if last_ms:
        return span_of(first_ms, last_ms[0], fps)
    if shot is None:
        lasts_s = production.picture.cuts(production.scene)[-1].end_s
        return span_of(first_ms, first_ms + round(1000 * lasts_s), fps)
    start_s, end_s = _shot_s(production, shot)
    first = round(start_s * fps)
    return Span(first_ms, fps, first, max(1, round(end_s * fps) - first))


def _shot_s(production: Production, words: str) -> tuple[float, float]:
    """Return when a shot begins and ends, by its number or title."""
    cuts = production.picture.cuts(production.scene)
    for number, cut in enumerate(cuts, 1):
        if words == str(number) or words.casefold() in (name.casefold() for name in cut.names):
            return cut.start_s, cut.end_s
    titles = ", ".join(" ".join((str(number), *cut.names[:1])) for number, cut in enumerate(cuts, 1))
    raise InputError(f"There is no shot {words}; the shots are {titles}.")
