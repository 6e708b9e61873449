"""The race at one moment: order, gaps and groups."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tracker3d.track.model import RiderStates


class Role(enum.StrEnum):
    """What a group is to the race."""

    HEAD = "head"
    CHASE = "chase"
    PELOTON = "peloton"
    DROPPED = "dropped"
    GRUPPETTO = "gruppetto"


@dataclass(frozen=True)
class Group:
    """Riders who ride together, front first.

    Attributes
    ----------
    id : int
        Stable while most of its riders stay together.
    role : Role
    number : int
        Among groups of the same role from the front, from 1.
    riders : (k,) int32
        Rider indices, front first.
    front_m, tail_m : float
        Road distance of its first and last rider.
    speed_mps : float
        Mean over the stated window.
    gap_to_head_s, gap_to_ahead_s : float
        Time since the head of the race, and the last rider of the group ahead, passed where this group's
        first rider is; NaN where history does not reach.
    """

    id: int
    role: Role
    number: int
    riders: NDArray[np.int32]
    front_m: float
    tail_m: float
    speed_mps: float
    gap_to_head_s: float
    gap_to_ahead_s: float


@dataclass(frozen=True)
class RaceState:
    """The race at ``time_ms``, as arrays over rider index.

    Attributes
    ----------
    time_ms : int
    riders : RiderStates
    order : (k,) int32
        Indices of the riders who are present (no vehicles), first on the road first; at most k long.
    gap_s : (k,) float64
        Time since the first rider passed this rider's place; 0 for the first, NaN where unknown.
    group : (k,) int32
        Index into ``groups``, -1 for none.
    groups : tuple of Group
        Front first.
    to_go_m : float
        Distance to the finish of the first rider, NaN before anybody is seen.
    """

    time_ms: int
    riders: RiderStates
    order: NDArray[np.int32]
    gap_s: NDArray[np.float64]
    group: NDArray[np.int32]
    groups: tuple[Group, ...]
    to_go_m: float
