"""A race while it is ridden: from the address of a feed to a race that grows, in a thread of its own."""

from tracker3d.live.clock import FeedClock
from tracker3d.live.health import Connection, SessionHealth
from tracker3d.live.session import LiveSession

__all__ = ["Connection", "FeedClock", "LiveSession", "SessionHealth"]
