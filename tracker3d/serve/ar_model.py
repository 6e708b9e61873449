"""The exported stage with its riders moved, in milliseconds: only the table of nodes is written anew.

Phones show a model file and know no stream; so each asks for the race as it stands.
"""

from __future__ import annotations

import asyncio
import copy
import json
import math
import struct
import time
from typing import TYPE_CHECKING, Any

from tracker3d.errors import InputError
from tracker3d.serve.stage_files import table_usdz

if TYPE_CHECKING:
    from tracker3d.race import Race
    from tracker3d.scene.model import StageScene
    from tracker3d.serve.states import Snapshot

_HEAD = struct.Struct("<4sII")
_CHUNK = struct.Struct("<II")
_JSON_CHUNK = 0x4E4F534A
_KEPT_S = 60.0
NOBODY = 0
"""No bib."""

RIDER_ON_TABLE_M = 0.008
"""A rider in his own scale would be finer than a hair."""

SIGNS_GROWN = 1.8
"""Signs and the leader's pin are made for a screen; on a table they are so much larger."""


class MovableModel:
    """A GLB whose riders can be moved.

    Parameters
    ----------
    glb : bytes
        As the export writes it: riders are children of the root and carry no animation.
    rider_m : float
        Height of a rider in it, before the root's scale.

    Raises
    ------
    InputError
        It is no such file.
    """

    def __init__(self, glb: bytes, *, rider_m: float) -> None:
        magic, _, _ = _HEAD.unpack_from(glb)
        length, kind = _CHUNK.unpack_from(glb, _HEAD.size)
        if magic != b"glTF" or kind != _JSON_CHUNK:
            raise InputError("The exported stage is no glTF binary; export it again.")
        begin = _HEAD.size + _CHUNK.size
        self._document: dict[str, Any] = json.loads(glb[begin : begin + length])
        self._rest = glb[begin + length :]
        self._rider_m = rider_m

    def at(self, snapshot: Snapshot) -> bytes:
        """Return the model with everybody where a snapshot says; who is not in it is left out."""
        document = copy.copy(self._document)
        nodes = copy.deepcopy(document["nodes"])
        document["nodes"] = nodes
        root = nodes[document["scenes"][document.get("scene", 0)]["nodes"][0]]
        places = dict(zip(snapshot.bibs.tolist(), snapshot.positions_m.tolist(), strict=True))
        riders_grown = max(1.0, RIDER_ON_TABLE_M / (root.get("scale", [1.0])[0] * self._rider_m))
        kept = []
        for index in root["children"]:
            node = nodes[index]
            name = str(node.get("name", ""))
            bib, grown = _bib_of(name), riders_grown
            if name == "leader":
                bib, grown = (snapshot.order[0] if snapshot.order else NOBODY), SIGNS_GROWN
            if bib is not None:
                if bib not in places:
                    continue
                node["translation"] = places[bib]
            if bib is not None or name.startswith("banner_"):
                node["scale"] = [grown if bib is not None else SIGNS_GROWN] * 3
            kept.append(index)
        root["children"] = kept
        return self._packed(document)

    def _packed(self, document: dict[str, Any]) -> bytes:
        text = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
        text += b" " * (-len(text) % 4)
        total = _HEAD.size + _CHUNK.size + len(text) + len(self._rest)
        return b"".join(
            (_HEAD.pack(b"glTF", 2, total), _CHUNK.pack(len(text), _JSON_CHUNK), text, self._rest)
        )


class NewestUsdz:
    """The race as USDZ, which takes seconds to write: one file serves all who ask within a minute."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._data = b""
        self._made_s = -math.inf

    async def of(self, scene: StageScene, race: Race, time_ms: int) -> bytes:
        """Return the file of this moment, or one of the last minute."""
        async with self._lock:
            if time.monotonic() - self._made_s > _KEPT_S:
                self._data = await asyncio.to_thread(table_usdz, scene, race, time_ms)
                self._made_s = time.monotonic()
            return self._data


def _bib_of(name: str) -> int | None:
    """Return the bib of a rider's or vehicle's node, None for others."""
    kind, _, number = name.partition("_")
    if not number.isdigit() or kind not in ("rider", "vehicle"):
        return None
    return int(number) if kind == "rider" else -int(number)
