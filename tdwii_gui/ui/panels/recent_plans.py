"""The page of a window without a plan: it invites to open one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QRectF, QSettings, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.icons import icon
from tdwii_gui.ui.panels.labels import ElidedLabel, caption, heading, muted, set_primary
from tdwii_gui.ui.theme import current_theme, set_property

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent

MOST_RECENT: Final = 8
_RECENT: Final = "creator/recent_plans"
_FOLDER: Final = "creator/last_folder"


class RecentPlans:
    """The plans opened last, newest first, and the folder they came from; kept in QSettings."""

    def paths(self) -> list[Path]:
        """Return the files as they are remembered; they may be gone."""
        stored = QSettings().value(_RECENT, [])
        names = [stored] if isinstance(stored, str) else stored
        return [Path(name) for name in names if name] if isinstance(names, list) else []

    def add(self, path: Path) -> None:
        """Remember a plan as the newest one."""
        others = [each for each in self.paths() if each != path]
        QSettings().setValue(_RECENT, [str(each) for each in [path, *others][:MOST_RECENT]])
        QSettings().setValue(_FOLDER, str(path.parent))

    def keep(self, present: Sequence[Path]) -> None:
        """Forget the plans that are not among those present."""
        kept = [str(path) for path in self.paths() if path in set(present)]
        QSettings().setValue(_RECENT, kept)

    @property
    def folder(self) -> str:
        """The folder to look in first; may be empty or gone."""
        return str(QSettings().value(_FOLDER, ""))


class StartPage(QWidget):
    """Open a plan, take a demo plan, or one of the last.

    Signals
    -------
    open_asked
        The user wants to choose a file.
    find_asked
        The user wants to find a plan in the archive.
    demo_asked : str
        The user wants the demo patient's plan: ``photon``, ``electron`` or ``ion``.
    recent_asked : Path
        The user wants one of the recent plans.
    """

    open_asked = Signal()
    find_asked = Signal()
    demo_asked = Signal(str)
    recent_asked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tiles: list[tuple[QPushButton, str]] = []
        zone = _DropZone()
        zone.setMaximumWidth(zone.fontMetrics().averageCharWidth() * 130)
        rows = QVBoxLayout(zone)
        rows.setContentsMargins(32, 28, 32, 28)
        rows.setSpacing(10)
        rows.addWidget(heading(self.tr("Which plan shall be treated?")))
        words = self.tr(
            "Drop an RT Plan, an RT Ion Plan or a folder here, open a file, or find it in the OST."
        )
        rows.addWidget(muted(words, wraps=True))
        rows.addLayout(self._open_row())
        rows.addSpacing(14)
        rows.addWidget(caption(self.tr("Demo patient, made for this program")))
        rows.addLayout(self._demo_row())
        self._recent_title = caption(self.tr("Recent plans"))
        self._recent = QGridLayout()
        self._recent.setSpacing(4)
        self._recent.setColumnStretch(1, 1)
        rows.addSpacing(14)
        rows.addWidget(self._recent_title)
        rows.addLayout(self._recent)
        outer = QVBoxLayout(self)
        outer.addStretch(1)
        line = QHBoxLayout()
        line.addStretch(1)
        line.addWidget(zone, 6)
        line.addStretch(1)
        outer.addLayout(line)
        outer.addStretch(2)
        self.show_recent([])

    def show_recent(self, paths: Sequence[Path]) -> None:
        """Show the recent plans."""
        while (item := self._recent.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._recent_title.setVisible(bool(paths))
        for row, path in enumerate(paths[:MOST_RECENT]):
            button = QPushButton(texts.plain(path.name, 60).replace("&", "&&"))
            button.setObjectName(f"recent_{row}")
            button.setProperty("flat", True)
            button.setToolTip(texts.tooltip(path))
            button.clicked.connect(lambda _on=False, chosen=path: self.recent_asked.emit(chosen))
            folder = ElidedLabel(str(path.parent))
            set_property(folder, "role", "muted")
            self._recent.addWidget(button, row, 0, Qt.AlignmentFlag.AlignLeft)
            self._recent.addWidget(folder, row, 1)

    def changeEvent(self, event: QEvent) -> None:
        """Draw the icons in the colours of another theme."""
        if event.type() == QEvent.Type.PaletteChange:
            for tile, image in self._tiles:
                tile.setIcon(icon(image))
        super().changeEvent(event)

    def _open_row(self) -> QHBoxLayout:
        button = QPushButton(self.tr("&Open a plan…"))
        button.setObjectName("open_plan")
        button.setToolTip(texts.tooltip(self.tr("Choose a plan file (Ctrl+O)")))
        button.clicked.connect(self.open_asked)
        set_primary(button)
        self.setFocusProxy(button)
        find = QPushButton(self.tr("&Find in the OST…"))
        find.setObjectName("find_plan")
        find.setToolTip(texts.tooltip(self.tr("Query the archive for plans (Ctrl+Shift+O)")))
        find.clicked.connect(self.find_asked)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(button)
        row.addWidget(find)
        row.addStretch(1)
        return row

    def _demo_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(12)
        for kind, text, words in (
            ("photon", self.tr("Demo patient: &photon"), self.tr("static, window and arc")),
            ("electron", self.tr("Demo patient: &electron"), self.tr("applicator and insert")),
            ("ion", self.tr("Demo patient: &ion"), self.tr("scanned protons")),
        ):
            button = QPushButton(icon("person"), f"{text}\n{words}")
            button.setObjectName(f"demo_{kind}")
            button.setIconSize(QSize(28, 28))
            button.setStyleSheet("text-align: left; padding: 10px 14px;")
            button.clicked.connect(lambda _on=False, chosen=kind: self.demo_asked.emit(chosen))
            row.addWidget(button, 1)
            self._tiles.append((button, "person"))
        return row


class _DropZone(QWidget):
    """A place with a dashed border, as people know it from where files are dropped."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint ground and border."""
        del event
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            theme = current_theme()
            painter.setPen(QPen(QColor(theme.muted), 1.5, Qt.PenStyle.DashLine))
            painter.setBrush(QColor(theme.card))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 12, 12)
