"""What a picture shows of a frame, how its transparency is written, and mattes as numbers.

A mixer or an edit suite lays layers over each other: over(overlays, clean) is the full picture. The mattes
say of each pixel how far away it is or who it is; they come out of the renderer as bytes of a colour, never
blended, and are turned into numbers here.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Layer(enum.StrEnum):
    """What is drawn of a frame."""

    FULL = "full"
    """Everything."""
    CLEAN = "clean"
    """The scene without what is laid over it; the mark of a simulated stage stays."""
    OVERLAYS = "overlays"
    """What is laid over the picture, alone: labels, panels, and halos where nothing stands before them."""
    HOLD_OUT = "hold-out"
    """All but the ground, which hides what is behind it and is not drawn itself."""
    DEPTH = "depth"
    """Distance along the line of sight."""
    RIDERS = "riders"
    """Who it is."""

    @property
    def matte(self) -> bool:
        """Whether pixels are numbers, not colours."""
        return self in (Layer.DEPTH, Layer.RIDERS)

    @property
    def keyed(self) -> bool:
        """Whether it is nothing without its transparency."""
        return self in (Layer.OVERLAYS, Layer.HOLD_OUT)


class Alpha(enum.StrEnum):
    """How transparency is written."""

    NONE = "none"
    """Opaque."""
    STRAIGHT = "straight"
    """Colours are those of the things themselves: NDI, edit suites, web pages."""
    PREMULTIPLIED = "premultiplied"
    """Colours are multiplied by alpha: keyers over SDI."""


FARTHEST = 65535
"""In a depth matte of 16 bits: nothing is there."""
NOTHING_M = 1.0e10
"""In a depth matte in metres: nothing is there."""
_STEPS_AN_OCTAVE = 65534.0 / 17.0
_CENTIMETRES = 100.0


def choose_alpha(layer: Layer, wished: str | None) -> Alpha:
    """Return how a layer's transparency is written: as wished, else straight where it needs one.

    Raises
    ------
    InputError
        There is no such way, or not for this layer.
    """
    if wished is not None and wished not in set(Alpha):
        raise InputError(f"--alpha {wished} is no way to write transparency; choose {', '.join(Alpha)}.")
    if wished is None:
        return Alpha.STRAIGHT if layer.keyed else Alpha.NONE
    alpha = Alpha(wished)
    if layer.matte and alpha is not Alpha.NONE:
        raise InputError(f"The layer {layer} holds numbers and no transparency; leave --alpha out.")
    if layer.keyed and alpha is Alpha.NONE:
        raise InputError(f"The layer {layer} is nothing without transparency; leave --alpha none out.")
    return alpha


def parse_layer(text: str) -> Layer:
    """Return the layer of that name.

    Raises
    ------
    InputError
        There is none.
    """
    if text not in set(Layer):
        raise InputError(f"{text!r} is no layer; choose one of {', '.join(Layer)}.")
    return Layer(text)


def finished(
    drawn: NDArray[np.uint8], layer: Layer, alpha: Alpha, *, metres: bool = False
) -> NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32]:
    """Turn a picture as the renderer gives it into what a file holds.

    Parameters
    ----------
    drawn : (h, w, 4) uint8
        Premultiplied colours, or the bytes of a matte.
    layer : Layer
    alpha : Alpha
    metres : bool
        Distances in metres instead of codes.

    Returns
    -------
    (h, w, 4) uint8
        sRGB; alpha is 255 for :attr:`Alpha.NONE`.
    (h, w) uint16
        For mattes: :func:`depth_code` of the distance, or the bib (65536 less its number for a vehicle; 0 for
        nobody).
    (h, w) float32
        Distances in metres.
    """
    if layer is Layer.DEPTH:
        return depth_m(drawn) if metres else depth_code(depth_m(drawn))
    if layer is Layer.RIDERS:
        high, low = np.moveaxis(drawn[..., :2].astype(np.uint16), -1, 0)
        bibs: NDArray[np.uint16] = np.bitwise_or(np.left_shift(high, np.uint16(8)), low)
        return bibs
    if alpha is Alpha.STRAIGHT:
        return straight(drawn)
    if alpha is Alpha.NONE:
        drawn = drawn.copy()
        drawn[..., 3] = 255
    return drawn


def straight(premultiplied: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Turn premultiplied RGBA (h, w, 4) into straight RGBA; colours under an alpha of 0 become black."""
    result = premultiplied.copy()
    partly = (premultiplied[..., 3] > 0) & (premultiplied[..., 3] < 255)
    pixels = premultiplied[partly].astype(np.uint32)
    alpha = pixels[:, 3:]
    result[partly, :3] = np.minimum((pixels[:, :3] * 255 + alpha // 2) // alpha, 255)
    result[premultiplied[..., 3] == 0, :3] = 0
    return result


def mixed(under: NDArray[np.uint8], over: NDArray[np.uint8], share: float) -> NDArray[np.uint8]:
    """Return ``share`` (0 to 1) of one premultiplied picture (h, w, 4) and the rest of another.

    Premultiplied colours mix as they are: what keys before keys after.
    """
    weight = round(256 * share)
    summed = under.astype(np.uint16) * np.uint16(256 - weight) + over.astype(np.uint16) * np.uint16(weight)
    return ((summed + 128) >> 8).astype(np.uint8)


def depth_m(drawn: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return distances along the line of sight (h, w) float32, metres, of a depth matte as drawn.

    In steps of 1 cm; :data:`NOTHING_M` where nothing is.
    """
    bytes_ = drawn.astype(np.uint32)
    centimetres = bytes_[..., 0] << 16 | bytes_[..., 1] << 8 | bytes_[..., 2]
    found: NDArray[np.float32] = np.where(drawn[..., 3] > 0, centimetres / _CENTIMETRES, NOTHING_M).astype(
        np.float32
    )
    return found


def depth_code(distance_m: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Return distances as 16 bits: ``2 ** (17 code / 65534)`` metres, 65535 where nothing is.

    From 1 m to 131 km in steps of 0.018 %.
    """
    near_m = np.clip(distance_m, 1.0, 2.0**17)
    code = np.rint(np.log2(near_m) * _STEPS_AN_OCTAVE).astype(np.uint16)
    return np.where(distance_m >= NOTHING_M, np.uint16(FARTHEST), code)


def rider_bytes(bibs: NDArray[np.int32]) -> NDArray[np.uint8]:
    """Return the colours (n, 3) that stand for riders in their matte."""
    number = np.asarray(bibs).astype(np.uint16)
    colours: NDArray[np.uint8] = np.stack([number >> 8, number & 255, 0 * number], axis=-1).astype(np.uint8)
    return colours
