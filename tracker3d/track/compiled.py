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
_NJIT: Any = numba.njit
"""Its stubs do not know ``_nrt``, which switches the counting of references."""

_HERE = Path(__file__).parent
_OTHER_SOURCES = (_HERE.parent / "feed" / "columns.py", _HERE.parent / "export" / "key_walk.py")
"""Files elsewhere whose compiled functions are called by those of other files."""

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
    return _compiled(function, counting=True)


def compiled_step(function: Function) -> Function:
    """Compile a function that makes no arrays, and calls none that does.

    It counts no references to those it gets. Else that is done at every view and call, locking memory each
    time: a step of one rider has dozens of both, and two threads wait for each other there.
    """
    return _compiled(function, counting=False)


def _compiled(function: Function, *, counting: bool) -> Function:
    usual = _NUMBA.CACHE_DIR
    _NUMBA.CACHE_DIR = _FOLDER
    try:
        dispatcher = _NJIT(cache=True, nogil=True, error_model="numpy", _nrt=counting)(function)
    finally:
        _NUMBA.CACHE_DIR = usual
    return cast("Function", dispatcher)
