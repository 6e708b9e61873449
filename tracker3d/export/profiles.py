"""What an exported file is for, and what follows from that."""

from __future__ import annotations

import dataclasses
import enum
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tracker3d.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

SMALLEST_ERROR_M = 0.05
LARGEST_ERROR_M = 1000.0
TABLE_ATLAS_PX = 1024


class Profile(enum.StrEnum):
    """Who shall open the file."""

    ENGINE = "engine"
    """Game engines, modellers and any reader of glTF: nothing is packed; a stream of the race beside it."""
    WEB = "web"
    """Browsers: packed by meshopt."""
    ANDROID = "android"
    """Scene Viewer on Android: small, nothing packed, in quick motion."""
    IOS = "ios"
    """Quick Look on iOS: USDZ, in quick motion."""
    TILES = "tiles"
    """Cesium and other globes: 3D Tiles, bent as the Earth is."""


@dataclass(frozen=True)
class ProfileLimits:
    """Budgets of a profile where nothing else is asked for.

    ``speed``: seconds of the race in one second of the animation. ``label_px``: width of a rider's label in
    the atlas; 0 for none. ``detailed``: as seen from nearby, not as a whole on a table. ``shared``: riders
    share places of keys, which USDZ cannot.
    """

    suffix: str
    compressed: bool
    most_triangles: int
    atlas_px: int
    jpeg_quality: int
    max_error_m: float
    speed: float
    label_px: int
    detailed: bool = True
    table_m: float | None = None
    shared: bool = True


_LIMITS = {
    Profile.ENGINE: ProfileLimits(".glb", False, 250_000, 4096, 88, 0.5, 1.0, 128),
    Profile.WEB: ProfileLimits(".glb", True, 250_000, 2048, 50, 0.5, 1.0, 64),
    Profile.ANDROID: ProfileLimits(".glb", False, 22_000, 1024, 75, 10.0, 120.0, 0, False, 1.0),
    Profile.IOS: ProfileLimits(".usdz", False, 22_000, 1024, 75, 15.0, 120.0, 0, False, 1.0, shared=False),
    Profile.TILES: ProfileLimits(".glb", False, 250_000, 4096, 88, 2.0, 1.0, 128),
}


@dataclass(frozen=True)
class ExportOptions:
    """What a file shall hold; None takes what suits the profile.

    Attributes
    ----------
    max_error_m : float | None
        Largest distance between a rider in the file and the drawn track, at every second.
    most_triangles : int | None
        Of the ground.
    start_ms, end_ms : int | None
        Part of the race, milliseconds since 1970 UTC; None: its first and its last moment.
    bibs : frozenset of int | None
        Riders and vehicles to show; None: all.
    groups_only : bool
        Show the groups on the road, at their first riders, instead of everybody.
    table_m : float | None
        Length of the longer side of the model in metres, its middle on a table at height 0; None: as the
        profile says, life size where it says nothing.
    exaggeration : float
        Factor on heights, on top of that of the stage.
    speed : float | None
        Seconds of the race in one second of the animation.
    geoid_height_m : float
        Of the geoid over the ellipsoid at the stage; tiles stand that much higher on a globe.
    """

    max_error_m: float | None = None
    most_triangles: int | None = None
    start_ms: int | None = None
    end_ms: int | None = None
    bibs: frozenset[int] | None = None
    groups_only: bool = False
    table_m: float | None = None
    exaggeration: float = 1.0
    speed: float | None = None
    geoid_height_m: float = 0.0


def limits_of(profile: Profile, options: ExportOptions, path: Path) -> ProfileLimits:
    """Return the budgets of a profile with what was asked for instead.

    Raises
    ------
    InputError
        An option or the file's name cannot be used.
    """
    usual = _LIMITS[profile]
    if path.suffix.lower() != usual.suffix:
        raise InputError(f"{path.name} cannot be exported; give a name that ends in {usual.suffix}.")
    asked = {name: getattr(options, name) for name in ("max_error_m", "most_triangles", "table_m", "speed")}
    limits = dataclasses.replace(usual, **{name: value for name, value in asked.items() if value is not None})
    if limits.table_m is not None:
        limits = dataclasses.replace(
            limits, detailed=False, label_px=0, atlas_px=min(limits.atlas_px, TABLE_ATLAS_PX)
        )
    error_m = limits.max_error_m
    if not SMALLEST_ERROR_M <= error_m <= LARGEST_ERROR_M:
        raise InputError(
            f"A largest error of {error_m:g} m cannot be kept; give one from {SMALLEST_ERROR_M:g} to "
            f"{LARGEST_ERROR_M:g} m."
        )
    _check("number of triangles", limits.most_triangles, 1000, 10_000_000)
    if limits.table_m is not None:
        _check("size on the table", limits.table_m, 0.01, 100.0, "m")
    _check("speed", limits.speed, 0.1, 10_000.0)
    _check("exaggeration", options.exaggeration, 0.1, 20.0)
    _check("geoid height", options.geoid_height_m, -200.0, 200.0, "m")
    if limits.compressed and math.frexp(limits.speed)[0] != 0.5:
        raise InputError(
            f"A speed of {limits.speed:g} cannot be packed; give a power of two, such as 64 or 128."
        )
    return limits


def _check(what: str, value: float, low: float, high: float, unit: str = "") -> None:
    if not low <= value <= high:
        text = f"{value:g} {unit}".strip()
        raise InputError(f"A {what} of {text} cannot be used; give one from {low:g} to {high:g}.")
