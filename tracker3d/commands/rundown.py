"""A show's rundown as something to be rendered: each entry lasts once, as program would have shown it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tracker3d.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tracker3d.race import Race
    from tracker3d.render.layers import Alpha, Layer
    from tracker3d.render.picture import Take, TakesPicture
    from tracker3d.replay import Replay
    from tracker3d.scene.model import Overlay, StageScene
    from tracker3d.show import Shot, ShowDocument


@dataclass(frozen=True)
class Programme:
    """The takes of a show, and the race with its operator's groups."""

    takes: tuple[Take, ...]
    race: Race

    def picture(self, size_px: tuple[int, int], alpha: Alpha, layer: Layer) -> TakesPicture:
        """Return what is seen of it."""
        from tracker3d.render.picture import TakesPicture

        first = self.takes[0]
        return TakesPicture(first.camera, size_px, alpha, first.overlays, layer, takes=self.takes)


def open_rundown(
    path: Path,
    shot: str | None,
    replay: Replay,
    scene: StageScene,
    *,
    start: str | None,
    overlays: frozenset[Overlay] | None,
) -> Programme:
    """Return the rundown of a show file, taken entry after entry from a time of the race on.

    Parameters
    ----------
    path : Path
    shot : str | None
        Name, key or number of an entry; one that names a shot outside the rundown gives that shot alone.
    replay : Replay
    scene : StageScene
    start : str | None
        When in the race; None: with the race.
    overlays : set of Overlay | None
        Instead of what the shots carry.

    Raises
    ------
    InputError
        The file cannot be used, or nothing in it is meant.
    """
    from tracker3d.commands.console import complain
    from tracker3d.show.files import read_show
    from tracker3d.timespec import parse_time

    document, message = read_show(path)
    if message:
        complain(message)
    race = replay.race.overridden(document.overrides) if document.overrides else replay.race
    stage = replay.package.stage
    start_ms = race.start_ms if start is None else parse_time(start, stage=stage, race=race)
    shots = _meant(document, shot, path)
    return Programme(_takes(shots, race, scene, start_ms=start_ms, overlays=overlays), race)


def _meant(document: ShowDocument, wanted: str | None, path: Path) -> list[Shot]:
    """Return the shots of the rundown, or the one that is asked for and not in it."""
    by_key = {shot.key: shot for shot in document.shots}
    entries = [by_key[key] for key in document.rundown]
    if not entries and (wanted is None or wanted.isdecimal()):
        raise InputError(f"The rundown of {path} is empty; fill it, or name one of its shots with --shot.")
    if wanted is None or wanted.isdecimal() or any(_is_called(shot, wanted) for shot in entries):
        return entries
    others = [shot for shot in document.shots if _is_called(shot, wanted)]
    if not others:
        names = ", ".join(shot.name or shot.key for shot in document.shots)
        raise InputError(f"There is no shot {wanted} in {path}; its shots are {names}.")
    return others[:1]


def _is_called(shot: Shot, words: str) -> bool:
    return words.casefold() in (shot.name.casefold(), shot.key)


def _takes(
    shots: Sequence[Shot],
    race: Race,
    scene: StageScene,
    *,
    start_ms: int,
    overlays: frozenset[Overlay] | None,
) -> tuple[Take, ...]:
    """Return shots one after the other; one without a duration lasts as long as its move."""
    from tracker3d.render.picture import Take
    from tracker3d.scene.camera import as_timeline
    from tracker3d.show import BusState, EndBehaviour
    from tracker3d.show.pictures import camera_of

    takes: list[Take] = []
    start_s = 0.0
    for shot in shots:
        camera = camera_of(race, BusState(shot=shot, began_ms=start_ms + round(1000 * start_s)))
        takes.append(
            Take(
                names=tuple(name for name in (shot.name, shot.key) if name),
                camera=camera,
                overlays=shot.overlays if overlays is None else overlays,
                start_s=start_s,
                duration_s=shot.duration_s or as_timeline(camera, scene).duration_s,
                mix_s=shot.mix_s,
                loops=shot.end is EndBehaviour.LOOP,
            )
        )
        start_s += takes[-1].duration_s
    return tuple(takes)
