"""Reads a USDZ by usd-core: the rules of ARKit, and where riders are."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def arkit_faults(path: Path) -> list[str]:
    """What the compliance checker says against a file, in its own words."""
    usd_utils = pytest.importorskip("pxr.UsdUtils", reason="usd-core is not here: USDZ is not checked")
    with warnings.catch_warnings():
        # The rules of ARKit have no other home in this version.
        warnings.simplefilter("ignore", DeprecationWarning)
        checker = usd_utils.ComplianceChecker(
            arkit=True,
            skipARKitRootLayerCheck=False,
            rootPackageOnly=False,
            skipVariants=False,
            verbose=False,
        )
    checker.CheckCompliance(str(path))
    return [*checker.GetErrors(), *checker.GetFailedChecks(), *checker.GetWarnings()]


def positions(path: Path, names: list[str], times_s: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Places (t, 3) of nodes in the frame of the root at seconds of the race, straight between samples."""
    from pxr import Usd

    stage = Usd.Stage.Open(str(path))
    codes_per_second = stage.GetTimeCodesPerSecond() / stage.GetRootLayer().customLayerData.get("speed", 1.0)
    found = {}
    for name in names:
        attribute = stage.GetPrimAtPath(f"/stage/{name}").GetAttribute("xformOp:translate")
        codes = attribute.GetTimeSamples()
        if not codes:
            found[name] = np.broadcast_to(np.array(attribute.Get()), (len(times_s), 3))
            continue
        places = np.array([attribute.Get(code) for code in codes], float)
        shown = np.array(times_s) * codes_per_second
        found[name] = np.stack([np.interp(shown, codes, places[:, axis]) for axis in range(3)], axis=-1)
    return found
