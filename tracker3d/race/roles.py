"""What each group is to the race, by its size and place among the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tracker3d.race.model import Role

if TYPE_CHECKING:
    from collections.abc import Sequence

SMALLEST_PELOTON = 5
SMALLEST_GRUPPETTO = 8
GRUPPETTO_BEHIND_S = 180.0


def roles_of(
    sizes: Sequence[int], yellow: Sequence[bool], gap_s: Sequence[float], *, leads: bool
) -> list[Role]:
    """Tell the role of each group, front first.

    The largest group is the peloton (of equal ones that with the yellow jersey), wherever it rides; the
    group of the first rider is the head of the race, those between them chase. Behind the peloton groups
    are dropped, and a big last one that is minutes behind is the gruppetto.

    Parameters
    ----------
    sizes, yellow, gap_s : one for each group
        How many riders, whether the yellow jersey is in it, and its time behind the head of the race.
    leads : bool
        The first group is that of the first rider.
    """
    peloton = max(range(len(sizes)), key=lambda at: (sizes[at], yellow[at], -at))
    if sizes[peloton] < SMALLEST_PELOTON:
        return [Role.HEAD if leads else Role.CHASE] + [Role.CHASE] * (len(sizes) - 1)
    roles = [Role.CHASE] * peloton + [Role.PELOTON] + [Role.DROPPED] * (len(sizes) - peloton - 1)
    if peloton > 0 and leads:
        roles[0] = Role.HEAD
    far_back = gap_s[-1] - gap_s[peloton] >= GRUPPETTO_BEHIND_S
    if roles[-1] is Role.DROPPED and sizes[-1] >= SMALLEST_GRUPPETTO and far_back:
        roles[-1] = Role.GRUPPETTO
    return roles


def numbered(roles: Sequence[Role]) -> list[int]:
    """Count each role from the front, from 1."""
    seen: dict[Role, int] = {}
    numbers = []
    for role in roles:
        seen[role] = seen.get(role, 0) + 1
        numbers.append(seen[role])
    return numbers
