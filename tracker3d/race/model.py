"""The race at one moment: order, gaps and groups."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tracker3d.track.model import SPEED_WINDOW_S

if TYPE_CHECKING:
    from collections.abc import Mapping

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
        Mean of its riders over :data:`~tracker3d.track.model.SPEED_WINDOW_S`.
    gap_to_head_s, gap_to_ahead_s : float
        Time since the head of the race, and the last rider of the group ahead, passed where this group's
        first rider is; NaN where history does not reach.
    gap_to_head_m, gap_to_ahead_m : float
        The same as distances along the road; NaN for the first group.
    to_go_m : float
        From its first rider to the finish.
    gradient_ahead : float
        Rise over run of the road in the 100 m ahead of its first rider.
    jerseys : tuple of str
        Of the leaders of classifications in it: "yellow", "green", "polka", "white".
    name : str
        Given by an operator; empty where it has none.
    official : bool
        Its riders are those that the feed's own groups name.
    locked : bool
        An operator holds its riders together.
    official_name : str
        Of the feed's own group, mostly in French; empty where it is none.
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
    gap_to_head_m: float = float("nan")
    gap_to_ahead_m: float = float("nan")
    to_go_m: float = float("nan")
    gradient_ahead: float = float("nan")
    jerseys: tuple[str, ...] = ()
    name: str = ""
    official: bool = False
    locked: bool = False
    official_name: str = ""


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
        Time since the reference rider of the head of the race passed this rider's place; 0 for the first,
        NaN where unknown.
    group : (k,) int32
        Index into ``groups``, -1 for none.
    groups : tuple of Group
        Front first.
    to_go_m : float
        Distance to the finish of the first rider, NaN before anybody is seen.
    jerseys : mapping of str to int
        Bib of who wears "yellow", "green", "polka" and "white".
    reference : int
        Rider index whose passages gaps count from, -1 for none.
    speed_window_s : float
        All speeds are means over this window.
    """

    time_ms: int
    riders: RiderStates
    order: NDArray[np.int32]
    gap_s: NDArray[np.float64]
    group: NDArray[np.int32]
    groups: tuple[Group, ...]
    to_go_m: float
    jerseys: Mapping[str, int] = field(default_factory=dict)
    reference: int = -1
    speed_window_s: float = SPEED_WINDOW_S
