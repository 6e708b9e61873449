"""What a stage can be prepared from, as its source states it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from tracker3d.stage.anchors import Anchor
    from tracker3d.stage.model import PlaceKind, Rider, Team

NAN = float("nan")


@dataclass(frozen=True)
class SourcePlace:
    """A place as its source states it.

    Where ``distance_m`` is NaN it is found on the road from the position; ``altitude_m`` is NaN where
    the source states none.
    """

    kind: PlaceKind
    name: str
    distance_m: float = NAN
    lon_deg: float = NAN
    lat_deg: float = NAN
    altitude_m: float = NAN
    category: str = ""
    length_m: float = NAN
    average_gradient_percent: float = NAN


@dataclass(frozen=True)
class Source:
    """Everything that a file says about a stage.

    Attributes
    ----------
    path : Path
    kind : str
        "recording", "trace", "gpx" or "geojson".
    name : str
    points : (n, 3) float64
        Longitude and latitude in degrees and height in metres of the road's vertices in riding order;
        heights are NaN where the source has none.
    anchors : tuple of Anchor
        Stated kilometres.
    finish_m, ascent_m : float
        As stated; NaN where not.
    date, timezone : str
        Race-local ISO date and IANA zone; empty and "UTC" where unknown.
    start_time_ms : int | None
        UTC.
    messages : tuple of str
        What is odd about it, one sentence each.
    """

    path: Path
    kind: str
    name: str
    points: NDArray[np.float64]
    anchors: tuple[Anchor, ...] = ()
    finish_m: float = NAN
    ascent_m: float = NAN
    places: tuple[SourcePlace, ...] = ()
    teams: tuple[Team, ...] = ()
    riders: tuple[Rider, ...] = ()
    date: str = ""
    timezone: str = "UTC"
    start_time_ms: int | None = None
    time_trial: bool = False
    simulated: bool = False
    credits: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
