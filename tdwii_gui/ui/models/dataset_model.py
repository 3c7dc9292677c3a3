"""A tree model of a DICOM data set; items are looked at only when they are opened."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pydicom.datadict import dictionary_description, dictionary_has_tag
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence as ItemSequence
from PySide6.QtCore import QAbstractItemModel, QCoreApplication, QModelIndex, Qt

from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.dicom.uids import uid_name
from tdwii_gui.ui import texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom.dataset import Dataset
    from pydicom.tag import BaseTag
    from PySide6.QtCore import QPersistentModelIndex

    Index = QModelIndex | QPersistentModelIndex

_NO_INDEX: Final = QModelIndex()
_SLICE: Final = 500
_BYTES_SHOWN: Final = 16


@dataclass(eq=False, slots=True)
class Node:
    """An attribute, or an item of a sequence.

    Parameters
    ----------
    texts : tuple[str, str, str, str]
        Tag, name, VR and value.
    whole : str
        The whole value.
    source : Dataset or ItemSequence or None
        What its children come from.
    """

    texts: tuple[str, str, str, str]
    whole: str = ""
    source: Any = None
    parent: Node | None = None
    row: int = 0
    children: list[Node] = field(default_factory=list)
    pending: Iterator[Node] | None = None
    has_children: bool = False


class DatasetModel(QAbstractItemModel):
    """Attributes as rows of tag, name, VR and value, with sequences to be opened.

    Children are fetched 500 at a time, so that a long sequence does not block the window.
    """

    def __init__(self) -> None:
        super().__init__()
        self._root = Node(("", "", "", ""))

    def show_dataset(self, dataset: Dataset | None) -> None:
        """Show another data set, which nobody changes meanwhile; None for none."""
        self.beginResetModel()
        self._root = Node(("", "", "", ""))
        if dataset is not None:
            self._root.pending = _attributes(dataset)
            self._root.has_children = len(dataset) > 0
        self.endResetModel()

    def node(self, index: Index) -> Node:
        """Return the node of an index; the root for an invalid one."""
        found: Node = index.internalPointer() if index.isValid() else self._root
        return found

    def children_of(self, node: Node) -> Iterator[Node]:
        """Return a node's children one by one; models that know more of them override it."""
        return _children(node)

    def rowCount(self, parent: Index = _NO_INDEX) -> int:
        """Return how many children have been fetched."""
        return 0 if parent.column() > 0 else len(self.node(parent).children)

    def columnCount(self, parent: Index = _NO_INDEX) -> int:
        """Return 4: tag, name, VR, value."""
        del parent
        return 4

    def hasChildren(self, parent: Index = _NO_INDEX) -> bool:
        """Return whether there are children, fetched or not."""
        node = self.node(parent)
        return parent.column() <= 0 and (bool(node.children) or node.has_children)

    def canFetchMore(self, parent: Index) -> bool:
        """Return whether children have not been fetched yet."""
        node = self.node(parent)
        return parent.column() <= 0 and (
            node.pending is not None or (node.has_children and not node.children)
        )

    def fetchMore(self, parent: Index) -> None:
        """Fetch the next children."""
        if not self.canFetchMore(parent):
            return
        node = self.node(parent)
        if node.pending is None:
            node.pending = self.children_of(node)
        fresh = [child for _, child in zip(range(_SLICE), node.pending, strict=False)]
        if len(fresh) < _SLICE:
            node.pending = None
            node.has_children = bool(node.children or fresh)
        if not fresh:
            return
        first = len(node.children)
        self.beginInsertRows(parent, first, first + len(fresh) - 1)
        for row, child in enumerate(fresh, start=first):
            child.parent, child.row = node, row
        node.children.extend(fresh)
        self.endInsertRows()

    def index(self, row: int, column: int, parent: Index = _NO_INDEX) -> QModelIndex:
        """Return the index of a child."""
        children = self.node(parent).children
        if 0 <= row < len(children) and 0 <= column < self.columnCount():
            return self.createIndex(row, column, children[row])
        return QModelIndex()

    def parent(self, index: Index = _NO_INDEX) -> QModelIndex:  # type: ignore[override]
        """Return the index of the parent."""
        above = self.node(index).parent if index.isValid() else None
        if above is None or above is self._root:
            return QModelIndex()
        return self.createIndex(above.row, 0, above)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return the heads."""
        if orientation != Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        return (self.tr("Tag"), self.tr("Name"), self.tr("VR"), self.tr("Value"))[section]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows, and the whole value as its tooltip."""
        if not index.isValid():
            return None
        node = self.node(index)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return node.texts[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return texts.tooltip(node.whole or node.texts[index.column()])
        if role == Qt.ItemDataRole.UserRole:
            return node
        return None


def _children(node: Node) -> Iterator[Node]:
    if isinstance(node.source, ItemSequence):
        return _items(node.source)
    return iter(()) if node.source is None else _attributes(node.source)


def _items(sequence: ItemSequence) -> Iterator[Node]:
    for number, item in enumerate(sequence, start=1):
        name = QCoreApplication.translate("DatasetModel", "Item {0}").format(number)
        yield Node(("", name, "", ""), source=item, has_children=len(item) > 0)


def _attributes(dataset: Dataset) -> Iterator[Node]:
    for tag in sorted(dataset.keys()):
        yield attribute_node(dataset, tag)


def attribute_node(dataset: Dataset, tag: BaseTag) -> Node:
    """Return the node of an attribute; what cannot be decoded says so."""
    shown_tag = f"({tag.group:04X},{tag.element:04X})"
    name = dictionary_description(tag) if dictionary_has_tag(tag) else ""
    element = tolerant.element(dataset, tag)
    if element is None:
        unreadable = QCoreApplication.translate("DatasetModel", "cannot be decoded")
        return Node((shown_tag, name, "", unreadable))
    if tag.is_private:
        name = texts.plain(element.name)
    if isinstance(element.value, ItemSequence):
        count = len(element.value)
        words = texts.counted(
            count,
            QCoreApplication.translate("DatasetModel", "{0} item"),
            QCoreApplication.translate("DatasetModel", "{0} items"),
        )
        return Node((shown_tag, name, "SQ", words), source=element.value, has_children=count > 0)
    value = value_text(element.value, element.VR)
    return Node((shown_tag, name, element.VR, texts.plain(value)), whole=value)


def value_text(value: Any, vr: str) -> str:
    """Return a value as one text: bytes as hexadecimal, UIDs with their registered name."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        more = " …" if len(value) > _BYTES_SHOWN else ""
        size = QCoreApplication.translate("DatasetModel", "{0} bytes").format(len(value))
        return f"{size}: {value[:_BYTES_SHOWN].hex(' ')}{more}"
    if isinstance(value, MultiValue | list):
        return "\\".join(str(each) for each in value)
    if vr == "UI" and (name := uid_name(str(value))) != str(value):
        return f"{value} ({name})"
    return str(value)
