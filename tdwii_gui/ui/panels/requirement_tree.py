"""The tree of a message's data set with what is required of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QWidget,
)

from tdwii_gui.ui.models.requirement_rows import (
    MARK,
    NAME,
    REQUIRED,
    TAG,
    VALUE,
    VR,
    Judged,
    RequirementModel,
    RequirementNode,
)

if TYPE_CHECKING:
    from PySide6.QtCore import QPersistentModelIndex
    from PySide6.QtGui import QResizeEvent

_WIDE: Final = 560
"""From this width on, tag and VR have columns of their own."""

_FEW_ROWS: Final = 10
_OPENED: Final = 60


class _Names(QStyledItemDelegate):
    """Leaves out what many names have in common where there is little room, and then the end."""

    def __init__(self, tree: RequirementTree) -> None:
        super().__init__(tree)
        self._tree = tree

    def initStyleOption(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().initStyleOption(option, index)
        option.textElideMode = Qt.TextElideMode.ElideRight
        if self._tree.is_narrow():
            option.text = option.text.replace("Procedure Step ", "").removesuffix(" Sequence")


class RequirementTree(QTreeView):
    """Shows a judged data set.

    Parameters
    ----------
    name : str
        Object name.
    accessible_name : str
        What a screen reader says, translated.

    Signals
    -------
    chosen : RequirementNode or None
        Another row is chosen.
    """

    chosen = Signal(object)

    def __init__(self, name: str, accessible_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = RequirementModel()
        self.setObjectName(name)
        self.setAccessibleName(accessible_name)
        self.setModel(self.rows)
        self.setTreePosition(NAME)
        self.setIndentation(14)
        self.setUniformRowHeights(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setItemDelegateForColumn(NAME, _Names(self))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = self.header()
        header.setMinimumSectionSize(24)
        header.setStretchLastSection(False)
        header.setSectionsMovable(False)
        for section in (TAG, VR, REQUIRED, MARK, NAME, VALUE):
            header.setSectionResizeMode(section, QHeaderView.ResizeMode.Fixed)
        self._add_copying()
        self.selectionModel().currentChanged.connect(self._on_current_changed)

    def show_judged(self, judged: Judged, *, only_problems: bool = False) -> None:
        """Show a data set with its problems, or only these; problems are in sight."""
        self.rows.show_judged(judged, only_problems=only_problems)
        self._left = _OPENED
        few = self.rows.rowCount() <= _FEW_ROWS
        self._open(QModelIndex(), judged.above_problems, 2 if few and not only_problems else 0)
        self.chosen.emit(None)

    def is_narrow(self) -> bool:
        """Return whether tag and VR have no columns."""
        return self.isColumnHidden(TAG)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the width; name and value get what the others leave."""
        super().resizeEvent(event)
        metrics, width = self.fontMetrics(), self.viewport().width()
        narrow = width < _WIDE
        self.setColumnHidden(TAG, narrow)
        self.setColumnHidden(VR, narrow)
        self.setTreePosition(NAME)
        fixed = {
            TAG: 0 if narrow else metrics.horizontalAdvance("(00DD,DDDD)") + 14,
            VR: 0 if narrow else metrics.horizontalAdvance("SQ") + 22,
            REQUIRED: metrics.horizontalAdvance("1C · R+*") + 20,
            MARK: metrics.horizontalAdvance("✓") + 18,
        }
        left = max(width - sum(fixed.values()), 120)
        for section, size in fixed.items():
            if size:
                self.header().resizeSection(section, size)
        name = left * 62 // 100 if narrow else left // 2
        self.header().resizeSection(NAME, name)
        self.header().resizeSection(VALUE, left - name)

    def _open(self, parent: QModelIndex, above: frozenset[str], levels: int) -> None:
        """Open what holds problems, and small messages to some depth; never a great many rows."""
        for row in range(min(self.rows.rowCount(parent), _OPENED)):
            index = self.rows.index(row, 0, parent)
            node = self.rows.node(index)
            if not isinstance(node, RequirementNode) or not node.has_children:
                continue
            wanted = node.path in above or levels > 0
            if not wanted or self._left <= 0:
                continue
            self._left -= 1
            if self.rows.canFetchMore(index):
                self.rows.fetchMore(index)
            self.expand(index)
            self._open(index, above, levels - 1)

    def _add_copying(self) -> None:
        for name, text, shortcut, call in (
            ("copy_value", self.tr("Copy value"), QKeySequence.StandardKey.Copy, self._copy_value),
            ("copy_path", self.tr("Copy path"), "Ctrl+Shift+C", self._copy_path),
        ):
            action = QAction(text, self)
            action.setObjectName(name)
            action.setShortcut(shortcut)
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.triggered.connect(call)
            self.addAction(action)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def _current(self) -> RequirementNode | None:
        node = self.rows.node(self.currentIndex()) if self.currentIndex().isValid() else None
        return node if isinstance(node, RequirementNode) else None

    def _copy_value(self) -> None:
        node = self._current()
        if node is not None:
            QGuiApplication.clipboard().setText(node.whole or node.texts[VALUE])

    def _copy_path(self) -> None:
        node = self._current()
        if node is not None:
            QGuiApplication.clipboard().setText(node.path)

    @Slot(QModelIndex, QModelIndex)
    def _on_current_changed(self, _current: QModelIndex, _before: QModelIndex) -> None:
        self.chosen.emit(self._current())
