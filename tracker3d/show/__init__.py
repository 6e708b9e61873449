"""The operator's side of a show, without Qt: what is prepared, what is on air, and when."""

from tracker3d.show.clock import SPEEDS, ClockState, ReplayClock, ShowClock, Span
from tracker3d.show.document import STANDARD_SHOTS, EndBehaviour, Shot, ShowDocument, new_document
from tracker3d.show.opening import OpenShow, open_show
from tracker3d.show.pictures import Picture
from tracker3d.show.show import ActKind, Change, Show
from tracker3d.show.source import LiveSource, RaceSource, RecordedSource
from tracker3d.show.state import BusState, Mix, Pose, ShowState, Side

__all__ = [
    "SPEEDS",
    "STANDARD_SHOTS",
    "ActKind",
    "BusState",
    "Change",
    "ClockState",
    "EndBehaviour",
    "LiveSource",
    "Mix",
    "OpenShow",
    "Picture",
    "Pose",
    "RaceSource",
    "RecordedSource",
    "ReplayClock",
    "Shot",
    "Show",
    "ShowClock",
    "ShowDocument",
    "ShowState",
    "Side",
    "Span",
    "new_document",
    "open_show",
]
