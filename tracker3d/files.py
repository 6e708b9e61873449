"""Writing results so that nothing half-written ever stands where a result belongs."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tracker3d.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator


def make_folder(folder: Path, *, remedy: str) -> None:
    """Make a folder of the program's own, with those above it, where it is not there yet.

    Parameters
    ----------
    folder : Path
    remedy : str
        What to do without it, or what it means, as the end of a sentence.

    Raises
    ------
    OutputError
        It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be made ({error.strerror}); {remedy}.") from error


@contextlib.contextmanager
def written_aside(target: Path, *, folder: bool = False, within: Path | None = None) -> Iterator[Path]:
    """Give a temporary path beside ``target`` and move it there when the block ends without an error.

    Parameters
    ----------
    target : Path
        Where the result shall stand. What stood there before is replaced.
    folder : bool
        The result is a folder, created empty; otherwise a file with the target's ending, not created.
    within : Path, optional
        A folder on the same disk for the temporary path, whose owner removes what a kill leaves there.

    Raises
    ------
    OutputError
        The folder of ``target`` does not exist or cannot be written.
    """
    parent = target.absolute().parent
    if not parent.is_dir():
        raise OutputError(f"The folder {parent} does not exist; create it, or write {target.name} elsewhere.")
    try:
        scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=within or parent))
    except OSError as error:
        raise OutputError(f"{parent} cannot be written ({error.strerror}); choose another place.") from error
    result = scratch / target.name
    try:
        if folder:
            result.mkdir()
        yield result
        _replace(result, target, scratch)
    except OSError as error:
        if isinstance(error, OutputError) or error.errno is None or not _is_ours(error, scratch):
            raise
        raise OutputError(f"{target} cannot be written ({error.strerror}).") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _replace(result: Path, target: Path, scratch: Path) -> None:
    if target.is_dir() and result.is_dir():
        target.rename(scratch / "replaced")
    result.replace(target)


def _is_ours(error: OSError, scratch: Path) -> bool:
    names = [str(name) for name in (error.filename, error.filename2) if name]
    return not names or any(name.startswith(str(scratch)) for name in names)
