"""Records of a tester's own, and how they compare with plan and instruction."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from tdwii_gui.dicom.iod.record_finding import Verdict
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.finding_rows import finding_model
from tdwii_gui.ui.panels.labels import Chip, caption, muted
from tdwii_gui.ui.panels.table import Table
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdwii_gui.ui.models.finding_rows import FindingRow


class ManualRecords(QWidget):
    """Lets records be chosen, and shows what their check has found.

    Signals
    -------
    files_chosen : list[Path]
        Record files to be stored instead of the emulator's own.
    archive_wanted
        Records of the OST are to be stored instead of the emulator's own.
    own_wanted
        The emulator is to build the records itself again.
    """

    files_chosen = Signal(object)
    archive_wanted = Signal()
    own_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._which = muted(wraps=True)
        self._which.setObjectName("records_in_use")
        self._outcome = Chip()
        self._outcome.setObjectName("record_outcome")
        self.model = finding_model()
        self._table = Table(
            self.model,
            name="record_findings",
            accessible_name=self.tr("Check of the records"),
            empty=lambda: self.tr("A record that is chosen is compared with plan and instruction."),
        )
        self._files = self._button("own_records", self.tr("O&wn record files…"))
        self._archive = self._button("archive_records", self.tr("Records of the &OST…"))
        self._built = self._button("built_records", self.tr("&Build them again"))
        self._files.clicked.connect(self._on_files)
        self._archive.clicked.connect(self.archive_wanted)
        self._built.clicked.connect(self.own_wanted)
        self._lay_out()
        self.show_records((), ())

    def allow(self, obstacle: str) -> None:
        """Let records be chosen, or say why that cannot be."""
        for button in (self._files, self._archive, self._built):
            button.setEnabled(not obstacle)
            button.setToolTip(texts.tooltip(obstacle))

    def show_records(self, names: Sequence[str], rows: Sequence[FindingRow]) -> None:
        """Show which records are in use, and how they compare with plan and instruction."""
        if names:
            words = self.tr("Stored in the place of the emulator's own: {0}")
            self._which.setText(words.format(", ".join(texts.plain(name, 80) for name in names)))
        else:
            self._which.setText(self.tr("The emulator builds the records itself."))
        self._built.setVisible(bool(names))
        self.model.replace_all(rows)
        failed = sum(row.finding.verdict is Verdict.NOT_MET for row in rows)
        self._outcome.setVisible(bool(rows))
        if failed:
            words = self.tr("{0} of {1} not met").format(failed, len(rows))
            self._outcome.show_state(Tone.FAULT, "✕", words)
        else:
            self._outcome.show_state(Tone.DONE, "✓", self.tr("All met"))

    @Slot()
    def _on_files(self) -> None:
        dialog = QFileDialog(self, self.tr("Treatment records"))
        dialog.setObjectName("record_dialog")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(lambda names: self.files_chosen.emit([Path(n) for n in names]))
        dialog.open()

    def _button(self, name: str, text: str) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        button.setAutoDefault(False)
        return button

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(caption(self.tr("Records (RO-63)")))
        head.addStretch(1)
        head.addWidget(self._outcome)
        line = QHBoxLayout()
        line.setSpacing(10)
        line.addStretch(1)
        for button in (self._built, self._archive, self._files):
            line.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self._which)
        column.addWidget(self._table, 1)
        column.addLayout(line)
