"""Manual mode for testers: progress by hand, and record files of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QPushButton,
    QSpinBox,
    QWidget,
)

from tdwii_gui.ui import texts
from tdwii_gui.ui.panels.card import Card
from tdwii_gui.ui.panels.labels import caption, field_label, muted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdwii_gui.ui.models.delivery_rows import BeamRow

THROTTLE_MS: Final = 300
_TEXT_LENGTH: Final = 64
_LAST_BEAM: Final = 9999


class ManualPanel(Card):
    """Sends progress as it is typed, at most every 300 ms and the newest value last.

    Signals
    -------
    progress_wanted : float, int, str
        Percent, beam number and description for RO-62.
    files_chosen : list[Path]
        Record files to be stored instead of the emulator's own.
    """

    progress_wanted = Signal(float, int, str)
    files_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Manual mode"), parent)
        self.setObjectName("manual_panel")
        self._beam = QSpinBox()
        self._beam.setObjectName("manual_beam")
        self._beam.setRange(0, _LAST_BEAM)
        self._percent = QDoubleSpinBox()
        self._percent.setObjectName("manual_percent")
        self._percent.setRange(0.0, 100.0)
        self._percent.setDecimals(1)
        self._percent.setSuffix(self.tr(" %"))
        self._text = QLineEdit()
        self._text.setObjectName("manual_text")
        self._text.setMaxLength(_TEXT_LENGTH)
        self._send = QPushButton(self.tr("Send &update"))
        self._send.setObjectName("send_update")
        self._list = QListWidget()
        self._list.setObjectName("record_files")
        self._list.setAccessibleName(self.tr("Own record files"))
        self._which = muted(wraps=True)
        self._files = QPushButton(self.tr("&Own record files…"))
        self._files.setObjectName("own_records")
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(THROTTLE_MS)
        self._timer.timeout.connect(self._on_quiet)
        self._waiting = False
        self._beam.valueChanged.connect(self.request)
        self._percent.valueChanged.connect(self.request)
        self._send.clicked.connect(self.request)
        self._files.clicked.connect(self._on_files)
        self.allow(self.tr("Claim the step first"))
        self.show_files(())

    def allow(self, obstacle: str) -> None:
        """Let progress be sent, or say why that cannot be."""
        for widget in (self._beam, self._percent, self._text, self._send):
            widget.setEnabled(not obstacle)
            widget.setToolTip(texts.tooltip(obstacle))

    def allow_files(self, obstacle: str) -> None:
        """Let record files be chosen, or say why that cannot be."""
        self._files.setEnabled(not obstacle)
        self._files.setToolTip(texts.tooltip(obstacle))

    def show_beams(self, rows: Sequence[BeamRow]) -> None:
        """Begin with the first beam of a session."""
        self._beam.blockSignals(True)
        self._beam.setValue(rows[0].number if rows else 0)
        self._beam.blockSignals(False)

    def show_files(self, names: Sequence[str]) -> None:
        """List the record files that are in use."""
        self._which.setText(
            self.tr("These files are stored in the place of the emulator's own records:")
            if names
            else self.tr("No files chosen: the emulator builds the records itself.")
        )
        self._list.clear()
        self._list.addItems([texts.plain(name, 120) for name in names])

    @Slot()
    def request(self) -> None:
        """Send now, or at the end of the pause after the last one."""
        if self._timer.isActive():
            self._waiting = True
            return
        self._timer.start()
        self.progress_wanted.emit(self._percent.value(), self._beam.value(), self._text.text())

    @Slot()
    def _on_quiet(self) -> None:
        if self._waiting:
            self._waiting = False
            self.request()

    @Slot()
    def _on_files(self) -> None:
        dialog = QFileDialog(self, self.tr("Treatment records"))
        dialog.setObjectName("record_dialog")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(lambda names: self.files_chosen.emit([Path(n) for n in names]))
        dialog.open()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(14)
        form.setVerticalSpacing(8)
        form.addRow(field_label(self.tr("Beam &number"), self._beam), self._beam)
        form.addRow(field_label(self.tr("&Progress"), self._percent), self._percent)
        form.addRow(field_label(self.tr("&Description"), self._text), self._text)
        self.body.addWidget(caption(self.tr("Progress by hand (RO-62)")))
        self.body.addLayout(form)
        self.body.addLayout(_right(self._send))
        self.body.addWidget(caption(self.tr("Records (RO-63)")))
        self.body.addWidget(self._which)
        self.body.addWidget(self._list, 1)
        self.body.addLayout(_right(self._files))


def _right(button: QPushButton) -> QHBoxLayout:
    line = QHBoxLayout()
    line.addStretch(1)
    line.addWidget(button)
    return line
