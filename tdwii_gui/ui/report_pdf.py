"""`report.pdf`: the report on paper, from the same model as `report.html`, written by Qt alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontInfo,
    QPageLayout,
    QPageSize,
    QPainter,
    QPdfWriter,
    QTextDocument,
)
from PySide6.QtSvg import QSvgRenderer

from tdwii_gui.evidence.ladder import HEAD, ROW, WIDTH, Ladder
from tdwii_gui.evidence.palette import COLOURS
from tdwii_gui.evidence.paper import SHEET, back_pages, front_page
from tdwii_gui.evidence.rungs import lanes_of, rungs_of
from tdwii_gui.evidence.words import rungs_left_out

if TYPE_CHECKING:
    from pathlib import Path

    from tdwii_gui.evidence.markup import Markup
    from tdwii_gui.evidence.report import Report

_DPI: Final = 96
"""In which pages are laid out; what is drawn is as sharp as the reader can show it."""

_PAGE: Final = QSizeF(794, 1123)
_SIDE: Final = 48.0
_TOP: Final = 44.0
_BOTTOM: Final = 56.0
_INNER: Final = QSizeF(_PAGE.width() - 2 * _SIDE, _PAGE.height() - _TOP - _BOTTOM)
_FAMILIES: Final = ("Inter", "Segoe UI", "Helvetica Neue", "Noto Sans", "DejaVu Sans")


def write_pdf(path: Path, report: Report) -> None:
    """Write a report as PDF; may be called on any thread, if there is a QGuiApplication.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setTitle(report.title)
    writer.setCreator("tdwii_gui")
    writer.setResolution(_DPI * 8)
    writer.setPageLayout(
        QPageLayout(
            QPageSize(QPageSize.PageSizeId.A4), QPageLayout.Orientation.Portrait, QMarginsF()
        )
    )
    painter = QPainter(writer)
    painter.scale(writer.width() / _PAGE.width(), writer.height() / _PAGE.height())
    _Paper(writer, painter, report).draw()
    painter.end()
    path.write_bytes(buffer.data().data())


class _Paper:
    """The pages of a report, one after the other."""

    def __init__(self, writer: QPdfWriter, painter: QPainter, report: Report) -> None:
        self._writer = writer
        self._painter = painter
        self._title = report.title
        self._page = 0
        self._font = QFont(list(_FAMILIES))
        self._font.setPixelSize(11)
        self._font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
        # Signs in another form for capitals ("RO-58") would not be found by who searches them.
        self._font.setFeature(QFont.Tag("calt"), 0)
        self._front = self._document(front_page(report))
        self._ladder = _ladder_pages(report, QFontInfo(self._font).family())
        self._back = self._document(back_pages(report))
        self._pages = self._front.pageCount() + len(self._ladder) + self._back.pageCount()

    def draw(self) -> None:
        """Draw all pages."""
        self._draw_document(self._front)
        for picture in self._ladder:
            self._begin_page()
            renderer = QSvgRenderer(QByteArray(picture.encode()))
            size = QSizeF(renderer.defaultSize())
            height = size.height() * _INNER.width() / size.width()
            renderer.render(self._painter, QRectF(_SIDE, _TOP, _INNER.width(), height))
        self._draw_document(self._back)

    def _document(self, body: Markup) -> QTextDocument:
        document = QTextDocument()
        document.setUndoRedoEnabled(False)
        document.setUseDesignMetrics(True)
        document.setDefaultFont(self._font)
        document.setDefaultStyleSheet(SHEET)
        document.setDocumentMargin(0)
        document.setHtml(body)
        document.setPageSize(_INNER)
        return document

    def _draw_document(self, document: QTextDocument) -> None:
        for page in range(document.pageCount()):
            self._begin_page()
            top = page * _INNER.height()
            self._painter.save()
            self._painter.translate(_SIDE, _TOP - top)
            document.drawContents(self._painter, QRectF(0, top, _INNER.width(), _INNER.height()))
            self._painter.restore()

    def _begin_page(self) -> None:
        """Begin a page and draw its foot."""
        if self._page:
            self._writer.newPage()
        self._page += 1
        painter, bottom = self._painter, _PAGE.height() - _BOTTOM + 14
        painter.setFont(self._font)
        painter.setPen(QColor(COLOURS["line"]))
        painter.drawLine(QPointF(_SIDE, bottom), QPointF(_PAGE.width() - _SIDE, bottom))
        painter.setPen(QColor(COLOURS["muted"]))
        foot = QRectF(_SIDE, bottom + 2, _INNER.width(), 20)
        middle = Qt.AlignmentFlag.AlignVCenter
        title = painter.fontMetrics().elidedText(
            self._title, Qt.TextElideMode.ElideRight, round(_INNER.width() * 0.36)
        )
        for side, text in (
            (Qt.AlignmentFlag.AlignLeft, title),
            (Qt.AlignmentFlag.AlignHCenter, "Emulator – not for clinical use"),
            (Qt.AlignmentFlag.AlignRight, f"{self._page} of {self._pages}"),
        ):
            painter.drawText(foot, side | middle, text)


def _ladder_pages(report: Report, family: str) -> list[Markup]:
    """Return the ladder in pictures that each fit a page."""
    rungs, note = rungs_of(report), rungs_left_out(report)
    ladder = Ladder(lanes_of(report), fonts=family)
    room = _INNER.height() * WIDTH / _INNER.width() - HEAD
    each = int(room // ROW) - 1
    pages = [rungs[place : place + each] for place in range(0, len(rungs), each)]
    return [ladder.draw(page, note if page is pages[-1] else "") for page in pages]
