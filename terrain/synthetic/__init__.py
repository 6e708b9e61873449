"""Mountains that do not exist: terrain from uplift, rivers and slopes that fail.

Valleys and ridges are not drawn but eroded: rock rises, water runs down the steepest way and cuts in by
the stream-power law ``dz/dt = U - K A^m S`` (``A`` the area drained, ``S`` the slope), and whatever is
steeper than rock can stand slides. Solved implicitly in the order of the flow (Braun and Willett 2013,
"A very efficient O(n), implicit and parallel method to solve the stream power equation"), with basins
joined over their lowest passes (Cordonnier, Bovy and Braun 2019), from coarse posts to fine ones.
What ice did afterwards, flat floors and steep walls, is cut along the larger streams.
"""

from terrain.synthetic.landscape import Landscape, mountain_range
from terrain.synthetic.plan import Lake, Plan, River, Saddle, default_plan

__all__ = ["Lake", "Landscape", "Plan", "River", "Saddle", "default_plan", "mountain_range"]
