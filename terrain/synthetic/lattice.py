"""The posts that a range is computed on, coarse or fine: rivers laid onto them, and random fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from scipy.interpolate import PchipInterpolator, make_interp_spline

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from terrain.synthetic.plan import River

    Floats = NDArray[np.float64]
    Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Grid:
    """Posts ``step_m`` apart; rows go north, columns east."""

    rows: int
    cols: int
    step_m: float

    @classmethod
    def of(cls, rows: int, cols: int, step_m: float, factor: int) -> Grid:
        """Return every ``factor``-th post of a grid, and one more beyond its edges if it is coarser."""
        return cls(
            (rows - 1) // factor + 1 + (factor > 1), (cols - 1) // factor + 1 + (factor > 1), step_m * factor
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows, self.cols

    def axes(self) -> tuple[Floats, Floats]:
        """Return x of each column and y of each row, as (1, cols) and (rows, 1)."""
        x, y = np.arange(self.cols, dtype=float), np.arange(self.rows, dtype=float)
        return x[None, :] * self.step_m, y[:, None] * self.step_m


@dataclass(frozen=True)
class RiverLine:
    """Centre line of a river from the mouth upstream, several points to a post, and its water level."""

    x_m: Floats
    y_m: Floats
    height_m: Floats
    floor_half_width_m: float


def smooth_line(river: River, step_m: float) -> RiverLine:
    """Join the corners of a river by a line that winds a little."""
    corners = np.column_stack([river.x_m, river.y_m])
    at = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(corners, axis=0).T))])
    fine = np.arange(0.0, at[-1], step_m / 3)
    x, y = np.asarray(make_interp_spline(at, corners, k=min(3, len(at) - 1))(fine).T, float)
    wiggle = 60.0 * np.sin(fine / 310.0) + 35.0 * np.sin(fine / 127.0 + 1.0)
    tangent = np.column_stack([np.gradient(x), np.gradient(y)])
    tangent /= np.hypot(*tangent.T)[:, None]
    x, y = x - wiggle * tangent[:, 1], y + wiggle * tangent[:, 0]
    return RiverLine(x, y, PchipInterpolator(at, river.height_m)(fine), river.floor_half_width_m)


def posts_of(grid: Grid, x_m: Floats, y_m: Floats) -> tuple[Indices, Indices]:
    """Row and column of the post nearest to each place."""
    col = np.clip(np.rint(x_m / grid.step_m), 0, grid.cols - 1).astype(np.intp)
    row = np.clip(np.rint(y_m / grid.step_m), 0, grid.rows - 1).astype(np.intp)
    return row, col


def base_levels(grid: Grid, lines: list[RiverLine]) -> tuple[NDArray[np.bool_], Floats]:
    """Mark the posts of the rivers and give the height of the nearest river everywhere."""
    river = np.full(grid.shape, np.nan)
    for line in lines:
        row, col = posts_of(grid, line.x_m, line.y_m)
        # Where several points share a post, the lowest of them counts: it is written last.
        river[row[::-1], col[::-1]] = line.height_m[::-1]
    fixed = np.isfinite(river)
    _, (row, col) = ndimage.distance_transform_edt(~fixed, return_indices=True)
    return fixed, river[row, col]


class Warp:
    """Smooth random fields that are the same at every resolution."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._waves = [
            (wavelength, rng.uniform(0.0, 2.0 * np.pi, (24, 2)), rng.uniform(0.0, 2.0 * np.pi, (24, 2)))
            for wavelength in (9_000.0, 4_200.0, 1_900.0)
        ]

    def field(self, grid: Grid, which: int, octave: int) -> Floats:
        """Return a field of unit variance; ``octave`` 0 is the broadest."""
        wavelength, directions, phases = self._waves[octave]
        x, y = grid.axes()
        half = slice(0, 12) if which == 0 else slice(12, 24)
        total = np.zeros(grid.shape)
        for (turn, stretch), (phase, _) in zip(directions[half], phases[half], strict=True):
            number = 2.0 * np.pi / (wavelength * (0.75 + stretch / 6.28 * 0.6))
            # A plane wave is the real part of a product of two vectors.
            along_x = np.exp(1j * (number * np.cos(turn) * x + phase))
            along_y = np.exp(1j * (number * np.sin(turn) * y))
            total += (along_x * along_y).real
        return np.asarray(total / np.sqrt(6.0))


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], sigma_posts: float) -> Floats:
    """White noise, low-passed, of unit variance."""
    noise = ndimage.gaussian_filter(rng.standard_normal(shape, dtype=np.float32), sigma_posts, mode="wrap")
    return np.asarray(noise / noise.std(), float)
