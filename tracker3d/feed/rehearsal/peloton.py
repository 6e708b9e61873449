"""Who rides the rehearsal: bodies, strengths and roles of the field."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

TEAMS = 22
RIDERS_PER_TEAM = 8
_BREAKAWAY_SIZE = 7


class Role(enum.IntEnum):
    """What a rider is good for."""

    LEADER = 0
    CLIMBER = 1
    DOMESTIQUE = 2
    ROULEUR = 3
    SPRINTER = 4


_ROLES = (
    Role.LEADER,
    Role.CLIMBER,
    Role.CLIMBER,
    Role.DOMESTIQUE,
    Role.DOMESTIQUE,
    Role.ROULEUR,
    Role.ROULEUR,
    Role.SPRINTER,
)
#         watts per kg at the threshold (mean, spread), kg of body (mean, spread)
_BUILD = {
    Role.LEADER: (5.55, 0.16, 64.0, 3.0),
    Role.CLIMBER: (5.20, 0.14, 62.0, 3.0),
    Role.DOMESTIQUE: (4.88, 0.14, 67.0, 4.0),
    Role.ROULEUR: (4.62, 0.12, 73.0, 4.0),
    Role.SPRINTER: (4.25, 0.12, 77.0, 4.0),
}
_BICYCLE_KG = 8.2


@dataclass(frozen=True)
class Peloton:
    """The field as columns of equal length n, by bib ascending.

    Attributes
    ----------
    bib, team, role : (n,) int
        ``team`` counts from 0.
    mass_kg : (n,) float64
        Body and bicycle.
    body_kg : (n,) float64
    drag_area_m2 : (n,) float64
        Drag coefficient times frontal area, alone in the wind.
    threshold_w : (n,) float64
        Power that can be held (critical power).
    reserve_j : (n,) float64
        Work above the threshold until exhaustion (W').
    nerve : (n,) float64
        Speed in bends relative to the usual one.
    breakaway : (n,) bool
        Goes early.
    attack_to_go_m : (n,) float64
        Distance to the finish where the rider attacks, NaN for most.
    """

    bib: NDArray[np.int32]
    team: NDArray[np.int32]
    role: NDArray[np.int32]
    mass_kg: Floats
    body_kg: Floats
    drag_area_m2: Floats
    threshold_w: Floats
    reserve_j: Floats
    nerve: Floats
    breakaway: NDArray[np.bool_]
    attack_to_go_m: Floats

    def __len__(self) -> int:
        return len(self.bib)


def draw_peloton(rng: np.random.Generator) -> Peloton:
    """Draw 22 teams of 8: a leader, two climbers, two domestiques, two rouleurs and a sprinter each."""
    count = TEAMS * RIDERS_PER_TEAM
    team = np.repeat(np.arange(TEAMS, dtype=np.int32), RIDERS_PER_TEAM)
    place = np.tile(np.arange(RIDERS_PER_TEAM, dtype=np.int32), TEAMS)
    role = np.array([int(_ROLES[index]) for index in place], np.int32)
    build = np.array([_BUILD[Role(index)] for index in role.tolist()])
    normal = rng.standard_normal((count, 2))
    strength = build[:, 0] + build[:, 1] * np.clip(normal[:, 0], -2.0, 2.0)
    body = np.clip(build[:, 2] + build[:, 3] * normal[:, 1], 54.0, 86.0)
    best = np.argsort(-np.where(role == Role.LEADER, strength, 0.0))[:3]
    strength[best] += (0.16, 0.08, 0.05)
    threshold = strength * body
    breakaway = np.zeros(count, bool)
    willing = np.flatnonzero((role == Role.CLIMBER) | (role == Role.ROULEUR) | (role == Role.DOMESTIQUE))
    apart = rng.permutation(TEAMS)[:_BREAKAWAY_SIZE]
    for index in apart:
        breakaway[rng.choice(willing[team[willing] == index])] = True
    attack = np.full(count, np.nan)
    attack[best] = (3_700.0, 2_700.0, 1_300.0)
    return Peloton(
        bib=(team * 10 + place + 1).astype(np.int32),
        team=team,
        role=role,
        mass_kg=body + _BICYCLE_KG,
        body_kg=body,
        drag_area_m2=0.20 + 0.0018 * body + rng.normal(0.0, 0.008, count),
        threshold_w=threshold,
        reserve_j=rng.uniform(15e3, 24e3, count),
        nerve=rng.normal(1.0, 0.025, count),
        breakaway=breakaway,
        attack_to_go_m=attack,
    )
