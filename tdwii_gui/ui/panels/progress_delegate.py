"""How a worklist paints its cells: state chips, progress bars, and rows that just changed."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem

from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.worklist import WorklistRow, progress_words
from tdwii_gui.ui.panels.row_painter import CellDelegate
from tdwii_gui.ui.theme import Tone, current_theme

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import QObject
    from PySide6.QtGui import QFontMetrics

_SECONDS: Final = 1.2
_MARGIN: Final = 10
_PADDING: Final = 9
_BAR_HEIGHT: Final = 8


class RecentChanges:
    """The rows that changed a moment ago, which are tinted for about a second."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def add(self, uid: str) -> None:
        """Tint a row from now on."""
        self._until[uid] = monotonic() + _SECONDS

    def tint(self, row: WorklistRow) -> QColor | None:
        """Return the tint of a row; None once its time is over."""
        until = self._until.get(row.uid)
        strength = 0.0 if until is None else (until - monotonic()) / _SECONDS
        if strength <= 0:
            return None
        colour = QColor(current_theme().tint(texts.state_tone(row.state)))
        colour.setAlphaF(min(1.0, 2 * strength))
        return colour

    def fade(self) -> bool:
        """Forget rows whose time is over; return whether any is left."""
        now = monotonic()
        self._until = {uid: until for uid, until in self._until.items() if until > now}
        return bool(self._until)


class StateDelegate(CellDelegate):
    """Paints the state of a step as a chip: glyph, word and colour.

    Parameters
    ----------
    step : Callable
        Returns the step's row in the worklist of a row of the table.
    """

    def __init__(
        self, parent: QObject, step: Callable[[Any], WorklistRow] = lambda row: row
    ) -> None:
        super().__init__(parent)
        self._step = step

    def cell_width(self, metrics: QFontMetrics) -> int:
        """Return the width of the widest chip, so that no state is cut later."""
        widths = (metrics.horizontalAdvance(_words(state)) for state in ProcedureStepState)
        return max(widths) + 2 * (_MARGIN + _PADDING) + 6

    def paint_cell(self, painter: QPainter, option: QStyleOptionViewItem, row: Any) -> None:
        """Paint the chip."""
        state = self._step(row).state
        theme, tone, words = current_theme(), texts.state_tone(state), _words(state)
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
        base = area.center().y() + (metrics.ascent() - metrics.descent()) // 2
        painter.drawText(area.left() + _MARGIN + _PADDING, base, words)


class ProgressDelegate(CellDelegate):
    """Paints the progress of a step as a bar, with percent and beam beside it."""

    def cell_width(self, metrics: QFontMetrics) -> int:
        """Return room for a bar and its words."""
        return metrics.averageCharWidth() * 24

    def paint_cell(self, painter: QPainter, option: QStyleOptionViewItem, row: WorklistRow) -> None:
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
        metrics = option.fontMetrics
        base = middle + (metrics.ascent() - metrics.descent()) // 2
        painter.drawText(area.left() + int(width) + _MARGIN, base, words)


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
