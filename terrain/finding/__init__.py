"""Which raster files lie behind the paths that a user names: files, folders, archives, pyramids of tiles."""

from terrain.finding.files import find_files
from terrain.finding.model import ENDINGS, RasterFile

__all__ = ["ENDINGS", "RasterFile", "find_files"]
