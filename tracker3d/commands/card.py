"""``tracker3d card``."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from tracker3d.commands.console import progress_shown, say
from tracker3d.commands.render import parse_size
from tracker3d.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tracker3d.race import Race
    from tracker3d.scene import StageScene

_FPS = Fraction(50)


def card(
    package: Path,
    template: str,
    /,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    feed: Path,
    at: str,
    size: str = "portrait",
    climb: str = "",
    camera: str | None = None,
    theme: Path | None = None,
    language: str | None = None,
) -> int:
    """Make a card for social media from the race at a moment.

    Parameters
    ----------
    package
        The stage package, NAME.stage.
    template
        gaps, climb (who was fastest up), speeds (the highest so far) or profile (the stage so far).
    output
        OUT.png, or OUT.mp4 for a film of 6 s.
    feed
        A recording or log of the race.
    at
        When: ISO 8601 with zone, race-local HH:MM:SS, or km to go such as 35.2km.
    size
        portrait (1080x1350), vertical (1080x1920), square, 1080p, or width x height.
    climb
        Which one for the template climb: its name or a kilometre on it; usually the last one ridden.
    camera
        Lay a picture of the stage behind it, as for render: overview, helicopter, climb:<name>.
    theme
        A TOML file of colours, sizes, fonts, logos and words.
    language
        Of the words in the picture: en or fr, or one that the theme brings.
    """
    from tracker3d.render import write_picture, write_video
    from tracker3d.replay import open_replay
    from tracker3d.scene import build_scene, choose_theme
    from tracker3d.scene.social import Template, card_facts, make_card
    from tracker3d.scene.social.film import LASTS_S
    from tracker3d.scene.social.layout import rows_that_fit
    from tracker3d.timespec import parse_time

    if template not in set(Template):
        raise InputError(f"There is no card {template!r}; choose one of {', '.join(Template)}.")
    if output.suffix.lower() not in (".png", ".mp4"):
        raise InputError(f"{output} is neither .png nor .mp4; give a name that ends so.")
    kind, size_px, look = Template(template), parse_size(size), choose_theme(theme, language)
    with progress_shown() as progress:
        replay = open_replay(package, feed, progress=progress)
        scene = build_scene(replay.package.stage, replay.package.ground, look)
        time_ms = parse_time(at, stage=replay.package.stage, race=replay.race)
        facts = card_facts(
            scene, replay.race, time_ms, kind, climb=climb, most_rows=rows_that_fit(size_px, kind)
        )
        photo = None if camera is None else _photo(scene, replay.race, time_ms, camera, size_px)
        made = make_card(scene, facts, size_px, photo=photo)
        if output.suffix.lower() == ".png":
            write_picture(output, made.picture())
        else:
            frames = round(LASTS_S * _FPS)
            write_video(output, (made.picture(float(number / _FPS)) for number in range(frames)), fps=_FPS)
    say(f"Wrote {output}.")
    return 0


def _photo(
    scene: StageScene, race: Race, time_ms: int, camera: str, size_px: tuple[int, int]
) -> NDArray[np.uint8]:
    """Return a picture of the stage without anything laid over it."""
    from tracker3d.render import Layer
    from tracker3d.render.picture import Moment, Picture
    from tracker3d.scene import parse_camera

    picture = Picture(camera=parse_camera(camera), size_px=size_px, layer=Layer.CLEAN)
    with picture.open() as target:
        target.set_stage(scene)
        target.set_frame(picture.frame(scene, race, Moment(time_ms, time_ms)))
        return target.picture()
