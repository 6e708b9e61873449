"""The race over the network: a stream of snapped states, the stage as glTF, and a page that shows both.

Never imports Qt or VTK, and only reads: nobody who connects can change anything. The formats are described in
``STREAM.md`` beside this file.
"""

from tracker3d.serve.guard import Limits
from tracker3d.serve.server import StageServer
from tracker3d.serve.sources import LiveSource, RaceSource, ReplaySource
from tracker3d.serve.wire import decode_binary

__all__ = ["Limits", "LiveSource", "RaceSource", "ReplaySource", "StageServer", "decode_binary"]
