"""What a render job is made from, as plain words: opened here, or by a process that draws a part of it."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracker3d import __version__
from tracker3d.commands.moves import open_shots
from tracker3d.commands.rundown import open_rundown
from tracker3d.errors import InputError
from tracker3d.progress import silent

if TYPE_CHECKING:
    from tracker3d.progress import Progress
    from tracker3d.render.reel import Production
    from tracker3d.replay import Replay

_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class ProductionRecipe:
    """Everything that decides what the frames of a job look like.

    Attributes
    ----------
    package : Path
    feed : Path | None
    camera : str | None
        In words; else ``shots`` or ``show``.
    shots, show : Path | None
    shot : str | None
        Which one of a show is filmed, where it is not all of the rundown.
    start : str | None
        When it begins in the race; None: with the race.
    size_px : (width, height)
    overlays : str | None
        None: as usual, or as the shots of a show have them.
    layer, alpha : str
    theme : Path | None
    language : str | None
    common_start : bool
        A time trial is shown as if everybody had started together.
    """

    package: Path
    feed: Path | None
    camera: str | None
    shots: Path | None
    size_px: tuple[int, int]
    show: Path | None = None
    shot: str | None = None
    start: str | None = None
    overlays: str | None = None
    layer: str = "full"
    alpha: str | None = None
    theme: Path | None = None
    language: str | None = None
    common_start: bool = False

    def open(self) -> Production:
        """Open stage and race, for a process that draws a part."""
        return self.opened()[0]

    def opened(self, progress: Progress = silent) -> tuple[Production, Replay]:
        """Open stage and race.

        Raises
        ------
        InputError
            Something of it cannot be used.
        """
        from tracker3d.render.layers import choose_alpha, parse_layer
        from tracker3d.render.picture import Picture
        from tracker3d.render.reel import Production
        from tracker3d.replay import as_common_start, open_replay
        from tracker3d.scene import (
            USUAL_OVERLAYS,
            build_scene,
            choose_theme,
            parse_camera,
            parse_overlays,
        )

        layer = parse_layer(self.layer)
        alpha = choose_alpha(layer, self.alpha)
        shown = None if self.overlays is None else parse_overlays(self.overlays)
        look = choose_theme(self.theme, self.language)
        move = None if self.camera is None else parse_camera(self.camera)
        replay = open_replay(self.package, self.feed, progress=progress)
        if self.common_start:
            replay = as_common_start(replay)
        scene = build_scene(replay.package.stage, replay.package.ground, look)
        if self.show is not None:
            programme = open_rundown(self.show, self.shot, replay, scene, start=self.start, overlays=shown)
            picture: Picture = programme.picture(self.size_px, alpha, layer)
            return Production(scene, programme.race, picture), replay
        if move is None:
            assert self.shots is not None
            move = open_shots(self.shots, scene)
        overlays = USUAL_OVERLAYS if shown is None else shown
        picture = Picture(camera=move, size_px=self.size_px, alpha=alpha, overlays=overlays, layer=layer)
        return Production(scene, replay.race, picture), replay

    def made_from(self) -> dict[str, Any]:
        """Return all of it with what is in the files, to tell whether two jobs are the same."""
        import importlib.metadata

        words = {
            field.name: str(getattr(self, field.name))
            for field in dataclasses.fields(self)
            if not isinstance(getattr(self, field.name), Path)
        }
        paths = {name: getattr(self, name) for name in ("package", "feed", "shots", "show", "theme")}
        files = {name: _digest(path) for name, path in paths.items() if path is not None}
        programs = {name: importlib.metadata.version(name) for name in ("av", "pillow", "vtk")}
        return {"tracker3d": __version__, "programs": programs, "words": words, "files": files}


def _digest(path: Path) -> str:
    """Return a digest of a file, or of all files in a folder with their names."""
    files = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
    digest = hashlib.blake2b(digest_size=16)
    try:
        for file in files:
            digest.update(f"{file.relative_to(path)}\0{file.stat().st_size}\0".encode())
            with file.open("rb") as stream:
                while block := stream.read(_BLOCK_BYTES):
                    digest.update(block)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); check the path.") from error
    return digest.hexdigest()
