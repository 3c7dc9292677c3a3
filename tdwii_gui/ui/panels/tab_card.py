"""A card of several pages, with room beside the tabs."""

from __future__ import annotations

from typing import Final, cast

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QTabBar, QWidget

from tdwii_gui.ui.panels.card import Card

CORNER_MARGIN: Final = 10
"""Below a label in the corner of tabs, so that it stands on the line of their titles."""


class TabCard(Card):
    """Pages of which one is shown.

    Attributes
    ----------
    tabs : QTabBar
        Which one.
    corner : QHBoxLayout
        Right of the tabs.

    Signals
    -------
    page_changed : QWidget
        Another page is shown.
    """

    page_changed = Signal(object)

    def __init__(self, name: str, accessible_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.tabs = QTabBar()
        self.tabs.setObjectName(name)
        self.tabs.setAccessibleName(accessible_name)
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self._pages = QStackedWidget()
        self.corner = QHBoxLayout()
        self.corner.setSpacing(10)
        line = QHBoxLayout()
        line.setSpacing(10)
        line.addWidget(self.tabs, 0, Qt.AlignmentFlag.AlignVCenter)
        line.addStretch(1)
        line.addLayout(self.corner)
        self.body.addLayout(line)
        self.body.addWidget(self._pages, 1)
        self.tabs.currentChanged.connect(self._on_tab)

    @property
    def page(self) -> QWidget:
        """The page that is shown."""
        return cast("QWidget", self._pages.currentWidget())

    def add_page(self, page: QWidget, title: str) -> None:
        """Add a page with its tab."""
        self._pages.addWidget(page)
        self.tabs.addTab(title)

    def show_page(self, page: QWidget) -> None:
        """Show a page."""
        self.tabs.setCurrentIndex(self._pages.indexOf(page))

    def _on_tab(self, number: int) -> None:
        self._pages.setCurrentIndex(number)
        self.page_changed.emit(self.page)
