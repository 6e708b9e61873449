"""What is laid over the picture, as a list of switches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from tracker3d.app.buttons import tool_button
from tracker3d.scene.model import Overlay

if TYPE_CHECKING:
    from tracker3d.app.operating import Operator
    from tracker3d.show import Shot

NAMES = {
    Overlay.GROUP_LABELS: ("Group labels", "Role, size and gaps of each group"),
    Overlay.RIDER_LABELS: ("Rider labels", "Name, number and team of riders near the camera"),
    Overlay.PLACE_LABELS: ("Place labels", "Summits, sprints and towns"),
    Overlay.GROUP_HALOS: ("Group halos", "A glow on the road where groups ride"),
    Overlay.TRAILS: ("Trails", "The road just ridden by the head and by who is selected"),
    Overlay.STAGE_NAME: ("Stage name", "Name of the stage"),
    Overlay.TO_GO: ("Kilometres to go", "From the head of the race to the finish"),
    Overlay.GAP_BOARD: ("Gaps", "A board with the gaps between groups"),
    Overlay.SPEED_BOARD: ("Speeds", "A board with the speeds of groups"),
    Overlay.VIRTUAL_GC: (
        "Virtual classification",
        "The general classification as it would be now, where the stage was prepared with times before it",
    ),
    Overlay.GAP_TREND: ("Gap trend", "How the gap has grown and shrunk"),
    Overlay.PROFILE: ("Profile", "The stage's profile with groups on it"),
    Overlay.CLIMB_CARD: ("Climb card", "The climb that the head of the race is on"),
    Overlay.WIND: ("Wind", "Where the feed tells of it"),
    Overlay.LEGEND: ("Gradient legend", "What the colours of the road mean"),
    Overlay.LOGO: ("Logo", "That of the theme, where it has one"),
    Overlay.CREDITS: ("Credits", "Where the data come from; some licences ask for it"),
}


class OverlaysPanel(QWidget):
    """A switch for each overlay of the picture that keys and mouse act on."""

    def __init__(self, operator: Operator, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._of = QLabel()
        self._of.setObjectName("soft")
        self._boxes: dict[Overlay, QCheckBox] = {}
        grid = QGridLayout()
        for number, (overlay, (name, tip)) in enumerate(NAMES.items()):
            box = QCheckBox(name)
            box.setObjectName(f"overlay_{overlay.value}")
            box.setToolTip(tip)
            box.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            box.clicked.connect(lambda on, overlay=overlay: operator.switch_overlay(overlay, on))
            self._boxes[overlay] = box
            grid.addWidget(box, number // 2, number % 2)
        self.clean = tool_button(
            "clean", "Clean feed", "Program without any overlays, whatever its shot says"
        )
        self.clean.setCheckable(True)
        self.clean.clicked.connect(operator.clean)
        top = QHBoxLayout()
        top.addWidget(self._of, 1)
        top.addWidget(self.clean)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 10, 12, 8)
        layout.setSpacing(10)
        layout.addLayout(top)
        layout.addLayout(grid)
        layout.addStretch(1)

    def show_shot(self, shot: Shot | None, *, studio: bool, clean: bool) -> None:
        """Show the switches of a shot."""
        which = "preview" if studio else "program"
        name = "nothing" if shot is None else shot.name or shot.key
        self._of.setText(f"Over {which}: {name}")
        self.clean.setChecked(clean)
        for overlay, box in self._boxes.items():
            box.setEnabled(shot is not None)
            box.setChecked(shot is not None and overlay in shot.overlays)
