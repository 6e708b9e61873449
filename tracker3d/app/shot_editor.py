"""Everything of the shot on preview, as fields; each change can be undone."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QGridLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from tracker3d.app.inputs import keeping_keys, number_field
from tracker3d.scene.camera import CameraTimeline
from tracker3d.show import EndBehaviour
from tracker3d.stage import PlaceKind

if TYPE_CHECKING:
    from tracker3d.app.operating import Operator
    from tracker3d.show import Shot, ShowState
    from tracker3d.stage.model import Stage

_CAMERAS = (
    "overview",
    "orbit:leader",
    "orbit:peloton",
    "helicopter:leader",
    "helicopter:peloton",
    "chase:leader",
    "chase:peloton",
    "moto:leader",
    "overhead:leader,up=road",
    "overhead:peloton",
    "road",
    "summit",
    "finish",
    "fly:chase:leader",
    "fly:finish",
    "preview",
)
_KEYED = "keyframes"
_ENDS = {
    EndBehaviour.HOLD: "hold the picture",
    EndBehaviour.LOOP: "begin again",
    EndBehaviour.NEXT: "next entry",
    EndBehaviour.BACK: "back to the one before",
}
_TARGETS = ("", "leader", "peloton")


class ShotEditor(QWidget):
    """Edits the document's shot that stands on preview."""

    def __init__(self, operator: Operator, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._operator = operator
        self._shot: Shot | None = None
        self._filling = False
        self._heading = QLabel("Shot in preview")
        self._heading.setObjectName("panelTitle")
        self.name = keeping_keys(QLineEdit())
        self.name.setObjectName("shotName")
        self.name.editingFinished.connect(lambda: self._change("rename shot", name=self.name.text()))
        self.camera = self._combo(
            "shotCamera", _CAMERAS, "Camera move; options after commas: orbit,radius=900"
        )
        self.camera.activated.connect(self._camera_chosen)
        _line_of(self.camera).editingFinished.connect(self._camera_chosen)
        self.target = self._combo("shotTarget", _TARGETS, "Whom the move looks at: leader, peloton or a bib")
        self.target.activated.connect(self._target_chosen)
        _line_of(self.target).editingFinished.connect(self._target_chosen)
        self.duration = self._seconds("shotDuration", 86_400.0, "until something else is taken", 1.0)
        self.duration.valueChanged.connect(lambda value: self._change("duration", duration_s=round(value, 1)))
        self.end = QComboBox()
        self.end.setObjectName("shotEnd")
        self.end.setToolTip("What happens when the duration is over")
        for end, text in _ENDS.items():
            self.end.addItem(text, end)
        self.end.activated.connect(lambda: self._change("end", end=self.end.currentData()))
        self.mix = self._seconds("shotMix", 30.0, "cut", 0.5)
        self.mix.valueChanged.connect(lambda value: self._change("mix", mix_s=round(value, 1)))
        self.note = keeping_keys(QLineEdit())
        self.note.setObjectName("shotNote")
        self.note.editingFinished.connect(lambda: self._change("note", note=self.note.text()))
        self._lay_out()
        self.show_state(None)

    def set_stage(self, stage: Stage) -> None:
        """Offer the climbs of a stage."""
        climbs = [place.name for place in stage.places if place.kind is PlaceKind.CLIMB]
        self.camera.clear()
        self.camera.addItems(
            [*_CAMERAS, *(f"{word}:{name}" for name in climbs for word in ("climb", "side"))]
        )
        self._shot = None

    def show_state(self, state: ShowState | None) -> None:
        """Show the shot on preview, as far as the document has it."""
        seen = None if state is None else state.preview.shot
        shot = None if state is None or seen is None else state.document.shot(seen.key)
        if shot is self._shot and shot is not None:
            return
        self._shot = shot
        self.setEnabled(shot is not None)
        if shot is None:
            self._heading.setText("Cue a shot to edit it")
            return
        self._heading.setText(f"Shot in preview: {shot.name or shot.key}")
        self._filling = True
        keyed = isinstance(shot.camera, CameraTimeline)
        for field, text in (
            (self.name, shot.name),
            (_line_of(self.camera), _KEYED if keyed else str(shot.camera)),
            (_line_of(self.target), shot.target),
            (self.note, shot.note),
        ):
            if not field.hasFocus() or field.text() == "":
                field.setText(text)
        self.duration.setValue(shot.duration_s)
        self.mix.setValue(shot.mix_s)
        self.end.setCurrentIndex(self.end.findData(shot.end))
        self._filling = False

    def _camera_chosen(self) -> None:
        words = self.camera.currentText().strip()
        if words != _KEYED:
            self._change("camera", camera=words)

    def _target_chosen(self) -> None:
        self._change("target", target=self.target.currentText().strip())

    def _change(self, text: str, **fields: Any) -> None:
        shot = self._shot
        if self._filling or shot is None:
            return
        if all(getattr(shot, name) == value for name, value in fields.items()):
            return
        edited = self._operator.try_edit(
            text,
            lambda document: document.with_shot(dataclasses.replace(shot, **fields)),
            merge=f"{text} {shot.key}",
        )
        if not edited:
            self._shot = None

    def _combo(self, name: str, items: tuple[str, ...], tooltip: str) -> QComboBox:
        combo = QComboBox()
        combo.setObjectName(name)
        combo.setEditable(True)
        combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        combo.addItems(list(items))
        combo.setToolTip(tooltip)
        return keeping_keys(combo)

    def _seconds(self, name: str, most: float, zero: str, step: float) -> QDoubleSpinBox:
        spin = number_field()
        spin.setObjectName(name)
        spin.setRange(0.0, most)
        spin.setDecimals(1)
        spin.setSingleStep(step)
        spin.setSuffix(" s")
        spin.setSpecialValueText(zero)
        spin.setKeyboardTracking(False)
        return spin

    def _lay_out(self) -> None:
        left, right = QFormLayout(), QFormLayout()
        for form, rows in (
            (left, (("Name", self.name), ("Camera", self.camera), ("Looks at", self.target))),
            (
                right,
                (
                    ("Lasts", self.duration),
                    ("Then", self.end),
                    ("Comes in by", self.mix),
                ),
            ),
        ):
            form.setContentsMargins(0, 0, 0, 0)
            form.setVerticalSpacing(4)
            form.setHorizontalSpacing(10)
            for label, field in rows:
                form.addRow(label, field)
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.addLayout(left, 0, 0)
        grid.addLayout(right, 0, 1)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        note = QFormLayout()
        note.setHorizontalSpacing(10)
        note.addRow("Note", self.note)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.setSpacing(5)
        layout.addWidget(self._heading)
        layout.addLayout(grid)
        layout.addLayout(note)


def _line_of(combo: QComboBox) -> QLineEdit:
    """Return the line of a combo box that has one."""
    line = combo.lineEdit()
    assert line is not None
    return line
