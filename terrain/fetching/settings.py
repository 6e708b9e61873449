"""How files are fetched: from where, to where, and with how much patience."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from terrain.errors import DownloadError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from terrain.fetching.catalogue import Source


@dataclass(frozen=True)
class FetchSettings:
    """How files are fetched.

    Attributes
    ----------
    cache : Path
        Folder in which files stay; created when needed.
    addresses : mapping of str to str
        Other addresses for sources by their keys, such as mirrors.
    parallel : int
        Requests at the same time.
    attempts : int
        How often one file is tried before the whole is given up.
    connect_s, read_s : float
        How long a server may take to accept, and to send anything at all.
    first_pause_s, longest_pause_s : float
        The pause before the second attempt; it doubles with each, up to the longest.
    """

    cache: Path
    addresses: Mapping[str, str] = field(default_factory=dict)
    parallel: int = 6
    attempts: int = 5
    connect_s: float = 10.0
    read_s: float = 20.0
    first_pause_s: float = 0.7
    longest_pause_s: float = 20.0

    def address(self, source: Source) -> str:
        """Return the address of a source's files, with its placeholders.

        Raises
        ------
        DownloadError
            It is no http or https address, or lacks a placeholder.
        """
        address = self.addresses.get(source.key, source.address)
        try:
            parts = urlsplit(address)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        except ValueError:
            usable = False
        if not usable:
            raise DownloadError(
                f"The address set for {source.title} ({address[:200]}) is no http or https address; "
                f"the usual one is {source.address}."
            )
        missing = [mark for mark in source.placeholders if mark not in address]
        if missing:
            raise DownloadError(
                f"The address set for {source.title} ({address[:200]}) lacks {' and '.join(missing)}; "
                f"the usual one is {source.address}."
            )
        return address

    def folder(self, source: Source) -> Path:
        """Return the cache folder of a source; each address of it has its own."""
        mark = hashlib.sha256(self.address(source).encode()).hexdigest()[:8]
        return self.cache / f"{source.key}-{mark}"
