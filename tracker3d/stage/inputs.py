"""Reading input files: bounded, inflated where gzipped, with plain errors."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

from tracker3d.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

LARGEST_INPUT_BYTES = 1_000_000_000
"""No input is read beyond this, inflated: a file that small may inflate to more than any memory."""

_GZIP_MAGIC = b"\x1f\x8b"


def read_bounded(path: Path, *, limit_bytes: int = LARGEST_INPUT_BYTES) -> bytes:
    """Read a whole file, inflating it when its first bytes say that it is gzipped.

    Raises
    ------
    InputError
        The file is missing, a folder, unreadable, cut off, damaged, empty or larger than ``limit_bytes``.
    """
    try:
        with path.open("rb") as stream:
            if stream.read(2) == _GZIP_MAGIC:
                stream.seek(0)
                with gzip.GzipFile(fileobj=stream) as inflated:
                    content = inflated.read(limit_bytes + 1)
            else:
                stream.seek(0)
                content = stream.read(limit_bytes + 1)
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist; check the path.") from error
    except IsADirectoryError as error:
        raise InputError(f"{path} is a folder, and a file is needed; name the file in it.") from error
    except EOFError as error:
        raise InputError(
            f"{path} is cut off: its gzip stream ends too early; copy or download it again."
        ) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path} is damaged and cannot be inflated; copy or download it again.") from error
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({error.strerror}); check the path and its permissions."
        ) from error
    if len(content) > limit_bytes:
        raise InputError(
            f"{path} holds more than {limit_bytes / 1e6:,.0f} MB, which is no stage; give another file."
        )
    if not content.strip():
        raise InputError(f"{path} is empty; copy or download it again.")
    return content
