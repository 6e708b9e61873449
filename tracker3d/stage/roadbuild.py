"""Building a :class:`Route` from the points of a source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pyproj import Geod

from terrain import LocalFrame
from tracker3d.errors import RouteError
from tracker3d.stage.anchors import Anchor, Scale, scale_of
from tracker3d.stage.curve import cleaned, smooth_line, smoothed, without_spikes
from tracker3d.stage.route import Route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

STEP_M = 5.0
SHORTEST_ROAD_M = 200.0
LONGEST_ROAD_M = 1_000_000.0
LOWEST_HEIGHT_M, HIGHEST_HEIGHT_M = -500.0, 9000.0
"""Heights beyond these are no heights of a road, and are taken for unknown."""

_ELLIPSOID = Geod(ellps="WGS84")


@dataclass(frozen=True)
class BuiltRoad:
    """A road, how its kilometres fit, and whether its heights are its own.

    ``has_heights`` is False where the source gave no heights at all: they are NaN until they are taken
    from elevation data.
    """

    route: Route
    scale: Scale
    has_heights: bool


def frame_of(lon_deg: NDArray[np.float64], lat_deg: NDArray[np.float64]) -> LocalFrame:
    """Return a frame centred on the bounding box of a road."""
    return LocalFrame(
        round(float(lon_deg.min() + lon_deg.max()) / 2.0, 6),
        round(float(lat_deg.min() + lat_deg.max()) / 2.0, 6),
    )


def build_route(
    lon_deg: NDArray[np.float64],
    lat_deg: NDArray[np.float64],
    height_m: NDArray[np.float64],
    *,
    frame: LocalFrame | None = None,
    anchors: Sequence[Anchor] = (),
    finish_m: float | None = None,
    step_m: float = STEP_M,
) -> BuiltRoad:
    """Build the road from its vertices.

    The line is smoothed within the uncertainty of a trace, measured with geodesic lengths on WGS 84,
    anchored at the stated kilometres and sampled at equal official distances.

    Parameters
    ----------
    lon_deg, lat_deg, height_m : (n,) float64
        Vertices in riding order; heights may be NaN.
    frame : LocalFrame, optional
        By default one centred on the road.
    anchors : sequence of Anchor
        Without any, kilometres count from the first vertex.
    finish_m : float, optional
        Official distance of the finish; by default the end of the road.
    step_m : float
        Official distance between samples, about.

    Raises
    ------
    RouteError
        Fewer than two places, or a road too short or too long for a stage.
    """
    _check_degrees(lon_deg, lat_deg)
    frame = frame or frame_of(lon_deg, lat_deg)
    x_m, y_m = frame.to_local(lon_deg, lat_deg)
    keep = cleaned(x_m, y_m)
    x_m, y_m, height_m = x_m[keep], y_m[keep], np.asarray(height_m, float)[keep]
    if len(x_m) < 2:
        raise RouteError("The road is a single place; give a track or line of the whole road.")
    chords_m = float(_geodesic_length_m(frame, x_m, y_m)[-1])
    if not SHORTEST_ROAD_M <= chords_m <= LONGEST_ROAD_M:
        raise RouteError(
            f"The road is {chords_m / 1000:,.1f} km long, and a stage has 0.2 to 1,000 km; "
            "give the road of one stage."
        )
    line_x_m, line_y_m, vertex = smooth_line(x_m, y_m)
    along_m = _geodesic_length_m(frame, line_x_m, line_y_m)
    anchor_lon = [anchor.lon_deg for anchor in anchors]
    anchor_xy_m = np.stack(frame.to_local(anchor_lon, [anchor.lat_deg for anchor in anchors]), axis=-1)
    scale = scale_of(line_x_m, line_y_m, along_m, anchors=anchors, anchor_xy_m=anchor_xy_m)
    official_m = scale.official(along_m)
    start_m, end_m = round(float(official_m[0]), 3), round(float(official_m[-1]), 3)
    count = max(2, round((end_m - start_m) / step_m) + 1)
    nodes_m = np.linspace(start_m, end_m, count)
    exact_step_m = (end_m - start_m) / (count - 1)
    heights_m = _heights_at(nodes_m, official_m[vertex], height_m, exact_step_m)
    has_heights = heights_m is not None
    node_height_m = heights_m if heights_m is not None else np.full(count, np.nan)
    route = Route(
        frame=frame,
        start_m=start_m,
        step_m=exact_step_m,
        finish_m=end_m if finish_m is None else min(finish_m, end_m),
        x_m=np.interp(nodes_m, official_m, line_x_m),
        y_m=np.interp(nodes_m, official_m, line_y_m),
        height_m=node_height_m,
        z_drawn_m=node_height_m,
        on_structure=np.zeros(count, bool),
        covered=np.zeros(count, bool),
    )
    return BuiltRoad(route, scale, has_heights)


def _check_degrees(lon_deg: NDArray[np.float64], lat_deg: NDArray[np.float64]) -> None:
    if len(lon_deg) < 2:
        raise RouteError("The road has fewer than two points; give a track or line of the whole road.")
    if not (np.isfinite(lon_deg).all() and np.isfinite(lat_deg).all()):
        raise RouteError("The road has points without a position; repair the file or export it again.")
    if np.abs(lon_deg).max() > 180.0 or np.abs(lat_deg).max() > 85.0:
        raise RouteError(
            "The road has positions outside the world; it must be in degrees of longitude and latitude."
        )


def _geodesic_length_m(
    frame: LocalFrame, x_m: NDArray[np.float64], y_m: NDArray[np.float64]
) -> NDArray[np.float64]:
    lon_deg, lat_deg = frame.to_wgs84(x_m, y_m)
    steps_m = _ELLIPSOID.inv(lon_deg[:-1], lat_deg[:-1], lon_deg[1:], lat_deg[1:])[2]
    return np.concatenate([[0.0], np.cumsum(steps_m)])


def _heights_at(
    nodes_m: NDArray[np.float64],
    vertex_m: NDArray[np.float64],
    height_m: NDArray[np.float64],
    step_m: float,
) -> NDArray[np.float64] | None:
    """Smoothed heights at the nodes; None when fewer than half of the vertices have one, or all are 0."""
    known = (height_m >= LOWEST_HEIGHT_M) & (height_m <= HIGHEST_HEIGHT_M)
    at_m, known_m = vertex_m[known], height_m[known]
    if known.mean() < 0.5 or not known_m.any():
        return None
    return smoothed(np.interp(nodes_m, at_m, without_spikes(at_m, known_m)), step_m=step_m)
