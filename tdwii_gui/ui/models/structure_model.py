"""The structures of a structure set: which are drawn, and which the slice in sight cuts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap

from tdwii_gui.ui import texts
from tdwii_gui.ui.theme import current_theme
from tdwii_gui.ui.views.slice_painter import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tdwii_gui.dicom.iod.contours import Structure

Index = QModelIndex | QPersistentModelIndex

_NO_INDEX: Final = QModelIndex()
_SWATCH: Final = 14


class StructureModel(QAbstractListModel):
    """Structures with a check box each.

    Signals
    -------
    shown_changed
        Others are to be drawn.
    """

    shown_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._structures: tuple[Structure, ...] = ()
        self._swatches: list[QIcon] = []
        self._hidden: set[int] = set()
        self._cut: frozenset[int] = frozenset()

    @property
    def shown(self) -> list[Structure]:
        """The structures that are to be drawn."""
        return [one for one in self._structures if one.number not in self._hidden]

    def replace_all(self, structures: Sequence[Structure]) -> None:
        """List other structures; those that were hidden by number and name stay so."""
        hidden = {(one.number, one.name) for one in self._structures if one.number in self._hidden}
        self.beginResetModel()
        self._structures = tuple(structures)
        self._hidden = {one.number for one in structures if (one.number, one.name) in hidden}
        self._swatches = [_swatch(visible(one.colour)) for one in structures]
        self.endResetModel()
        self.shown_changed.emit()

    def show_cut(self, numbers: frozenset[int]) -> None:
        """Note which structures the slice in sight cuts."""
        if numbers != self._cut:
            self._cut = numbers
            self._tell(range(len(self._structures)))

    def set_all(self, *, is_shown: bool) -> None:
        """Draw all structures, or none."""
        self._hidden = set() if is_shown else {one.number for one in self._structures}
        self._tell(range(len(self._structures)))
        self.shown_changed.emit()

    def structure(self, index: Index) -> Structure | None:
        """Return the structure of an index, or None."""
        inside = index.isValid() and index.row() < len(self._structures)
        return self._structures[index.row()] if inside else None

    def rowCount(self, parent: Index = _NO_INDEX) -> int:
        """Return how many structures there are."""
        return 0 if parent.isValid() else len(self._structures)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Return that a structure can be selected and ticked."""
        flags = super().flags(index)
        if not index.isValid():
            return flags
        return flags | Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemNeverHasChildren

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what the list shows of a structure."""
        structure = self.structure(index)
        if structure is None:
            return None
        is_cut = structure.number in self._cut
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._words(structure)
            case Qt.ItemDataRole.AccessibleTextRole:
                here = self.tr("in this slice") if is_cut else self.tr("not in this slice")
                return f"{self._words(structure)}, {here}"
            case Qt.ItemDataRole.DecorationRole:
                return self._swatches[index.row()]
            case Qt.ItemDataRole.CheckStateRole:
                is_hidden = structure.number in self._hidden
                return Qt.CheckState.Unchecked if is_hidden else Qt.CheckState.Checked
            case Qt.ItemDataRole.ForegroundRole:
                return None if is_cut else QColor(current_theme().muted)
            case Qt.ItemDataRole.ToolTipRole:
                return texts.tooltip(self._exact(structure, is_cut=is_cut))
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Draw a structure, or do not."""
        structure = self.structure(index)
        if structure is None or role != Qt.ItemDataRole.CheckStateRole:
            return False
        if Qt.CheckState(value) == Qt.CheckState.Checked:
            self._hidden.discard(structure.number)
        else:
            self._hidden.add(structure.number)
        self._tell([index.row()])
        self.shown_changed.emit()
        return True

    def _words(self, structure: Structure) -> str:
        name = texts.plain(structure.name, 40) or self.tr("ROI {0}").format(structure.number)
        return name if structure.contours else self.tr("{0} (no contours)").format(name)

    def _exact(self, structure: Structure, *, is_cut: bool) -> str:
        here = self.tr("in this slice") if is_cut else self.tr("not in this slice")
        kind = structure.kind or self.tr("no type")
        contours = texts.counted(
            len(structure.contours), self.tr("{0} contour"), self.tr("{0} contours")
        )
        number = self.tr("ROI {0}").format(structure.number)
        return ", ".join((structure.name, number, kind, contours, here))

    def _tell(self, rows: Iterable[int]) -> None:
        for row in rows:
            index = self.index(row)
            self.dataChanged.emit(index, index)


def _swatch(colour: QColor) -> QIcon:
    """Return a sample of a colour as it is on the image: on black, selected or not."""
    picture = QPixmap(_SWATCH, _SWATCH)
    picture.fill(QColor(0, 0, 0))
    with QPainter(picture) as painter:
        painter.fillRect(QRect(2, 2, _SWATCH - 4, _SWATCH - 4), colour)
    icon = QIcon(picture)
    icon.addPixmap(picture, QIcon.Mode.Selected)
    return icon
