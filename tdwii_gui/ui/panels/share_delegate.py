"""Paints which share of a beam was delivered: a bar, and the meterset beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from tdwii_gui.dicom.iod.continuation import BeamStanding
from tdwii_gui.ui.models.remaining_rows import delivered_share, share_words
from tdwii_gui.ui.panels.row_painter import CellDelegate
from tdwii_gui.ui.theme import current_theme

if TYPE_CHECKING:
    from PySide6.QtGui import QFontMetrics
    from PySide6.QtWidgets import QStyleOptionViewItem

    from tdwii_gui.dicom.iod.continuation import RemainingBeam

_MARGIN: Final = 10
_BAR: Final = 8
_WIDEST: Final = "1000.00 MU"


class ShareDelegate(CellDelegate):
    """Paints the cells of the column of delivered metersets."""

    def cell_width(self, metrics: QFontMetrics) -> int:
        """Return room for a bar and the meterset."""
        return metrics.horizontalAdvance(_WIDEST) + 90

    def paint_cell(
        self, painter: QPainter, option: QStyleOptionViewItem, row: RemainingBeam
    ) -> None:
        """Paint bar and meterset."""
        theme, metrics = current_theme(), option.fontMetrics
        area: QRect = option.rect.adjusted(_MARGIN, 0, -_MARGIN, 0)
        words = share_words(row)
        room = max(metrics.horizontalAdvance(_WIDEST), metrics.horizontalAdvance(words))
        width = max(24, area.width() - room - _MARGIN)
        middle = area.center().y()
        track = QRectF(area.left(), middle - _BAR / 2, width, _BAR)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.line))
        painter.drawRoundedRect(track, _BAR / 2, _BAR / 2)
        share = delivered_share(row)
        if share > 0:
            is_whole = row.standing is BeamStanding.ALREADY_TREATED
            painter.setBrush(QColor(theme.done if is_whole else theme.progress))
            done = QRectF(track.topLeft(), track.size())
            done.setWidth(max(_BAR, width * share))
            painter.drawRoundedRect(done, _BAR / 2, _BAR / 2)
        painter.setPen(QColor(theme.text))
        base = middle + (metrics.ascent() - metrics.descent()) // 2
        painter.drawText(area.right() - metrics.horizontalAdvance(words), base, words)
