"""What goes on at the archive: associations, commitments, and what was not stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QAbstractItemView, QPushButton, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.icons import set_icon
from tdwii_gui.ui.models.failed_import_rows import failed_import_model
from tdwii_gui.ui.models.failure_rows import FailureRow, failure_model
from tdwii_gui.ui.panels.associations_panel import AssociationsPanel
from tdwii_gui.ui.panels.commitments_panel import CommitmentsPanel
from tdwii_gui.ui.panels.labels import muted
from tdwii_gui.ui.panels.tab_card import TabCard
from tdwii_gui.ui.panels.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tdwii_gui.actors.events import AssociationInfo
    from tdwii_gui.dicom.iod.commitment import Commitment
    from tdwii_gui.dicom.store.failed_imports import FailedImport

_ASSOCIATIONS, _COMMITMENTS, _FAILED_IMPORTS, _FAILURES = range(4)


class ArchiveTabs(TabCard):
    """Tables, each with its count in its tab; what failed is marked there.

    Attributes
    ----------
    associations : AssociationsPanel
        Who is connected.
    commitments : CommitmentsPanel
        Who asked for storage commitment.
    failures : RowModel[FailureRow]
        What the last import or transfer could not do.

    Signals
    -------
    import_wanted : list[FailedImport]
        These are to be stored once more.
    folder_wanted
        The folder of failed imports is to be shown.
    """

    import_wanted = Signal(object)
    folder_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("archive_tabs", "", parent)
        self.tabs.setAccessibleName(self.tr("Associations, commitments and failures"))
        self.associations = AssociationsPanel()
        self.commitments = CommitmentsPanel()
        self.failed_imports = failed_import_model()
        self.failures = failure_model()
        self._failed_table = Table(
            self.failed_imports,
            name="failed_imports",
            accessible_name=self.tr("Received objects that could not be stored"),
            empty=lambda: self.tr("All that was received could be stored."),
        )
        self._failed_table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self._failed_table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
        self._failed_table.chosen.connect(self._allow)
        failures = Table(
            self.failures,
            name="failures",
            accessible_name=self.tr("What the last transfer could not store"),
            empty=lambda: self.tr("The last import or transfer could store everything."),
        )
        self._came_again = 0
        self._again_words = muted()
        self._again_words.setObjectName("came_again")
        self.corner.addWidget(self._again_words)
        self.again = self._button("import_again", self.tr("Import a&gain"))
        self.again.clicked.connect(self._on_again)
        self.folder = self._button("open_failed_folder", self.tr("Open its &folder"))
        set_icon(self.folder, "folder")
        self.folder.clicked.connect(self.folder_wanted)
        for page in (self.associations, self.commitments, self._failed_table, failures):
            self.add_page(page, "")
        self._busy = ""
        self.page_changed.connect(self._allow)
        self._say_counts()

    def count_again(self) -> None:
        """Count an object that came once more with the same content."""
        self._came_again += 1
        words = texts.counted(
            self._came_again,
            self.tr("{0} object came again: kept once"),
            self.tr("{0} objects came again: kept once"),
        )
        self._again_words.setText(words)
        self._allow()

    def show_associations(self, associations: Iterable[AssociationInfo]) -> int:
        """Show who is connected; return how many are."""
        self.associations.show_associations(associations)
        self._say_counts()
        return self.associations.open_count

    def show_commitments(self, commitments: Iterable[Commitment]) -> None:
        """Show all requests for storage commitment."""
        self.commitments.show_commitments(commitments)
        self._say_counts()

    def put_commitment(self, commitment: Commitment) -> None:
        """Show a request that is new, or further."""
        self.commitments.put(commitment)
        self._say_counts()

    def show_failed_imports(self, failed: Iterable[FailedImport]) -> None:
        """Show what was received and could not be stored."""
        self.failed_imports.update(failed)
        self._failed_table.fit_columns()
        self._say_counts()

    def show_failures(self, rows: Iterable[FailureRow]) -> None:
        """Show what the last import or transfer could not do, first of all if there is any."""
        self.failures.replace_all(rows)
        self._say_counts()
        if self.failures.total:
            self.tabs.setCurrentIndex(_FAILURES)
        elif self.tabs.currentIndex() == _FAILURES:
            self.tabs.setCurrentIndex(_ASSOCIATIONS)

    def set_busy(self, why: str) -> None:
        """Import nothing again while something else runs; empty for nothing."""
        self._busy = why
        self._allow()

    def _button(self, name: str, text: str) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        self.corner.addWidget(button)
        return button

    def _say_counts(self) -> None:
        opened = self.associations.open_count
        for tab, mark, words, count in (
            (_ASSOCIATIONS, "", self.tr("Associations"), opened),
            (_COMMITMENTS, "", self.tr("Commitments"), self.commitments.model.total),
            (_FAILED_IMPORTS, "✕ ", self.tr("Failed imports"), self.failed_imports.total),
            (_FAILURES, "✕ ", self.tr("Not stored"), self.failures.total),
        ):
            self.tabs.setTabText(tab, f"{mark}{words} ({count})" if count else words)
        self._allow()

    @Slot()
    def _allow(self) -> None:
        is_here = self.tabs.currentIndex() == _FAILED_IMPORTS
        self._again_words.setVisible(bool(self._came_again) and not is_here)
        self.again.setVisible(is_here)
        self.folder.setVisible(is_here)
        nothing = self.tr("Everything could be stored") if not self.failed_imports.total else ""
        why_not = self._busy or nothing
        self.again.setEnabled(not why_not)
        self.again.setToolTip(
            texts.tooltip(why_not or self.tr("Stores what is selected once more, or else all"))
        )

    @Slot()
    def _on_again(self) -> None:
        rows = self.failed_imports.rows
        chosen = [rows[number] for number in sorted(self._failed_table.selected_numbers())]
        self.import_wanted.emit(chosen or rows)
