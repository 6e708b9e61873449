"""Archives: which rasters are in them, found without unpacking anything onto the disk.

GDAL reads members where they lie, so that no name in an archive ever becomes a file, and a member that
promises more than it is worth costs no room.
"""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from terrain.errors import ElevationFileError
from terrain.finding.model import MOST_ENTRIES, too_many

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_TAR_ENDINGS = (".tar", ".tar.gz", ".tgz")
_OTHER_ENDINGS = (".7z", ".rar", ".tar.bz2", ".tar.xz", ".tar.zst", ".bz2", ".xz", ".zst")
_MOST_BYTES = 16_000_000_000
_MOST_PACKED_TIMES = 1100
_SUSPICIOUS_BYTES = 1_000_000_000

_Member = tuple[str, int]


def is_archive(path: Path) -> bool:
    """Tell by the name; whether it is one shows when it is opened."""
    return path.name.lower().endswith((".zip", *_TAR_ENDINGS, *_OTHER_ENDINGS))


def members(path: Path) -> list[str]:
    """Return the names of the files in an archive, sorted, as GDAL knows them: after :func:`prefix`.

    Raises
    ------
    ElevationFileError
        It is damaged, encrypted, of a kind that cannot be read, or larger than any honest one.
    """
    lower = path.name.lower()
    if lower.endswith(_OTHER_ENDINGS):
        raise ElevationFileError(
            f"{path} is an archive of a kind that cannot be read; unpack it and give the folder, "
            "or pack it as .zip or .tar.gz."
        )
    try:
        found = _zip_members(path) if lower.endswith(".zip") else _tar_members(path)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, NotImplementedError) as error:
        raise ElevationFileError(
            f"The archive {path} is damaged or cut off; download or copy it again."
        ) from error
    except ElevationFileError:
        raise
    except OSError as error:
        reason = error.strerror or "damaged or cut off"
        raise ElevationFileError(f"The archive {path} cannot be read ({reason}).") from error
    return sorted(name.removeprefix("./") for name, _ in found if _is_inside(name))


def prefix(path: Path) -> str:
    """Return what stands before a member's name for GDAL."""
    kind = "vsizip" if path.name.lower().endswith(".zip") else "vsitar"
    return f"/{kind}/{path.absolute()}/"


def _zip_members(path: Path) -> list[_Member]:
    with zipfile.ZipFile(path) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if any(entry.flag_bits & 1 for entry in entries):
        raise ElevationFileError(
            f"The archive {path} is encrypted; unpack it with its password and give the folder."
        )
    return _bounded(path, ((entry.filename, entry.file_size) for entry in entries))


def _tar_members(path: Path) -> list[_Member]:
    with tarfile.open(path, "r:*") as archive:
        return _bounded(path, ((entry.name, entry.size) for entry in archive if entry.isfile()))


def _bounded(path: Path, entries: Iterable[_Member]) -> list[_Member]:
    packed, unpacked = path.stat().st_size, 0
    found: list[_Member] = []
    for name, size in entries:
        unpacked += size
        found.append((name, size))
        if len(found) > MOST_ENTRIES:
            raise too_many(f"The archive {path}")
        bomb = unpacked > _SUSPICIOUS_BYTES and unpacked > _MOST_PACKED_TIMES * packed
        if unpacked > _MOST_BYTES or bomb:
            raise ElevationFileError(
                f"The archive {path} would unpack to more than {unpacked / 1e9:,.0f} GB; "
                "unpack the files that are needed and give their folder."
            )
    return found


def _is_inside(name: str) -> bool:
    """Leave out names that point out of the archive, and what systems add to them."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return bool(parts) and parts[0] not in ("/", "__MACOSX") and ".." not in parts
