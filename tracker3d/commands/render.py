"""``tracker3d render``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tracker3d.commands.console import progress_shown, say
from tracker3d.commands.moves import open_shots
from tracker3d.errors import InputError

_PICTURE_SIZE = re.compile(r"(\d{2,5})x(\d{2,5})")
_LARGEST_SIDE_PX = 8192


def render(
    package: Path,
    /,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    camera: str | None = None,
    shots: Path | None = None,
    feed: Path | None = None,
    at: str | None = None,
    start: Annotated[str | None, Parameter(name="--from")] = None,
    end: Annotated[str | None, Parameter(name="--to")] = None,
    fps: str = "50",
    size: str = "1920x1080",
    overlays: str = "usual",
    theme: Path | None = None,
    language: str | None = None,
    alpha: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Render a picture or a video of the race.

    Parameters
    ----------
    package
        The stage package, NAME.stage.
    output
        OUT.png for a picture; OUT.mp4, OUT.mov or a folder of pictures for a video.
    feed
        A recording or log of the race, positions as .csv or .jsonl, or GPX files; without it the stage alone.
    camera
        overview, orbit, helicopter, chase:<bib|leader|peloton>, moto, overhead, road, climb:<name>,
        side:<name>, summit, finish, fly:<camera> or preview.
    shots
        A file of shots instead, .toml, or a glTF camera, .glb.
    at
        Time of a picture: ISO 8601 with zone, race-local HH:MM:SS, or km to go such as 35.2km.
    start, end
        First and last time of a video; without the last one, or without a feed, as long as the move.
    fps
        Pictures a second of a video: 25, 29.97, 50, 59.94 or any fraction such as 30000/1001.
    size
        Width x height in pixels.
    overlays
        What is laid over the picture, by comma: usual, all, none, or names such as usual,speed_board.
    theme
        A TOML file of colours, sizes, fonts, logos and words; what it leaves out is as usual.
    language
        Of the words in the picture: en or fr, or one that the theme brings.
    alpha
        Transparent background.
    """
    from tracker3d.render.job import Picture, parse_rate, render_still, render_video
    from tracker3d.replay import open_replay
    from tracker3d.scene import build_scene, choose_theme, parse_camera, parse_overlays
    from tracker3d.scene.camera import as_timeline
    from tracker3d.timespec import parse_time

    if (camera is None) == (shots is None):
        raise InputError("Say from where: --camera with a camera in words, or --shots with a file of shots.")
    if feed is None and (at, start, end) != (None, None, None):
        raise InputError("--at, --from and --to are times of a race; give its recording with --feed.")
    if feed is not None and ((at is None) == (start is None) or (end is not None and start is None)):
        raise InputError("Say when: --at TIME for a picture, or --from TIME and --to TIME for a video.")
    moving = start is not None or (feed is None and output.suffix.lower() != ".png")
    size_px, rate = _parse_size(size), parse_rate(fps)
    shown, look = parse_overlays(overlays), choose_theme(theme, language)
    move = parse_camera(camera) if camera is not None else None
    with progress_shown() as progress:
        replay = open_replay(package, feed, progress=progress)
        scene = build_scene(replay.package.stage, replay.package.ground, look)
        if move is None:
            assert shots is not None
            move = open_shots(shots, scene)
        first, *last = [
            parse_time(text, stage=replay.package.stage, race=replay.race)
            for text in (at, start, end)
            if text is not None
        ] or [replay.race.start_ms]
        picture = Picture(camera=move, size_px=size_px, alpha=alpha, overlays=shown)
        if moving:
            lasts_ms = round(1000 * as_timeline(move, scene).duration_s)
            render_video(
                scene,
                replay.race,
                output,
                span_ms=(first, last[0] if last else first + lasts_ms),
                fps=rate,
                picture=picture,
                progress=progress,
            )
        else:
            render_still(scene, replay.race, output, time_ms=first, picture=picture)
    say(f"Wrote {output}.")
    return 0


def _parse_size(text: str) -> tuple[int, int]:
    match = _PICTURE_SIZE.fullmatch(text)
    if match is None or max(int(match[1]), int(match[2])) > _LARGEST_SIDE_PX:
        raise InputError(
            f"--size {text} is no picture size; give width x height, at most 8192 each, such as 1920x1080."
        )
    return int(match[1]), int(match[2])
