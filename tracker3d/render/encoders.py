"""Pictures into video files and folders, in parts that are joined without being encoded again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from tracker3d.errors import InputError, OutputError
from tracker3d.render.formats import require_codec, require_size
from tracker3d.render.images import save_image
from tracker3d.render.layers import Alpha

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction
    from pathlib import Path

    from numpy.typing import NDArray

    from tracker3d.render.formats import Format

_BT709, _RGB = 1, 0
"""Of H.273: BT.709 for primaries, transfer and matrix alike; the matrix of RGB."""
_LIMITED, _FULL = 1, 2
_THREADS = 4
"""A number of its own, for the bytes depend on it."""


@dataclass(frozen=True)
class Recording:
    """What all parts of a file have in common.

    Attributes
    ----------
    kind : Format
    pixels : str
        FFmpeg's pixel format.
    fps : Fraction
    alpha : Alpha
        What the pictures' transparency is.
    """

    kind: Format
    pixels: str
    fps: Fraction
    alpha: Alpha

    def open(self, path: Path, *, first: int = 0) -> Encoder:
        """Begin a file, or a folder whose pictures count from ``first``; both must not exist yet."""
        require_codec(self.kind)
        if self.kind.pictures:
            return _Pictures(path, first, ".exr" if self.kind.name == "exr" else ".png")
        return _Video(path, self)


class Encoder(Protocol):
    """Takes pictures one after the other."""

    def add(self, image: NDArray[Any]) -> None:
        """Take the next picture, see :func:`tracker3d.render.images.save_image`."""

    def close(self) -> None:
        """Write what is still held back."""

    def abandon(self) -> None:
        """End without caring for the result."""


class _Pictures:
    def __init__(self, folder: Path, first: int, ending: str) -> None:
        self._folder = folder
        self._next = first
        self._ending = ending
        folder.mkdir()

    def add(self, image: NDArray[Any]) -> None:
        save_image(self._folder / f"{self._next:06d}{self._ending}", image)
        self._next += 1

    def close(self) -> None:
        pass

    def abandon(self) -> None:
        pass


class _Video:
    def __init__(self, path: Path, recording: Recording) -> None:
        import av

        self._path = path
        self._recording = recording
        self._count = 0
        self._stream: Any = None
        self._container = av.open(str(path), "w", options=_muxing(path))
        _describe(self._container, recording)

    def add(self, image: NDArray[Any]) -> None:
        size = image.shape[1::-1]
        if self._stream is None:
            require_size(self._recording.kind, size)
            self._stream = self._new_stream(*size)
        if size != (self._stream.width, self._stream.height):
            raise InputError("All frames of a video need the same size.")
        frame = _frame(image, self._recording.pixels)
        frame.pts, frame.time_base = self._count, 1 / self._recording.fps
        self._count += 1
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        if self._stream is not None:
            self._container.mux(self._stream.encode())
        self._container.close()
        found = _packets(self._path)
        if found != self._count:
            raise OutputError(
                f"{self._path} holds {found} of {self._count} frames; look whether the disk is full."
            )

    def abandon(self) -> None:
        import contextlib

        import av

        with contextlib.suppress(av.FFmpegError):
            self._container.close()

    def _new_stream(self, width: int, height: int) -> Any:
        recording = self._recording
        stream = self._container.add_stream(recording.kind.codec, rate=recording.fps)
        stream.width, stream.height = width, height
        stream.pix_fmt = recording.pixels
        stream.time_base = stream.codec_context.time_base = 1 / recording.fps
        stream.options = dict(recording.kind.options)
        context = stream.codec_context
        context.thread_count = _THREADS
        context.color_primaries = context.color_trc = _BT709
        colours = _is_yuv(recording.pixels)
        context.colorspace = _BT709 if colours else _RGB
        context.color_range = _LIMITED if colours else _FULL
        if recording.kind.name == "vp9" and recording.alpha is not Alpha.NONE:
            stream.metadata["alpha_mode"] = "1"
        return stream


def join(parts: Sequence[Path], target: Path, recording: Recording) -> int:
    """Put parts together in their order as ``target``, which must not exist yet; return the count of frames.

    Folders of pictures are emptied by it.
    """
    if recording.kind.pictures:
        target.mkdir()
        count = 0
        for part in parts:
            for picture in sorted(part.iterdir()):
                picture.rename(target / picture.name)
                count += 1
        return count
    import av

    step = 1 / recording.fps
    with av.open(str(target), "w", options=_muxing(target)) as joined:
        _describe(joined, recording)
        stream: Any = None
        first = 0
        for part in parts:
            with av.open(str(part)) as source:
                given = source.streams.video[0]
                if stream is None:
                    stream = joined.add_stream_from_template(given)
                    stream.time_base = step
                    stream.metadata.update(given.metadata)
                count = 0
                for packet in source.demux(given):
                    if packet.size == 0:
                        continue
                    packet.pts = first + _number(packet.pts * given.time_base, step)
                    if packet.dts is not None:
                        packet.dts = first + _number(packet.dts * given.time_base, step)
                    packet.duration, packet.time_base, packet.stream = 1, step, stream
                    joined.mux(packet)
                    count += 1
            first += count
    return first


def _number(at_s: Fraction, step_s: Fraction) -> int:
    """Return which frame is meant by a time that a container may have rounded."""
    return round(at_s / step_s)


def _frame(image: NDArray[Any], pixels: str) -> Any:
    import av

    if image.dtype == np.uint16:
        return av.VideoFrame.from_ndarray(image, format="gray16le")
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgba")
    if not _is_yuv(pixels):
        return frame.reformat(format=pixels)
    frame = frame.reformat(
        format=pixels, dst_colorspace="ITU709", src_color_range="JPEG", dst_color_range="MPEG"
    )
    frame.colorspace, frame.color_range = _BT709, _LIMITED
    frame.color_primaries = frame.color_trc = _BT709
    return frame


def _is_yuv(pixels: str) -> bool:
    return pixels.startswith("yuv")


def _muxing(path: Path) -> dict[str, str]:
    """Return options of the container: nothing random in it, and for the web the index first."""
    options = {"fflags": "+bitexact"}
    if path.suffix.lower() in (".mp4", ".mov"):
        options["movflags"] = "+faststart"
    return options


def _describe(container: Any, recording: Recording) -> None:
    if recording.alpha is not Alpha.NONE:
        container.metadata["comment"] = f"{recording.alpha} alpha"


def _packets(path: Path) -> int:
    import av

    with av.open(str(path)) as container:
        return sum(1 for packet in container.demux(video=0) if packet.size)
