"""Single pictures as files: colours and numbers as PNG, distances as OpenEXR."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

QUICK, SMALL = 1, 6
"""Levels of PNG's compression: for many pictures, and for one."""


def save_image(path: Path, image: NDArray[Any], *, level: int = QUICK) -> None:
    """Write a picture.

    Parameters
    ----------
    path : Path
    image : array
        (h, w, 4) uint8 sRGB with alpha, stored without it where it is opaque; (h, w) uint16: a PNG of
        16 bits; (h, w) float32: OpenEXR.
    level : int
        Of PNG's compression.
    """
    if image.dtype == np.float32:
        _save_exr(path, image)
        return
    from PIL import Image

    if image.dtype == np.uint16:
        Image.fromarray(image).save(path, compress_level=level)
        return
    opaque = bool((image[..., 3] == 255).all())
    Image.fromarray(np.ascontiguousarray(image[..., :3]) if opaque else image).save(
        path, compress_level=level
    )


def _save_exr(path: Path, metres: NDArray[np.float32]) -> None:
    """Write distances as the only channel, 32 bits a pixel, compressed without loss."""
    import av

    context = av.CodecContext.create("exr", "w")
    context.width, context.height = metres.shape[::-1]
    context.pix_fmt = "grayf32le"
    context.time_base = Fraction(1, 25)
    context.options = {"compression": "zip1", "format": "float"}
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(metres), format="grayf32le")
    packets = [*context.encode(frame), *context.encode(None)]
    path.write_bytes(b"".join(bytes(packet) for packet in packets))
