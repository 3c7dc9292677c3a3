"""The objects of a C-STORE or of a run of them, with a look into each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.models.row_model import Column, RowModel
from tdwii_gui.ui.panels.dataset_view import DatasetView
from tdwii_gui.ui.panels.labels import muted
from tdwii_gui.ui.panels.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

    from pydicom.dataset import Dataset


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    sop_instance_uid: str


class StoredObjects(QWidget):
    """Lists the SOP Instance UIDs that were sent; an object is fetched when it is asked for.

    Parameters
    ----------
    watch : Callable
        As `ActorBridge.watch`.
    lookup : Callable or None
        Returns the future of an object by SOP Instance UID.
    """

    def __init__(
        self,
        watch: Callable[..., None],
        lookup: Callable[[str], Future[Dataset]] | None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._watch = watch
        self._lookup = lookup
        self._asked = ""
        self._model: RowModel[_Row] = RowModel(
            [
                Column(self.tr("No."), lambda row: str(row.number), key=_number, right=True),
                Column(
                    self.tr("SOP Instance UID"),
                    lambda row: texts.plain(row.sop_instance_uid),
                    tooltip=lambda row: texts.tooltip(row.sop_instance_uid),
                    share=1,
                ),
            ],
            _number,
        )
        self._table = Table(
            self._model,
            name="inspector_objects",
            accessible_name=self.tr("Objects that were sent"),
            empty=lambda: self.tr("No object"),
        )
        self._table.chosen.connect(self._on_chosen)
        self._table.activated_row.connect(self._on_show)
        self._show = QPushButton(self.tr("Show ob&ject"))
        self._show.setObjectName("inspector_show_object")
        self._show.clicked.connect(self._on_show)
        self._show.setVisible(lookup is not None)
        self._said = muted(wraps=True)
        self._said.setObjectName("inspector_object_said")
        self._view = DatasetView(self.tr("Object that was sent"))
        self._view.setObjectName("inspector_object")
        self._view.hide()
        self._lay_out()

    def _lay_out(self) -> None:
        note = muted(
            self.tr(
                "The object is not kept with the message, and the UPS tables say nothing of it."
            ),
            wraps=True,
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(note)
        layout.addWidget(self._table, 1)
        line = QHBoxLayout()
        line.addWidget(self._show)
        line.addWidget(self._said, 1)
        layout.addLayout(line)
        layout.addWidget(self._view, 2)
        layout.addStretch()

    def show_instances(self, sop_instance_uids: Sequence[str]) -> None:
        """List objects; the look into another one ends."""
        self._asked = ""
        self._said.clear()
        self._view.hide()
        self._view.show_dataset(None)
        rows = [_Row(number, uid) for number, uid in enumerate(sop_instance_uids, start=1)]
        self._model.replace_all(rows)
        self._table.setVisible(len(rows) > 1)
        if rows:
            self._table.selectRow(0)

    @Slot(object)
    def _on_chosen(self, row: _Row | None) -> None:
        self._show.setEnabled(row is not None)

    @Slot()
    def _on_show(self, *_: Any) -> None:
        row = self._table.selected()
        if row is None or self._lookup is None:
            return
        uid = self._asked = row.sop_instance_uid
        self._said.setText(self.tr("Looking it up …"))
        self._watch(
            self._lookup(uid),
            lambda dataset: self._on_found(uid, dataset),
            lambda error: self._on_not_found(uid, error),
        )

    def _on_found(self, uid: str, dataset: Dataset) -> None:
        if uid == self._asked:
            self._said.clear()
            self._view.show_dataset(dataset)
            self._view.show()

    def _on_not_found(self, uid: str, error: BaseException) -> None:
        if uid == self._asked:
            self._said.setText(self.tr("It cannot be shown: {0}").format(texts.plain(error)))


def _number(row: _Row) -> int:
    return row.number
