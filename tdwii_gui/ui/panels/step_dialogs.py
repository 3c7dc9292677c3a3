"""The dialogs about one step: edit it while it is scheduled, ask to cancel it, cancel it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication, QDateTime
from PySide6.QtWidgets import QComboBox, QDateTimeEdit, QLineEdit, QPlainTextEdit, QWidget

from tdwii_gui.dicom.iod.codes import (
    DISCONTINUATION_REASONS,
    STATION_NAME_SCHEME,
    UNSPECIFIED_REASON,
    Code,
)
from tdwii_gui.dicom.iod.ups import InputReadiness, ProcedureStepState
from tdwii_gui.dicom.ups.operation import StepEdit
from tdwii_gui.ui import texts
from tdwii_gui.ui.panels.operation_dialog import OperationDialog, Question
from tdwii_gui.ui.panels.verb_dialog import Verb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tdwii_gui.dicom.ups.consequences import Consequences
    from tdwii_gui.ui.models.worklist import WorklistRow
    from tdwii_gui.ui.panels.operation_dialog import Inquiry, Runner

_LO_LENGTH: Final = 64
_LINES: Final = 3


class EditStepDialog(OperationDialog):
    """Changes readiness, machine and start of a step that is scheduled.

    Parameters
    ----------
    row : WorklistRow
        The step.
    machines : Iterable of str
        Those to choose from; others can be typed.
    foresee : Callable
        Returns the consequences of an edit; called away from the GUI thread.
    """

    def __init__(
        self,
        row: WorklistRow,
        machines: Iterable[str],
        foresee: Callable[[StepEdit], Consequences],
        run: Runner,
        parent: QWidget,
    ) -> None:
        question = Question(
            "edit_step_dialog",
            _tr("Edit a scheduled step"),
            step_words(row),
            Verb("confirm_edit", _tr("&Change the step")),
            Verb("keep_step", _tr("&Keep it as it is")),
        )
        super().__init__(question, run, parent)
        self._row = row
        self._foresee = foresee
        self._readiness = QComboBox()
        for readiness in InputReadiness:
            self._readiness.addItem(texts.defined_term(readiness), readiness.value)
        self._readiness.setCurrentIndex(self._readiness.findData(row.readiness or ""))
        self._station = QComboBox()
        self._station.setEditable(True)
        self._station.addItems(sorted({*machines, row.machine} - {""}, key=str.casefold))
        self._station.setEditText(row.machine)
        self._start = QDateTimeEdit(self._scheduled(row))
        self._start.setDisplayFormat("yyyy-MM-dd HH:mm")
        self._start.setCalendarPopup(True)
        self._first_start = self._start.dateTime()
        self.add_field(_tr("&Inputs are"), self._readiness, "edit_readiness")
        self.add_field(_tr("&Machine"), self._station, "edit_station")
        self.add_field(_tr("&Start"), self._start, "edit_start")
        self._readiness.currentIndexChanged.connect(self.look_ahead)
        self._station.editTextChanged.connect(self.look_ahead)
        self._start.dateTimeChanged.connect(self.look_ahead)

    @property
    def edit(self) -> StepEdit:
        """What is to be changed; None for what stays as it is."""
        row = self._row
        readiness = self._readiness.currentData()
        station = self._station.currentText().strip()[:_LO_LENGTH]
        start = self._start.dateTime()
        return StepEdit(
            InputReadiness(readiness) if readiness and readiness != row.readiness else None,
            Code(station, STATION_NAME_SCHEME, station) if station != row.machine else None,
            _moment(start) if start != self._first_start else None,
        )

    def inquiry(self) -> Inquiry | str:
        """Return how the consequences are found, or that nothing is changed yet."""
        edit = self.edit
        if edit == StepEdit():
            return _tr("Nothing is changed yet")
        if edit.station is not None and not edit.station.value:
            return _tr("Name a machine")
        return lambda: self._foresee(edit)

    def _scheduled(self, row: WorklistRow) -> QDateTime:
        moment = row.start
        return (
            QDateTime.fromSecsSinceEpoch(int(moment.timestamp()))
            if moment is not None
            else QDateTime.currentDateTime()
        )


class CancelDialog(OperationDialog):
    """Asks why a step is to be canceled, with a code of CID 9300 and words.

    Parameters
    ----------
    question : Question
        What is asked.
    foresee : Callable
        Returns the consequences; called away from the GUI thread.
    has_contact : bool
        Whether a contact for questions can be named.
    """

    def __init__(
        self, question: Question, foresee: Inquiry, run: Runner, parent: QWidget, has_contact: bool
    ) -> None:
        super().__init__(question, run, parent)
        self._foresee = foresee
        self._code = QComboBox()
        self._code.setMaxVisibleItems(14)
        for code in DISCONTINUATION_REASONS:
            self._code.addItem(f"{code.meaning}  ({code.value})")
        self._code.setCurrentIndex(DISCONTINUATION_REASONS.index(UNSPECIFIED_REASON))
        self._reason = QPlainTextEdit()
        self._reason.setPlaceholderText(_tr("Why the step is to be canceled, in words"))
        self._reason.setTabChangesFocus(True)
        self._reason.setFixedHeight(self._reason.fontMetrics().lineSpacing() * _LINES + 16)
        self._contact = QLineEdit()
        self._contact.setMaxLength(_LO_LENGTH)
        self._contact.setPlaceholderText(_tr("Name or telephone number, for questions"))
        self.add_field(_tr("&Reason"), self._code, "cancel_code")
        self.add_field(_tr("In &words"), self._reason, "cancel_reason")
        if has_contact:
            self.add_field(_tr("C&ontact"), self._contact, "cancel_contact")

    @property
    def reason_code(self) -> Code:
        """Why, as a code of CID 9300."""
        return DISCONTINUATION_REASONS[self._code.currentIndex()]

    @property
    def reason(self) -> str:
        """Why, in the user's words."""
        return self._reason.toPlainText().strip()

    @property
    def contact(self) -> str:
        """Whom to ask."""
        return self._contact.text().strip()

    def inquiry(self) -> Inquiry:
        """Return how the consequences are found."""
        return self._foresee


def _moment(value: QDateTime) -> datetime:
    return datetime.fromtimestamp(value.toMSecsSinceEpoch() / 1000).astimezone()


def request_cancel_question(row: WorklistRow) -> Question:
    """Return what is asked before a step is canceled by request (PS3.4 CC.2.2)."""
    name, keep = "request_cancel_dialog", Verb("keep_step", _tr("&Keep the step"))
    if row.state is ProcedureStepState.SCHEDULED:
        verb = Verb("confirm_request_cancel", _tr("&Cancel the step"))
        return Question(name, _tr("Cancel a scheduled step?"), step_words(row), verb, keep, True)
    verb = Verb("confirm_request_cancel", _tr("&Ask to cancel"))
    title = _tr("Ask {0} to cancel?").format(texts.plain(row.owner, 20) or _tr("the performer"))
    return Question(name, title, step_words(row), verb, keep, True)


def cancel_question(row: WorklistRow) -> Question:
    """Return what is asked before a step is canceled in the place of its performer."""
    owner = texts.plain(row.owner, 20) or _tr("its performer")
    return Question(
        "cancel_step_dialog",
        _tr("Cancel in the place of {0}?").format(owner),
        step_words(row),
        Verb("confirm_cancel_step", _tr("&Cancel without the performer")),
        Verb("keep_step", _tr("&Keep the step")),
        is_danger=True,
    )


def step_words(row: WorklistRow) -> str:
    """Return whose step it is, on one line."""
    said = (row.patient, texts.plain(row.plan_label, 40), texts.plain(row.machine, 30))
    return " · ".join(filter(None, (*said, texts.moment(row.start))))


def _tr(text: str) -> str:
    return QCoreApplication.translate("StepDialogs", text)
