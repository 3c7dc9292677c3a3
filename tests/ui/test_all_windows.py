"""What holds for every window: accessible names, translated texts, plain text, tab order."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QCoreApplication, Qt, QTranslator
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDockWidget,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMainWindow,
    QMenu,
    QTabBar,
    QTableView,
    QWidget,
)

from tdwii_gui.ui.panels.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tdwii_gui.app.desktop import SuiteProgram
    from tests.ui.hand import Hand

ROLES = ("creator", "tms", "tdd", "ppvs", "ost")
OPEN, CLOSE = "⟦", "⟧"

INTERACTIVE = (QAbstractButton, QLineEdit, QComboBox, QAbstractSpinBox, QAbstractItemView, QTabBar)
OF_QT = ("qt_", "ScrollLeftButton", "ScrollRightButton")


class PseudoLanguage(QTranslator):
    """Marks every text that goes through tr."""

    def isEmpty(self) -> bool:  # noqa: N802 - Qt's name
        return False

    def translate(
        self, context: str, text: str, disambiguation: str | None = None, n: int = -1
    ) -> str:
        del context, disambiguation, n
        return f"{OPEN}{text}{CLOSE}"


def open_all(program: SuiteProgram, hand: Hand, *, filled: bool) -> list[QMainWindow]:
    """Open all windows, with a scheduled fraction or empty."""
    launcher = hand.window("launcher")
    for role in ROLES:
        hand.click(launcher, f"open_{role}")
    hand.click(launcher, "scenarios_button")
    scenarios = hand.window("scenarios")
    hand.rows(scenarios, "scenarios")
    # What a scenario says of itself is in English.
    hand.find(scenarios, QTableView, "scenarios").clearSelection()
    program.launcher.board.faults_wanted.emit("tms")
    hand.find(launcher, QAbstractButton, "close_faults")
    windows = [launcher, *(hand.window(role) for role in ROLES), scenarios]
    if filled:
        creator, tms = windows[1], windows[2]
        hand.click(creator, "demo_photon")
        hand.click(creator, "schedule")
        hand.wait(lambda: hand.cells(tms, "worklist"))
        hand.choose_row(tms, "worklist")
        tdd = windows[3]
        hand.click(tdd, "refresh")
        hand.choose_row(tdd, "worklist")
        hand.click(tdd, "select_patient")
        hand.find(tdd, QAbstractButton, "confirm_name")
    for window in windows:
        for dock in window.findChildren(QDockWidget):
            dock.show()
    return windows


@pytest.fixture
def pseudo_language(qapp: QApplication) -> Iterator[None]:
    translator = PseudoLanguage(qapp)
    QCoreApplication.installTranslator(translator)
    yield
    QCoreApplication.removeTranslator(translator)


def test_controls_have_names_and_are_reached_by_tab_and_labels_are_plain(
    program: SuiteProgram, hand: Hand
) -> None:
    nameless, unreachable, rich = [], [], []
    for window in open_all(program, hand, filled=True):
        for widget in window.findChildren(QWidget):
            place = f"{window.objectName()}: {_path(widget)}"
            if isinstance(widget, INTERACTIVE) and not _is_inner(widget):
                if not _name(widget):
                    nameless.append(place)
                if not _takes_tab(widget):
                    unreachable.append(place)
            if isinstance(widget, QLabel) and not _is_plain(widget):
                rich.append(f"{place}: {widget.text()!r}")
    assert not nameless, "\n".join(nameless)
    assert not unreachable, "\n".join(unreachable)
    assert not rich, "\n".join(rich)


@pytest.mark.parametrize("filled", [False, True], ids=["empty", "filled"])
def test_every_visible_text_is_translated(
    pseudo_language: None, program: SuiteProgram, hand: Hand, filled: bool
) -> None:
    untranslated = set()
    for window in open_all(program, hand, filled=filled):
        for where, text in _texts(window):
            if not _is_translated(text):
                untranslated.add(f"{window.objectName()}: {where}: {text!r}")
    assert not untranslated, "\n".join(sorted(untranslated))


def _texts(window: QMainWindow) -> Iterator[tuple[str, str]]:
    yield "title", window.windowTitle()
    for action in window.findChildren(QAction):
        if not action.isSeparator():
            yield f"action {action.objectName()}", action.text()
    for widget in window.findChildren(QWidget):
        if not _is_inner(widget) and not isinstance(widget, QMenu) and not _is_english(widget):
            for text in _texts_of(widget):
                yield _path(widget), text


def _is_english(widget: QWidget) -> bool:
    """Whether a widget shows words of the core: those of statuses and faults."""
    return widget.objectName() in ("fault_status", "fault_words")


def _texts_of(widget: QWidget) -> Iterator[str]:
    yield widget.toolTip()
    yield widget.accessibleName()
    match widget:
        case QLabel() | QAbstractButton():
            yield widget.text()
        case QLineEdit():
            yield widget.placeholderText()
        case QComboBox():
            yield from (widget.itemText(n) for n in range(widget.count()))
        case QTabBar():
            yield from (widget.tabText(n) for n in range(widget.count()))
        case QTableView():
            model = widget.model()
            heads = (
                model.headerData(n, Qt.Orientation.Horizontal) for n in range(model.columnCount())
            )
            yield from (str(head or "") for head in heads)
    if isinstance(widget, Table) and not widget.rows.rowCount():
        yield widget._empty()


# Words of the standard and of this suite's configuration, and what stands in the demo patient.
DATA = re.compile(
    r"[^A-Za-z]*(?:(?:RO|UPS|TMS|TDD|PPVS|PPVS_SCP|OST|RTBDI|RTBDI_CREATOR|DEMO|TDWII|PHOTON|UTC|MU|ms|"
    r"CT|C-ECHO|C-FIND|C-MOVE|C-STORE|N-CREATE|N-SET|N-ACTION|N-GET|N-EVENT-REPORT|DEMO-LINAC|"
    r"RT treatment|Treatment Delivery|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|"
    r"[A-Z]\d*|x|of)[^A-Za-z]*)*"
)


def _is_translated(text: str) -> bool:
    """Return whether what is outside of translated texts is data."""
    outside = re.sub(r"<[^>]*>", "", text)
    depth, rest = 0, []
    for character in outside:
        depth += (character == OPEN) - (character == CLOSE)
        if depth == 0 and character != CLOSE:
            rest.append(character)
    return DATA.fullmatch("".join(rest)) is not None


def _takes_tab(widget: QWidget) -> bool:
    return bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)


def _is_plain(label: QLabel) -> bool:
    """Whether a label cannot take a peer's text for rich text; names of fields are ours alone."""
    is_name = label.buddy() is not None or not label.text()
    return is_name or label.textFormat() == Qt.TextFormat.PlainText


def _name(widget: QWidget) -> str:
    if isinstance(widget, QAbstractButton) and len(widget.text().strip()) > 1:
        return widget.text()
    if widget.accessibleName():
        return widget.accessibleName()
    window = widget.window()
    buddies = (label for label in window.findChildren(QLabel) if label.buddy() is widget)
    return next((label.text() for label in buddies), "")


def _is_inner(widget: QWidget) -> bool:
    """Whether a widget is made by Qt inside another one."""
    parent = widget.parentWidget()
    makers = QAbstractSpinBox | QComboBox | QAbstractItemView | QHeaderView | QLineEdit
    inside = isinstance(parent, makers) and not widget.objectName()
    return (
        inside
        or isinstance(widget, QHeaderView)
        or widget.objectName().startswith(OF_QT)
        or (parent is not None and parent.objectName().startswith(OF_QT))
        or type(widget).__name__ in ("QComboBoxPrivateContainer", "QDockWidgetTitleButton")
        or (isinstance(parent, QDockWidget) and isinstance(widget, QAbstractButton))
        or (isinstance(parent, QWidget) and parent.windowType() == Qt.WindowType.Popup)
    )


def _path(widget: QWidget) -> str:
    names: list[str] = []
    found: QWidget | None = widget
    while found is not None and len(names) < 3:
        names.append(found.objectName() or type(found).__name__)
        found = found.parentWidget()
    return "/".join(reversed(names))
