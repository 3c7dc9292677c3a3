"""The least that Qt can show, as a measure for the launcher."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication, QLabel, QMainWindow

from benchmarks.measure import since_spawned, tell


def main() -> None:
    """Show a window with a line of text, look at it, and tell how long that took."""
    application = QApplication([])
    window = QMainWindow()
    window.setCentralWidget(QLabel("x"))
    window.resize(900, 600)
    window.show()
    application.processEvents()
    window.grab()
    tell({"shown": since_spawned()})


if __name__ == "__main__":
    main()
