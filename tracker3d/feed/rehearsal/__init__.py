"""The rehearsal: a simulated race in mountains that do not exist, made from a seed and nothing else.

Operators rehearse before a race. :func:`make` writes what a real stage would bring, a recording and a
DEM, and prepares them the same way.
"""

from tracker3d.feed.rehearsal.making import DEFAULT_SEED, RehearsalFiles, make

__all__ = ["DEFAULT_SEED", "RehearsalFiles", "make"]
