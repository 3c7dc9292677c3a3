"""The tree of stored instances with its search and its totals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import QAction, QColor, QGuiApplication, QKeySequence, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QTreeView,
    QWidget,
)

from tdwii_gui.ui import texts
from tdwii_gui.ui.models.instance_node import InstanceTree, Level, Node
from tdwii_gui.ui.models.instance_tree_model import InstanceTreeModel, TreeColumn
from tdwii_gui.ui.panels.card import Card
from tdwii_gui.ui.panels.labels import muted
from tdwii_gui.ui.theme import current_theme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from PySide6.QtGui import QPaintEvent

    from tdwii_gui.dicom.store.instance_summary import InstanceSummary

_TYPING_MS: Final = 150
_SLICE: Final = 200
"""How many instances are added between two looks at the event queue."""
_EXPANDED_PATIENTS: Final = 5
_EXPANDED_MATCHES: Final = 300
_WIDEST_SEARCH: Final = 200
_CELL_PADDING: Final = 28


class InstanceTreePanel(Card):
    """Patient, study, series and instance of a store.

    Signals
    -------
    chosen : Node or None
        Another node is current.
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.set_title(self.tr("Stored objects"))
        self._model = InstanceTreeModel(self)
        self._waiting: list[InstanceSummary] = []
        self._expanded: set[tuple[str, ...]] = set()
        self._timer = _single_shot(self, 0, self._add_slice)
        self._typing = _single_shot(self, _TYPING_MS, self._apply_search)
        self._totals = muted()
        self._totals.setObjectName("totals")
        self.head.addWidget(self._totals)
        self.search = self._search_field()
        self._matches = muted()
        self._matches.setObjectName("matches")
        self._clear = QPushButton(self.tr("C&lear"))
        self._clear.setObjectName("clear_search")
        self._clear.clicked.connect(self.search.clear)
        line = QHBoxLayout()
        line.addWidget(self.search, 1)
        line.addWidget(self._matches)
        line.addWidget(self._clear)
        self.body.addLayout(line)
        self.view = _TreeView(self._model, self.empty_words)
        self.view.setObjectName("instances")
        self.view.setAccessibleName(self.tr("Stored patients, studies, series and instances"))
        self.view.selectionModel().selectionChanged.connect(self._on_selection_changed)
        self._model.rowsInserted.connect(self._on_rows_inserted)
        self.body.addWidget(self.view, 1)
        self._say_totals()

    @property
    def model(self) -> InstanceTreeModel:
        """What the tree shows."""
        return self._model

    def load(self, tree: InstanceTree) -> None:
        """Show a whole store; what was expanded and selected stays so."""
        expanded, selected = self._state()
        self._model.set_tree(tree)
        self._restore(expanded, selected)
        if len(self._model.root.shown) <= _EXPANDED_PATIENTS:
            self.view.expandToDepth(1)
        self._say_totals()

    def add(self, summaries: Iterable[InstanceSummary]) -> None:
        """Add instances, a slice at a time; those that are known change nothing."""
        self._waiting.extend(summaries)
        self._timer.start()

    def current(self) -> Node | None:
        """Return the current node, or None."""
        rows = self.view.selectionModel().selectedRows()
        return self._model.node(rows[-1]) if rows else None

    def selected_instances(self) -> list[InstanceSummary]:
        """Return all instances at or below the selected nodes, each once."""
        nodes = [self._model.node(index) for index in self.view.selectionModel().selectedRows()]
        found = {each.sop_instance_uid: each for node in nodes for each in node.instances()}
        return list(found.values())

    def selected_name(self) -> str:
        """Return what is selected, in words: the first of it, where it is more."""
        nodes = [self._model.node(index) for index in self.view.selectionModel().selectedRows()]
        names = [self._model.name(node) for node in nodes[:1]]
        if len(nodes) > 1:
            names.append(self.tr("and {0} more").format(len(nodes) - 1))
        return " ".join(names)

    @Slot(str)
    def select_series(self, sop_instance_uid: str) -> None:
        """Select the series of an instance."""
        instance = self._model.node(self._model.find((sop_instance_uid,)))
        if instance.parent is not None:
            index = self._model.index_of(instance.parent)
            self.view.choose(index)
            self.view.scrollTo(index)

    def empty_words(self) -> str:
        """Return why the tree is empty."""
        if self._model.root.count:
            return self.tr("0 of {0} instances match.").format(self._model.root.count)
        return self.tr("Nothing is stored yet.\nDrop DICOM files or folders here.")

    def _search_field(self) -> QLineEdit:
        field = QLineEdit()
        field.setObjectName("search")
        field.setAccessibleName(self.tr("Search the stored objects"))
        field.setPlaceholderText(self.tr("Search patient, ID, description, modality, UID"))
        field.setMaxLength(_WIDEST_SEARCH)
        field.textChanged.connect(self._typing.start)
        field.returnPressed.connect(self._apply_search)
        return field

    @Slot()
    def _apply_search(self) -> None:
        self._typing.stop()
        expanded, selected = self._state()
        was_filtered = self._model.is_filtered
        if not was_filtered:
            self._expanded = expanded
        self._model.set_filter(self.search.text())
        self._restore(self._expanded, selected)
        if not self._model.is_filtered:
            self._expanded = set()
        elif self._model.root.matching <= _EXPANDED_MATCHES:
            self.view.expandAll()
        self._say_totals()

    @Slot()
    def _add_slice(self) -> None:
        new, self._waiting = self._waiting[:_SLICE], self._waiting[_SLICE:]
        if self._model.add(new):
            self._say_totals()
        if self._waiting:
            self._timer.start()

    def _say_totals(self) -> None:
        root = self._model.root
        patients = len(root.children)
        named = self.tr("1 patient") if patients == 1 else self.tr("{0} patients").format(patients)
        count = root.count
        stored = self.tr("1 instance") if count == 1 else self.tr("{0} instances").format(count)
        self._totals.setText(f"{named}, {stored}, {texts.size(root.size)}" if count else "")
        is_filtered = self._model.is_filtered
        self._matches.setText(self.tr("{0} of {1} match").format(root.matching, count))
        self._matches.setVisible(is_filtered)
        self._clear.setVisible(is_filtered)

    def _state(self) -> tuple[set[tuple[str, ...]], list[tuple[str, ...]]]:
        """Return the keys of what is expanded and of what is selected."""
        expanded = {node.key for node in self._expanded_nodes(self._model.root)}
        rows = self.view.selectionModel().selectedRows()
        return expanded, [self._model.node(index).key for index in rows]

    def _expanded_nodes(self, node: Node) -> Iterator[Node]:
        for child in node.shown:
            if child.level < Level.INSTANCE and self.view.isExpanded(self._model.index_of(child)):
                yield child
                yield from self._expanded_nodes(child)

    def _restore(
        self, expanded: Iterable[tuple[str, ...]], selected: Sequence[tuple[str, ...]]
    ) -> None:
        for key in expanded:
            self.view.expand(self._model.find(key))
        indexes = [index for key in selected if (index := self._model.find(key)).isValid()]
        for index in indexes:
            self.view.add_to_selection(index)
        if indexes:
            self.view.scrollTo(indexes[-1])
        elif selected:
            self.chosen.emit(None)

    @Slot(QModelIndex, int, int)
    def _on_rows_inserted(self, parent: QModelIndex, first: int, last: int) -> None:
        """Open a new patient or study down to its series, as long as there are few."""
        above = self._model.node(parent)
        if above.level >= Level.STUDY or len(self._model.root.shown) > _EXPANDED_PATIENTS:
            return
        depth = 1 if above.level is Level.ROOT else 0
        for row in range(first, last + 1):
            self.view.expandRecursively(self._model.index(row, 0, parent), depth)

    @Slot(QItemSelection, QItemSelection)
    def _on_selection_changed(self, _new: QItemSelection, _old: QItemSelection) -> None:
        self.chosen.emit(self.current())


class _TreeView(QTreeView):
    """A tree that says why it is empty, and copies what it shows."""

    def __init__(self, model: InstanceTreeModel, empty: Callable[[], str]) -> None:
        super().__init__()
        self._tree = model
        self._empty = empty
        self.setModel(model)
        self.setUniformRowHeights(True)
        self.setExpandsOnDoubleClick(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(TreeColumn.NAME, QHeaderView.ResizeMode.Stretch)
        for column, sample in (
            (TreeColumn.INSTANCES, "10000 of 10000"),
            (TreeColumn.SIZE, "100.0 MB"),
            (TreeColumn.RECEIVED, "30 Nov 2026, 00:00 CEST"),
        ):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
            width = self.fontMetrics().horizontalAdvance(sample) + _CELL_PADDING
            header.resizeSection(column, max(width, header.sectionSizeHint(column)))
        copy = QAction(self.tr("Copy"), self)
        copy.setShortcut(QKeySequence.StandardKey.Copy)
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        copy.triggered.connect(self._copy)
        self.addAction(copy)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def choose(self, index: QModelIndex) -> None:
        """Select a row alone, whatever keys are held meanwhile."""
        flags = QItemSelectionModel.SelectionFlag
        self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)

    def add_to_selection(self, index: QModelIndex) -> None:
        """Select one more row, and make it the current one."""
        flags = QItemSelectionModel.SelectionFlag
        self.selectionModel().setCurrentIndex(index, flags.Select | flags.Rows)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the rows, or why there are none."""
        super().paintEvent(event)
        if self._tree.rowCount():
            return
        with QPainter(self.viewport()) as painter:
            painter.setPen(QColor(current_theme().muted))
            painter.drawText(
                self.viewport().rect(), int(Qt.AlignmentFlag.AlignCenter), self._empty()
            )

    @Slot()
    def _copy(self) -> None:
        """Copy the selected rows as tab-separated values, each with its UID or ID."""
        lines = []
        for index in self.selectionModel().selectedRows():
            cells = [index.siblingAtColumn(column).data() for column in TreeColumn]
            lines.append("\t".join([*cells, self._tree.node(index).identifier]))
        QGuiApplication.clipboard().setText("\n".join(lines))


def _single_shot(parent: QWidget, milliseconds: int, call: Callable[[], None]) -> QTimer:
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(milliseconds)
    timer.timeout.connect(call)
    return timer
