"""The dialogs about a whole worklist: purge it, and subscribe an AE to it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QCheckBox, QComboBox, QSpinBox, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.panels.operation_dialog import OperationDialog, Question
from tdwii_gui.ui.panels.step_dialogs import step_words
from tdwii_gui.ui.panels.verb_dialog import Verb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tdwii_gui.dicom.ups.consequences import Consequences
    from tdwii_gui.ui.models.worklist import WorklistRow
    from tdwii_gui.ui.panels.operation_dialog import Inquiry, Runner

_DAYS: Final = 30
_MOST_DAYS: Final = 3650


class PurgeDialog(OperationDialog):
    """Asks how old final steps are that are deleted.

    Parameters
    ----------
    foresee : Callable
        Returns the consequences for an age; called away from the GUI thread.
    """

    def __init__(
        self, foresee: Callable[[timedelta], Consequences], run: Runner, parent: QWidget
    ) -> None:
        question = Question(
            "purge_dialog",
            _tr("Purge final steps?"),
            _tr("Steps that are completed or canceled, and have not changed since then."),
            Verb("confirm_purge", _tr("&Delete them")),
            Verb("keep_steps", _tr("&Keep all steps")),
            is_danger=True,
        )
        super().__init__(question, run, parent)
        self._foresee = foresee
        self._days = QSpinBox()
        self._days.setRange(0, _MOST_DAYS)
        self._days.setValue(_DAYS)
        self._days.setSuffix(_tr(" days"))
        self._days.valueChanged.connect(self.look_ahead)
        self.add_field(_tr("&Older than"), self._days, "purge_days")

    @property
    def age(self) -> timedelta:
        """How long a step has not changed."""
        return timedelta(days=self._days.value())

    def inquiry(self) -> Inquiry:
        """Return how the consequences are found."""
        age = self.age
        return lambda: self._foresee(age)


class SubscribeDialog(OperationDialog):
    """Asks which AE is subscribed to what, and whether with a deletion lock.

    Parameters
    ----------
    ae_titles : Iterable of str
        Those of the AE directory: another one could not be told anything (C308).
    row : WorklistRow or None
        The step that is selected.
    for_step : bool
        Whether to offer that step first.
    foresee : Callable
        Returns the consequences of AE, step and lock; called away from the GUI thread.
    """

    def __init__(
        self,
        ae_titles: Iterable[str],
        row: WorklistRow | None,
        for_step: bool,
        foresee: Callable[[str, str, bool], Consequences],
        run: Runner,
        parent: QWidget,
    ) -> None:
        question = Question(
            "subscribe_dialog",
            _tr("Subscribe a system?"),
            _tr("As its own N-ACTION would. Systems of the AE directory can be told of changes."),
            Verb("confirm_subscribe", _tr("&Subscribe")),
            Verb("cancel_subscribe", _tr("&Leave it")),
        )
        super().__init__(question, run, parent)
        self._foresee = foresee
        self._ae = QComboBox()
        self._ae.addItems(sorted(ae_titles, key=str.casefold))
        self._scope = QComboBox()
        self._scope.addItem(_tr("All steps, also those to come"), "")
        if row is not None:
            self._scope.addItem(texts.plain(step_words(row), 80), row.uid)
        self._scope.setCurrentIndex(int(for_step and row is not None))
        self._lock = QCheckBox(_tr("&Deletion lock: final steps stay until it unsubscribes"))
        self._ae.currentIndexChanged.connect(self.look_ahead)
        self._scope.currentIndexChanged.connect(self.look_ahead)
        self._lock.toggled.connect(self.look_ahead)
        self.add_field(_tr("&AE title"), self._ae, "subscribe_ae")
        self.add_field(_tr("&To"), self._scope, "subscribe_scope")
        self._lock.setObjectName("subscribe_lock")
        self.form.addRow("", self._lock)

    @property
    def wanted(self) -> tuple[str, str, bool]:
        """AE title, SOP Instance UID (empty for all steps), and deletion lock."""
        return self._ae.currentText(), self._scope.currentData() or "", self._lock.isChecked()

    def inquiry(self) -> Inquiry | str:
        """Return how the consequences are found, or that nobody can be subscribed."""
        ae_title, uid, lock = self.wanted
        if not ae_title:
            return _tr("The AE directory names no system that could be told")
        return lambda: self._foresee(ae_title, uid, lock)


def _tr(text: str) -> str:
    return QCoreApplication.translate("TmsDialogs", text)
