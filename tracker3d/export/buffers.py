"""The binary part of a GLB: views of one buffer, as they are or packed by ``KHR_meshopt_compression``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tracker3d.export.meshopt import encode_attributes, encode_triangles, exponential

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

VERTEX_TARGET = 34962
INDEX_TARGET = 34963
MESHOPT = "KHR_meshopt_compression"

_LEAST_PACKED = 256
"""Bytes; what is smaller gains nothing."""


class Buffer:
    """Bytes of one GLB and the table of views into them.

    Parameters
    ----------
    compressed : bool
        Pack arrays. Readers then need the extension; unpacked they are the same to the bit, but that a
        triangle may start with another of its corners.
    """

    def __init__(self, *, compressed: bool = False) -> None:
        self.compressed = compressed
        self.views: list[dict[str, Any]] = []
        self._blob = bytearray()
        self._unpacked = 0

    def add_bytes(self, data: bytes) -> int:
        """Add bytes as they are, such as a picture; returns the view."""
        self.views.append({"buffer": 0, "byteOffset": self._append(data), "byteLength": len(data)})
        return len(self.views) - 1

    def add_array(
        self, rows: NDArray[Any], *, target: int | None = None, exponents: Sequence[int] | None = None
    ) -> int:
        """Add elements, (n, width); returns the view.

        Vertices are padded to multiples of four bytes. Float values which are whole numbers of
        2 ** ``exponents``, one for each column, are packed as such.
        """
        data = np.ascontiguousarray(rows, rows.dtype.newbyteorder("<"))
        spare = -(data.itemsize * data.shape[1]) % 4
        if spare and target == VERTEX_TARGET:
            data = np.pad(data, ((0, 0), (0, spare // data.itemsize)))
        if not (self.compressed and data.nbytes >= _LEAST_PACKED):
            view = self.add_bytes(data.tobytes())
        elif target == INDEX_TARGET:
            packed = encode_triangles(data.reshape(-1, 3))
            view = self._add_packed(packed, data, {"mode": "TRIANGLES"})
        elif exponents is None:
            view = self._add_packed(encode_attributes(data), data, {"mode": "ATTRIBUTES"})
        else:
            steps = np.stack(
                [exponential(data[:, column], exponent) for column, exponent in enumerate(exponents)], axis=-1
            )
            how = {"mode": "ATTRIBUTES", "filter": "EXPONENTIAL"}
            view = self._add_packed(encode_attributes(steps), data, how)
        if target is not None:
            self.views[view]["target"] = target
        if target == VERTEX_TARGET:
            self.views[view]["byteStride"] = data.itemsize * data.shape[1]
        return view

    def tables(self) -> dict[str, Any]:
        """Return the tables ``bufferViews`` and ``buffers`` of the JSON part."""
        self._blob.extend(b"\0" * (-len(self._blob) % 4))
        buffers: list[dict[str, Any]] = [{"byteLength": len(self._blob)}] if self._blob else []
        if self._unpacked:
            buffers.append({"byteLength": self._unpacked, "extensions": {MESHOPT: {"fallback": True}}})
        return {"bufferViews": self.views, "buffers": buffers}

    def blob(self) -> bytes:
        """Return the bytes."""
        return bytes(self._blob)

    @property
    def extensions(self) -> list[str]:
        """Extensions without which the buffer cannot be read."""
        return [MESHOPT] if self._unpacked else []

    def _append(self, data: bytes) -> int:
        self._blob.extend(b"\0" * (-len(self._blob) % 4))
        start = len(self._blob)
        self._blob.extend(data)
        return start

    def _add_packed(self, packed: bytes, data: NDArray[Any], how: dict[str, str]) -> int:
        stride = data.itemsize * data.shape[1]
        extension = {
            "buffer": 0,
            "byteOffset": self._append(packed),
            "byteLength": len(packed),
            "byteStride": stride,
            "count": len(data),
            **how,
        }
        self._unpacked += -self._unpacked % 4
        view = {"buffer": 1, "byteOffset": self._unpacked, "byteLength": data.nbytes}
        self._unpacked += data.nbytes
        self.views.append({**view, "extensions": {MESHOPT: extension}})
        return len(self.views) - 1
