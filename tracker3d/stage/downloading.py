"""Elevation data and imagery that a stage needs and the user did not give."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from terrain.fetching import SOURCES, FetchSettings, Road, fetch_elevation, fetch_imagery
from tracker3d.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from terrain import Geoid
    from terrain.fetching import Fetched
    from tracker3d.progress import Progress
    from tracker3d.stage.source import Source

ELEVATION_SOURCE = "glo30"
"""Fetched where the user gives no elevation files and names no source."""

SETTINGS_NAME = "download.toml"

_LARGEST_SETTINGS = 100_000
_MOST_PARALLEL = 32


def settings_path() -> Path:
    """Return where the settings of downloads are looked for: in the platform's folder for such files."""
    from platformdirs import user_config_path

    return user_config_path("tracker3d", appauthor=False) / SETTINGS_NAME


def read_settings(path: Path | None = None, environment: Mapping[str, str] | None = None) -> FetchSettings:
    """Read how downloads are made; what is not set has its usual value.

    ``download.toml`` may hold ``cache`` (a folder), ``parallel`` (a number) and a table ``addresses`` with
    the addresses of sources. ``TRACKER3D_CACHE`` and ``TRACKER3D_<SOURCE>_ADDRESS`` in the environment go
    before it.

    Raises
    ------
    InputError
        The file holds something else.
    """
    from platformdirs import user_cache_path

    path = settings_path() if path is None else path
    environment = os.environ if environment is None else environment
    values = _read_toml(path)
    addresses = values.pop("addresses", {})
    cache, parallel = values.pop("cache", ""), values.pop("parallel", 6)
    if values:
        raise InputError(
            f"{path} sets {', '.join(sorted(values))}, which does not exist; "
            "it can set cache, parallel and [addresses]."
        )
    if not isinstance(cache, str) or not isinstance(parallel, int) or not 1 <= parallel <= _MOST_PARALLEL:
        raise InputError(
            f"{path}: cache is a folder in quotes, and parallel a number from 1 to {_MOST_PARALLEL}."
        )
    if not isinstance(addresses, dict) or not all(
        key in SOURCES and isinstance(address, str) for key, address in addresses.items()
    ):
        raise InputError(f"{path}: [addresses] holds addresses in quotes for {', '.join(SOURCES)}.")
    for key in SOURCES:
        given = environment.get(f"TRACKER3D_{key.upper()}_ADDRESS")
        if given:
            addresses[key] = given
    folder = environment.get("TRACKER3D_CACHE") or cache
    usual = user_cache_path("tracker3d", appauthor=False) / "downloads"
    return FetchSettings(
        cache=Path(folder).expanduser() if folder else usual, addresses=addresses, parallel=parallel
    )


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            content = stream.read(_LARGEST_SETTINGS + 1)
        if len(content) > _LARGEST_SETTINGS:
            raise InputError(f"{path} is too large for settings; correct it or delete it.")
        return tomllib.loads(content.decode())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{path} is not valid TOML ({error}); correct it or delete it.") from error


@dataclass(frozen=True)
class GroundData:
    """Files for the ground, given or downloaded, and what has to be said with them.

    Attributes
    ----------
    dem_paths : tuple of Path
    drape_paths : tuple of Path
        The first on top.
    geoid : Geoid or None
        Given where the elevation files' heights are above the ellipsoid.
    credits, messages : tuple of str
        Of what was downloaded.
    begun : float
        Share of the whole work that is done.
    """

    dem_paths: tuple[Path, ...]
    drape_paths: tuple[Path, ...]
    geoid: Geoid | None = None
    credits: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    begun: float = 0.04


@dataclass(frozen=True)
class Downloads:
    """What shall be downloaded for a stage; None for what the user gave or does not want.

    Attributes
    ----------
    elevation, imagery : str or None
        Keys of :data:`terrain.fetching.SOURCES`.
    half_width_m : float
        How far the ground reaches to either side of the road.
    work : Path
        Folder for files that are needed only while the stage is prepared.
    """

    elevation: str | None
    imagery: str | None
    half_width_m: float
    work: Path

    def ground_data(
        self,
        source: Source,
        dem_paths: Sequence[Path],
        drape_paths: Sequence[Path],
        settings: FetchSettings | None,
        progress: Progress,
    ) -> GroundData:
        """Download what is wanted, up to half of the whole work, and join it with what was given.

        Raises
        ------
        terrain.TerrainError
            Something could not be downloaded; the text says what to do instead.
        InputError
            The user's settings cannot be used.
        """
        if not self.elevation and not self.imagery:
            return GroundData(tuple(dem_paths), tuple(drape_paths))
        settings = settings or read_settings()
        lon_deg, lat_deg, height_m = (np.asarray(column, float) for column in source.points.T)
        road = Road(lon_deg, lat_deg, height_m)
        between = (0.27 if self.imagery else 0.5) if self.elevation else 0.02
        fetched: list[Fetched] = []
        if self.elevation:
            heights = fetch_elevation(
                self.elevation,
                road,
                half_width_m=self.half_width_m,
                settings=settings,
                work=self.work,
                remedy="give elevation files with --dem, or --dem none",
                progress=lambda text, done: progress(text, 0.02 + (between - 0.02) * done),
            )
            fetched.append(heights)
            dem_paths = heights.paths
        if self.imagery:
            pictures = fetch_imagery(
                self.imagery,
                road,
                half_width_m=self.half_width_m,
                settings=settings,
                work=self.work,
                remedy="give a picture with --drape, or do without",
                progress=lambda text, done: progress(text, between + (0.5 - between) * done),
            )
            fetched.append(pictures)
            drape_paths = pictures.paths
        return GroundData(
            tuple(dem_paths),
            tuple(drape_paths),
            None,
            tuple(line for part in fetched for line in part.credits),
            tuple(line for part in fetched for line in part.messages),
            0.5,
        )
