"""The window's parts and where they stand; what they do is decided elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtOpenGLWidgets import QOpenGLWidget
from PySide6.QtWidgets import (
    QDockWidget,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QProgressBar,
    QSizePolicy,
    QStackedWidget,
    QTabWidget,
    QToolBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from tracker3d.app.camera_timeline import CameraTimelinePanel
from tracker3d.app.event_panel import EventPanel
from tracker3d.app.groups_panel import GroupsPanel
from tracker3d.app.health_panel import HealthPanel
from tracker3d.app.key_overlay import KeyOverlay
from tracker3d.app.keys import SHOT_KEYS
from tracker3d.app.live_bar import LiveBar
from tracker3d.app.mixer_bar import MixerBar
from tracker3d.app.monitor import Monitor
from tracker3d.app.overlays_panel import OverlaysPanel
from tracker3d.app.rider_panel import RiderPanel
from tracker3d.app.rundown_panel import RundownPanel
from tracker3d.app.shot_editor import ShotEditor
from tracker3d.app.start_page import StartPage
from tracker3d.app.timeline import Timeline
from tracker3d.app.transport import Transport

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from tracker3d.app.keys import KeyMap
    from tracker3d.app.operating import Operator
    from tracker3d.scene.model import CameraPose
    from tracker3d.show import Shot, ShowDocument

_SIZE_PX = (1680, 945)
_FRAME_PX = 48
"""What a window manager's frame takes from the height of the screen."""

_DOCK_PX = 540
_STUDIO_DOCK_PX = 430
_DOCK_SHARE = 0.36
_MOST_NAME_PX = 210


class Shell(QMainWindow):
    """Start page, loading page, and the desk: pictures, time and panels.

    Signals
    -------
    studio_asked, output_asked, full_screen_asked, home_asked
        A button of the tool bar was pressed.
    cancel_asked
        What is being opened is not wanted any more.
    """

    studio_asked = Signal()
    output_asked = Signal()
    full_screen_asked = Signal()
    home_asked = Signal()
    cancel_asked = Signal()

    def __init__(self, operator: Operator, keys: KeyMap) -> None:
        super().__init__()
        self.operator, self.key_map = operator, keys
        self.setWindowTitle("tracker3d")
        self.start_page = StartPage()
        self.preview = Monitor("preview", "PREVIEW")
        self.program = Monitor("program", "PROGRAM")
        self.mixer = MixerBar(operator, keys)
        self.rundown = RundownPanel(operator)
        self.editor = ShotEditor(operator)
        self.camera_keys = CameraTimelinePanel(operator, self._preview_pose)
        self.live = LiveBar(operator, keys)
        self.transport = Transport(keys)
        self.transport.add(self.live)
        self.timeline = Timeline()
        self.riders = RiderPanel(keys)
        self.groups = GroupsPanel(operator)
        self.events = EventPanel(operator)
        self.overlays = OverlaysPanel(operator)
        self.health = HealthPanel(operator)
        self._loading_title = QLabel()
        self._loading_text = QLabel()
        self._loading_bar = QProgressBar()
        self._desk = self._make_desk()
        self._loading_page = self._make_loading_page()
        self.pages = QStackedWidget()
        for page in (self.start_page, self._loading_page, self._desk):
            self.pages.addWidget(page)
        self._strips = QVBoxLayout()
        middle = QWidget()
        whole = QVBoxLayout(middle)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.pages, 1)
        whole.addLayout(self._strips)
        self.setCentralWidget(middle)
        self._make_dock()
        self._shot_actions: list[QAction] = []
        self._shots_shown: object = None
        self._tips: list[tuple[QAction, str, str]] = []
        self._make_toolbar()
        self._status_bar = QProgressBar()
        self._riders_text = QLabel()
        self._camera_text = QLabel()
        self._make_status_bar()
        self.keys = KeyOverlay(self, keys)
        keys.remapped.connect(self._write_tips)
        self._write_tips()
        room = QGuiApplication.primaryScreen().availableGeometry()
        self.resize(min(_SIZE_PX[0], room.width()), min(_SIZE_PX[1], room.height() - _FRAME_PX))
        self.show_start()

    # ------------------------------------------------------------------ pages

    def show_start(self) -> None:
        """Show the start page."""
        self.setWindowTitle("tracker3d")
        self._show_page(self.start_page)

    def show_loading(self, title: str) -> None:
        """Show what is being opened."""
        self._loading_title.setText(title)
        self.show_progress("Starting", 0.0)
        self._show_page(self._loading_page)

    def show_desk(self, *, studio: bool) -> None:
        """Show the pictures: program alone, or preview beside it and the rundown below."""
        self._show_page(self._desk)
        self.preview.setVisible(studio)
        for part in (self.mixer, self._studio):
            part.setVisible(studio)
        self.program.set_exact(studio)
        self._studio_action.setChecked(studio)
        wanted = _STUDIO_DOCK_PX if studio else _DOCK_PX
        width = min(wanted, round(self.width() * _DOCK_SHARE))
        self.resizeDocks([self._dock], [width], Qt.Orientation.Horizontal)

    def _show_page(self, page: QWidget) -> None:
        at_desk = page is self._desk
        self.pages.setCurrentWidget(page)
        self._bar.setVisible(at_desk)
        self._dock.setVisible(at_desk)
        self._camera_text.setVisible(at_desk)
        self._riders_text.setVisible(at_desk)

    # ------------------------------------------------------------------ what is shown

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

    def show_shots(self, document: ShowDocument, shot: Shot | None, *, following: bool, text: str) -> None:
        """Show the buttons of shots, which of them is seen, and what the camera does."""
        self._camera_text.setText(text)
        shots = document.shots[:SHOT_KEYS]
        if shots != self._shots_shown:
            self._shots_shown = shots
            self._write_shots(document)
        for action, kept in zip(self._shot_actions, shots, strict=False):
            action.setChecked(shot is not None and kept.key == shot.key)
        self._follow_action.setChecked(following)

    def add_strip(self, strip: QWidget) -> None:
        """Put something below whatever page is shown."""
        self._strips.addWidget(strip)

    def show_riders(self, text: str) -> None:
        """Say at the right of the status bar how well the riders are known."""
        self._riders_text.setText(text)

    def show_output(self, *, shown: bool) -> None:
        """Mark that program is on a screen of its own."""
        self._output_action.setChecked(shown)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Keep the map of keys in the middle."""
        super().resizeEvent(event)
        if self.keys.isVisible():
            self.keys.place()

    # ------------------------------------------------------------------ making

    def _preview_pose(self) -> CameraPose | None:
        view = self.preview.picture.view
        return None if view is None or view.frame is None else view.frame.camera

    def _make_desk(self) -> QWidget:
        pictures = QHBoxLayout()
        pictures.setContentsMargins(0, 0, 0, 0)
        pictures.setSpacing(0)
        pictures.addWidget(self.preview, 1)
        pictures.addWidget(self.program, 1)
        right = QVBoxLayout()
        right.setSpacing(2)
        right.addWidget(self.editor)
        right.addStretch(1)
        right.addWidget(self.camera_keys)
        self._studio = QWidget()
        self._studio.setObjectName("studio")
        self._studio.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._studio.setFixedHeight(268)
        studio = QHBoxLayout(self._studio)
        studio.setContentsMargins(0, 0, 0, 0)
        studio.addWidget(self.rundown, 2)
        studio.addLayout(right, 3)
        desk = QWidget()
        layout = QVBoxLayout(desk)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(pictures, 1)
        for part in (self.mixer, self._studio, self.transport, self.timeline):
            layout.addWidget(part)
        self.preview.hide()
        return desk

    def _make_loading_page(self) -> QWidget:
        page = QWidget()
        page.setObjectName("loading")
        page.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._loading_title.setObjectName("loadingTitle")
        self._loading_text.setObjectName("soft")
        self._loading_bar.setRange(0, 1000)
        self._loading_bar.setTextVisible(False)
        self._loading_bar.setFixedWidth(360)
        cancel = QToolButton()
        cancel.setObjectName("cancelLoading")
        cancel.setText("Cancel")
        cancel.setToolTip("Back to the start page")
        cancel.clicked.connect(self.cancel_asked)
        layout = QVBoxLayout(page)
        layout.setSpacing(10)
        layout.addStretch(1)
        for widget in (self._loading_title, self._loading_text, self._loading_bar, cancel):
            layout.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(1)
        # A window that gets its first OpenGL widget while it is shown is made anew and flickers.
        surface = QOpenGLWidget(page)
        surface.setFixedSize(1, 1)
        surface.hide()
        return page

    def _make_dock(self) -> None:
        self.tabs = QTabWidget()
        self.tabs.setObjectName("panels")
        self.tabs.setDocumentMode(True)
        self.tabs.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.tabs.tabBar().setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for title, panel, tip in (
            ("Riders", self.riders, "Everybody, sorted and searched; a click follows"),
            ("Groups", self.groups, "Who rides together, and your word on it"),
            ("Events", self.events, "What has happened, to be replayed"),
            ("Overlays", self.overlays, "What is laid over the picture"),
            ("Feed", self.health, "How feed, trackers and machine do"),
        ):
            self.tabs.setTabToolTip(self.tabs.addTab(panel, title), tip)
        dock = QDockWidget("Panels", self)
        dock.setObjectName("panelsDock")
        dock.setTitleBarWidget(QWidget(dock))
        dock.setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
        dock.setWidget(self.tabs)
        self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
        self._dock = dock

    def _make_toolbar(self) -> None:
        bar = QToolBar("Cameras")
        bar.setObjectName("cameras")
        bar.setMovable(False)
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self._bar = bar
        self._action("home", "‹ Stages", "Back to the start page", "", self.home_asked)
        self._stage_name = QLabel()
        self._stage_name.setObjectName("stageName")
        bar.addWidget(self._stage_name)
        bar.addSeparator()
        for number in range(SHOT_KEYS):
            action = QAction(self)
            action.setCheckable(True)
            action.triggered.connect(lambda _checked=False, number=number: self.operator.choose(number))
            bar.addAction(action)
            bar.widgetForAction(action).setObjectName(f"camera{number + 1}")
            action.setVisible(False)
            self._shot_actions.append(action)
        bar.addSeparator()
        follow = "Follow the selected rider, or stop following"
        self._follow_action = self._action("follow", "Follow", follow, "follow", self.operator.toggle_follow)
        self._follow_action.setCheckable(True)
        spacer = QWidget()
        spacer.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        bar.addWidget(spacer)
        simulated = QLabel("SIMULATED")
        simulated.setObjectName("simulated")
        simulated.setToolTip("Road, riders and race are invented")
        self._simulated_action = bar.addWidget(simulated)
        self._simulated_action.setVisible(False)
        studio = "Preview beside program, with rundown and shot editor; or program alone"
        self._studio_action = self._action(
            "studioToggle", "Preview", studio, "program_alone", self.studio_asked
        )
        self._studio_action.setCheckable(True)
        output = "Program on a screen of its own, without anything around it"
        self._output_action = self._action("outputToggle", "Output", output, "output", self.output_asked)
        self._output_action.setCheckable(True)
        self._action("fullScreen", "Full screen", "Full screen", "full_screen", self.full_screen_asked)
        self._action(
            "keyMap", "Keys", "Show every key, and choose others", "help", lambda: self.keys.toggle()
        )
        self.addToolBar(bar)

    def _action(self, name: str, text: str, tip: str, act: str, run: object) -> QAction:
        action: QAction = self._bar.addAction(text)
        action.triggered.connect(lambda: run.emit() if hasattr(run, "emit") else run())  # type: ignore[operator]
        self._bar.widgetForAction(action).setObjectName(name)
        self._tips.append((action, tip, act))
        return action

    def _write_tips(self) -> None:
        for action, tip, act in self._tips:
            action.setToolTip(self.key_map.tip(tip, act) if act else tip)
        self._shots_shown = None
        if self.operator.show is not None:
            self._write_shots(self.operator.show.document)

    def _write_shots(self, document: ShowDocument) -> None:
        for number, action in enumerate(self._shot_actions):
            there = number < len(document.shots)
            action.setVisible(there)
            if there:
                shot = document.shots[number]
                act = f"cue_{number + 1}"
                key = self.key_map.shown(act)
                action.setText(f"{key}  {shot.name or shot.key}".strip())
                action.setToolTip(self.key_map.tip(shot.note or shot.name or shot.key, act))

    def _make_status_bar(self) -> None:
        self._status_bar.setRange(0, 1000)
        self._status_bar.setTextVisible(False)
        self._status_bar.setFixedWidth(180)
        self._status_bar.hide()
        self._riders_text.setToolTip(
            "Age of the riders' positions: live under 12 s, coasting under 40 s, stale, lost after 5 min"
        )
        bar = self.statusBar()
        bar.setSizeGripEnabled(False)
        bar.addWidget(self._camera_text)
        bar.addPermanentWidget(self._status_bar)
        self._riders_text.setContentsMargins(0, 0, 10, 0)
        self._camera_text.setContentsMargins(10, 0, 0, 0)
        self._camera_text.setObjectName("cameraText")
        bar.addPermanentWidget(self._riders_text)
