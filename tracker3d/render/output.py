"""Pictures and videos as files; nothing half-written ever stands where a result belongs."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any

from tracker3d.errors import InputError, OutputError
from tracker3d.files import written_aside
from tracker3d.render.conveyor import Conveyor
from tracker3d.render.encoders import Recording
from tracker3d.render.formats import choose_format, require_codec
from tracker3d.render.images import SMALL, save_image
from tracker3d.render.layers import Alpha, Layer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from fractions import Fraction
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray


def write_picture(path: Path, image: NDArray[Any]) -> None:
    """Write a picture as PNG, or distances as OpenEXR; see :func:`tracker3d.render.images.save_image`."""
    distances = image.ndim == 2 and image.dtype.kind == "f"
    ending = ".exr" if distances else ".png"
    if path.suffix.lower() != ending:
        raise InputError(f"{path} is no picture file; name a {ending} file.")
    with said_plainly(path), written_aside(path) as aside:
        save_image(aside, image, level=SMALL)


def write_video(
    path: Path,
    frames: Iterable[NDArray[np.uint8]],
    *,
    fps: Fraction,
    alpha: Alpha = Alpha.NONE,
    codec: str | None = None,
) -> None:
    """Write pictures at hand as a video whose frame k is shown from exactly k / fps.

    Parameters
    ----------
    path : Path
        See :mod:`tracker3d.render.formats`.
    frames : iterable of (h, w, 4) uint8
        sRGB, all of one size.
    fps : Fraction
        Frames per second, exact.
    alpha : Alpha
        What the pictures' transparency is; :attr:`Alpha.NONE` leaves it out.
    codec : str | None
        One of several that go by the same name.

    Raises
    ------
    InputError
        The name says no known format, or the format cannot hold what was asked for.
    MachineError
        The encoder is missing.
    OutputError
        The place cannot be written.
    """
    kind = choose_format(path, layer=Layer.FULL, alpha=alpha, codec=codec)
    require_codec(kind)
    recording = Recording(kind, kind.pixels(Layer.FULL, alpha), fps, alpha)
    with said_plainly(path), written_aside(path, folder=kind.pictures) as aside:
        if kind.pictures:
            aside.rmdir()  # which the encoder makes
        encoder = recording.open(aside)
        count = 0
        try:
            with Conveyor() as conveyor:
                for count, image in enumerate(frames, 1):  # noqa: B007 (the last number is wanted)
                    conveyor.put(partial(encoder.add, image))
        except BaseException:
            encoder.abandon()
            raise
        if not count:
            encoder.abandon()
            raise InputError("A video needs at least one frame.")
        encoder.close()


@contextlib.contextmanager
def said_plainly(path: Path, *, remedy: str = "choose another place") -> Iterator[None]:
    """Turn the errors of encoders and of the disk into one plain sentence about ``path``."""
    import av

    try:
        yield
    except OutputError:
        raise
    except (av.FFmpegError, OSError) as error:
        if not isinstance(error, av.FFmpegError) and error.errno is None:
            raise
        raise OutputError(f"{path} cannot be written ({error.strerror}); {remedy}.") from error
