"""Fixes to road metres, and every rider at any time."""

from tracker3d.track.live import LiveTracks, Settled
from tracker3d.track.live_motion import LiveMotion
from tracker3d.track.model import Presence, RiderStates, Tracks, Verdict
from tracker3d.track.motion import Motion
from tracker3d.track.snap import put_on_road
from tracker3d.track.table import write_tracks

__all__ = [
    "LiveMotion",
    "LiveTracks",
    "Motion",
    "Presence",
    "RiderStates",
    "Settled",
    "Tracks",
    "Verdict",
    "put_on_road",
    "write_tracks",
]
