"""Undo and redo of every edit of a document."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tracker3d.show.document import ShowDocument

MOST_STEPS = 1000


class _Step(NamedTuple):
    text: str
    document: ShowDocument
    merge: str


class EditHistory:
    """Documents before and after the present one.

    A drag makes many edits; those with the same ``merge`` that follow each other are one step.
    """

    def __init__(self) -> None:
        self._before: deque[_Step] = deque(maxlen=MOST_STEPS)
        self._after: list[_Step] = []

    @property
    def undo_text(self) -> str:
        """What would be undone, such as "rename shot"; empty where there is nothing."""
        return self._before[-1].text if self._before else ""

    @property
    def redo_text(self) -> str:
        """What would be done again; empty where there is nothing."""
        return self._after[-1].text if self._after else ""

    def note(self, text: str, before: ShowDocument, *, merge: str = "") -> None:
        """Remember the document before an edit."""
        if not (merge and not self._after and self._before and self._before[-1].merge == merge):
            self._before.append(_Step(text, before, merge))
        self._after.clear()

    def undo(self, now: ShowDocument) -> ShowDocument | None:
        """Return the document before the last edit; None where there is none."""
        if not self._before:
            return None
        step = self._before.pop()
        self._after.append(_Step(step.text, now, ""))
        return step.document

    def redo(self, now: ShowDocument) -> ShowDocument | None:
        """Return the document after the edit undone last; None where there is none."""
        if not self._after:
            return None
        step = self._after.pop()
        self._before.append(_Step(step.text, now, ""))
        return step.document
