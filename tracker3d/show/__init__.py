"""The operator's side of a show, without Qt: what is played, and when."""

from tracker3d.show.clock import SPEEDS, ReplayClock

__all__ = ["SPEEDS", "ReplayClock"]
