"""Who lies on the couch: photo and identifiers are compared before the step is claimed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.panels.banner import Photo
from tdwii_gui.ui.panels.card import Card
from tdwii_gui.ui.panels.fact_grid import FactGrid
from tdwii_gui.ui.panels.labels import Chip, caption, muted, set_primary, strong
from tdwii_gui.ui.panels.session_facts import step_facts
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

    from tdwii_gui.dicom.iod.ups import Ups

NEEDED: Final = 2
_PHOTO_SIDE: Final = 156


class IdentityCheck(Card):
    """Photo, name, birth date and ID, each to be ticked; two of them at least.

    Signals
    -------
    confirm_wanted : list[str]
        The person is the patient; these identifiers were compared.
    """

    confirm_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Is this the patient?"), parent)
        self.setObjectName("identity_check")
        self._obstacle = ""
        self._confirmed = Chip()
        self._confirmed.setObjectName("identity_outcome")
        self._confirmed.show_state(Tone.DONE, "✓", self.tr("Confirmed"))
        self._confirmed.hide()
        self.head.addWidget(self._confirmed)
        self._photo = Photo(_PHOTO_SIDE)
        self.boxes: dict[str, QCheckBox] = {}
        self._values: dict[str, QLabel] = {}
        right = QVBoxLayout()
        right.setSpacing(10)
        right.addStretch(1)
        for key, title in (
            ("photo", self.tr("P&hoto")),
            ("name", self.tr("&Name")),
            ("birth_date", self.tr("&Birth date")),
            ("id", self.tr("Patient &ID")),
        ):
            right.addLayout(self._line(key, title))
        right.addStretch(1)
        middle = QHBoxLayout()
        middle.setSpacing(16)
        middle.addWidget(self._photo)
        middle.addLayout(right, 1)
        self.body.addLayout(middle)
        self._hint = muted(wraps=True)
        self.body.addSpacing(6)
        self.body.addWidget(caption(self.tr("Treatment")))
        self._facts = FactGrid()
        self.body.addWidget(self._facts)
        self.body.addStretch(1)
        self.confirm = QPushButton(self.tr("&Confirm patient"))
        self.confirm.setObjectName("confirm_patient")
        self.confirm.clicked.connect(self._on_confirm)
        bottom = QHBoxLayout()
        bottom.setSpacing(14)
        bottom.addWidget(self._hint, 1)
        bottom.addWidget(self.confirm)
        self.body.addLayout(bottom)
        self.show_step(None)

    def show_step(self, step: Ups | None) -> None:
        """Show whom a step is for; nothing is compared yet."""
        shown = {
            "name": texts.person_name(step.patient_name) if step else "",
            "birth_date": texts.date(step.birth_date) if step else "",
            "id": texts.plain(step.patient_id, 64) if step else "",
        }
        self.show_photo(None)
        self._facts.show_facts(step_facts(step))
        self._confirmed.hide()
        for key, box in self.boxes.items():
            box.setChecked(False)
            if key in shown:
                self._values[key].setText(texts.plain(shown[key], 60) or self.tr("not given"))
                self._values[key].setToolTip(texts.tooltip(shown[key]))
                box.setEnabled(bool(shown[key]))
        self._refresh()

    def show_photo(self, image: QImage | None) -> None:
        """Show the patient's photograph, or that there is none."""
        self._photo.show_photo(image)
        has_photo = self._photo.has_photo
        self.boxes["photo"].setEnabled(has_photo)
        self._values["photo"].setText(
            self.tr("matches the person") if has_photo else self.tr("none available")
        )

    def allow(self, obstacle: str) -> None:
        """Let the patient be confirmed, or say why that cannot be yet."""
        self._obstacle = obstacle
        self._refresh()

    def show_confirmed(self) -> None:
        """Show that it is done: nothing can be ticked any more."""
        self._confirmed.show()
        for box in self.boxes.values():
            box.setEnabled(False)
        self._refresh()

    @property
    def is_next(self) -> bool:
        """Whether confirming is the next thing to do."""
        return not self._obstacle and not self._confirmed.isVisibleTo(self)

    @property
    def compared(self) -> list[str]:
        """The identifiers that are ticked."""
        return [key for key, box in self.boxes.items() if box.isChecked()]

    def _line(self, key: str, title: str) -> QHBoxLayout:
        box = QCheckBox(title)
        box.setObjectName(f"confirm_{key}")
        box.toggled.connect(self._refresh)
        self.boxes[key] = box
        self._values[key] = strong()
        line = QHBoxLayout()
        line.setSpacing(8)
        box.setMinimumWidth(box.fontMetrics().averageCharWidth() * 18)
        line.addWidget(box)
        line.addWidget(self._values[key], 1)
        return line

    @Slot()
    def _on_confirm(self) -> None:
        self.confirm_wanted.emit(self.compared)

    @Slot()
    def _refresh(self) -> None:
        missing = self._missing()
        self.confirm.setEnabled(not missing)
        self.confirm.setToolTip(texts.tooltip(missing))
        self._hint.setText("" if self._confirmed.isVisibleTo(self) else missing)
        self.confirm.setVisible(not self._confirmed.isVisibleTo(self))
        set_primary(self.confirm, self.is_next)

    def _missing(self) -> str:
        if self._obstacle:
            return self._obstacle
        if self._confirmed.isVisibleTo(self):
            return self.tr("The patient is confirmed already")
        if len(self.compared) < NEEDED:
            return self.tr("Compare at least two of photo, name, birth date and ID.")
        return ""
