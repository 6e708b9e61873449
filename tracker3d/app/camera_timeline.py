"""The camera's timeline: keys of the move on preview, to be dragged."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from tracker3d.app import theme
from tracker3d.app.buttons import tool_button
from tracker3d.scene.camera import CameraTimeline
from tracker3d.show import Side
from tracker3d.show.camera_keys import (
    USUAL_DURATION_S,
    keyframed,
    time_keys,
    with_key_added,
    with_key_moved,
    with_key_pose,
    without_key,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QMouseEvent, QPaintEvent

    from tracker3d.app.operating import Operator
    from tracker3d.scene.model import CameraPose
    from tracker3d.show import Shot, ShowState

_MARGIN_PX = 16
_REACH_PX = 9.0
_KEY_PX = 7.0
_TICKS_S = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0, 300.0, 1200.0)
_TICK_ROOM_PX = 56.0


class CameraKeys(QWidget):
    """The axis with its keys; dragging one changes its time, and the picture in preview with it."""

    def __init__(self, operator: Operator, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("cameraKeys")
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip("Keys of the camera move: drag one to another time, click one to choose it")
        self._operator = operator
        self._shot: Shot | None = None
        self._duration_s = USUAL_DURATION_S
        self._elapsed_s: float | None = None
        self._dragged: int | None = None
        self._drags = itertools.count(1)
        self._drag_name = ""
        self.chosen: int | None = None

    @property
    def move(self) -> CameraTimeline | None:  # type: ignore[override]
        """The move shown; None where it has no keys."""
        shot = self._shot
        return shot.camera if shot is not None and isinstance(shot.camera, CameraTimeline) else None

    @property
    def shot(self) -> Shot | None:
        """The shot whose move is shown."""
        return self._shot

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return the size that it likes to have."""
        return QSize(420, 62)

    def set_shot(self, shot: Shot | None, elapsed_s: float | None) -> None:
        """Show the keys of a shot's move and how far it has run."""
        if shot is not self._shot:
            if shot is None or self._shot is None or shot.key != self._shot.key:
                self.chosen = None
            self._shot = shot
            move = self.move
            if self._dragged is None:
                lasts = 0.0 if shot is None else shot.duration_s
                self._duration_s = lasts or USUAL_DURATION_S if move is None else move.duration_s
            self.update()
        if elapsed_s != self._elapsed_s:
            self._elapsed_s = elapsed_s
            self.update()

    def x_of(self, at_s: float) -> float:
        """Return where a time stands, in pixels from the left edge."""
        room = max(self.width() - 2 * _MARGIN_PX, 1)
        return _MARGIN_PX + room * at_s / (1.1 * self._duration_s)

    def key_place(self, number: int) -> QPointF:
        """Return where a key is drawn."""
        move = self.move
        assert move is not None
        return QPointF(self.x_of(time_keys(move)[number].at_s), self._key_y)

    @property
    def _key_y(self) -> float:
        return self.height() - 22.0

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint ruler, line, keys and how far the move has run."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), QColor("#0e131a"))
        self._paint_ruler(painter)
        painter.setPen(QPen(theme.EDGE, 2.0))
        end_x = self.x_of(self._duration_s)
        painter.drawLine(QPointF(self.x_of(0.0), self._key_y), QPointF(end_x, self._key_y))
        move = self.move
        for number, _ in enumerate(() if move is None else time_keys(move)):
            chosen = number in (self.chosen, self._dragged)
            painter.setPen(QPen(QColor("#12171e"), 1.0))
            painter.setBrush(theme.ACCENT if chosen else QColor("#e9edf2"))
            place = self.key_place(number)
            step = _KEY_PX
            corners = [QPointF(0, -step), QPointF(step, 0), QPointF(0, step), QPointF(-step, 0)]
            painter.drawPolygon(QPolygonF([place + corner for corner in corners]))
        if self._elapsed_s is not None:
            x = self.x_of(min(self._elapsed_s, 1.1 * self._duration_s))
            painter.setPen(QPen(QColor("#2fa84f"), 2.0))
            painter.drawLine(QPointF(x, 2.0), QPointF(x, self.height() - 2.0))

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Take hold of the key under the mouse."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._dragged = self.chosen = self._key_at(event.position())
            self._drag_name = f"camera key drag {next(self._drags)}"
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Drag the key."""
        if self._dragged is None:
            over = self._key_at(event.position()) is not None
            self.setCursor(Qt.CursorShape.SizeHorCursor if over else Qt.CursorShape.ArrowCursor)
            return
        room = max(self.width() - 2 * _MARGIN_PX, 1)
        to_s = (event.position().x() - _MARGIN_PX) * 1.1 * self._duration_s / room
        number = self._dragged
        self.change("drag camera key", lambda move: with_key_moved(move, number, to_s), self._drag_name)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Let the key go."""
        if self._dragged is not None:
            self._dragged = None
            if self.move is not None:
                self._duration_s = self.move.duration_s
            self.update()

    def change(self, text: str, make: Callable[[CameraTimeline], CameraTimeline], merge: str = "") -> None:
        """Give the shot another move made of the present one."""
        shot, move = self._shot, self.move
        if shot is None or move is None:
            return
        changed = make(move)
        if changed != move:
            self._operator.try_edit(
                text,
                lambda document: document.with_shot(dataclasses.replace(shot, camera=changed)),
                merge=merge,
            )
            show = self._operator.show
            self._shot = None if show is None else show.document.shot(shot.key)
            self.update()

    def _key_at(self, place: QPointF) -> int | None:
        move = self.move
        if move is None:
            return None
        away = [abs(self.key_place(number).x() - place.x()) for number in range(len(time_keys(move)))]
        nearest = min(range(len(away)), key=away.__getitem__)
        return nearest if away[nearest] <= _REACH_PX else None

    def _paint_ruler(self, painter: QPainter) -> None:
        whole_s = 1.1 * self._duration_s
        px_per_s = (self.x_of(whole_s) - self.x_of(0.0)) / whole_s
        step_s = next((step for step in _TICKS_S if step * px_per_s >= _TICK_ROOM_PX), _TICKS_S[-1])
        painter.setFont(theme.font(11))
        painter.setPen(theme.TEXT_SOFT)
        at_s = 0.0
        while at_s <= whole_s:
            x = self.x_of(at_s)
            painter.drawLine(QPointF(x, 0.0), QPointF(x, 5.0))
            painter.drawText(QRectF(x - 30.0, 5.0, 60.0, 16.0), Qt.AlignmentFlag.AlignHCenter, f"{at_s:g} s")
            at_s += step_s


class CameraTimelinePanel(QWidget):
    """The keys, and buttons that make, add, set and remove them.

    Parameters
    ----------
    operator : Operator
    pose : callable
        Returns where the camera of preview stands now, None before there is a picture.
    """

    def __init__(
        self, operator: Operator, pose: Callable[[], CameraPose | None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._operator, self._pose = operator, pose
        self.keys = CameraKeys(operator)
        heading = QLabel("Camera keys")
        heading.setObjectName("panelTitle")
        bar = QHBoxLayout()
        bar.addWidget(heading)
        bar.addStretch(1)
        for name, text, tooltip, act in (
            ("makeKeys", "Make keys", "Turn this move into keys that can be dragged", self._make),
            ("addKey", "Add", "A key here and now, where the camera of preview stands", self._add),
            ("setKey", "Set", "Let the chosen key be where the camera of preview stands", self._set),
            ("removeKey", "Remove", "Take the chosen key out", self._remove),
        ):
            button = tool_button(name, text, tooltip)
            button.clicked.connect(act)
            bar.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 2, 8, 6)
        layout.setSpacing(3)
        layout.addLayout(bar)
        layout.addWidget(self.keys)

    def show_state(self, state: ShowState, wall_s: float) -> None:
        """Show the move on preview."""
        seen = state.preview.shot
        shot = None if seen is None else state.document.shot(seen.key)
        self.keys.set_shot(shot, None if shot is None else round(wall_s - state.preview.since_s, 1))

    def _make(self) -> None:
        show, shot = self._operator.show, self.keys.shot
        if show is None or shot is None:
            self._operator.said.emit("Cue a shot first; its move becomes keys.")
            return
        if self.keys.move is not None:
            self._operator.said.emit("This move has keys already: drag them.")
            return
        race = show.race(Side.PREVIEW)
        move = keyframed(
            shot.move,
            show.scene,
            race,
            time_ms=show.now_ms(Side.PREVIEW, self._operator.now_s()),
            duration_s=shot.duration_s or USUAL_DURATION_S,
            viewport_px=(1920, 1080),
        )
        changed = dataclasses.replace(shot, camera=move, target="")
        self._operator.try_edit("make camera keys", lambda document: document.with_shot(changed))

    def _add(self) -> None:
        show, pose = self._operator.show, self._pose()
        if show is not None and pose is not None and self.keys.move is not None:
            at_s = max(self._operator.now_s() - show.state.preview.since_s, 0.0)
            self.keys.change("add camera key", lambda move: with_key_added(move, at_s, pose))
        else:
            self._operator.said.emit("Make keys first; then more can be added.")

    def _set(self) -> None:
        number, pose = self.keys.chosen, self._pose()
        if number is not None and pose is not None:
            self.keys.change("set camera key", lambda move: with_key_pose(move, number, pose))
        else:
            self._operator.said.emit("Click the key first that shall be set.")

    def _remove(self) -> None:
        number = self.keys.chosen
        if number is not None:
            self.keys.change("remove camera key", lambda move: without_key(move, number))
            self.keys.chosen = None
        else:
            self._operator.said.emit("Click the key first that shall go.")
