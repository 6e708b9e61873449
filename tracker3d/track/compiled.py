"""Loops over single fixes and riders are compiled: as arrays each step would cost more calls than work."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

Function = TypeVar("Function", bound="Callable[..., object]")


def compiled(function: Function) -> Function:
    """Compile a function at its first call and keep the result on disk for all later runs.

    Nothing runs in parallel: waking threads costs more than a tick has where another process holds a core.
    """
    return cast("Function", numba.njit(cache=True, nogil=True, error_model="numpy")(function))
