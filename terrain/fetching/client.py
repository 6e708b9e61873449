"""Many files at the same time, each tried again with growing pauses, into a cache that stays whole."""

from __future__ import annotations

import contextlib
import errno
import queue
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from terrain.errors import DownloadError
from terrain.fetching.checks import UnfitError

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from terrain.fetching.catalogue import Source
    from terrain.fetching.settings import FetchSettings

Progress = Callable[[str, float], None]

_LOOK_S = 0.2
_PARTING_S = 1.5
_MOST_REDIRECTS = 3


@dataclass(frozen=True)
class Wanted:
    """A file to be fetched.

    Attributes
    ----------
    address : str
    path : Path
        Its place in the cache; the name is never the server's.
    check : callable
        Raises :class:`terrain.fetching.checks.UnfitError` where a file at a path is not what it should be.
    """

    address: str
    path: Path
    check: Callable[[Path], None]

    @property
    def part(self) -> Path:
        """Where it stands until it is whole and checked."""
        return self.path.with_name(f"{self.path.name}.part")

    @property
    def absent(self) -> Path:
        """An empty file that stands for the server's word that there is none."""
        return self.path.with_name(f"{self.path.name}.absent")


@dataclass
class _Course:
    """How far the work is; shared by the threads."""

    files: int
    done: int = 0
    received: int = 0
    shown: float = 0.0
    shares: dict[int, float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    stop: threading.Event = field(default_factory=threading.Event)

    def arrived(self, number: int, new: int, have: int, expected: int) -> None:
        with self.lock:
            self.received += new
            self.shares[number] = min(1.0, have / expected) if expected else 0.0

    def finished(self, number: int) -> None:
        with self.lock:
            self.done += 1
            self.shares.pop(number, None)

    def told(self, title: str) -> tuple[str, float]:
        with self.lock:
            share = (self.done + sum(self.shares.values())) / max(1, self.files)
            self.shown = min(1.0, max(self.shown, share))
            text = f"downloading {title}: {self.done} of {self.files} tiles, {self.received / 1e6:.1f} MB"
            return text, self.shown


def fetch(
    source: Source, wanted: Sequence[Wanted], *, settings: FetchSettings, remedy: str, progress: Progress
) -> set[Path]:
    """Bring files into the cache; return the paths of those that the source says it does not have.

    Files already there are not asked for. Each arrives in a part beside its place and is renamed when it is
    whole and checked, so an interruption leaves only whole files and parts to go on with.

    Raises
    ------
    DownloadError
        A file could not be had, or the cache not written. ``remedy`` ends the sentence.
    """
    missing = [want for want in wanted if not want.path.exists() and not want.absent.exists()]
    if not missing:
        return set()
    folder = settings.folder(source)
    try:
        for parent in {want.path.parent for want in missing}:
            parent.mkdir(parents=True, exist_ok=True)
        with _only_one(folder, lambda: progress(f"waiting for another download of {source.title}", 0.0)):
            missing = [want for want in missing if not want.path.exists() and not want.absent.exists()]
            return _Fetch(source, missing, settings, remedy).run(progress)
    except OSError as error:
        if isinstance(error, DownloadError):
            raise
        reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
        raise DownloadError(
            f"The cache folder {folder} cannot be written ({reason}); make room, or set another one."
        ) from error


class _Fetch:
    """Threads that share one list of files."""

    def __init__(
        self, source: Source, wanted: Sequence[Wanted], settings: FetchSettings, remedy: str
    ) -> None:
        self.source, self.wanted, self.settings, self.remedy = source, wanted, settings, remedy
        self.course = _Course(len(wanted))
        self.waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.results: queue.SimpleQueue[Path | Exception | None] = queue.SimpleQueue()

    def run(self, progress: Progress) -> set[Path]:
        for number in range(len(self.wanted)):
            self.waiting.put(number)
        count = max(1, min(self.settings.parallel, len(self.wanted)))
        client = self._client(count)
        # Daemons: whoever stops the program must not wait for a server that does not answer.
        threads = [threading.Thread(target=self._work, args=(client,), daemon=True) for _ in range(count)]
        try:
            for thread in threads:
                thread.start()
            return self._collect(progress)
        finally:
            self.course.stop.set()
            until_s = time.monotonic() + _PARTING_S
            for thread in threads:
                thread.join(max(0.0, until_s - time.monotonic()))
            client.close()

    def _client(self, connections: int) -> httpx.Client:
        import httpx

        try:
            return httpx.Client(
                timeout=httpx.Timeout(self.settings.read_s, connect=self.settings.connect_s),
                limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
                follow_redirects=True,
                max_redirects=_MOST_REDIRECTS,
                headers={"User-Agent": "tracker3d"},
            )
        except (ImportError, ValueError) as error:
            raise DownloadError(
                f"The proxy that the environment names cannot be used ({error}); "
                f"correct HTTPS_PROXY or ALL_PROXY, or {self.remedy}."
            ) from error

    def _collect(self, progress: Progress) -> set[Path]:
        absent: set[Path] = set()
        left = len(self.wanted)
        while left:
            progress(*self.course.told(self.source.title))
            with contextlib.suppress(queue.Empty):
                result = self.results.get(timeout=_LOOK_S)
                left -= 1
                if isinstance(result, Exception):
                    raise result
                if result is not None:
                    absent.add(result)
        progress(*self.course.told(self.source.title))
        return absent

    def _work(self, client: httpx.Client) -> None:
        while not self.course.stop.is_set():
            try:
                number = self.waiting.get_nowait()
            except queue.Empty:
                return
            want = self.wanted[number]
            try:
                there = self._obtain(client, number, want)
            except Exception as error:
                self.results.put(error)
                return
            self.course.finished(number)
            self.results.put(None if there else want.path)

    def _obtain(self, client: httpx.Client, number: int, want: Wanted) -> bool:
        """Try until the file is there (True) or known not to exist (False)."""
        from terrain.fetching.transfer import Listener, PassingError, RefusedError, UnreachableError, transfer

        listener = Listener(
            lambda new, have, expected: self.course.arrived(number, new, have, expected),
            self.course.stop.is_set,
        )
        reason = ""
        for attempt in range(self.settings.attempts):
            try:
                there = transfer(
                    client,
                    want.address,
                    want.part,
                    most_bytes=self.source.most_bytes,
                    patience_s=self.source.patience_s,
                    listener=listener,
                )
                if there:
                    want.check(want.part)
                    want.part.replace(want.path)
                _forget(want.part)
            except PassingError as error:
                reason, wait_s = str(error), error.wait_s
                if isinstance(error, UnreachableError) and attempt and not self.course.received:
                    break
            except UnfitError as error:
                _forget(want.part)
                reason, wait_s = f"sends something else than a tile: it is {error}", 0.0
            except RefusedError as error:
                _forget(want.part)
                raise self._failure(want, str(error)) from error
            else:
                return there
            if attempt + 1 < self.settings.attempts and self.course.stop.wait(self._pause_s(attempt, wait_s)):
                break
        raise self._failure(want, reason)

    def _pause_s(self, attempt: int, asked_s: float) -> float:
        """Twice as long each time, shaken so that the threads do not come back all at once."""
        pause = min(self.settings.longest_pause_s, self.settings.first_pause_s * 2**attempt)
        shaken: float = pause * random.uniform(0.5, 1.0)
        return max(asked_s, shaken)

    def _failure(self, want: Wanted, reason: str) -> DownloadError:
        parts = urlsplit(want.address)
        return DownloadError(
            f"{parts.netloc.rpartition('@')[2]} {reason}, so {self.source.title} ({want.path.name}) "
            f"was not downloaded; {self.remedy}."
        )


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    part.with_name(f"{part.name}.json").unlink(missing_ok=True)


@contextlib.contextmanager
def _only_one(folder: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Let one process at a time fill a folder of the cache; the system frees it when a process dies."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as stream:
        while True:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                waiting()
                time.sleep(_LOOK_S)
        yield
