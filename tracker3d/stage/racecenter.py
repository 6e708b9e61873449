"""The recording container of the Race Center feed: who and where (``rest``), and what arrived (``events``).

Only the container is known here. What the events say is decoded by ``tracker3d.feed``; what the parts of
``rest`` say becomes a road, places, riders and teams in :mod:`tracker3d.stage.racecenter_parts`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import msgspec

from tracker3d.errors import InputError
from tracker3d.stage.inputs import read_bounded

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Recording:
    """A recorded stage as it stands in the file.

    Attributes
    ----------
    path : Path
    meta : dict
        ``date`` (race-local, ISO 8601), ``year``, ``source``; ``simulated`` on rehearsals.
    rest : dict
        The documents ``riders``, ``teams``, ``stages``, ``trace``, ``checkpoints``; any may be missing.
    receive_ms : list of int
        When each event arrived, milliseconds since the first; ascending.
    events : list of str
        The text of each stream event, as long as ``receive_ms``. Usually JSON, but not always.
    """

    path: Path
    meta: dict[str, Any] = field(default_factory=dict)
    rest: dict[str, Any] = field(default_factory=dict)
    receive_ms: list[int] = field(default_factory=list)
    events: list[str] = field(default_factory=list)

    @property
    def simulated(self) -> bool:
        """Whether road and riders are invented."""
        return bool(self.meta.get("simulated"))


class _Event(msgspec.Struct):
    dt: float
    data: str


class _File(msgspec.Struct):
    events: list[_Event]
    rest: dict[str, Any]
    version: int = 1
    meta: dict[str, Any] = {}


def looks_like_recording(content: bytes) -> bool:
    """Tell from its first level whether a JSON text is a recording."""
    head = content[:65536]
    return content.lstrip()[:1] == b"{" and (b'"rest"' in head or b'"events"' in head)


def read_recording(path: Path) -> Recording:
    """Read a recording, gzipped or not.

    Parameters
    ----------
    path : Path
        A ``.json.gz`` or ``.json`` file.

    Raises
    ------
    InputError
        The file is missing, damaged, cut off, too large or no recording.
    """
    return decode_recording(read_bounded(path), path)


def decode_recording(content: bytes, path: Path) -> Recording:
    """Decode the inflated text of a recording; ``path`` is for the errors only.

    Raises
    ------
    InputError
        The text is cut off or no recording.
    """
    try:
        file = msgspec.json.decode(content, type=_File)
    except msgspec.ValidationError as error:
        raise InputError(
            f"{path} is no Race Center recording ({error}); it needs the parts meta, rest and events."
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(
            f"{path} holds broken JSON ({_reason(error)}); copy or download it again."
        ) from error
    if file.version != 1:
        raise InputError(
            f"{path} is a recording of version {file.version}, and only version 1 is known; update tracker3d."
        )
    arrived = accumulate(max(0.0, event.dt) for event in file.events)
    return Recording(
        path=path,
        meta=file.meta,
        rest=file.rest,
        receive_ms=[round(moment) for moment in arrived],
        events=[event.data for event in file.events],
    )


def _reason(error: Exception) -> str:
    text = str(error)
    return "cut off" if "truncated" in text else text.split(" (")[0].lower().rstrip(".")
