"""How a worklist paints its cells: state chips, progress bars, and rows that just changed."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.row_model import ROW_ROLE
from tdwii_gui.ui.models.worklist import WorklistRow, progress_words
from tdwii_gui.ui.theme import Tone, current_theme

if TYPE_CHECKING:
    from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex

_SECONDS: Final = 1.2
_MARGIN: Final = 10
_PADDING: Final = 9
_BAR_HEIGHT: Final = 8


class RecentChanges:
    """The rows that changed a moment ago, which are tinted for about a second."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def __bool__(self) -> bool:
        return bool(self._until)

    def add(self, uid: str) -> None:
        """Tint a row from now on."""
        self._until[uid] = monotonic() + _SECONDS

    def strength(self, uid: str) -> float:
        """Return how strong a row's tint is, from 1 down to 0."""
        until = self._until.get(uid)
        return 0.0 if until is None else max(0.0, (until - monotonic()) / _SECONDS)

    def fade(self) -> bool:
        """Forget rows whose time is over; return whether any is left."""
        now = monotonic()
        self._until = {uid: until for uid, until in self._until.items() if until > now}
        return bool(self._until)


class StepDelegate(QStyledItemDelegate):
    """Paints a cell of a worklist on the tint of a row that just changed.

    Parameters
    ----------
    recent : RecentChanges or None
        Which rows these are; None where changes are not followed.
    """

    def __init__(self, recent: RecentChanges | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._recent = recent

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Paint the tint, and the cell on it."""
        if self._recent:
            row = index.data(ROW_ROLE)
            strength = self._recent.strength(row.uid) if isinstance(row, WorklistRow) else 0
            if strength > 0:
                colour = QColor(current_theme().tint(texts.state_tone(row.state)))
                colour.setAlphaF(min(1.0, 2 * strength))
                painter.fillRect(option.rect, colour)
        super().paint(painter, option, index)


class _PaintedCellDelegate(StepDelegate):
    """Paints something in a cell in the place of its text."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Paint the cell without its text, and what it shows instead."""
        super().paint(painter, option, index)
        row = self.step_row(index)
        if row is not None:
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self.paint_row(painter, option, row)
            painter.restore()

    def step_row(self, index: QModelIndex | QPersistentModelIndex) -> WorklistRow | None:
        """Return the row of the worklist that a cell shows."""
        row = index.data(ROW_ROLE)
        return row if isinstance(row, WorklistRow) else None

    def paint_row(self, painter: QPainter, option: QStyleOptionViewItem, row: WorklistRow) -> None:
        """Paint what a cell shows in the place of its text."""


class StateDelegate(_PaintedCellDelegate):
    """Paints the state of a step as a chip: glyph, word and colour."""

    def initStyleOption(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Leave out the text, which stands in the chip."""
        super().initStyleOption(option, index)
        option.text = ""

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        """Return the size of the widest chip, so that no state is cut later."""
        hint = super().sizeHint(option, index)
        widths = (option.fontMetrics.horizontalAdvance(_words(s)) for s in ProcedureStepState)
        return QSize(max(widths) + 2 * (_MARGIN + _PADDING) + 6, hint.height())

    def paint_row(self, painter: QPainter, option: QStyleOptionViewItem, row: WorklistRow) -> None:
        """Paint the chip."""
        theme, tone = current_theme(), texts.state_tone(row.state)
        words = _words(row.state)
        metrics = option.fontMetrics
        height = metrics.height() + 6
        area: QRect = option.rect
        width = min(metrics.horizontalAdvance(words) + 2 * _PADDING, area.width() - 2 * _MARGIN)
        chip = QRectF(area.left() + _MARGIN, area.center().y() - height / 2 - 0.5, width, height)
        is_selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.setPen(QColor(theme.colour(tone)) if is_selected else Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.tint(tone)))
        painter.drawRoundedRect(chip, height / 2, height / 2)
        painter.setPen(QColor(theme.colour(tone)))
        painter.drawText(chip, int(Qt.AlignmentFlag.AlignCenter), words)


class ProgressDelegate(_PaintedCellDelegate):
    """Paints the progress of a step as a bar, with percent and beam beside it."""

    def initStyleOption(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Leave out the text, which stands beside the bar."""
        super().initStyleOption(option, index)
        option.text = ""

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        """Return room for a bar and its words."""
        hint = super().sizeHint(option, index)
        return QSize(option.fontMetrics.averageCharWidth() * 24, hint.height())

    def paint_row(self, painter: QPainter, option: QStyleOptionViewItem, row: WorklistRow) -> None:
        """Paint bar and words."""
        if row.percent is None:
            return
        theme = current_theme()
        words = progress_words(row)
        area: QRect = option.rect.adjusted(_MARGIN, 0, -_MARGIN, 0)
        reserved = option.fontMetrics.horizontalAdvance("100 % · beam 10")
        width = max(24, area.width() - reserved - _MARGIN)
        middle = area.center().y()
        track = QRectF(area.left(), middle - _BAR_HEIGHT / 2, width, _BAR_HEIGHT)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.line))
        painter.drawRoundedRect(track, _BAR_HEIGHT / 2, _BAR_HEIGHT / 2)
        share = min(1.0, max(0.0, row.percent / 100))
        if share > 0:
            done = QRectF(track.topLeft(), track.size())
            done.setWidth(max(_BAR_HEIGHT, track.width() * share))
            painter.setBrush(QColor(theme.colour(_bar_tone(row.state))))
            painter.drawRoundedRect(done, _BAR_HEIGHT / 2, _BAR_HEIGHT / 2)
        painter.setPen(QColor(theme.text))
        room = area.adjusted(int(width) + _MARGIN, 0, 0, -1)
        painter.drawText(
            room, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), words
        )


def _words(state: ProcedureStepState | None) -> str:
    return f"{texts.state_glyph(state)} {texts.state_words(state)}"


def _bar_tone(state: ProcedureStepState | None) -> Tone:
    match state:
        case ProcedureStepState.COMPLETED:
            return Tone.DONE
        case ProcedureStepState.CANCELED:
            return Tone.NEUTRAL
        case _:
            return Tone.PROGRESS
