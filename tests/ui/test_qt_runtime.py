"""What of Qt the windows will rely on, and what has crashed before."""

from __future__ import annotations

import sys

import pytest

QtCore = pytest.importorskip("PySide6.QtCore")


class Emitter(QtCore.QObject):
    happened = QtCore.Signal(object)


def test_emitting_a_signal_keeps_the_reference_count_of_true(qtbot) -> None:
    """PySide6 6.12.0 drops a reference at each emit on Python 3.11, and aborts at some 570."""
    emitter = Emitter()
    heard = []
    emitter.happened.connect(heard.append)
    before = sys.getrefcount(True)
    for _ in range(30):
        emitter.happened.emit(object())
    # Immortal objects (Python 3.12 and later) always show the same count.
    assert sys.getrefcount(True) >= before - 3
    assert len(heard) == 30


def test_a_window_opens_without_a_display(qtbot) -> None:
    from PySide6.QtWidgets import QMainWindow

    window = QMainWindow()
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    assert window.isVisible()
