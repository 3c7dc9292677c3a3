"""Qt's view of the instance tree, filtered, and growing while it is looked at."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from datetime import datetime
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from tdwii_gui.dicom.uids import uid_name
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.instance_node import InstanceTree, Level, Node, apply_filter

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tdwii_gui.dicom.store.instance_summary import InstanceSummary

_NO_PARENT: Final = QModelIndex()
Index = QModelIndex | QPersistentModelIndex


class TreeColumn(IntEnum):
    """The columns of the tree."""

    NAME = 0
    INSTANCES = 1
    SIZE = 2
    RECEIVED = 3


class InstanceTreeModel(QAbstractItemModel):
    """Patients, studies, series and instances of a store.

    Indexes carry numbers of nodes, not the nodes, so that none can point to what is gone.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tree = InstanceTree()
        self._words: list[str] = []

    @property
    def root(self) -> Node:
        """The node that holds the patients; its counts are the totals."""
        return self._tree.root

    @property
    def is_filtered(self) -> bool:
        """Whether a filter is in force."""
        return bool(self._words)

    def set_tree(self, tree: InstanceTree) -> None:
        """Show another tree, with the filter in force."""
        self.beginResetModel()
        self._tree = tree
        apply_filter(tree.root, self._words)
        self.endResetModel()

    def set_filter(self, text: str) -> None:
        """Show what contains all words of a text; an empty one shows everything."""
        self.beginResetModel()
        self._words = text.casefold().split()
        apply_filter(self.root, self._words)
        self.endResetModel()

    def add(self, summaries: Iterable[InstanceSummary]) -> int:
        """Add instances and return how many were new; selection and expansion stay."""
        new = [node for summary in summaries for node in self._tree.path(summary)]
        if not new:
            return 0
        for node in new:
            if node.parent is not None:
                node.parent.insert(node)
        by_parent: dict[int, list[Node]] = defaultdict(list)
        for top in self._hidden_tops(new):
            if top.parent is not None and apply_filter(top, self._words_left(top)):
                by_parent[top.parent.number].append(top)
        for number, nodes in by_parent.items():
            self._insert(self._tree.nodes[number], nodes)
        self._tell_counts(new)
        return sum(node.level is Level.INSTANCE for node in new)

    def _hidden_tops(self, new: list[Node]) -> list[Node]:
        """Return the highest nodes that must appear for the new ones to be seen."""
        numbers = {node.number for node in new}
        tops: dict[int, Node] = {}
        for node in new:
            if node.parent is None or node.parent.number in numbers:
                continue
            top = node
            while top.parent is not None and top.parent.parent is not None:
                if top.parent.matching:
                    break
                top = top.parent
            tops[top.number] = top
        return list(tops.values())

    def _words_left(self, node: Node) -> list[str]:
        """Return the words of the filter that nothing above a node contains."""
        above = [ancestor.found for ancestor in node.ancestors]
        return [word for word in self._words if not any(word in found for found in above)]

    def _insert(self, parent: Node, nodes: list[Node]) -> None:
        """Show further children of a node, with one announcement for each run of rows."""
        runs: dict[int, list[Node]] = defaultdict(list)
        for node in sorted(nodes, key=lambda each: each.order):
            place = bisect_left(parent.shown, node.order, key=lambda shown: shown.order)
            runs[place].append(node)
        for place, run in reversed(runs.items()):
            self.beginInsertRows(self.index_of(parent), place, place + len(run) - 1)
            parent.show([*parent.shown[:place], *run, *parent.shown[place:]])
            self.endInsertRows()
        matching = sum(node.matching for node in nodes)
        for counted in (parent, *parent.ancestors):
            counted.matching += matching

    def _tell_counts(self, new: list[Node]) -> None:
        changed = {ancestor.number: ancestor for node in new for ancestor in node.ancestors}
        for node in changed.values():
            if node.parent is not None and node.matching:
                index = self.index_of(node)
                self.dataChanged.emit(index, index.siblingAtColumn(len(TreeColumn) - 1))

    def index_of(self, node: Node) -> QModelIndex:
        """Return the index of a shown node; that of the root is not valid."""
        if node.parent is None:
            return QModelIndex()
        return self.createIndex(node.row, 0, node.number)

    def find(self, key: tuple[str, ...]) -> QModelIndex:
        """Return the index of the node with a key, not valid if it is not shown."""
        node = self._tree.find(key)
        if node is None or not node.matching:
            return QModelIndex()
        return self.index_of(node)

    def node(self, index: Index) -> Node:
        """Return the node of an index; the root for one that is not valid."""
        return self._tree.nodes[index.internalId()] if index.isValid() else self.root

    def index(self, row: int, column: int, parent: Index = _NO_PARENT) -> QModelIndex:
        """Return the index of a child."""
        if not self.hasIndex(row, column, parent):
            return QModelIndex()
        return self.createIndex(row, column, self.node(parent).shown[row].number)

    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override]
        """Return the index of the node above."""
        above = self.node(index).parent
        return self.index_of(above) if above is not None else QModelIndex()

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        """Return how many children are shown."""
        return 0 if parent.column() > 0 else len(self.node(parent).shown)

    def columnCount(self, parent: Index = _NO_PARENT) -> int:
        """Return the number of columns."""
        return len(TreeColumn)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return a column's title."""
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(TreeColumn):
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        titles = (
            self.tr("Patient, study, series, instance"),
            self.tr("Instances"),
            self.tr("Size"),
            self.tr("Received"),
        )
        return titles[section]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        if not index.isValid():
            return None
        node = self.node(index)
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole:
                return self._text(node, TreeColumn(index.column()))
            case Qt.ItemDataRole.ToolTipRole:
                return texts.tooltip(self._exact(node))
            case Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(index.column())
            case Qt.ItemDataRole.UserRole:
                return node
        return None

    def _text(self, node: Node, column: TreeColumn) -> str:
        match column:
            case TreeColumn.NAME:
                return self.name(node)
            case TreeColumn.INSTANCES:
                return self._count(node)
            case TreeColumn.SIZE:
                return texts.size(node.size)
            case _:
                if node.level is not Level.INSTANCE or node.summary is None:
                    return ""
                return texts.moment(datetime.fromisoformat(node.summary.received))

    def _count(self, node: Node) -> str:
        if node.level is Level.INSTANCE:
            return ""
        if node.matching == node.count:
            return str(node.count)
        return self.tr("{0} of {1}").format(node.matching, node.count)

    def name(self, node: Node) -> str:
        """Return what a node is called."""
        summary = node.summary
        if summary is None:
            return ""
        match node.level:
            case Level.PATIENT:
                name = texts.person_name(summary.patient_name) or self.tr("(no name)")
                return _joined(name, texts.plain(summary.patient_id) or self.tr("(no ID)"))
            case Level.STUDY:
                date = texts.date(summary.study_date) or self.tr("(no date)")
                return _joined(date, texts.plain(summary.study_description, 100))
            case Level.SERIES:
                modality = texts.plain(summary.modality, 16) or self.tr("(no modality)")
                number = texts.plain(summary.series_number, 12)
                described = texts.plain(summary.series_description, 100)
                return _joined(f"{modality} {number}".rstrip(), described)
            case _:
                number = texts.plain(summary.instance_number, 12)
                sop_class = class_words(summary.sop_class_uid)
                uid = texts.elided_uid(summary.sop_instance_uid)
                return _joined(f"{sop_class} {number}".rstrip(), uid)

    def _exact(self, node: Node) -> str:
        summary = node.summary
        if summary is None:
            return ""
        exact = {
            Level.PATIENT: f"{summary.patient_name} {summary.patient_id}",
            Level.STUDY: self.tr("Study Instance UID {0}").format(summary.study_instance_uid),
            Level.SERIES: self.tr("Series Instance UID {0}").format(summary.series_instance_uid),
            Level.INSTANCE: self.tr("SOP Instance UID {0}").format(summary.sop_instance_uid),
        }
        return exact[node.level]


def class_words(sop_class_uid: str) -> str:
    """Return the name of a SOP Class without the word that all of them end with."""
    return texts.plain(uid_name(sop_class_uid), 64).removesuffix(" Storage")


def _joined(*parts: str) -> str:
    return "  ·  ".join(part for part in parts if part)


def _alignment(column: int) -> Qt.AlignmentFlag:
    is_number = column in (TreeColumn.INSTANCES, TreeColumn.SIZE)
    side = Qt.AlignmentFlag.AlignRight if is_number else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
