"""Order, gaps and groups."""

from tracker3d.race.model import Group, RaceState, Role
from tracker3d.race.race import Race

__all__ = ["Group", "Race", "RaceState", "Role"]
