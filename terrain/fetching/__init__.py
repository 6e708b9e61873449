"""Elevation data and imagery from public sources, kept in a cache, with the credit lines they ask for."""

from terrain.fetching.catalogue import SOURCES, Kind, Source
from terrain.fetching.download import Fetched, Road, fetch_elevation, fetch_imagery
from terrain.fetching.settings import FetchSettings

__all__ = [
    "SOURCES",
    "FetchSettings",
    "Fetched",
    "Kind",
    "Road",
    "Source",
    "fetch_elevation",
    "fetch_imagery",
]
