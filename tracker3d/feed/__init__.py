"""Bytes to fixes: decoders by format, and the rehearsal simulator in :mod:`tracker3d.feed.rehearsal`."""

from tracker3d.feed.fixes import Fixes, FixFlag
from tracker3d.feed.reading import read_feed

__all__ = ["FixFlag", "Fixes", "read_feed"]
