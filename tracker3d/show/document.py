"""What a show is made of: shots, the rundown, and what the operator says of groups and events.

A document is a frozen value; every change gives a new one that shares what has not changed. So undoing is
going back to the value before, and what is on air cannot be touched by an edit.
"""

from __future__ import annotations

import dataclasses
import enum
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tracker3d.errors import InputError
from tracker3d.race.events import EventReview
from tracker3d.race.overrides import Overrides
from tracker3d.scene.camera import (
    CameraTimeline,
    ChaseCamera,
    ClimbCamera,
    ClimbSideCamera,
    Clock,
    FinishCamera,
    FixedCamera,
    FlyToCamera,
    OrbitCamera,
    OverheadCamera,
    OverviewCamera,
    parse_camera,
)
from tracker3d.scene.model import USUAL_OVERLAYS, Overlay

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tracker3d.scene import Camera

MOST_SHOTS = 1000
MOST_ENTRIES = 5000
MOST_PINNED = 500
LONGEST_SHOT_S = 86_400.0
LONGEST_MIX_S = 30.0
LONGEST_TEXT = 500
_TARGET = re.compile(r"leader|peloton|\d{1,5}|-\d{1,5}")
_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_STILL = (ClimbCamera, ClimbSideCamera, FinishCamera, FixedCamera, OverviewCamera)
DESK_OVERLAYS = USUAL_OVERLAYS - {Overlay.PROFILE}
"""What a new shot carries."""


class EndBehaviour(enum.StrEnum):
    """What happens when a shot has lasted its duration."""

    HOLD = "hold"
    """The camera stays at the end of its move, the race goes on."""
    LOOP = "loop"
    """The camera move begins again."""
    NEXT = "next"
    """The next entry of the rundown is taken."""
    BACK = "back"
    """What was on air before comes back, at its own time."""


@dataclass(frozen=True)
class Shot:
    """What can be put on air with one key.

    Attributes
    ----------
    key : str
        Names it within its document: small letters, digits, ``-`` and ``_``.
    name : str
        For people.
    camera : str or CameraTimeline
        The move, in words as :func:`~tracker3d.scene.camera.parse_camera` reads them, or several in turn.
    target : str
        Whom moves look at that look at somebody: ``leader``, ``peloton`` or a bib; empty: as they say.
    overlays : frozenset of Overlay
    duration_s : float
        0: until something else is taken.
    end : EndBehaviour
    mix_s : float
        How long :meth:`~tracker3d.show.show.Show.take` dissolves to it; 0 is a cut.
    note : str
        For the operator.

    Raises
    ------
    InputError
        A value is out of bounds, or there is no such camera; the sentence names the shot.
    """

    key: str
    name: str = ""
    camera: str | CameraTimeline = "overview"
    target: str = ""
    overlays: frozenset[Overlay] = DESK_OVERLAYS
    duration_s: float = 0.0
    end: EndBehaviour = EndBehaviour.HOLD
    mix_s: float = 0.0
    note: str = ""

    def __post_init__(self) -> None:
        what = f"The shot {self.name or self.key!r}"
        if not _KEY.fullmatch(self.key):
            raise InputError(f"{what} has the key {self.key!r}; keys are small letters, digits, - and _.")
        if not 0.0 <= self.duration_s <= LONGEST_SHOT_S:
            raise InputError(f"{what} lasts {self.duration_s:g} s; shots last 0 (endless) to a day.")
        if not 0.0 <= self.mix_s <= LONGEST_MIX_S:
            raise InputError(
                f"{what} is mixed in over {self.mix_s:g} s; 0 to {LONGEST_MIX_S:g} s are possible."
            )
        if self.target and not _TARGET.fullmatch(self.target):
            raise InputError(f"{what} has the target {self.target!r}; give leader, peloton or a bib.")
        if max(len(self.name), len(self.note)) > LONGEST_TEXT:
            raise InputError(f"{what} has a text of over {LONGEST_TEXT} letters; shorten it.")
        if isinstance(self.camera, str):
            try:
                parse_camera(self.camera)
            except InputError as error:
                raise InputError(f"{what}: {error}") from error

    @property
    def move(self) -> Camera:
        """The camera, looking at the target."""
        if isinstance(self.camera, CameraTimeline):
            shots = tuple(
                dataclasses.replace(shot, camera=_aimed(shot.camera, self.target))
                for shot in self.camera.shots
            )
            return dataclasses.replace(self.camera, shots=shots)
        return _aimed(parse_camera(self.camera), self.target)

    @property
    def moves_by_itself(self) -> bool:
        """Whether the camera moves while the race stands still."""
        return isinstance(self.camera, CameraTimeline) or _turns(parse_camera(self.camera))


def _turns(camera: Camera) -> bool:
    """Tell whether a move goes on by wall time."""
    if isinstance(camera, (ChaseCamera, OverheadCamera, *_STILL)):
        return False
    return getattr(camera, "driven_by", Clock.WALL) is Clock.WALL


def _aimed(camera: Camera, target: str) -> Camera:
    """Return a camera that looks at somebody else, as far as it looks at anybody."""
    if not target:
        return camera
    if isinstance(camera, FlyToCamera):
        return dataclasses.replace(camera, to=_aimed(camera.to, target))
    if isinstance(camera, (ChaseCamera, OrbitCamera, OverheadCamera)):
        return dataclasses.replace(camera, target=target)
    return camera


@dataclass(frozen=True)
class ShowDocument:
    """Everything of a show that is edited, saved, and undone.

    Attributes
    ----------
    shots : tuple of Shot
        In the operator's order; no key twice.
    rundown : tuple of str
        Keys of shots, in the order in which they are to be taken; a shot may come several times.
    overrides : Overrides
        Of groups.
    review : EventReview
        Which events were confirmed or dismissed.
    pinned : tuple of int
        Bibs that stand first in the tables.
    title : str

    Raises
    ------
    InputError
        Too much of something, two shots of one key, or an entry of the rundown without its shot.
    """

    shots: tuple[Shot, ...] = ()
    rundown: tuple[str, ...] = ()
    overrides: Overrides = field(default_factory=Overrides)
    review: EventReview = field(default_factory=EventReview)
    pinned: tuple[int, ...] = ()
    title: str = ""

    def __post_init__(self) -> None:
        if len(self.shots) > MOST_SHOTS or len(self.rundown) > MOST_ENTRIES or len(self.pinned) > MOST_PINNED:
            raise InputError(
                f"A show has at most {MOST_SHOTS} shots, {MOST_ENTRIES} entries of the rundown and "
                f"{MOST_PINNED} pinned riders; split it."
            )
        if len(self.title) > LONGEST_TEXT:
            raise InputError(f"A show's title has at most {LONGEST_TEXT} letters; shorten it.")
        keys = {shot.key for shot in self.shots}
        if len(keys) < len(self.shots):
            raise InputError("Two shots of a show have the same key; give each its own.")
        missing = [key for key in self.rundown if key not in keys]
        if missing:
            raise InputError(f"The rundown names the shot {missing[0]!r}, which the show has not.")

    def shot(self, key: str) -> Shot | None:
        """Return the shot of a key."""
        return next((shot for shot in self.shots if shot.key == key), None)

    def new_key(self, name: str) -> str:
        """Return a key made of a name that no shot has yet."""
        letters = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "shot"
        taken = {shot.key for shot in self.shots}
        key, number = letters, 2
        while key in taken:
            key, number = f"{letters}-{number}", number + 1
        return key

    def with_shot(self, shot: Shot, *, at: int | None = None) -> ShowDocument:
        """Put a shot in place of the one with its key, or add it, by default at the end."""
        keys = [other.key for other in self.shots]
        shots = list(self.shots)
        if shot.key in keys:
            shots[keys.index(shot.key)] = shot
        else:
            shots.insert(len(shots) if at is None else at, shot)
        return dataclasses.replace(self, shots=tuple(shots))

    def without_shot(self, key: str) -> ShowDocument:
        """Take a shot out, and its entries out of the rundown."""
        return dataclasses.replace(
            self,
            shots=tuple(shot for shot in self.shots if shot.key != key),
            rundown=tuple(entry for entry in self.rundown if entry != key),
        )

    def with_moved_shot(self, key: str, to: int) -> ShowDocument:
        """Give a shot another place in the operator's order."""
        shot = self.shot(key)
        if shot is None:
            return self
        shots = [other for other in self.shots if other.key != key]
        shots.insert(min(max(to, 0), len(shots)), shot)
        return dataclasses.replace(self, shots=tuple(shots))

    def with_rundown(self, entries: Iterable[str]) -> ShowDocument:
        """Set the whole rundown."""
        return dataclasses.replace(self, rundown=tuple(entries))

    def with_entry(self, key: str, at: int | None = None) -> ShowDocument:
        """Put a shot into the rundown, by default at its end."""
        entries = list(self.rundown)
        entries.insert(len(entries) if at is None else at, key)
        return self.with_rundown(entries)

    def without_entry(self, at: int) -> ShowDocument:
        """Take one entry out of the rundown."""
        return self.with_rundown(entry for index, entry in enumerate(self.rundown) if index != at)

    def with_moved_entry(self, at: int, to: int) -> ShowDocument:
        """Give an entry of the rundown another place."""
        if not 0 <= at < len(self.rundown):
            return self
        entries = list(self.rundown)
        entry = entries.pop(at)
        entries.insert(min(max(to, 0), len(entries)), entry)
        return self.with_rundown(entries)

    def with_overrides(self, overrides: Overrides) -> ShowDocument:
        """Say something else of groups."""
        return dataclasses.replace(self, overrides=overrides)

    def with_review(self, review: EventReview) -> ShowDocument:
        """Say something else of events."""
        return dataclasses.replace(self, review=review)

    def with_pinned(self, bib: int, *, pinned: bool) -> ShowDocument:
        """Let a rider stand first in the tables, or no more."""
        others = tuple(other for other in self.pinned if other != bib)
        return dataclasses.replace(self, pinned=(*others, bib) if pinned else others)


STANDARD_SHOTS = (
    Shot("overview", "Overview", "overview", note="The whole stage"),
    Shot("orbit", "Orbit", "orbit", note="Helicopter around the head of the race"),
    Shot("leader", "Leader", "chase:leader", note="Behind the first rider"),
    Shot("peloton", "Peloton", "chase:peloton", note="Behind the largest group"),
    Shot("road", "Road", "road", note="Flight along the road, from the head of the race on"),
    Shot("finish", "Finish", "finish", note="The last metres, from behind the line"),
)
"""What a new show begins with; they have the keys 1 to 6."""


def new_document(title: str = "") -> ShowDocument:
    """Return the document of a new show."""
    return ShowDocument(
        STANDARD_SHOTS, tuple(shot.key for shot in STANDARD_SHOTS), title=title[:LONGEST_TEXT]
    )
