"""The process's memory over hours on air: what is free goes back to the system.

Pictures come and go in many sizes. Left alone, glibc learns to keep every block no larger than the largest
that was freed, up to 32 MB, in a heap for each thread, and gives back only what lies at their ends: after two
hours a fifth of what the process held was gaps. With another C library nothing is done.
"""

from __future__ import annotations

import ctypes
import functools
import sys
from typing import Any

_MMAP_THRESHOLD, _ARENA_MAX = -3, -8
_LARGE_BLOCK_BYTES = 256 << 10
_HEAPS = 2


def keep_flat() -> None:
    """Have large blocks given back as soon as they are free, and the small ones of all threads kept together.

    To be called before other threads begin.
    """
    library = _glibc()
    if library is not None:
        library.mallopt(_MMAP_THRESHOLD, _LARGE_BLOCK_BYTES)
        library.mallopt(_ARENA_MAX, _HEAPS)


def give_back() -> None:
    """Give back the gaps between blocks; takes some milliseconds, the fewer the more often it is done."""
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)


@functools.cache
def _glibc() -> Any:
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "gnu_get_libc_version") else None
