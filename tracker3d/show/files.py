"""Show files, ``NAME.show``: a document as JSON, written whole, with the last good one kept beside it."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tracker3d.errors import InputError, OutputError
from tracker3d.files import written_aside
from tracker3d.show.codec import document_from, document_table

if TYPE_CHECKING:
    from pathlib import Path

    from tracker3d.show.document import ShowDocument

LARGEST_BYTES = 32_000_000
_KEPT = ".last"


class ReadShow(NamedTuple):
    """A document that was read, and what was wrong on the way, empty if nothing was."""

    document: ShowDocument
    message: str = ""


def kept_path(path: Path) -> Path:
    """Return where the last good version of a show file is kept."""
    return path.with_name(path.name + _KEPT)


def write_show(path: Path, document: ShowDocument) -> None:
    """Save a document: at no time is there less than one whole file.

    What stood there before is kept beside it, if it can still be read.

    Raises
    ------
    OutputError
        The file cannot be written; what stood there still does.
    InputError
        A shot has a camera that cannot be written.
    """
    content = msgspec.json.format(msgspec.json.encode(document_table(document)), indent=1)
    if len(content) > LARGEST_BYTES:
        raise InputError(f"{path} would be larger than {LARGEST_BYTES // 1_000_000} MB; split the show.")
    _read(content, path)
    _keep_last(path)
    with written_aside(path) as part, part.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def read_show(path: Path) -> ReadShow:
    """Read a show file, or the last good version of it where it is damaged.

    Raises
    ------
    InputError
        Neither can be used; the sentence says what is wrong with the file itself.
    """
    try:
        return ReadShow(_read(_bytes_of(path), path))
    except InputError as error:
        with contextlib.suppress(InputError):
            kept = kept_path(path)
            document = _read(_bytes_of(kept), kept)
            return ReadShow(document, f"{error} The version before it was opened instead.")
        raise


def _keep_last(path: Path) -> None:
    """Keep what stands at a path beside it, unless it is damaged: then an older version is worth more."""
    try:
        content = _bytes_of(path)
        _read(content, path)
    except InputError:
        return
    try:
        with written_aside(kept_path(path)) as part:
            part.write_bytes(content)
    except OutputError as error:
        raise OutputError(f"{path} cannot be saved: {error}") from error


def _bytes_of(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); give an existing show file.") from error
    if len(content) > LARGEST_BYTES:
        raise InputError(f"{path} is larger than {LARGEST_BYTES // 1_000_000} MB; give a show file.")
    return content


def _read(content: bytes, path: Path) -> ShowDocument:
    try:
        table = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no show file: {error}.") from error
    return document_from(table, what=str(path))
