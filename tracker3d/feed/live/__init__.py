"""Live feeds: one interface over server-sent events, polling, WebSocket, MQTT, UDP and standard input."""

from tracker3d.feed.live.address import Address, Transport, parse_address
from tracker3d.feed.live.client import Health, LiveFeed, open_live

__all__ = ["Address", "Health", "LiveFeed", "Transport", "open_live", "parse_address"]
