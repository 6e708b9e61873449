"""tracker3d: a 3D stage visualiser for bicycle races."""

__version__ = "0.1.0"
