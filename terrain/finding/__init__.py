"""Which raster files lie behind the paths that a user names: files, folders, archives, pyramids of tiles."""

from terrain.finding.files import find_files, looks_like_rasters
from terrain.finding.model import ENDINGS, GDAL_OPTIONS, RasterFile

__all__ = ["ENDINGS", "GDAL_OPTIONS", "RasterFile", "find_files", "looks_like_rasters"]
