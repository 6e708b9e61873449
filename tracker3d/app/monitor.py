"""A picture in the window: what it is, whether it is on air, and the picture itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from tracker3d.app import theme

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from tracker3d.app.view import StageView
    from tracker3d.show import Picture

ACTION_SAFE = 0.035
GRAPHICS_SAFE = 0.05
"""Margins of EBU R 95, as shares of width and height, at each edge."""

_SHAPE = 16.0 / 9.0


class Monitor(QFrame):
    """A title over a picture of 16:9, with a frame in the colour of its bus.

    Parameters
    ----------
    bus : str
        Name of the style sheet's colours: ``preview`` or ``program``.
    title : str
        What the bus is called.
    """

    def __init__(self, bus: str, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"{bus}Monitor")
        self.setProperty("bus", bus)
        self._bus = QLabel(title)
        self._bus.setObjectName(f"{bus}Title")
        self._what = QLabel()
        self._what.setObjectName("monitorShot")
        self._note = QLabel()
        self._note.setObjectName("monitorNote")
        self._strip = QWidget()
        strip = QHBoxLayout(self._strip)
        strip.setContentsMargins(2, 0, 2, 2)
        strip.addWidget(self._bus)
        strip.addWidget(self._what, 1)
        strip.addWidget(self._note)
        self.picture = PictureBox()
        self._layout = QVBoxLayout(self)
        self._layout.setSpacing(2)
        self._layout.addWidget(self._strip)
        self._layout.addWidget(self.picture, 1)
        self.set_exact(True)

    def set_exact(self, exact: bool) -> None:
        """Show 16:9 under a title, or else fill the place without one."""
        self._strip.setVisible(exact)
        margins = (6, 4, 6, 6) if exact else (0, 0, 0, 0)
        self._layout.setContentsMargins(*margins)
        self.picture.set_exact(exact)

    def set_view(self, view: StageView) -> None:
        """Put what draws into the picture."""
        self.picture.set_view(view)

    def set_texts(self, what: str, note: str) -> None:
        """Say which shot it is, and what else is to be known of it."""
        self._what.setText(what)
        self._note.setText(note)

    def set_black(self, *, black: bool) -> None:
        """Show nothing at all, or the picture again."""
        self.picture.black.setVisible(black)

    def set_safe_areas(self, *, shown: bool) -> None:
        """Lay the safe areas over the picture."""
        self.picture.safe_areas.setVisible(shown)

    def set_mirror(self, image: QImage | None) -> None:
        """Show a picture that is drawn elsewhere; None: what is drawn here again."""
        self.picture.mirror.set_image(image)


class PictureBox(QWidget):
    """Holds a view, at 16:9 where asked, and what lies over it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 180)
        self.view: StageView | None = None
        self._exact = True
        self.going = _Image(self, black_where_none=True)
        self.mirror = _Image(self)
        self.black = _Black(self)
        self.safe_areas = _SafeAreas(self)
        for cover in (self.going, self.mirror, self.black, self.safe_areas):
            cover.hide()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return the size that it likes to have."""
        return QSize(960, 540)

    def set_exact(self, exact: bool) -> None:
        """Keep to 16:9, or fill the place."""
        self._exact = exact
        self._place()

    def set_view(self, view: StageView) -> None:
        """Put what draws under everything else."""
        self.view = view
        view.setParent(self)
        view.lower()
        view.show()
        self._place()

    def dissolve(self, picture: Picture) -> None:
        """While one picture is mixed into another, draw the one that goes and lay it over; call it first.

        Both move on: the view draws twice for each picture of a mix.
        """
        share = 1.0 - picture.share
        if share > 0.0:
            going = None if self.view is None or picture.under is None else self.view.drawn(picture.under)
            self.going.keep(going)
        self.going.set_share(share)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Keep everything in its place."""
        super().resizeEvent(event)
        self._place()

    def _place(self) -> None:
        room = self.rect()
        if self._exact:
            width = min(room.width(), round(room.height() * _SHAPE))
            height = min(room.height(), round(width / _SHAPE))
            room = QRect((room.width() - width) // 2, 0, width, height)
        for part in (self.view, self.going, self.mirror, self.black, self.safe_areas):
            if part is not None:
                part.setGeometry(room)


class _Cover(QWidget):
    """Lies over a view and leaves the mouse to it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)


class _Black(_Cover):
    """Nothing on this bus."""

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint it black."""
        QPainter(self).fillRect(event.rect(), QColor(0, 0, 0))


class _Image(_Cover):
    """A picture over the view, as far as it is seen."""

    def __init__(self, parent: QWidget, *, black_where_none: bool = False) -> None:
        super().__init__(parent)
        self._image: QImage | None = None
        self._black_where_none = black_where_none
        self._share = 1.0

    @property
    def image(self) -> QImage | None:
        """The picture."""
        return self._image

    def keep(self, image: QImage | None) -> None:
        """Keep a picture without showing it yet."""
        self._image = image

    def set_image(self, image: QImage | None) -> None:
        """Show a picture, or none."""
        self._image = image
        self.setVisible(image is not None)
        self.update()

    def set_share(self, share: float) -> None:
        """Show what was kept with this opacity; 0 forgets it."""
        self._share = share
        if share <= 0.0:
            self._image = None
        self.setVisible(share > 0.0)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint the picture."""
        painter = QPainter(self)
        painter.setOpacity(self._share)
        if self._image is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(QRectF(self.rect()), self._image, QRectF(self._image.rect()))
        elif self._black_where_none:
            painter.fillRect(self.rect(), QColor(0, 0, 0))


class _SafeAreas(_Cover):
    """The edges of action and graphics after EBU R 95."""

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw both frames and a cross in the middle."""
        painter = QPainter(self)
        painter.setFont(theme.font(11))
        for margin, colour, text in (
            (ACTION_SAFE, QColor(255, 255, 255, 150), "action 3.5 %"),
            (GRAPHICS_SAFE, QColor(255, 208, 46, 190), "graphics 5 %"),
        ):
            inset_x, inset_y = margin * self.width(), margin * self.height()
            frame = QRectF(self.rect()).adjusted(inset_x, inset_y, -inset_x, -inset_y)
            painter.setPen(QPen(colour, 1.0))
            painter.drawRect(frame)
            if margin == GRAPHICS_SAFE:
                # in the middle of the foot, where no graphics stand
                below = Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignHCenter
                painter.drawText(frame.adjusted(0, 0, 0, -2), below, text)
        middle = QPointF(self.width() / 2.0, self.height() / 2.0)
        painter.setPen(QPen(QColor(255, 255, 255, 120), 1.0))
        painter.drawLine(middle - QPointF(10, 0), middle + QPointF(10, 0))
        painter.drawLine(middle - QPointF(0, 10), middle + QPointF(0, 10))
