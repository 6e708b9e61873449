"""Work handed to a thread in order, so that encoding goes on while the next picture is drawn."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

_WAITING = 6


class Conveyor:
    """Runs what it is given one after the other in a thread of its own.

    What fails ends it: nothing after that is run, and the error comes out of the next :meth:`put` or
    of the end of the ``with`` block. A block that ends by an error does not wait for what is left.
    """

    def __init__(self) -> None:
        self._waiting: queue.Queue[Callable[[], None] | None] = queue.Queue(_WAITING)
        self._failure: BaseException | None = None
        self._dropping = False
        self._thread = threading.Thread(target=self._run, name="encoder")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._dropping = self._dropping or kind is not None
        self._waiting.put(None)
        self._thread.join()
        if kind is None and self._failure is not None:
            raise self._failure

    def put(self, work: Callable[[], None]) -> None:
        """Have ``work`` run; waits while too much is waiting."""
        if self._failure is not None:
            raise self._failure
        self._waiting.put(work)

    def _run(self) -> None:
        while (work := self._waiting.get()) is not None:
            if self._dropping:
                continue
            try:
                work()
            except BaseException as error:
                self._failure = error
                self._dropping = True
