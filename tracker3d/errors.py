"""Everything that ``tracker3d`` raises on purpose.

::

    Tracker3DError
    ├── InputError (ValueError)         a file, recording, route or argument that cannot be used
    │   ├── RouteError                  no usable road in it
    │   ├── FeedError                   no usable positions in it
    │   └── PackageError                a stage package that is damaged or of another version
    ├── OutputError (OSError)           a result that cannot be written
    └── MachineError (RuntimeError)     the machine lacks something (OpenGL, a display, a codec)

The text of each is one plain sentence that names the file and the remedy: the command line prints it
as it is and exits with 1, the app shows it in a dialog. ``terrain`` has a tree of its own,
:mod:`terrain.errors`, with the same promise.
"""


class Tracker3DError(Exception):
    """Root of all errors of this package."""


class InputError(Tracker3DError, ValueError):
    """What the user gave cannot be used."""


class RouteError(InputError):
    """A source holds no usable road."""


class FeedError(InputError):
    """A source holds no usable positions."""


class PackageError(InputError):
    """A stage package is damaged, incomplete or of another version."""


class OutputError(Tracker3DError, OSError):
    """A result cannot be written where it was asked for."""


class MachineError(Tracker3DError, RuntimeError):
    """The machine lacks something that the work needs."""
