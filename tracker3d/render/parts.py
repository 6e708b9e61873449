"""The folder of a render that is not finished: its parts, and what is needed to go on after it was stopped.

::

    OUT.mp4.part/
      job.json     what is rendered; another job does not go on from here
      00000.mp4    a finished part of 50 frames (a folder for pictures)
      00000.json   its frames and size, and where the labels stood after it

A part is written under another name and renamed when it is whole, its description before it. So whatever
stops a render, what is there by its name is whole; and because parts are encoded each for itself, the joined
file has the same bytes however often the render was stopped and by however many processes it was made.
"""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import msgspec

from tracker3d.errors import OutputError
from tracker3d.files import written_aside
from tracker3d.render.encoders import join

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tracker3d.render.encoders import Encoder, Recording

PART_FRAMES = 50

Slots = dict[tuple[str, int], int]
"""Where labels stand: :attr:`tracker3d.scene.model.FrameState.label_slots`."""

_LARGEST_NOTE_BYTES = 10_000_000


class _Note(msgspec.Struct):
    """What is known about a finished part."""

    frames: int
    size_bytes: int
    slots: list[tuple[str, int, int]]


class Parts:
    """The parts of one render.

    Parameters
    ----------
    target : Path
        The result; the folder lies beside it.
    recording : Recording
    count : int
        Frames in all.
    """

    def __init__(self, target: Path, recording: Recording, *, count: int) -> None:
        self.target = target
        self.folder = target.with_name(f"{target.name}.part")
        self._recording = recording
        self._ending = "" if recording.kind.pictures else target.suffix.lower()
        self.count = count
        self.metres = recording.kind.name == "exr"

    def __len__(self) -> int:
        return -(-self.count // PART_FRAMES)

    def frames(self, part: int) -> range:
        """Return which frames are in a part, counted from the first of this render."""
        return range(part * PART_FRAMES, min((part + 1) * PART_FRAMES, self.count))

    def open(self, job: Mapping[str, Any] | None) -> int:
        """Make the folder, or go on in it if it is of the same job; return how many frames are finished.

        A job of None is the same as no other.

        Raises
        ------
        OutputError
            The place cannot be written.
        """
        parent = self.target.absolute().parent
        if not parent.is_dir():
            raise OutputError(
                f"The folder {parent} does not exist; create it, or write {self.target.name} elsewhere."
            )
        wanted = json.dumps(job, sort_keys=True, indent=1)
        if job is None or _text_of(self.folder / "job.json") != wanted:
            self.discard()
            self.folder.mkdir()
            (self.folder / "job.json").write_text(wanted, encoding="utf-8")
        for stale in self.folder.glob(".*"):
            _remove(stale)
        return self.done_frames()

    def done_frames(self) -> int:
        """Return how many frames are finished."""
        return sum(len(self.frames(part)) for part in range(len(self)) if self.is_done(part))

    def is_done(self, part: int) -> bool:
        """Whether a part is whole."""
        note = self._note(part)
        return (
            note is not None
            and note.frames == len(self.frames(part))
            and note.size_bytes == _size_bytes(self._path(part))
        )

    def slots_after(self, part: int) -> Slots:
        """Return where labels stood at the end of a finished part."""
        note = self._note(part)
        return {} if note is None else {(kind, number): slot for kind, number, slot in note.slots}

    def begin(self, part: int, *, first: int) -> tuple[Encoder, Path]:
        """Begin a part anew; return what encodes it, and its name for :meth:`finish`.

        ``first`` is the number that its first frame has in a folder of pictures.
        """
        aside = self.folder / f".{part:05d}-{os.getpid()}{self._ending}"
        _remove(aside)
        return self._recording.open(aside, first=first), aside

    def finish(self, part: int, aside: Path, slots: Mapping[tuple[str, int], int]) -> None:
        """Give a whole part its name."""
        note = _Note(
            frames=len(self.frames(part)),
            size_bytes=_size_bytes(aside),
            slots=[(kind, number, slot) for (kind, number), slot in slots.items()],
        )
        scratch = aside.with_suffix(".json")
        scratch.write_bytes(msgspec.json.encode(note))
        scratch.replace(self._path(part).with_name(f"{part:05d}.json"))
        _remove(self._path(part))
        aside.rename(self._path(part))

    def join(self) -> None:
        """Put the parts together as the result and remove the folder.

        Raises
        ------
        OutputError
            Parts are missing or damaged.
        """
        pictures = self._recording.kind.pictures
        with written_aside(self.target, folder=pictures, within=self.folder) as aside:
            if pictures:
                aside.rmdir()
            paths = [self._path(part) for part in range(len(self))]
            joined = join(paths, aside, self._recording)
            if joined != self.count:
                raise OutputError(
                    f"{self.folder} holds {joined} of {self.count} frames; remove it and start again."
                )
        self.discard()

    def discard(self) -> None:
        """Remove the folder and all that was rendered."""
        _remove(self.folder)

    def _path(self, part: int) -> Path:
        return self.folder / f"{part:05d}{self._ending}"

    def _note(self, part: int) -> _Note | None:
        path = self.folder / f"{part:05d}.json"
        try:
            if path.stat().st_size > _LARGEST_NOTE_BYTES:
                return None
            return msgspec.json.decode(path.read_bytes(), type=_Note)
        except (OSError, msgspec.DecodeError):
            return None


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8") if path.stat().st_size <= _LARGEST_NOTE_BYTES else ""
    except (OSError, UnicodeDecodeError):
        return ""


def _size_bytes(path: Path) -> int:
    if path.is_dir():
        return sum(file.stat().st_size for file in path.iterdir())
    return path.stat().st_size if path.exists() else -1


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
