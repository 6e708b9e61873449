"""The exported stage with its riders moved, in milliseconds: only the table of nodes is written anew.

For augmented reality the model stands on a table: its root is scaled, and riders, who would be finer than a
hair there, are scaled against it.
"""

from __future__ import annotations

import copy
import json
import struct
from typing import TYPE_CHECKING, Any

from tracker3d.errors import InputError

if TYPE_CHECKING:
    from tracker3d.serve.states import Snapshot

_HEAD = struct.Struct("<4sII")
_CHUNK = struct.Struct("<II")
_JSON_CHUNK = 0x4E4F534A
RIDER_SHARE = 1 / 75
"""Height of a rider on a table as a share of the stage's extent."""

SIGNS_GROWN = 2.0
"""Signs and the leader's pin are made for a screen; on a table they are so much larger."""


class MovableModel:
    """A GLB whose riders can be moved.

    Parameters
    ----------
    glb : bytes
        As the export writes it: riders are children of the root and carry no animation.
    extent_m, rider_m : float
        Longer side of the box round the road, and height of a rider in the file.

    Raises
    ------
    InputError
        It is no such file.
    """

    def __init__(self, glb: bytes, *, extent_m: float, rider_m: float) -> None:
        magic, _, _ = _HEAD.unpack_from(glb)
        length, kind = _CHUNK.unpack_from(glb, _HEAD.size)
        if magic != b"glTF" or kind != _JSON_CHUNK:
            raise InputError("The exported stage is no glTF binary; export it again.")
        begin = _HEAD.size + _CHUNK.size
        self._document: dict[str, Any] = json.loads(glb[begin : begin + length])
        self._rest = glb[begin + length :]
        self._extent_m, self._rider_m = extent_m, rider_m

    def at(self, snapshot: Snapshot, *, table_m: float | None = None) -> bytes:
        """Return the model with everybody where a snapshot says; who is not in it is left out.

        Parameters
        ----------
        snapshot : Snapshot
        table_m : float | None
            Length of the longer side on a table; life size where None.
        """
        document = copy.copy(self._document)
        nodes = copy.deepcopy(document["nodes"])
        document["nodes"] = nodes
        root = nodes[document["scenes"][document.get("scene", 0)]["nodes"][0]]
        places = dict(zip(snapshot.bibs.tolist(), snapshot.positions_m.tolist(), strict=True))
        grown = max(1.0, RIDER_SHARE * self._extent_m / self._rider_m) if table_m is not None else 1.0
        kept = []
        for index in root["children"]:
            node = nodes[index]
            bib = _bib_of(node)
            if bib is not None:
                if bib not in places:
                    continue
                node["translation"] = places[bib]
                node["scale"] = [grown] * 3
            elif node.get("name") == "leader":
                if not snapshot.order or snapshot.order[0] not in places:
                    continue
                node["translation"] = places[snapshot.order[0]]
            if table_m is not None and str(node.get("name", "")).startswith(("banner_", "leader")):
                node["scale"] = [SIGNS_GROWN] * 3
            kept.append(index)
        root["children"] = kept
        if table_m is not None:
            root["scale"] = [table_m / self._extent_m] * 3
        return self._packed(document)

    def _packed(self, document: dict[str, Any]) -> bytes:
        text = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
        text += b" " * (-len(text) % 4)
        total = _HEAD.size + _CHUNK.size + len(text) + len(self._rest)
        return b"".join(
            (_HEAD.pack(b"glTF", 2, total), _CHUNK.pack(len(text), _JSON_CHUNK), text, self._rest)
        )


def _bib_of(node: dict[str, Any]) -> int | None:
    """Return the bib of a rider's or vehicle's node, None for others."""
    kind, _, number = str(node.get("name", "")).partition("_")
    if not number.isdigit() or kind not in ("rider", "vehicle"):
        return None
    return int(number) if kind == "rider" else -int(number)
