"""The treatment records of a plan, their check, and what remains of an interrupted fraction."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from tdwii_gui.ui import texts
from tdwii_gui.ui.models.record_rows import (
    finding_model,
    findings_summary,
    numbered,
    record_model,
)
from tdwii_gui.ui.models.remaining_rows import SHARE_COLUMN, remaining_model, summary_words
from tdwii_gui.ui.panels.labels import muted
from tdwii_gui.ui.panels.share_delegate import ShareDelegate
from tdwii_gui.ui.panels.tab_card import CORNER_MARGIN
from tdwii_gui.ui.panels.table import Table
from tdwii_gui.ui.theme import set_property

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdwii_gui.dicom.iod.continuation import ContinuationPlan
    from tdwii_gui.ui.models.record_rows import RecordRow

_SPACING: Final = 8


class RecordsPanel(QWidget):
    """A table of records above; below it what remains, and the check of the chosen record.

    Signals
    -------
    fetch_asked
        The records of the plan shall be fetched from the archive.
    files_chosen : list[Path]
        Records in files shall be added.
    """

    fetch_asked = Signal()
    files_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.records = record_model()
        self._table = Table(
            self.records,
            name="records",
            accessible_name=self.tr("Treatment records of the plan"),
            empty=self._empty_words,
        )
        self._empty = self.tr("The records have not been fetched yet.")
        self._findings = finding_model()
        self._remaining = remaining_model()
        self.beams = Table(
            self._remaining,
            name="remaining_beams",
            accessible_name=self.tr("What remains of the fraction, beam by beam"),
            empty=lambda: self._nothing,
        )
        self._nothing = self._usual_nothing()
        self.beams.setItemDelegateForColumn(SHARE_COLUMN, ShareDelegate(self.beams))
        self._check = Table(
            self._findings,
            name="record_findings",
            accessible_name=self.tr("Check of the chosen record"),
            empty=lambda: self.tr("Choose a record to read its check against the plan."),
        )
        self._fetch = QPushButton(self.tr("&Fetch from the OST"))
        self._fetch.setObjectName("fetch_records")
        self._files = QPushButton(self.tr("From &files…"))
        self._files.setObjectName("record_files")
        self._note = muted(wraps=True)
        self._note.setObjectName("records_note")
        self._which = muted()
        self._which.setObjectName("continuation_summary")
        self._which.setContentsMargins(0, 0, 0, CORNER_MARGIN)
        self._lay_out()
        self._fetch.clicked.connect(self.fetch_asked)
        self._files.clicked.connect(self._choose_files)
        self._table.chosen.connect(self._on_chosen)
        self.show_continuation(None)
        self.show_note("")

    def show_archive(self, ae_title: str) -> None:
        """Name the archive that the records are fetched from."""
        self._fetch.setText(self.tr("&Fetch from {0}").format(texts.plain(ae_title, 16)))

    def show_records(self, rows: Sequence[RecordRow], empty: str) -> None:
        """Show records; `empty` says why there are none."""
        self._empty = empty
        self.records.replace_all(rows)
        self._on_chosen(self._table.selected())

    def show_note(self, text: str, *, is_problem: bool = False) -> None:
        """Say what is wrong, or what is not known."""
        self._note.setText(texts.plain(f"✕ {text}" if is_problem and text else text))
        set_property(self._note, "role", "error" if is_problem else "hint")
        self._note.setVisible(bool(text))

    def show_continuation(self, plan: ContinuationPlan | None, why_not: str = "") -> None:
        """Show what the next session of a fraction does with each beam, or why there is none."""
        self._nothing = why_not or self._usual_nothing()
        self._remaining.replace_all(plan.beams if plan is not None else ())
        if plan is None:
            self._which.setText("")
            return
        self._tabs.setCurrentWidget(self.beams)
        words = self.tr("Fraction {0}: {1}").format(plan.fraction_number, summary_words(plan.beams))
        self._which.setText(words)

    def allow(self, *, is_running: bool) -> None:
        """Let records be fetched or added while nothing runs."""
        for button in (self._fetch, self._files):
            button.setEnabled(not is_running)

    def _usual_nothing(self) -> str:
        return self.tr(
            "Tick “Continue what was interrupted” to see what a second session would deliver."
        )

    def _empty_words(self) -> str:
        return self._empty

    def _lay_out(self) -> None:
        self._tabs = QTabWidget()
        self._tabs.setObjectName("record_tabs")
        self._tabs.setAccessibleName(self.tr("What remains, and the check of a record"))
        self._tabs.setDocumentMode(True)
        self._tabs.addTab(self.beams, self.tr("&What remains"))
        self._tabs.addTab(self._check, self.tr("&Check of the record"))
        self._tabs.setCornerWidget(self._which)
        bar = QHBoxLayout()
        bar.setSpacing(_SPACING)
        bar.addWidget(self._fetch)
        bar.addWidget(self._files)
        bar.addStretch(1)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 6, 0, 0)
        rows.setSpacing(_SPACING)
        rows.addLayout(bar)
        rows.addWidget(self._note)
        rows.addWidget(self._table, 4)
        rows.addWidget(self._tabs, 5)

    @Slot(object)
    def _on_chosen(self, row: RecordRow | None) -> None:
        findings = row.findings if row is not None else ()
        self._findings.replace_all(numbered(findings))
        words = findings_summary(findings)
        title = self.tr("&Check of the record")
        self._tabs.setTabText(1, f"{title} · {words}" if words else title)
        if row is not None and row.failed:
            self._tabs.setCurrentWidget(self._check)

    @Slot()
    def _choose_files(self) -> None:
        dialog = QFileDialog(self, self.tr("Treatment records"))
        dialog.setObjectName("record_dialog")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilters([self.tr("DICOM files (*.dcm *.DCM)"), self.tr("All files (*)")])
        dialog.filesSelected.connect(lambda names: self.files_chosen.emit([Path(n) for n in names]))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
