"""pyvistaqt's OpenGL widget without its plotters: they load matplotlib, a second and a half of each start."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import Any

_PACKAGE, _MODULE = "pyvistaqt", "pyvistaqt.rwi"


def _widgets() -> Any:
    """Import the widget's module under a bare package: what the package itself imports stays out."""
    spec = None if _PACKAGE in sys.modules else importlib.util.find_spec(_PACKAGE)
    if spec is None:
        return importlib.import_module(_MODULE)
    bare = ModuleType(_PACKAGE)
    bare.__path__ = list(spec.submodule_search_locations or ())
    sys.modules[_PACKAGE] = bare
    try:
        return importlib.import_module(_MODULE)
    finally:
        del sys.modules[_PACKAGE]  # whoever imports the package gets all of it


QVTKRenderWindowInteractor = _widgets().QVTKRenderWindowInteractor
