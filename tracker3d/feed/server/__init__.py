"""A local server that replays a recording as a live feed, with the faults of the real one."""

from tracker3d.feed.server.broadcast import FAULTS, Broadcast, Faults
from tracker3d.feed.server.playlist import Playlist, read_playlist
from tracker3d.feed.server.serving import FeedServer

__all__ = ["FAULTS", "Broadcast", "Faults", "FeedServer", "Playlist", "read_playlist"]
