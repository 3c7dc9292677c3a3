"""A person at the suite's windows: looks, clicks and types, and does nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QMainWindow,
    QProgressBar,
    QTableView,
    QWidget,
)

if TYPE_CHECKING:
    from collections.abc import Callable

W = TypeVar("W", bound=QWidget)


class Hand:
    """Finds widgets by their objectName in visible windows and uses them as a person would.

    Parameters
    ----------
    wait_until : Callable
        Runs the event loop until a condition holds; raises if it does not within patience.
    """

    def __init__(self, wait_until: Callable[[Callable[[], bool]], None]) -> None:
        self._wait_until = wait_until

    def wait(self, condition: Callable[[], object]) -> None:
        """Wait until something can be seen."""
        self._wait_until(lambda: bool(condition()))

    def window(self, name: str) -> QMainWindow:
        """Return the visible window with a name."""

        def find() -> QMainWindow | None:
            windows = (w for w in QApplication.topLevelWidgets() if isinstance(w, QMainWindow))
            return next((w for w in windows if w.objectName() == name and w.isVisible()), None)

        self.wait(find)
        found = find()
        assert found is not None
        return found

    def find(self, window: QWidget, kind: type[W], name: str) -> W:
        """Return a widget that can be used now, or within the time of a person's patience."""

        def usable() -> W | None:
            found = window.findChildren(kind, name)
            return next((each for each in found if each.isVisible() and each.isEnabled()), None)

        try:
            self.wait(usable)
        except Exception as error:
            there = [
                (w.isVisible(), w.isEnabled(), w.toolTip()) for w in window.findChildren(kind, name)
            ]
            raise AssertionError(
                f"{name} cannot be used in {window.objectName()}: {there}"
            ) from error
        widget = usable()
        assert widget is not None
        return widget

    def click(self, window: QWidget, name: str) -> None:
        """Click a button once it is enabled."""
        button = self.find(window, QAbstractButton, name)
        QTest.mouseClick(button, Qt.MouseButton.LeftButton, pos=button.rect().center())

    def tick(self, window: QWidget, name: str) -> None:
        """Tick a check box with the space bar."""
        box = self.find(window, QCheckBox, name)
        if not box.isChecked():
            box.setFocus()
            QTest.keyClick(box, Qt.Key.Key_Space)
        assert box.isChecked()

    def fastest(self, window: QWidget, name: str) -> None:
        """Choose the last entry of a combo box with the End key."""
        combo = self.find(window, QComboBox, name)
        combo.setFocus()
        QTest.keyClick(combo, Qt.Key.Key_End)
        assert combo.currentIndex() == combo.count() - 1

    def second(self, window: QWidget, name: str) -> None:
        """Choose the second entry of a combo box with Home and the arrow key."""
        combo = self.find(window, QComboBox, name)
        combo.setFocus()
        QTest.keyClick(combo, Qt.Key.Key_Home)
        QTest.keyClick(combo, Qt.Key.Key_Down)
        assert combo.currentIndex() == 1

    def type(self, window: QWidget, name: str, text: str) -> None:
        """Type into a field in the place of what is there."""
        field = self.find(window, QLineEdit, name)
        field.setFocus()
        field.selectAll()
        QTest.keyClicks(field, text)

    def choose_row(self, window: QWidget, name: str, row: int = 0) -> None:
        """Click a row of a table once it is there."""
        table = self.find(window, QTableView, name)
        self.wait(lambda: table.model().rowCount() > row)
        table.scrollTo(table.model().index(row, 0))
        place = table.visualRect(table.model().index(row, 0)).center()
        QTest.mouseClick(
            table.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place.x(), place.y())
        )

    def read(self, window: QWidget, words: str) -> None:
        """Wait until a label shows these words."""
        self.wait(
            lambda: any(
                words in label.text() for label in window.findChildren(QLabel) if label.isVisible()
            )
        )

    def cells(self, window: QWidget, name: str) -> list[list[str]]:
        """Return what a table shows."""
        model = self.find(window, QTableView, name).model()
        return [
            [str(model.index(row, column).data() or "") for column in range(model.columnCount())]
            for row in range(model.rowCount())
        ]

    def rows(self, window: QWidget, name: str) -> list[list[str]]:
        """Return what a table shows once it shows anything."""
        self.wait(lambda: self.cells(window, name))
        return self.cells(window, name)

    def prepare(self, launcher: QWidget) -> QMainWindow:
        """Take the first step of the TDD's worklist up to the claim; return the TDD's window."""
        self.click(launcher, "open_tdd")
        tdd = self.window("tdd")
        self.click(tdd, "refresh")
        self.choose_row(tdd, "worklist")
        self.click(tdd, "select_patient")
        for box in ("confirm_name", "confirm_birth_date", "confirm_id"):
            self.tick(tdd, box)
        self.click(tdd, "confirm_patient")
        self.click(tdd, "claim")
        return tdd

    def treat(self, launcher: QWidget) -> None:
        """Deliver the first step of the TDD's worklist, to its end."""
        tdd = self.prepare(launcher)
        self.fastest(tdd, "speed")
        self.click(tdd, "beam_on")
        self.click(tdd, "store_record")
        self.click(tdd, "final_update")
        self.click(tdd, "complete")
        self.click(tdd, "complete_treatment")
        self.click(tdd, "next_patient")

    def interrupt(self, launcher: QWidget) -> None:
        """Stop the first step of the TDD's worklist in mid-beam, and cancel it with its record."""
        tdd = self.prepare(launcher)
        self.second(tdd, "speed")
        self.click(tdd, "beam_on")
        self.find(tdd, QAbstractButton, "pause")
        self.wait(lambda: self.find(tdd, QProgressBar, "session_progress").value() > 0)
        self.click(tdd, "pause")
        self.click(tdd, "end_session")
        self.click(tdd, "confirm_end_session")
        self.click(tdd, "store_record")
        self.click(tdd, "cancel_treatment")
        self.click(tdd, "confirm_cancel")
        self.click(tdd, "next_patient")

    def schedule(self, launcher: QWidget, plan: str) -> None:
        """Schedule a fraction of a plan of the demo patient."""
        self.click(launcher, "open_creator")
        creator = self.window("creator")
        self.click(creator, f"demo_{plan}")
        self.click(creator, "schedule")
