"""What files pictures go into: which codec stands behind a name, and what each can hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tracker3d.errors import InputError, MachineError
from tracker3d.render.layers import Alpha, Layer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_DISTANCES = "grayf32le"


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Attributes
    ----------
    name : str
        As chosen with ``--codec``.
    endings : tuple of str
        Names that it goes by; the empty one is a folder of numbered pictures.
    codec : str
        FFmpeg's encoder; empty where pictures are written one by one.
    opaque, keyed, matte : str
        FFmpeg's pixel format without alpha, with it, and for numbers; empty where it cannot.
    options : mapping of str to str
        For the encoder. All of it is there to give the same bytes on any number of processors.
    even : bool
        Whether it needs even sizes.
    """

    name: str
    endings: tuple[str, ...]
    codec: str = ""
    opaque: str = ""
    keyed: str = ""
    matte: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    even: bool = False

    @property
    def pictures(self) -> bool:
        """Whether it is a folder of pictures."""
        return not self.codec

    def pixels(self, layer: Layer, alpha: Alpha) -> str:
        """Return FFmpeg's pixel format for a layer, empty where it cannot hold it."""
        if layer.matte:
            return "" if layer is Layer.RIDERS and self.matte == _DISTANCES else self.matte
        return self.opaque if alpha is Alpha.NONE else self.keyed


H264 = Format(
    "h264",
    (".mp4", ".mov"),
    "libx264",
    opaque="yuv420p",
    options={"crf": "17", "preset": "medium"},
    even=True,
)
QTRLE = Format("qtrle", (".mov",), "qtrle", opaque="rgb24", keyed="argb")
PRORES = Format(
    "prores",
    (".mov",),
    "prores_ks",
    opaque="yuv444p10le",
    keyed="yuva444p10le",
    options={"profile": "4444", "vendor": "apl0", "alpha_bits": "16"},
    even=True,
)
FFV1 = Format(
    "ffv1",
    (".mkv",),
    "ffv1",
    opaque="bgr0",
    keyed="bgra",
    matte="gray16le",
    options={"level": "3", "g": "1", "slices": "4", "slicecrc": "1"},
)
VP9 = Format(
    "vp9",
    (".webm",),
    "libvpx-vp9",
    opaque="yuv420p",
    keyed="yuva420p",
    options={
        "crf": "18",
        "b": "0",
        "deadline": "good",
        "cpu-used": "5",
        "row-mt": "1",
        "auto-alt-ref": "0",  # which transparency does not survive
    },
    even=True,
)
PNG = Format("png", ("",), opaque="rgb24", keyed="rgba", matte="gray16")
EXR = Format("exr", ("",), matte=_DISTANCES)
FORMATS = (H264, QTRLE, PRORES, FFV1, VP9, PNG, EXR)
"""Of two with the same ending the first that can hold what is asked for is meant."""
_CHOICES = ".mp4, .mov, .mkv, .webm or a folder of pictures"


def choose_format(path: Path, *, layer: Layer, alpha: Alpha, codec: str | None = None) -> Format:
    """Return the format of a video's name, and of a codec where one is asked for.

    Raises
    ------
    InputError
        The name says no known format, or none that can hold what is asked for.
    """
    ending = path.suffix.lower()
    named = [each for each in FORMATS if ending in each.endings]
    if not named:
        raise InputError(f"{path} is no video format this program writes; name {_CHOICES}.")
    if codec is not None:
        if codec not in {each.name for each in FORMATS}:
            known = ", ".join(each.name for each in FORMATS)
            raise InputError(f"--codec {codec} is none that this program writes; choose one of {known}.")
        named = [each for each in named if each.name == codec]
        if not named:
            endings = next(each.endings for each in FORMATS if each.name == codec)
            wanted = " or ".join(one or "a folder's name, without an ending" for one in endings)
            raise InputError(f"{path.name} is no file for {codec}; name {wanted}.")
    for each in named:
        if each.pixels(layer, alpha):
            return each
    what = f"the layer {layer}" if layer.matte else "transparency"
    others = sorted({one for each in FORMATS if each.pixels(layer, alpha) for one in each.endings if one})
    raise InputError(f"{path.name} cannot hold {what}; name {', '.join(others)} or a folder.")


def require_codec(kind: Format) -> None:
    """Make sure that the encoder is there.

    Raises
    ------
    MachineError
        It is missing.
    """
    if kind.name == "png":
        return
    import av

    codec = kind.codec or kind.name
    if codec not in av.codecs_available:
        raise MachineError(
            f"The video encoder {codec} is missing on this machine; "
            "run: pip install --force-reinstall av, or write a folder of pictures."
        )


def require_size(kind: Format, size_px: tuple[int, int]) -> None:
    """Make sure that a format can hold pictures of a size.

    Raises
    ------
    InputError
        It cannot.
    """
    width, height = size_px
    if kind.even and (width % 2 or height % 2):
        raise InputError(f"A video needs an even width and height, not {width}x{height}.")
