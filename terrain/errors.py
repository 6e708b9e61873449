"""Everything that ``terrain`` raises on purpose.

::

    TerrainError
    ├── ElevationFileError (OSError)    a DEM or imagery file that cannot be used
    ├── CoverageError (ValueError)      no elevation where it was asked for
    └── DownloadError (OSError)         data that could not be fetched

The text of each is one plain sentence that names the file and the remedy; it can be shown as it is.
"""


class TerrainError(Exception):
    """Root of all errors of this package."""


class ElevationFileError(TerrainError, OSError):
    """A DEM or imagery file is missing, damaged or of a kind that cannot be read."""


class CoverageError(TerrainError, ValueError):
    """The files given hold no elevation where it was asked for."""


class DownloadError(TerrainError, OSError):
    """Elevation data or imagery could not be fetched from where they are published."""
