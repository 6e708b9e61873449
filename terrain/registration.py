"""Does the elevation data lie where it says? The road's own heights can tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from terrain.elevation import ElevationGrid
    from terrain.line import GroundLine

_REACH_CELLS = 3.5
_STEPS_PER_CELL = 4
_AS_GOOD = 1.10
_MOST_POINTS = 3000
_LEAST_ROAD_M = 2000.0
_SPACING_M = 25.0
_STRUCTURE_M = 100.0
_MOST_STRUCTURES = 0.10
_OFF_M, _WIDE_M = 20.0, 40.0
_GEOID_LOW_M, _GEOID_HIGH_M, _GEOID_SPREAD_M = 36.0, 62.0, 20.0
_MOST_NAMES = 3
_COMPASS = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")


class FitSentence(str):
    """How elevation data fit the road, in words; ``harmless`` where there is nothing to look after."""

    __slots__ = ("harmless",)

    harmless: bool

    @classmethod
    def of(cls, text: str, *, harmless: bool) -> FitSentence:
        """Return a sentence with its weight."""
        sentence = cls(text)
        sentence.harmless = harmless
        return sentence


@dataclass(frozen=True)
class RoadFit:
    """Elevation data compared with the road's own heights.

    Attributes
    ----------
    above_m : float
        Mean height of the data above the road; tunnels and viaducts of more than 100 m are left out.
    spread_m : float
        Standard deviation of it.
    east_m, north_m : float
        How far the data lie too far east and north; 0 where nothing speaks for a displacement.
    """

    above_m: float
    spread_m: float
    east_m: float = 0.0
    north_m: float = 0.0

    def sentence(self, names: Sequence[str], *, converted: bool) -> FitSentence:
        """Say how files of these names fit; ``converted`` from heights above the ellipsoid."""
        side = "above" if self.above_m >= 0 else "below"
        text = f"The DEM lies {abs(self.above_m):.1f} m {side} the road, spread {self.spread_m:.1f} m"
        files = ", ".join(dict.fromkeys(names)) if len(names) <= _MOST_NAMES else "the elevation data"
        shifted_m = float(np.hypot(self.east_m, self.north_m))
        odd = []
        if shifted_m:
            odd.append(
                f"{files} seems shifted by {shifted_m:.0f} m to the "
                f"{direction(self.east_m, self.north_m)}, so hairpins will not fit the slopes until better "
                "data are given"
            )
        advice = self._advice(converted=converted)
        if advice:
            odd.append(advice)
        return FitSentence.of("; ".join([text, *odd]) + ".", harmless=not odd)

    def _advice(self, *, converted: bool) -> str:
        like_geoid = _GEOID_LOW_M <= abs(self.above_m) <= _GEOID_HIGH_M and self.spread_m < _GEOID_SPREAD_M
        if like_geoid and converted:
            return "its heights seem to have been above the sea already, so do without --ellipsoidal"
        if like_geoid and self.above_m > 0:
            return "it looks like heights above the ellipsoid, so prepare again with --ellipsoidal dem"
        if like_geoid:
            return (
                "the road looks as if its heights were above the ellipsoid, so prepare again with "
                "--ellipsoidal road"
            )
        if abs(self.above_m) > _OFF_M or self.spread_m > _WIDE_M:
            return "check that both belong to this place and are heights above the sea"
        return ""


def road_fit(elevation: ElevationGrid, line: GroundLine, *, cell_m: float) -> RoadFit | None:
    """Measure how elevation data fit the road; None where less than 2 km can be compared.

    The data are shifted by up to three and a half of their cells, in quarters. A displacement is believed
    where it lowers the spread of the difference by a quarter and by 2 m; right data of 90 m cells are best
    where they are. Of all that are hardly worse than the best the shortest is taken: a road that runs
    one way says little about the other.

    Parameters
    ----------
    elevation : ElevationGrid
        NaN where there are no data.
    line : GroundLine
        Unknown heights are NaN.
    cell_m : float
        Cells of the data.
    """
    dense = line.densified(_SPACING_M)
    known = np.isfinite(dense.height_m) & np.isfinite(elevation.sample(dense.x_m, dense.y_m))
    if known.sum() * _SPACING_M < _LEAST_ROAD_M:
        return None
    x, y, height = dense.x_m[known], dense.y_m[known], dense.height_m[known]
    difference = elevation.sample(x, y) - height
    on_ground = _on_ground(difference)
    x, y, height, difference = x[on_ground], y[on_ground], height[on_ground], difference[on_ground]
    east_m, north_m = _displacement(elevation, x, y, height, float(difference.std()), cell_m)
    return RoadFit(float(difference.mean()), float(difference.std()), east_m, north_m)


def _on_ground(difference_m: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Leave out tunnels and viaducts, which are far from the usual difference and few."""
    near: NDArray[np.bool_] = np.abs(difference_m - np.median(difference_m)) <= _STRUCTURE_M
    return near if near.mean() >= 1 - _MOST_STRUCTURES else np.ones_like(near)


def _displacement(
    elevation: ElevationGrid,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    height: NDArray[np.float64],
    here_m: float,
    cell_m: float,
) -> tuple[float, float]:
    thin = slice(None, None, max(1, len(x) // _MOST_POINTS))
    x, y, height = x[thin], y[thin], height[thin]
    reach = round(_REACH_CELLS * _STEPS_PER_CELL)
    shifts = np.arange(-reach, reach + 1) * cell_m / _STEPS_PER_CELL
    east, north = (lattice.ravel() for lattice in np.meshgrid(shifts, shifts))
    spread = np.full(east.size, np.inf)
    for number, (east_m, north_m) in enumerate(zip(east, north, strict=True)):
        difference = elevation.sample(x + east_m, y + north_m) - height
        if np.isfinite(difference).mean() > 0.9:
            spread[number] = np.nanstd(difference)
    if spread.min() > min(0.75 * here_m, here_m - 2.0):
        return 0.0, 0.0
    good = np.flatnonzero(spread <= min(_AS_GOOD * spread.min(), here_m - 2.0))
    shortest = good[np.argmin(np.hypot(east[good], north[good]))]
    return float(east[shortest]), float(north[shortest])


def direction(east_m: float, north_m: float) -> str:
    """Name the compass direction of a displacement."""
    return _COMPASS[round(np.degrees(np.arctan2(east_m, north_m)) / 45.0) % 8]
