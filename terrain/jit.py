"""How loops are compiled that take arrays of any kind; imported only where there are many values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

_Function = TypeVar("_Function", bound="Callable[..., Any]")


def compiled(function: _Function) -> _Function:
    """Compile a function at its first call, and keep the result on disk for later runs."""
    return cast("_Function", numba.njit(cache=True, nogil=True, error_model="numpy")(function))
