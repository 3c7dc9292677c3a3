"""Asking for the cancellation of a step: why, and who may be asked about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.ui import texts
from tdwii_gui.ui.panels.labels import heading, muted

if TYPE_CHECKING:
    from tdwii_gui.ui.models.worklist import WorklistRow

_LO_LENGTH = 64


class RequestCancelDialog(QDialog):
    """Asks for reason and contact, and says what will happen.

    Parameters
    ----------
    row : WorklistRow
        The step.
    """

    def __init__(self, row: WorklistRow, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("request_cancel_dialog")
        self.setWindowTitle(self.tr("Ask to cancel a step"))
        self.uid = row.uid
        self._reason = QPlainTextEdit()
        self._reason.setObjectName("cancel_reason")
        self._reason.setAccessibleName(self.tr("Reason for the cancellation"))
        self._reason.setPlaceholderText(self.tr("Why the step is to be canceled"))
        self._reason.setTabChangesFocus(True)
        self._reason.setFixedHeight(self._reason.fontMetrics().lineSpacing() * 4)
        self._contact = QLineEdit()
        self._contact.setObjectName("cancel_contact")
        self._contact.setMaxLength(_LO_LENGTH)
        self._contact.setAccessibleName(self.tr("Contact for questions"))
        self._contact.setPlaceholderText(self.tr("Name or telephone number, for questions"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 16)
        layout.setSpacing(12)
        title = heading(self._title(row))
        title.setWordWrap(True)
        layout.addWidget(title)
        layout.addWidget(muted(self._consequence(row), wraps=True))
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(self._label(self.tr("&Reason"), self._reason), self._reason)
        form.addRow(self._label(self.tr("&Contact"), self._contact), self._contact)
        layout.addLayout(form)
        layout.addLayout(self._buttons())
        self.setMinimumWidth(self.fontMetrics().averageCharWidth() * 72)

    @property
    def reason(self) -> str:
        """Why, in the user's words."""
        return self._reason.toPlainText().strip()

    @property
    def contact(self) -> str:
        """Whom to ask."""
        return self._contact.text().strip()

    def _title(self, row: WorklistRow) -> str:
        said = (texts.plain(row.patient, 80), texts.plain(row.plan_label, 40))
        return self.tr("Cancel the step of {0}?").format(" · ".join(filter(None, said)))

    def _consequence(self, row: WorklistRow) -> str:
        if row.state is ProcedureStepState.SCHEDULED:
            return self.tr(
                "Nobody has claimed it: it becomes CANCELED at once, and cannot be scheduled again."
            )
        if not row.owner:
            return self.tr(
                "It is in progress: its performer is asked, and decides whether it ends."
            )
        return self.tr(
            "It is in progress at {0}, which is asked and decides whether it ends."
        ).format(texts.plain(row.owner, 20))

    def _label(self, text: str, buddy: QWidget) -> QLabel:
        label = QLabel(text)
        label.setBuddy(buddy)
        label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        return label

    def _buttons(self) -> QHBoxLayout:
        keep = QPushButton(self.tr("&Keep the step"))
        keep.setObjectName("keep_step")
        keep.setDefault(True)
        keep.clicked.connect(self.reject)
        cancel = QPushButton(self.tr("&Ask to cancel"))
        cancel.setObjectName("confirm_request_cancel")
        cancel.setProperty("danger", True)
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.accept)
        line = QHBoxLayout()
        line.addStretch(1)
        line.addWidget(cancel)
        line.addWidget(keep)
        return line
