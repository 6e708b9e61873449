"""One request for one file: into a part beside its place, going on where an earlier one broke off."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_WORTH_KEEPING = 1_000_000
_BUSY = (408, 425, 429)
_ABSENT = (204, 404, 410)
_LONGEST_WAIT_S = 60.0


class PassingError(Exception):
    """What failed may succeed when tried again; ``wait_s`` is what the server asks for."""

    def __init__(self, reason: str, *, wait_s: float = 0.0) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class UnreachableError(PassingError):
    """There was not even a connection."""


class RefusedError(Exception):
    """The server will not give it, however often it is asked."""


class StoppedError(Exception):
    """The work was called off."""


@dataclass(frozen=True)
class Listener:
    """Who hears of the bytes that arrive, and can call the work off."""

    arrived: Callable[[int, int, int], None]
    """Called with new bytes, bytes there in all, and bytes expected (0 unknown)."""

    stopped: Callable[[], bool]


def transfer(
    client: httpx.Client, address: str, part: Path, *, most_bytes: int, patience_s: float, listener: Listener
) -> bool:
    """Fetch a file into ``part``; False where the server says that there is none.

    Where ``part`` holds the beginning and the server can tell that its file is still the same, only the rest
    is asked for. What arrived before a failure stays.

    Raises
    ------
    PassingError, RefusedError, StoppedError
    OSError
        The part cannot be written.
    """
    begun = _Beginning.read(part, address)
    headers = {"Accept-Encoding": "identity", **begun.headers()}
    try:
        with client.stream("GET", address, headers=headers) as response:
            _refuse_downgrade(response)
            if response.status_code in _ABSENT:
                return False
            if response.status_code == 416:
                begun.forget()
                raise PassingError("the file has changed")
            _require_success(response)
            resumed = response.status_code == 206
            if resumed and not begun.goes_on_with(response):
                begun.forget()
                raise PassingError("the server sent another part than asked for")
            have = begun.size if resumed else 0
            expected = _expected(response, have)
            if expected > most_bytes:
                raise RefusedError(f"offers {expected / 1e6:,.0f} MB, too many to be the file")
            if not resumed:
                begun.start_over(response, expected)
            _receive(response, part, have, expected, most_bytes, patience_s, listener)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
        raise UnreachableError("could not be reached") from error
    except (httpx.HTTPError, httpx.StreamError) as error:
        raise PassingError(_why(error)) from error
    except httpx.InvalidURL as error:
        raise RefusedError("has an address that cannot be used") from error
    return True


def _receive(
    response: httpx.Response,
    part: Path,
    have: int,
    expected: int,
    most_bytes: int,
    patience_s: float,
    listener: Listener,
) -> None:
    until_s = time.monotonic() + patience_s
    with part.open("r+b" if have else "wb") as stream:
        stream.seek(have)
        stream.truncate()
        for chunk in response.iter_bytes():
            if listener.stopped():
                raise StoppedError
            have += len(chunk)
            if have > most_bytes:
                raise RefusedError("sends more than the file can hold")
            stream.write(chunk)
            listener.arrived(len(chunk), have, expected)
            if time.monotonic() > until_s:
                raise PassingError("is too slow")
    if expected and have != expected:
        raise PassingError(f"broke off after {have:,} of {expected:,} bytes")


@dataclass(frozen=True)
class _Beginning:
    """What an earlier request left of a file, and the mark by which the server knows its version."""

    part: Path
    note: Path
    address: str
    size: int = 0
    mark: str = ""

    @classmethod
    def read(cls, part: Path, address: str) -> _Beginning:
        note = part.with_name(f"{part.name}.json")
        try:
            size = part.stat().st_size
            noted = json.loads(note.read_bytes()[:10_000])
            mark = str(noted["mark"])
            if size and noted["address"] == address and re.fullmatch(r"[\x20-\x7e]{1,200}", mark):
                return cls(part, note, address, size, mark)
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            pass
        return cls(part, note, address)

    def headers(self) -> dict[str, str]:
        return {"Range": f"bytes={self.size}-", "If-Range": self.mark} if self.size else {}

    def goes_on_with(self, response: httpx.Response) -> bool:
        return bool(self.size) and response.headers.get("Content-Range", "").startswith(f"bytes {self.size}-")

    def forget(self) -> None:
        self.note.unlink(missing_ok=True)
        self.part.unlink(missing_ok=True)

    def start_over(self, response: httpx.Response, expected: int) -> None:
        """Note the version of the file that now begins to arrive, where it is large enough to go on with."""
        self.forget()
        etag = response.headers.get("ETag", "")
        mark = etag if etag.startswith('"') else response.headers.get("Last-Modified", "")
        plain = "Content-Encoding" not in response.headers
        if mark and plain and expected > _WORTH_KEEPING and len(mark) <= 200:
            self.note.write_text(json.dumps({"address": self.address, "mark": mark}))


def _expected(response: httpx.Response, have: int) -> int:
    """Bytes of the whole file, 0 where the server does not say."""
    length = response.headers.get("Content-Length", "")
    if not length.isascii() or not length.isdigit() or "Content-Encoding" in response.headers:
        return 0
    return have + int(length[:15])


def _require_success(response: httpx.Response) -> None:
    status = response.status_code
    if status in (200, 206):
        return
    if status in _BUSY or status >= 500:
        wait = response.headers.get("Retry-After", "")
        seconds = float(wait[:6]) if wait.isascii() and wait.isdigit() else 0.0
        raise PassingError(f"answers with error {status}", wait_s=min(seconds, _LONGEST_WAIT_S))
    raise RefusedError(f"refuses it (error {status})")


def _refuse_downgrade(response: httpx.Response) -> None:
    schemes = [step.url.scheme for step in (*response.history, response)]
    if "https" in schemes and schemes[schemes.index("https") :] != ["https"] * (
        len(schemes) - schemes.index("https")
    ):
        raise RefusedError("leads from a secured address to one that is not")


def _why(error: Exception) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "does not answer in time"
    if isinstance(error, httpx.TooManyRedirects):
        return "sends from address to address"
    return "breaks off"
