"""The window's parts and where they stand; what they do is decided in :mod:`tracker3d.app.window`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QGuiApplication
from PySide6.QtOpenGLWidgets import QOpenGLWidget
from PySide6.QtWidgets import (
    QDockWidget,
    QLabel,
    QMainWindow,
    QMenu,
    QProgressBar,
    QSizePolicy,
    QStackedWidget,
    QToolBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from tracker3d.app.desk import CAMERAS
from tracker3d.app.key_overlay import KeyOverlay
from tracker3d.app.keys import shown
from tracker3d.app.rider_panel import RiderPanel
from tracker3d.app.timeline import Timeline
from tracker3d.app.transport import Transport
from tracker3d.scene.model import USUAL_OVERLAYS, Overlay

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

_SIZE_PX = (1680, 945)
_FRAME_PX = 48
"""What a window manager's frame takes from the height of the screen."""

_DOCK_PX = 560
_DOCK_SHARE = 0.36
_MOST_NAME_PX = 230
_OVERLAY_NAMES = {
    Overlay.GROUP_LABELS: "Group labels",
    Overlay.RIDER_LABELS: "Rider labels",
    Overlay.PLACE_LABELS: "Place labels",
    Overlay.STAGE_NAME: "Stage name",
    Overlay.TO_GO: "Kilometres to go",
    Overlay.PROFILE: "Profile",
    Overlay.CLIMB_CARD: "Climb card",
    Overlay.GAP_BOARD: "Gaps",
    Overlay.SPEED_BOARD: "Speeds",
    Overlay.GAP_TREND: "Gap trend",
    Overlay.WIND: "Wind",
    Overlay.GROUP_HALOS: "Group halos",
    Overlay.TRAILS: "Trails",
    Overlay.LEGEND: "Gradient legend",
    Overlay.CREDITS: "Credits",
    Overlay.LOGO: "Logo",
}


class Shell(QMainWindow):
    """3D view in the middle, riders on the right, time below, cameras above.

    Signals
    -------
    camera_asked : int
        Index into the desk's cameras.
    follow_asked
        The button for following was pressed.
    overlay_switched : str, bool
        Value of an :class:`~tracker3d.scene.model.Overlay`, and whether it shall be shown.
    full_screen_asked
    """

    camera_asked = Signal(int)
    follow_asked = Signal()
    overlay_switched = Signal(str, bool)
    full_screen_asked = Signal()

    def __init__(self, title: str) -> None:
        super().__init__()
        self.setWindowTitle(f"{title} – tracker3d")
        self.stack = QStackedWidget()
        self.timeline = Timeline()
        self.transport = Transport()
        self.riders = RiderPanel()
        self._loading_text = QLabel("Starting")
        self._loading_bar = QProgressBar()
        self.stack.addWidget(self._make_loading_page(title))
        self._lay_out_middle()
        self._make_dock()
        self._camera_actions: list[QAction] = []
        self._make_toolbar(title)
        self._status_bar = QProgressBar()
        self._health = QLabel()
        self._camera_text = QLabel()
        self._make_status_bar()
        self.keys = KeyOverlay(self)
        room = QGuiApplication.primaryScreen().availableGeometry()
        self.resize(min(_SIZE_PX[0], room.width()), min(_SIZE_PX[1], room.height() - _FRAME_PX))
        dock_px = min(_DOCK_PX, round(self.width() * _DOCK_SHARE))
        self.resizeDocks([self._dock], [dock_px], Qt.Orientation.Horizontal)

    def show_progress(self, text: str, fraction: float) -> None:
        """Tell what is being loaded; a fraction of 1 takes the bars away."""
        self._loading_text.setText(f"{text} …")
        self._loading_bar.setValue(round(fraction * 1000))
        self._status_bar.setValue(round(fraction * 1000))
        self._status_bar.setVisible(fraction < 1.0)
        if fraction < 1.0:
            self.statusBar().showMessage(f"{text} …")
        else:
            self.statusBar().clearMessage()

    def show_stage(self, name: str, *, simulated: bool) -> None:
        """Name the stage, and say that it is invented where it is."""
        room = self._stage_name.fontMetrics()
        self._stage_name.setText(room.elidedText(name, Qt.TextElideMode.ElideRight, _MOST_NAME_PX))
        self._stage_name.setToolTip(name)
        self._simulated_action.setVisible(simulated)
        mark = " (simulated)" if simulated else ""
        self.setWindowTitle(f"{name}{mark} – tracker3d")

    def show_camera(self, number: int | None, *, following: bool, text: str) -> None:
        """Mark the camera that is shown, and say in the status bar what it does."""
        self._camera_text.setText(text)
        for index, action in enumerate(self._camera_actions):
            action.setChecked(index == number)
        self._follow_action.setChecked(following)

    def show_health(self, text: str) -> None:
        """Say at the right of the status bar how well the riders are known."""
        self._health.setText(text)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Keep the overlay of keys in the middle."""
        super().resizeEvent(event)
        if self.keys.isVisible():
            self.keys.place()

    def _lay_out_middle(self) -> None:
        middle = QWidget()
        layout = QVBoxLayout(middle)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.stack, 1)
        layout.addWidget(self.transport)
        layout.addWidget(self.timeline)
        self.setCentralWidget(middle)

    def _make_loading_page(self, title: str) -> QWidget:
        page = QWidget()
        page.setObjectName("loading")
        page.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        heading = QLabel(title)
        heading.setObjectName("loadingTitle")
        self._loading_text.setObjectName("soft")
        self._loading_bar.setRange(0, 1000)
        self._loading_bar.setTextVisible(False)
        self._loading_bar.setFixedWidth(360)
        layout = QVBoxLayout(page)
        layout.addStretch(1)
        for widget in (heading, self._loading_text, self._loading_bar):
            layout.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(1)
        # A window that gets its first OpenGL widget while it is shown is made anew and flickers.
        surface = QOpenGLWidget(page)
        surface.setFixedSize(1, 1)
        surface.hide()
        return page

    def _make_dock(self) -> None:
        dock = QDockWidget("Riders", self)
        dock.setObjectName("ridersDock")
        dock.setTitleBarWidget(QWidget(dock))
        dock.setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
        dock.setWidget(self.riders)
        self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
        self._dock = dock

    def _make_toolbar(self, title: str) -> None:
        bar = QToolBar("Cameras")
        bar.setObjectName("cameras")
        bar.setMovable(False)
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self._stage_name = QLabel(title)
        self._stage_name.setObjectName("stageName")
        bar.addWidget(self._stage_name)
        bar.addSeparator()
        group = QActionGroup(self)
        group.setExclusionPolicy(QActionGroup.ExclusionPolicy.None_)
        for number, camera in enumerate(CAMERAS):
            action = QAction(f"{number + 1}  {camera.label}", group)
            action.setCheckable(True)
            action.setToolTip(f"{camera.tip}  ({shown(f'camera_{number + 1}')})")
            action.triggered.connect(lambda _checked=False, number=number: self.camera_asked.emit(number))
            bar.addAction(action)
            bar.widgetForAction(action).setObjectName(f"camera{number + 1}")
            self._camera_actions.append(action)
        bar.addSeparator()
        self._follow_action = bar.addAction("Follow")
        self._follow_action.setCheckable(True)
        self._follow_action.setToolTip(f"Follow the selected rider, or stop following  ({shown('follow')})")
        self._follow_action.triggered.connect(lambda: self.follow_asked.emit())
        bar.widgetForAction(self._follow_action).setObjectName("follow")
        spacer = QWidget()
        spacer.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        bar.addWidget(spacer)
        simulated = QLabel("SIMULATED")
        simulated.setObjectName("simulated")
        simulated.setToolTip("Road, riders and race are invented")
        self._simulated_action = bar.addWidget(simulated)
        self._simulated_action.setVisible(False)
        bar.addWidget(self._make_overlay_button())
        full_screen = bar.addAction("Full screen")
        full_screen.setToolTip(f"Full screen  ({shown('full_screen')})")
        full_screen.triggered.connect(lambda: self.full_screen_asked.emit())
        keys = bar.addAction("Keys")
        keys.setToolTip(f"Show every key  ({shown('help')})")
        keys.triggered.connect(lambda: self.keys.toggle())
        self.addToolBar(bar)

    def _make_overlay_button(self) -> QToolButton:
        button = QToolButton()
        button.setObjectName("overlays")
        button.setText("Overlays")
        button.setToolTip("Choose what is laid over the picture")
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        for overlay, name in _OVERLAY_NAMES.items():
            action = menu.addAction(name)
            action.setCheckable(True)
            action.setChecked(overlay in USUAL_OVERLAYS - {Overlay.PROFILE})
            action.toggled.connect(lambda on, overlay=overlay: self.overlay_switched.emit(overlay.value, on))
        button.setMenu(menu)
        return button

    def _make_status_bar(self) -> None:
        self._status_bar.setRange(0, 1000)
        self._status_bar.setTextVisible(False)
        self._status_bar.setFixedWidth(180)
        self._status_bar.hide()
        self._health.setToolTip(
            "Age of the riders' positions: live under 12 s, coasting under 40 s, stale, lost after 5 min"
        )
        bar = self.statusBar()
        bar.setSizeGripEnabled(False)
        bar.addWidget(self._camera_text)
        bar.addPermanentWidget(self._status_bar)
        self._health.setContentsMargins(0, 0, 10, 0)
        self._camera_text.setContentsMargins(10, 0, 0, 0)
        self._camera_text.setObjectName("cameraText")
        bar.addPermanentWidget(self._health)
