"""Pictures and videos as files; nothing half-written ever stands where a result belongs."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from tracker3d.errors import InputError, MachineError, OutputError
from tracker3d.files import written_aside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager
    from fractions import Fraction
    from pathlib import Path

    from numpy.typing import NDArray

_WAITING_FRAMES = 6
_BT709 = 1
"""Of H.273: the code of BT.709 for primaries, transfer and matrix alike."""
_LIMITED, _FULL = 1, 2
_CHOICES = ".mp4, .mov or a folder of pictures"


def write_picture(path: Path, rgba: NDArray[np.uint8]) -> None:
    """Write ``rgba`` (h, w, 4) uint8, sRGB with straight alpha, as PNG (without alpha where it is opaque)."""
    if path.suffix.lower() != ".png":
        raise InputError(f"{path} is no picture file; name a .png file.")
    with written_aside(path) as aside:
        _save_png(aside, rgba, compress_level=6)


def write_video(path: Path, frames: Iterable[NDArray[np.uint8]], *, fps: Fraction, alpha: bool) -> None:
    """Write pictures as a video whose frame k is shown from exactly k / fps.

    Parameters
    ----------
    path : Path
        ``.mp4``: H.264, 8 bit 4:2:0, BT.709 limited range. ``.mov``: with ``alpha`` QuickTime
        Animation (lossless, straight alpha), else H.264. A name without an ending: a folder of
        pictures ``000000.png``, ``000001.png``, ...
    frames : iterable of (h, w, 4) uint8
        sRGB with straight alpha, all of one size.
    fps : Fraction
        Frames per second, exact.
    alpha : bool
        Keep the transparency.

    Raises
    ------
    InputError
        The name says no known format, or the format cannot hold what was asked for.
    MachineError
        The encoder is missing.
    OutputError
        The place cannot be written.
    """
    ending = path.suffix.lower()
    if ending not in {".mp4", ".mov", ""}:
        raise InputError(f"{path} is no video format this program writes; name {_CHOICES}.")
    if ending == ".mp4" and alpha:
        raise InputError(f"{path.name} cannot hold transparency; name a .mov file or a folder.")
    with written_aside(path, folder=not ending) as aside:
        if ending:
            _encode_all(lambda: _Encoder(aside, fps=fps, alpha=alpha), frames)
        else:
            _encode_all(lambda: _Pictures(aside), frames)


class _Pictures:
    """A folder of numbered pictures."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def __enter__(self) -> _Pictures:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def add(self, rgba: NDArray[np.uint8]) -> None:
        """Write the next picture."""
        _save_png(self._folder / f"{self._count:06d}.png", rgba, compress_level=1)
        self._count += 1


class _Encoder:
    """A video file."""

    def __init__(self, path: Path, *, fps: Fraction, alpha: bool) -> None:
        self._path = path
        self._fps = fps
        self._alpha = alpha
        self._count = 0
        self._stream: Any = None

    def __enter__(self) -> _Encoder:
        import av

        codec = "qtrle" if self._alpha else "libx264"
        if codec not in av.codecs_available:
            raise MachineError(
                f"The video encoder {codec} is missing on this machine; "
                "run: pip install --force-reinstall av, or write a folder of pictures."
            )
        self._codec = codec
        self._container = av.open(str(self._path), "w", options={"movflags": "+faststart"})
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None and self._stream is not None:
            self._container.mux(self._stream.encode())
        self._container.close()

    def add(self, rgba: NDArray[np.uint8]) -> None:
        """Encode the next frame."""
        import av

        if self._stream is None:
            self._stream = self._new_stream(*rgba.shape[1::-1])
        if rgba.shape[1::-1] != (self._stream.width, self._stream.height):
            raise InputError("All frames of a video need the same size.")
        if self._alpha:
            argb = np.ascontiguousarray(rgba[..., [3, 0, 1, 2]])
            frame = av.VideoFrame.from_ndarray(argb, format="argb")
        else:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgba[..., :3]), format="rgb24").reformat(
                format="yuv420p", dst_colorspace="ITU709", src_color_range="JPEG", dst_color_range="MPEG"
            )
            frame.colorspace, frame.color_range = _BT709, _LIMITED
            frame.color_primaries = frame.color_trc = _BT709
        frame.pts, frame.time_base = self._count, 1 / self._fps
        self._count += 1
        self._container.mux(self._stream.encode(frame))

    def _new_stream(self, width: int, height: int) -> Any:
        if not self._alpha and (width % 2 or height % 2):
            raise InputError(f"A video needs an even width and height, not {width}x{height}.")
        stream = self._container.add_stream(self._codec, rate=self._fps)
        stream.width, stream.height = width, height
        stream.time_base = stream.codec_context.time_base = 1 / self._fps
        context = stream.codec_context
        context.color_primaries = context.color_trc = _BT709
        if self._alpha:
            stream.pix_fmt = "argb"
            context.color_range = _FULL
        else:
            stream.pix_fmt = "yuv420p"
            context.colorspace, context.color_range = _BT709, _LIMITED
            stream.options = {"crf": "17", "preset": "medium"}
        return stream


def _encode_all(
    opened: Callable[[], AbstractContextManager[_Encoder | _Pictures]], frames: Iterable[NDArray[np.uint8]]
) -> None:
    """Encode ``frames`` in a thread of its own while the caller draws the next ones.

    An error of either side ends both; the encoder's own is raised first.
    """
    waiting: queue.Queue[NDArray[np.uint8] | None] = queue.Queue(_WAITING_FRAMES)
    failure: list[BaseException] = []
    stopped = threading.Event()

    def work() -> None:
        try:
            with opened() as encoder:
                while (rgba := waiting.get()) is not None:
                    encoder.add(rgba)
        except BaseException as error:  # handed to the caller
            failure.append(error)
            stopped.set()
            while waiting.get() is not None:
                continue

    worker = threading.Thread(target=work, name="video encoder")
    worker.start()
    count = 0
    try:
        for rgba in frames:
            if stopped.is_set():
                break
            waiting.put(rgba)
            count += 1
    finally:
        waiting.put(None)
        worker.join()
    if failure:
        raise _explained(failure[0])
    if not count:
        raise InputError("A video needs at least one frame.")


def _explained(error: BaseException) -> BaseException:
    import av

    if isinstance(error, av.FFmpegError):
        return OutputError(f"The video cannot be written ({error.strerror}); choose another place.")
    return error


def _save_png(path: Path, rgba: NDArray[np.uint8], *, compress_level: int) -> None:
    from PIL import Image

    opaque = bool((rgba[..., 3] == 255).all())
    image = Image.fromarray(np.ascontiguousarray(rgba[..., :3]) if opaque else rgba)
    image.save(path, compress_level=compress_level)
