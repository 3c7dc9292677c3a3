"""The questions before a session ends: complete, cancel, end early, close the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from tdwii_gui.dicom.iod.codes import DISCONTINUATION_REASONS, UNSPECIFIED_REASON
from tdwii_gui.dicom.iod.treatment_record import TerminationStatus
from tdwii_gui.ui import texts
from tdwii_gui.ui.panels.labels import field_label
from tdwii_gui.ui.panels.verb_dialog import Verb, VerbDialog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdwii_gui.dicom.iod.codes import Code

_REASON_LENGTH = 200


def complete_dialog(parent: QWidget, facts: Sequence[tuple[str, str]]) -> VerbDialog:
    """Return the question whether to complete the step."""
    return VerbDialog(
        parent,
        _tr("Complete the treatment?"),
        _tr(
            "The step becomes COMPLETED at the TMS (RO-65) and this device gives up its claim. "
            "A completed step cannot be changed any more."
        ),
        facts,
        (
            Verb("complete_treatment", _tr("Complete treatment")),
            Verb("keep_open", _tr("Keep open")),
        ),
    )


def close_dialog(parent: QWidget, facts: Sequence[tuple[str, str]]) -> VerbDialog:
    """Return the question what becomes of a session when its window closes."""
    return VerbDialog(
        parent,
        _tr("A treatment is under way"),
        _tr(
            "Canceled properly, the step ends as CANCELED with a record of what was delivered. "
            "Left recoverable, it stays IN PROGRESS and this device keeps its claim: it can be "
            "selected and finished later."
        ),
        facts,
        (
            Verb("cancel_and_close", _tr("Cancel the treatment properly")),
            Verb("leave_recoverable", _tr("Leave it recoverable")),
            Verb("keep_treating", _tr("Keep treating")),
        ),
    )


class EndSessionDialog(VerbDialog):
    """Asks whether to end the delivery where it is, and what the record shall say of it.

    Signals
    -------
    confirmed : TerminationStatus
        By whom the beam was ended.
    """

    confirmed = Signal(object)

    def __init__(self, parent: QWidget, facts: Sequence[tuple[str, str]]) -> None:
        super().__init__(
            parent,
            _tr("End the session here?"),
            _tr(
                "The beam stops. What was delivered can be recorded and the step canceled with its "
                "reason; the rest can be delivered now, or by a later session that continues it."
            ),
            facts,
            (
                Verb("confirm_end_session", _tr("End session")),
                Verb("keep_treating", _tr("Keep treating")),
            ),
        )
        self._termination = QComboBox()
        self._termination.setObjectName("termination")
        for status, words in (
            (TerminationStatus.OPERATOR, self.tr("By the operator")),
            (TerminationStatus.MACHINE, self.tr("By the machine (a fault is simulated)")),
        ):
            self._termination.addItem(words, status)
        self.form.addWidget(field_label(self.tr("The beam is &ended"), self._termination))
        self.form.addWidget(self._termination)
        self.decided.connect(
            lambda _verb: self.confirmed.emit(TerminationStatus(self._termination.currentData()))
        )


class CancelDialog(VerbDialog):
    """Asks why a treatment is canceled.

    Signals
    -------
    confirmed : Code, str
        The reason's code, and the reason in words.
    """

    confirmed = Signal(object, str)

    def __init__(self, parent: QWidget, facts: Sequence[tuple[str, str]], reason: str = "") -> None:
        super().__init__(
            parent,
            _tr("Cancel the treatment?"),
            _tr(
                "The step becomes CANCELED at the TMS with the reason; what was delivered is "
                "recorded first. This cannot be undone."
            ),
            facts,
            (
                Verb("confirm_cancel", _tr("Cancel treatment")),
                Verb("keep_treating", _tr("Keep treating")),
            ),
        )
        self._code = QComboBox()
        self._code.setObjectName("cancel_code")
        self._code.setAccessibleName(self.tr("Reason code"))
        for code in DISCONTINUATION_REASONS:
            self._code.addItem(f"{code.meaning} ({code.value})", code)
        self._code.setCurrentIndex(DISCONTINUATION_REASONS.index(UNSPECIFIED_REASON))
        self._reason = QLineEdit(texts.plain(reason, _REASON_LENGTH))
        self._reason.setObjectName("cancel_reason")
        self._reason.setMaxLength(_REASON_LENGTH)
        self._reason.setPlaceholderText(self.tr("In your own words (optional)"))
        for title, field in (
            (self.tr("R&eason"), self._code),
            (self.tr("Re&mark"), self._reason),
        ):
            self.form.addWidget(field_label(title, field))
            self.form.addWidget(field)
        self._reason.setAccessibleName(self.tr("Remark on the cancellation"))
        self.decided.connect(self._on_decided)

    @property
    def code(self) -> Code:
        """The reason's code."""
        code: Code = self._code.currentData()
        return code

    def _on_decided(self, _verb: str) -> None:
        self.confirmed.emit(self.code, self._reason.text().strip())


def _tr(text: str) -> str:
    return QCoreApplication.translate("Finish", text)
