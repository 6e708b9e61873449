"""Loops over single fixes and riders are compiled: as arrays each step would cost more calls than work."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

Function = TypeVar("Function", bound="Callable[..., object]")

_NUMBA: Any = numba.config
_HERE = Path(__file__).parent
_OTHER_SOURCES = (_HERE.parent / "feed" / "columns.py",)
_KEPT_DAYS = 7.0


def _cache_folder() -> str:
    """Where compiled code is kept: a folder of its own for each state of the sources.

    numba by itself looks only at the file of the function it loads, and would go on with old code of what
    that one calls in other files. Folders of other states that nobody used for a week are removed.
    """
    digest = hashlib.sha256()
    for source in (*sorted(_HERE.glob("*.py")), *_OTHER_SOURCES):
        digest.update(source.read_bytes())
    home = Path(_NUMBA.CACHE_DIR or _HERE / "__pycache__")
    folder = home / f"compiled-{digest.hexdigest()[:16]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
    except OSError:
        return str(_NUMBA.CACHE_DIR)
    for other in home.glob("compiled-*"):
        with suppress(OSError):
            if time.time() - other.stat().st_mtime > _KEPT_DAYS * 86_400.0:
                shutil.rmtree(other)
    return str(folder)


_FOLDER = _cache_folder()


def compiled(function: Function) -> Function:
    """Compile a function at its first call and keep the result on disk for all later runs.

    Nothing runs in parallel: waking threads costs more than a tick has where another process holds a core.
    """
    usual = _NUMBA.CACHE_DIR
    _NUMBA.CACHE_DIR = _FOLDER
    try:
        dispatcher = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    finally:
        _NUMBA.CACHE_DIR = usual
    return cast("Function", dispatcher)


def _without_owner(builder: Any, kind: Any, value: Any) -> Any:
    """Take the owners, which are its first two members, out of an array, or out of each array of a tuple."""
    if isinstance(kind, numba.types.Array):
        for member in range(2):
            value = builder.insert_value(value, value.type.elements[member](None), member)
    elif isinstance(kind, numba.types.BaseTuple):
        for index, member in enumerate(kind.types):
            part = _without_owner(builder, member, builder.extract_value(value, index))
            value = builder.insert_value(value, part, index)
    return value


def _borrowed(_: Any, kind: Any) -> Any:
    """Give arrays that count no references; for compiled code only, see :func:`borrowed`."""

    def code(_: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _without_owner(builder, signature.args[0], arguments[0])

    return kind(kind), code


borrowed: Any = numba.extending.intrinsic(_borrowed)
"""The same array, or tuple of arrays, without counting who holds it: the caller keeps it alive.

numba counts at each view of an array and at each call that gets one, locking memory each time. A step of one
rider has dozens of both, and two threads wait for each other there.
"""
