"""The public data sources that can be fetched from: addresses, limits, credit lines."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

MEGABYTE = 1_000_000


class Kind(Enum):
    """How a source cuts the Earth, and what its files hold."""

    DEGREE_HEIGHTS = "degree heights"
    """GeoTIFFs of one degree by one degree, float heights."""

    PYRAMID_HEIGHTS = "pyramid heights"
    """Web Mercator tiles whose colours code heights the Terrarium way."""

    PYRAMID_PICTURES = "pyramid pictures"
    """Web Mercator tiles of imagery."""


@dataclass(frozen=True)
class Source:
    """A public source of elevation data or imagery.

    Attributes
    ----------
    key : str
        As the user names it, in options and settings.
    title : str
        As people know it.
    kind : Kind
    address : str
        Where its files are; ``{name}`` stands for the file of a degree, ``{z}``, ``{x}``, ``{y}`` for a tile.
    ending : str
        Of the files in the cache.
    credit : str
        The line that every picture must show.
    most_bytes : int
        No honest file is larger.
    finest_zoom : int
        Of a pyramid.
    patience_s : float
        Longest time for one request to deliver one file.
    """

    key: str
    title: str
    kind: Kind
    address: str
    ending: str
    credit: str
    most_bytes: int
    finest_zoom: int = 0
    patience_s: float = 60.0

    @property
    def placeholders(self) -> tuple[str, ...]:
        """What an address must hold, each once or more."""
        return ("{name}",) if self.kind is Kind.DEGREE_HEIGHTS else ("{z}", "{x}", "{y}")


GLO30 = Source(
    key="glo30",
    title="Copernicus GLO-30",
    kind=Kind.DEGREE_HEIGHTS,
    address="https://copernicus-dem-30m.s3.amazonaws.com/{name}/{name}.tif",
    ending=".tif",
    credit="Produced using Copernicus WorldDEM-30 © DLR e.V. 2010-2014 and © Airbus Defence "
    "and Space GmbH 2014-2018 provided under COPERNICUS by the European Union and ESA; all rights reserved",
    most_bytes=250 * MEGABYTE,
    patience_s=1800.0,
)

TERRARIUM = Source(
    key="terrarium",
    title="Terrarium terrain tiles",
    kind=Kind.PYRAMID_HEIGHTS,
    address="https://s3.amazonaws.com/elevation-tiles-prod/terrarium/{z}/{x}/{y}.png",
    ending=".png",
    credit="Terrain tiles: Mapzen; SRTM, GMTED2010 and 3DEP data courtesy of the U.S. Geological Survey; "
    "ETOPO1: U.S. National Oceanic and Atmospheric Administration",
    most_bytes=2 * MEGABYTE,
    finest_zoom=15,
)

SENTINEL2 = Source(
    key="sentinel2",
    title="Sentinel-2 cloudless",
    kind=Kind.PYRAMID_PICTURES,
    address="https://tiles.maps.eox.at/wmts/1.0.0/s2cloudless_3857/default/GoogleMapsCompatible/{z}/{y}/{x}.jpg",
    ending=".picture",
    credit="Sentinel-2 cloudless 2016 by EOX IT Services GmbH "
    "(contains modified Copernicus Sentinel data 2016 & 2017)",
    most_bytes=2 * MEGABYTE,
    finest_zoom=14,
)

IGN = Source(
    key="ign",
    title="IGN orthophotos",
    kind=Kind.PYRAMID_PICTURES,
    address="https://data.geopf.fr/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0"
    "&LAYER=ORTHOIMAGERY.ORTHOPHOTOS&STYLE=normal&FORMAT=image/jpeg&TILEMATRIXSET=PM"
    "&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}",
    ending=".picture",
    credit="© IGN (BD ORTHO)",
    most_bytes=2 * MEGABYTE,
    finest_zoom=18,
)

SOURCES = {source.key: source for source in (GLO30, TERRARIUM, SENTINEL2, IGN)}


@dataclass(frozen=True)
class _Region:
    """A part of the world whose data need a credit of their own; degrees, generous."""

    west: float
    south: float
    east: float
    north: float
    credit: str


_TERRARIUM_REGIONS = (
    _Region(
        -32.0,
        27.0,
        45.0,
        72.0,
        "Europe: produced using Copernicus data and information funded by the European Union - EU-DEM layers",
    ),
    _Region(9.5, 46.3, 17.2, 49.1, "Austria: © offene Daten Österreichs - Digitales Geländemodell (DGM)"),
    _Region(4.0, 57.7, 31.6, 71.5, "Norway: © Kartverket"),
    _Region(
        -8.7, 49.8, 1.9, 60.9, "United Kingdom: © Environment Agency copyright and/or database right 2015"
    ),
    _Region(
        -180.0,
        60.0,
        180.0,
        90.0,
        "ArcticDEM: created from DigitalGlobe, Inc., imagery and funded under National Science Foundation "
        "awards 1043681, 1559691 and 1542736",
    ),
    _Region(
        -141.1,
        41.6,
        -52.5,
        83.2,
        "Canada: contains information licensed under the Open Government Licence - Canada",
    ),
    _Region(-118.5, 14.4, -86.6, 32.8, "Mexico: INEGI, Continental relief, 2016"),
    _Region(112.8, -43.8, 153.8, -9.9, "Australia: © Commonwealth of Australia (Geoscience Australia) 2017"),
    _Region(
        166.3,
        -47.4,
        178.7,
        -34.3,
        "New Zealand: Crown copyright 2011, Land Information New Zealand and the New Zealand Government",
    ),
)
# After the attribution that the tile set's makers ask for, one line to each region that a stage touches.


def credits_of(source: Source, bounds_deg: tuple[float, float, float, float]) -> tuple[str, ...]:
    """Return the credit lines of a source for west, south, east, north degrees."""
    if source.key != TERRARIUM.key:
        return (source.credit,)
    west, south, east, north = bounds_deg
    touched = [
        region.credit
        for region in _TERRARIUM_REGIONS
        if region.west <= east and west <= region.east and region.south <= north and south <= region.north
    ]
    return (source.credit, *touched)
