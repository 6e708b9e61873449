"""``tracker3d prepare``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from tracker3d.commands.console import progress_shown, say


def prepare(
    source: Path,
    /,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    riders: Path | None = None,
    dem: Annotated[list[str] | None, Parameter(consume_multiple=True)] = None,
    dem_source: Literal["glo30", "terrarium"] | None = None,
    drape: Annotated[list[Path] | None, Parameter(consume_multiple=True)] = None,
    drape_source: Literal["sentinel2", "ign"] | None = None,
    roads: Path | None = None,
    before: Path | None = None,
    ellipsoidal: Literal["dem", "road", "both"] | None = None,
    geoid: Path | None = None,
    credit: list[str] | None = None,
    width_km: float = 12.0,
    max_error: float = 1.0,
    exaggeration: float = 1.0,
    look: Literal["natural", "satellite", "night"] = "natural",
) -> int:
    """Turn a route, elevation files and a roster into a stage package that needs no internet on air.

    Parameters
    ----------
    source
        A Race Center recording, trace.json, GPX or GeoJSON.
    output
        The package to write, NAME.stage; what stood there is replaced.
    riders
        A recording of the race, where the source is the road alone: riders, teams, day, checkpoints.
    dem
        Elevation files, folders, archives or folders of terrain-RGB tiles (z/x/y.png), or "none" for ground
        at the road's own height; downloaded if not given.
    dem_source
        Where elevation data are downloaded from: Copernicus GLO-30, or Terrarium tiles.
    drape
        Imagery laid over the ground, the first on top: GeoTIFFs in colour, ESA WorldCover, folders of tiles.
    drape_source
        Imagery to download and lay over the ground: Sentinel-2 cloudless, or IGN orthophotos (France).
    roads
        A map of roads (GeoJSON, as exported from OpenStreetMap) that tells which are tunnels and bridges.
    before
        Times before this stage, for the virtual classification: a .csv with the columns bib and time, in
        seconds or H:MM:SS.
    ellipsoidal
        Say whose heights are above the ellipsoid instead of the sea, as raw GNSS has them.
    geoid
        A geoid grid that converts those, such as fr_ign_RAF20.tif.
    credit
        A line that the owner of a file asks for, on every picture; may be given several times.
    width_km
        Width of the ground around the road.
    max_error
        Largest vertical error of the drawn ground near the road, in metres.
    exaggeration
        Factor on heights wherever they are drawn, 1 to 3; stated on every picture.
    look
        How ground and sky are coloured: natural, satellite (like aerial photographs) or night (dark studios).
    """
    from tracker3d.stage import prepare as prepare_stage

    paths = None if dem is None else () if dem == ["none"] else tuple(Path(name) for name in dem)
    with progress_shown() as progress:
        report = prepare_stage(
            source,
            output=output,
            dem_paths=paths,
            riders_path=riders,
            dem_source=dem_source,
            drape_paths=tuple(drape or ()),
            drape_source=drape_source,
            roads_path=roads,
            before_path=before,
            ellipsoidal=ellipsoidal,
            geoid_path=geoid,
            credit_texts=tuple(credit or ()),
            width_km=width_km,
            max_error_m=max_error,
            exaggeration=exaggeration,
            look=look,
            progress=progress,
        )
    for line in report.lines():
        say(line)
    return 0
