"""Several processes that draw one video, each part by part.

This process walks over the frames without drawing them, for labels keep the places that they had in the frame
before, and hands out parts with the places of labels at their start. So it does not matter who draws what.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any

from tracker3d.errors import MachineError
from tracker3d.render.conveyor import Conveyor
from tracker3d.render.reel import Reel, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from tracker3d.render.job import Recipe
    from tracker3d.render.parts import Parts, Slots

_DRAWN = "drawn"
_READY = "ready"
_GONE = "gone"


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection


def shoot_with_workers(
    reel: Reel, parts: Parts, recipe: Recipe, *, workers: int, drawn: Callable[[], None]
) -> None:
    """Have all parts that are not finished drawn by ``workers`` processes.

    Raises
    ------
    Exception
        What went wrong first in any of them.
    MachineError
        One of them ended by itself.
    """
    todo = _todo(reel, parts)
    context = multiprocessing.get_context("spawn")
    threads = max(1, (os.cpu_count() or 1) // workers)
    crew = []
    try:
        for _ in range(min(workers, len(parts))):
            ours, theirs = context.Pipe()
            process = context.Process(
                target=_work, args=(theirs, recipe, reel.span, parts, threads), daemon=True
            )
            process.start()
            theirs.close()
            crew.append(_Worker(process, ours))
        _serve(crew, todo, drawn)
    finally:
        for worker in crew:
            worker.pipe.close()
            worker.process.terminate()
            worker.process.join()


def _serve(crew: list[_Worker], todo: Iterator[tuple[int, Slots]], drawn: Callable[[], None]) -> None:
    busy = {worker.pipe: worker for worker in crew}
    while busy:
        for pipe in wait(list(busy)):
            worker = busy[pipe]  # type: ignore[index]
            try:
                says = worker.pipe.recv()
            except (EOFError, ConnectionError) as error:
                worker.process.join()
                raise MachineError(
                    f"A render process ended by itself (exit code {worker.process.exitcode}); "
                    "start the render again with fewer --workers, it goes on from what is finished."
                ) from error
            if isinstance(says, BaseException):
                raise says
            if says == _DRAWN:
                drawn()
            elif says == _READY:
                worker.pipe.send(next(todo, None))
            else:
                del busy[worker.pipe]


def _todo(reel: Reel, parts: Parts) -> Iterator[tuple[int, Slots]]:
    """Yield parts that are not finished, with where labels stand before them."""
    slots: Slots = {}
    for part in range(len(parts)):
        if parts.is_done(part):
            slots = parts.slots_after(part)
            continue
        yield part, slots
        if part + 1 < len(parts) and not parts.is_done(part + 1):
            slots = reel.walk(parts.frames(part), slots)


def _work(pipe: Connection, recipe: Recipe, span: Span, parts: Parts, threads: int) -> None:
    """Draw parts until there are no more; a parent that is gone ends it at the next frame."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault("LP_NUM_THREADS", str(threads))
    with contextlib.suppress(BrokenPipeError, EOFError):
        try:
            _draw(pipe, recipe, span, parts)
        except (BrokenPipeError, EOFError):
            raise
        except Exception as error:
            pipe.send(error)
        else:
            pipe.send(_GONE)


def _draw(pipe: Connection, recipe: Recipe, span: Span, parts: Parts) -> None:
    production = recipe.open()
    reel = Reel(production, span)
    with production.picture.open() as target:
        target.set_stage(production.scene)
        task: Any = None
        with Conveyor() as conveyor:
            while (task := _ask(pipe)) is not None:
                part, slots = task
                reel.shoot(
                    part,
                    slots,
                    parts=parts,
                    target=target,
                    conveyor=conveyor,
                    drawn=lambda: pipe.send(_DRAWN),
                )


def _ask(pipe: Connection) -> Any:
    pipe.send(_READY)
    return pipe.recv()
