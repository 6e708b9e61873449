"""What stays the same while the race runs, made once: manifest, model, road, heights.

Everything is bytes in memory: what is served is this table and nothing else, so no request can name a file.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import math
import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

import tracker3d
from tracker3d.export import Profile, export_glb
from tracker3d.export.cameras import overview_azimuth_rad
from tracker3d.export.glb import y_up
from tracker3d.export.paths import road_positions
from tracker3d.export.sizes import Sizes
from tracker3d.export.stage_file import place_extras
from tracker3d.scene.placing import roster_of
from tracker3d.serve.wire import JERSEYS, ROLES, VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from tracker3d.race import Race
    from tracker3d.scene.model import StageScene
    from tracker3d.track import Motion

_ROAD_STEP_M = 5.0
_MOST_ROAD_POINTS = 60_000
_MOST_RELIEF_POSTS = 512
_ZIPPED_ABOVE_BYTES = 1000
_WORDS = (
    *("head", "chase", "peloton", "dropped", "gruppetto", "to_go", "start", "finish", "simulated"),
    *("race_time", "speed_unit", "decimal", "gradient"),
)


@dataclass(frozen=True)
class StageFile:
    """Something to be served: its media type, its bytes, and the same packed where that is smaller."""

    media_type: str
    data: bytes
    packed: bytes | None = None

    @classmethod
    def of(cls, media_type: str, data: bytes) -> StageFile:
        """Pack what grows smaller by it."""
        packed = gzip.compress(data, 6, mtime=0) if len(data) > _ZIPPED_ABOVE_BYTES else None
        return cls(media_type, data, packed if packed is not None and len(packed) < 0.9 * len(data) else None)


class StillMotion:
    """A race that stands: riders in their places at one moment, as the export asks for them.

    Parameters
    ----------
    race : Race
    time_ms : int
    bibs : sequence of int
        Who gets a node beside those who ride: they stand at the start.
    start_m : float
        Where that is.
    """

    def __init__(
        self, race: Race | None, time_ms: int, *, bibs: Sequence[int] = (), start_m: float = 0.0
    ) -> None:
        self.start_ms = self.end_ms = time_ms
        states = race.at(time_ms).riders if race is not None else None
        riding = states.bibs.tolist() if states is not None else []
        self.bibs = np.array([*riding, *(bib for bib in bibs if bib not in set(riding))], np.int32)
        self._distance_m = np.full(len(self.bibs), start_m)
        self._lateral_m = np.zeros(len(self.bibs))
        if states is not None:
            known = np.isfinite(states.distance_m)
            self._distance_m[: len(riding)] = np.where(known, states.distance_m, start_m)
            self._lateral_m[: len(riding)] = np.nan_to_num(states.lateral_m)

    def distances(self, times_ms: ArrayLike) -> NDArray[np.float64]:
        """Road distances, the same at all times (t, k)."""
        return np.tile(self._distance_m, (np.size(times_ms), 1))

    def laterals(self, times_ms: ArrayLike) -> NDArray[np.float64]:
        """Lateral places, the same at all times (t, k)."""
        return np.tile(self._lateral_m, (np.size(times_ms), 1))


def stage_model(scene: StageScene) -> bytes:
    """Return the stage as GLB for browsers, with a node for everybody on the start list, at the start."""
    return _exported(scene, _at_start(scene), Profile.WEB)


def table_model(scene: StageScene) -> bytes:
    """Return the stage as GLB for a table, small and plain as phones need it, everybody at the start."""
    return _exported(scene, _at_start(scene), Profile.ANDROID)


def table_usdz(scene: StageScene, race: Race, time_ms: int) -> bytes:
    """Return the stage on a table as USDZ, with the riders where they are at a moment.

    Raises
    ------
    InputError
        usd-core is not installed.
    """
    return _exported(scene, StillMotion(race, time_ms), Profile.IOS)


def usdz_possible() -> bool:
    """Tell whether USDZ can be written here."""
    return importlib.util.find_spec("pxr") is not None


def _at_start(scene: StageScene) -> StillMotion:
    bibs = [rider.bib for rider in scene.stage.riders]
    return StillMotion(None, 0, bibs=bibs, start_m=float(scene.stage.route.start_m))


def _exported(scene: StageScene, motion: StillMotion, profile: Profile) -> bytes:
    suffix = ".usdz" if profile is Profile.IOS else ".glb"
    with tempfile.TemporaryDirectory(prefix="tracker3d-serve.") as folder:
        path = Path(folder) / f"stage{suffix}"
        export_glb(scene, cast("Motion", motion) if len(motion.bibs) else None, path, profile=profile)
        return path.read_bytes()


def manifest(scene: StageScene, *, live: bool, interval_s: float, files: Sequence[str]) -> dict[str, Any]:
    """Return what a client must know of a stage before states mean anything to it."""
    stage, theme = scene.stage, scene.theme
    sizes = Sizes.of(scene.road)
    roster = roster_of(scene, np.array([rider.bib for rider in stage.riders], np.int32))
    colours = roster.colours.tolist()
    return {
        "v": VERSION,
        "made_by": f"tracker3d {tracker3d.__version__}",
        **place_extras(scene),
        "timezone": stage.timezone,
        "time_trial": stage.time_trial,
        "start_m": float(stage.route.start_m),
        "finish_m": float(stage.route.finish_m),
        "live": live,
        "interval_s": interval_s,
        "language": theme.language,
        "words": {use: theme.word(use) for use in _WORDS},
        "colours": {use: theme.colours[use] for use in (*ROLES, "accent", "alert", "panel", "text")},
        "jersey_colours": {name: theme.jerseys[name] for name in JERSEYS if name in theme.jerseys},
        "teams": [
            {"code": team.code, "name": team.name, "colour": _hex(team.colour_rgb)} for team in stage.teams
        ],
        "riders": [
            {
                "bib": rider.bib,
                "node": f"rider_{rider.bib}" if rider.bib >= 0 else f"vehicle_{-rider.bib}",
                "name": rider.display_name,
                "first_name": rider.first_name,
                "team": rider.team_code,
                "nation": rider.nation,
                "vehicle": rider.vehicle,
                "colour": _hex(colour),
            }
            for rider, colour in zip(roster.riders, colours, strict=True)
        ],
        "places": _places(scene),
        "extent_m": sizes.extent_m,
        "road_lift_m": sizes.road_lift_m,
        "overview_azimuth_rad": overview_azimuth_rad(scene),
        "files": list(files),
    }


def _places(scene: StageScene) -> list[dict[str, Any]]:
    feet_m = y_up(np.array([gate.position_m for gate in scene.gates]).reshape(-1, 3)).astype(float)
    return [
        {
            "kind": gate.kind.value,
            "title": gate.title,
            "subtitle": gate.subtitle,
            "distance_m": gate.distance_m if math.isfinite(gate.distance_m) else None,
            "position_m": [round(value, 2) for value in foot],
            "colour": _hex(gate.colour_rgb),
        }
        for gate, foot in zip(scene.gates, feet_m.tolist(), strict=True)
    ]


def _hex(colour_rgb: Sequence[int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour_rgb)


def road(scene: StageScene) -> bytes:
    """Return the drawn road: rows of float32 distance, x, y, z, heading, height, colour, little endian.

    Axes are those of the model; heading is in radians clockwise from north, the height is the road's own, the
    colour is that of its gradient as the whole number 0xRRGGBB.
    """
    route = scene.stage.route
    first_m, last_m = float(route.distance_m[0]), float(route.distance_m[-1])
    count = min(int((last_m - first_m) / _ROAD_STEP_M) + 2, _MOST_ROAD_POINTS)
    distance_m = np.linspace(first_m, last_m, count)
    places = y_up(road_positions(scene.stage, distance_m))
    heading = np.unwrap(route.heading(distance_m))
    drawn = np.minimum(np.searchsorted(scene.road.distance_m, distance_m), len(scene.road.distance_m) - 1)
    colour = scene.road.colours[drawn].astype(np.int64) @ np.array([65_536, 256, 1])
    rows = np.column_stack([distance_m, places, heading, route.height(distance_m), colour])
    packed: bytes = rows.astype("<f4").tobytes()
    return packed


def relief(scene: StageScene) -> bytes:
    """Return coarse heights as drawn: i32 rows and columns, f32 x0, z0, step; then rows of float32 heights.

    Rows go north (towards -z), columns east, in the axes of the model; little endian.
    """
    grid = scene.ground.relief
    every = -(-max(grid.heights_m.shape) // _MOST_RELIEF_POSTS)
    heights = np.nan_to_num(grid.heights_m[::every, ::every]).astype("<f4")
    head = struct.pack("<iifff", *heights.shape, grid.x0_m, -grid.y0_m, every * grid.step_m)
    packed: bytes = heights.tobytes()
    return head + packed


def encoded(document: dict[str, Any]) -> bytes:
    """Return a document as JSON."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
