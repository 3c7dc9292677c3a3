"""The patient banner: who is treated, with which plan, where, and how far the course is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.panels.labels import Chip, muted, strong
from tdwii_gui.ui.theme import current_theme

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from tdwii_gui.dicom.iod.plan import Plan
    from tdwii_gui.dicom.iod.ups import ProcedureStepState, Ups
    from tdwii_gui.ui.models.worklist import WorklistRow

_PHOTO = 44


@dataclass(frozen=True, slots=True, eq=False)
class Identity:
    """What the banner shows; texts are the attributes' values as they are."""

    name: str = ""
    patient_id: str = ""
    birth_date: str = ""
    sex: str = ""
    plan_label: str = ""
    machine: str = ""
    fraction_number: int | None = None
    fractions_planned: int | None = None
    state: ProcedureStepState | None = None
    photo: QImage | None = None

    @classmethod
    def of_step(cls, step: Ups | WorklistRow, photo: QImage | None = None) -> Identity:
        """Return the identity of a Unified Procedure Step, or of a row that shows one."""
        return cls(
            name=step.patient_name,
            patient_id=step.patient_id,
            birth_date=step.birth_date,
            sex=step.sex,
            plan_label=step.plan_label,
            machine=step.machine,
            fraction_number=step.fraction_number,
            fractions_planned=step.fractions_planned,
            state=step.state,
            photo=photo,
        )

    @classmethod
    def of_plan(cls, plan: Plan, fraction_number: int | None = None) -> Identity:
        """Return the identity of a plan's patient."""
        group = plan.fraction_groups[0] if plan.fraction_groups else None
        machines = {beam.machine for beam in group.beams} if group else set()
        return cls(
            name=plan.patient_name,
            patient_id=plan.patient_id,
            birth_date=str(plan.dataset.get("PatientBirthDate") or ""),
            sex=str(plan.dataset.get("PatientSex") or ""),
            plan_label=plan.label,
            machine=", ".join(sorted(machines)),
            fraction_number=fraction_number,
            fractions_planned=group.fractions_planned if group else None,
        )


class Photo(QWidget):
    """The patient's photograph, or a drawn figure where there is none."""

    def __init__(self, side: int = _PHOTO, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image: QImage | None = None
        self.setFixedSize(side, side)
        self.show_photo(None)

    @property
    def has_photo(self) -> bool:
        """Whether there is a photograph."""
        return self._image is not None

    def show_photo(self, image: QImage | None) -> None:
        """Show a photograph, or that there is none."""
        self._image = image if image is not None and not image.isNull() else None
        name = self.tr("Photo of the patient") if self._image else self.tr("No photo")
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint it with round corners."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        clip = QPainterPath()
        clip.addRoundedRect(area, 7, 7)
        painter.setClipPath(clip)
        theme = current_theme()
        painter.fillRect(area, QColor(theme.neutral_tint))
        if self._image is not None:
            mode = Qt.AspectRatioMode.KeepAspectRatioByExpanding
            size = self._image.size().scaled(self.size(), mode)
            left, top = (self.width() - size.width()) / 2, (self.height() - size.height()) / 2
            painter.drawImage(QRectF(left, top, size.width(), size.height()), self._image)
        else:
            painter.setBrush(QColor(theme.muted))
            painter.setPen(Qt.PenStyle.NoPen)
            side = area.width()
            painter.drawEllipse(QRectF(side * 0.34, side * 0.18, side * 0.34, side * 0.34))
            painter.drawEllipse(QRectF(side * 0.18, side * 0.60, side * 0.66, side * 0.7))
        painter.end()


class PatientBanner(QFrame):
    """Always in sight: name, ID, birth date, sex, photo, plan, machine, fraction and state."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("patient_banner")
        self.setProperty("card", True)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 8, 14, 8)
        layout.setSpacing(12)
        self._photo = Photo()
        self._name = QLabel()
        self._name.setTextFormat(Qt.TextFormat.PlainText)
        self._name.setProperty("role", "patient")
        self._name.setObjectName("banner_name")
        self._facts = muted()
        self._facts.setObjectName("banner_facts")
        who = QVBoxLayout()
        who.setSpacing(0)
        who.addWidget(self._name)
        who.addWidget(self._facts)
        layout.addWidget(self._photo)
        layout.addLayout(who, 1)
        self._values: dict[str, QLabel] = {}
        for key, title in (
            ("plan", self.tr("Plan")),
            ("machine", self.tr("Machine")),
            ("fraction", self.tr("Fraction")),
        ):
            box = QVBoxLayout()
            box.setSpacing(0)
            box.addWidget(muted(title))
            self._values[key] = strong()
            box.addWidget(self._values[key])
            layout.addLayout(box)
            layout.addSpacing(8)
        self._state = Chip()
        layout.addWidget(self._state)
        self._identity: Identity | None = None
        self.show_patient(None)

    @property
    def identity(self) -> Identity | None:
        """Whom the banner shows."""
        return self._identity

    def show_patient(self, identity: Identity | None) -> None:
        """Show a patient, or that none is selected."""
        self._identity = identity
        self._photo.show_photo(identity.photo if identity else None)
        shown = identity or Identity()
        if identity is None:
            self._name.setText(self.tr("No patient selected"))
            self._facts.setText("")
        else:
            self._name.setText(texts.plain(texts.person_name(shown.name) or "–", 60))
            facts = (
                self.tr("ID {0}").format(texts.plain(shown.patient_id or "–", 40)),
                self.tr("born {0}").format(texts.date(shown.birth_date) or "–"),
                texts.plain(shown.sex or "–", 10),
            )
            self._facts.setText("  ·  ".join(facts))
        self._name.setToolTip(texts.tooltip(shown.name))
        self._facts.setToolTip(texts.tooltip(shown.patient_id))
        self._put("plan", shown.plan_label)
        self._put("machine", shown.machine)
        fraction = texts.fraction(shown.fraction_number, shown.fractions_planned)
        self._values["fraction"].setText(fraction or "–")
        self._state.setVisible(shown.state is not None)
        self._state.show_state(
            texts.state_tone(shown.state),
            texts.state_glyph(shown.state),
            texts.state_words(shown.state),
        )

    def _put(self, key: str, text: str) -> None:
        self._values[key].setText(texts.plain(text or "–", 28))
        self._values[key].setToolTip(texts.tooltip(text))
