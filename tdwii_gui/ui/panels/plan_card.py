"""The plan card: what is going to be scheduled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QVBoxLayout, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.panels.card import Card
from tdwii_gui.ui.panels.labels import Chip, ElidedLabel, muted
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from tdwii_gui.ui.plan_facts import GroupFacts, PlanFacts
    from tdwii_gui.ui.plan_source import OpenedPlan

_GLYPHS: Final = {Tone.DONE: "✓", Tone.PROGRESS: "⚠", Tone.FAULT: "✕", Tone.NEUTRAL: ""}
_COLUMNS: Final = 4


class PlanCard(Card):
    """Label, approval, date, type, machine, fractions, dose and structure set of a plan.

    Signals
    -------
    other_chosen : Path
        Another of the plans that were found with it is wanted.
    """

    other_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Plan"), parent)
        self.setObjectName("plan_card")
        self._choice = QComboBox()
        self._choice.setObjectName("plan_choice")
        self._choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self._choice.setAccessibleName(self.tr("Plans that were found"))
        self._choice.setToolTip(texts.tooltip(self.tr("Plans that were found in this place")))
        self._choice.activated.connect(
            lambda _row: self.other_chosen.emit(self._choice.currentData())
        )
        self._approval = Chip()
        self._approval.setObjectName("plan_approval")
        self.head.addWidget(self._choice)
        self.head.addWidget(self._approval)
        self._values: dict[str, ElidedLabel] = {}
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(8)
        facts = (
            ("type", self.tr("Type")),
            ("dose", self.tr("Dose")),
            ("fractions", self.tr("Fractions")),
            ("machine", self.tr("Machine")),
            ("patient", self.tr("Patient")),
            ("intent", self.tr("Intent")),
            ("date", self.tr("Date")),
            ("structure_set", self.tr("Structure set")),
        )
        for place, (key, title) in enumerate(facts):
            row, column = divmod(place, _COLUMNS)
            grid.addLayout(self._fact(key, title), row, column)
            grid.setColumnStretch(column, 1)
        self.body.addLayout(grid)

    def text_of(self, key: str) -> str:
        """Return what a fact shows."""
        return self._values[key].whole_text

    def show_plan(self, opened: OpenedPlan) -> None:
        """Show a plan."""
        facts = opened.facts
        label, name = facts.label or facts.name or "–", facts.name
        title = f"{label} – {name}" if name and name != label else label
        self.set_title(texts.plain(title, 60))
        self._offer(opened)
        tone, words = self._approval_words(facts.approval)
        self._approval.show_state(tone, _GLYPHS[tone], words)
        patient = (texts.person_name(opened.plan.patient_name), opened.plan.patient_id)
        shown = {
            "type": self._type(facts),
            "dose": "; ".join(filter(None, map(self._dose, facts.groups))),
            "fractions": "; ".join(self._fractions(group, facts) for group in facts.groups),
            "intent": self._intent(facts.intent),
            "machine": ", ".join(facts.machines),
            "patient": "  ·  ".join(filter(None, patient)),
            "date": texts.date(facts.date),
            "structure_set": facts.structure_set,
        }
        for key, text in shown.items():
            self._values[key].set_text(text or "–")

    def _fact(self, key: str, title: str) -> QVBoxLayout:
        value = ElidedLabel()
        value.setObjectName(f"plan_{key}")
        self._values[key] = value
        box = QVBoxLayout()
        box.setSpacing(0)
        box.addWidget(muted(title))
        box.addWidget(value)
        return box

    def _offer(self, opened: OpenedPlan) -> None:
        """Offer the plans that were found; one alone is no choice."""
        self._choice.clear()
        for plan in opened.found:
            label, name = texts.plain(plan.label, 24), texts.plain(plan.path.name, 40)
            words = self.tr("{0}  ·  {1}").format(label, name) if label else name
            self._choice.addItem(words, plan.path)
        paths = [plan.path for plan in opened.found]
        self._choice.setCurrentIndex(paths.index(opened.path))
        self._choice.setVisible(len(paths) > 1)

    def _approval_words(self, approval: str) -> tuple[Tone, str]:
        return {
            "APPROVED": (Tone.DONE, self.tr("Approved")),
            "UNAPPROVED": (Tone.PROGRESS, self.tr("Unapproved")),
            "REJECTED": (Tone.FAULT, self.tr("Rejected")),
            "": (Tone.NEUTRAL, self.tr("No approval")),
        }.get(approval, (Tone.NEUTRAL, texts.plain(approval, 16)))

    def _type(self, facts: PlanFacts) -> str:
        kind = self.tr("RT Ion Plan") if facts.is_ion else self.tr("RT Plan")
        words = {
            "PHOTON": self.tr("photon"),
            "ELECTRON": self.tr("electron"),
            "PROTON": self.tr("proton"),
            "ION": self.tr("ion"),
            "NEUTRON": self.tr("neutron"),
        }
        radiation = ", ".join(words.get(each, each) for each in facts.radiation)
        return f"{kind}  ·  {radiation}"

    def _intent(self, intent: str) -> str:
        words = {
            "CURATIVE": self.tr("Curative"),
            "PALLIATIVE": self.tr("Palliative"),
            "PROPHYLACTIC": self.tr("Prophylactic"),
            "VERIFICATION": self.tr("Verification"),
            "MACHINE_QA": self.tr("Machine QA"),
            "RESEARCH": self.tr("Research"),
            "SERVICE": self.tr("Service"),
        }
        return words.get(intent, intent)

    def _dose(self, group: GroupFacts) -> str:
        if group.fraction_dose is None:
            return ""
        dose = f"{group.fraction_dose:.2f}"
        if not group.fractions_planned:
            return self.tr("{0} Gy per fraction").format(dose)
        return self.tr("{0} Gy × {1}").format(dose, group.fractions_planned)

    def _fractions(self, group: GroupFacts, facts: PlanFacts) -> str:
        words = fraction_words(group.fractions_planned, group.beam_count)
        if len(facts.groups) == 1:
            return words
        return self.tr("group {0}: {1}").format(group.number, words)


def fraction_words(planned: int, beams: int) -> str:
    """Return ``35 fractions, 3 beams``; without the fractions where the plan does not say."""
    translate = QCoreApplication.translate
    parts = []
    if planned:
        one, many = translate("PlanCard", "{0} fraction"), translate("PlanCard", "{0} fractions")
        parts.append(texts.counted(planned, one, many))
    one, many = translate("PlanCard", "{0} beam"), translate("PlanCard", "{0} beams")
    parts.append(texts.counted(beams, one, many))
    return ", ".join(parts)
