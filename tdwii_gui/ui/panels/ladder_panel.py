"""The card of the live ladder, with its table twin."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, QTimer, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QMenu, QPushButton, QStackedLayout, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.models.arrow import LIMIT, Arrow
from tdwii_gui.ui.models.row_model import Column, RowModel
from tdwii_gui.ui.panels.card import Card
from tdwii_gui.ui.panels.table import Table
from tdwii_gui.ui.views.ladder_layout import tone
from tdwii_gui.ui.views.ladder_picture import LadderPicture
from tdwii_gui.ui.views.ladder_view import LadderView

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tdwii_gui.ui.models.arrow import ArrowChange, Lane

_POLL_MS: Final = 40
_ROWS_MEASURED: Final = 60


@dataclass(slots=True)
class _Saving:
    """A picture that a thread writes; `ended` is set last."""

    path: Path
    error: OSError | None = None
    ended: bool = False

    def run(self, picture: LadderPicture) -> None:
        """Write the picture, on a thread of its own."""
        try:
            picture.save(self.path)
        except OSError as error:
            self.error = error
        self.ended = True


class LadderPanel(Card):
    """What happens on the network, as a ladder or as a table.

    Attributes
    ----------
    ladder : LadderView
        The ladder.
    table : Table
        The same exchanges as text.

    Signals
    -------
    chosen : int
        The key of the exchange that was chosen.
    saved : str
        The path of a picture that was written.
    failed : str
        Why one was not, in words.
    cleared : ()
        The user has emptied the ladder.
    lane_asked : (str, QPoint)
        A context menu is asked for on a lane (its key), at a global position.
    """

    chosen = Signal(int)
    saved = Signal(str)
    failed = Signal(str)
    cleared = Signal()
    lane_asked = Signal(str, QPoint)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.set_title(self.tr("What happens on the network"))
        self.setObjectName("ladder_panel")
        self.ladder = LadderView()
        self._model: RowModel[Arrow] = RowModel(self._columns(), lambda row: row.key, limit=LIMIT)
        self.table = Table(
            self._model,
            name="ladder_table",
            accessible_name=self.tr("Table of the messages between the actors"),
            empty=self._why_empty,
        )
        self.table.horizontalHeader().setResizeContentsPrecision(_ROWS_MEASURED)
        self._pages = QStackedLayout()
        self._pages.addWidget(self.ladder)
        self._pages.addWidget(self.table)
        self.body.addLayout(self._pages, 1)
        self._dialog: QFileDialog | None = None
        self._saving: _Saving | None = None
        self._polling = QTimer(self)
        self._polling.setInterval(_POLL_MS)
        self._polling.timeout.connect(self._on_polling)
        self._as_table = self._button("ladder_as_table", checkable=True)
        self._as_table.setText(self.tr("&Table"))
        self._as_table.setToolTip(texts.tooltip(self.tr("The same exchanges as a table")))
        self._pause = self._button("ladder_pause", checkable=True)
        self._only_problems = self._button("ladder_only_problems", checkable=True)
        self._save = self._button("ladder_save")
        self._save.setText(self.tr("Sa&ve"))
        self._save.setMenu(self._save_menu())
        self._as_table.toggled.connect(self._on_as_table)
        self._pause.toggled.connect(self.ladder.set_paused)
        self._only_problems.toggled.connect(self._on_only_problems)
        self.ladder.put.connect(self._on_put)
        self.ladder.counted.connect(self._show_counts)
        self.ladder.chosen.connect(self.chosen)
        self.ladder.lane_asked.connect(self.lane_asked)
        self.ladder.clear_asked.connect(self._on_clear_asked)
        self.table.chosen.connect(self._on_row_chosen)
        self._show_counts()

    def set_lanes(self, lanes: Sequence[Lane]) -> None:
        """Show lanes, from left to right."""
        self.ladder.set_lanes(lanes)

    def show_changes(self, changes: Iterable[ArrowChange], lanes: Sequence[Lane]) -> None:
        """Show what an `ExchangeLog` made of new exchanges, and its lanes."""
        self.ladder.set_lanes(lanes)
        new = []
        for change in changes:
            if change.is_new:
                new.append(change.arrow)
            else:
                self.ladder.replace_arrow(change.arrow)
        if new:
            self.ladder.add_arrows(new)

    def clear(self) -> None:
        """Forget all exchanges."""
        self.ladder.clear()
        self._model.clear()

    def show_only_problems(self, only: bool = True) -> None:
        """Show only failures and warnings, or all."""
        self._only_problems.setChecked(only)

    def select(self, key: int | None) -> None:
        """Choose an exchange without telling it."""
        self.ladder.select(key)
        if key is not None and self._as_table.isChecked():
            self._model_shows_all()
            self.table.select_key(key)

    def save(self, path: Path) -> None:
        """Write a picture of what the ladder shows; SVG by the file's suffix, else PNG.

        A long one takes a second: a thread draws it, and `saved` or `failed` follows.
        """
        picture = LadderPicture.of(self.ladder)
        self._saving = _Saving(path)
        Thread(target=self._saving.run, args=(picture,), name="ladder-save", daemon=True).start()
        self._save.setEnabled(False)
        self._polling.start()

    def _button(self, name: str, *, checkable: bool = False) -> QPushButton:
        button = QPushButton()
        button.setObjectName(name)
        button.setCheckable(checkable)
        self.head.addWidget(button)
        return button

    def _save_menu(self) -> QMenu:
        menu = QMenu(self)
        svg = menu.addAction(self.tr("Drawing (&SVG)…"))
        svg.setObjectName("ladder_save_svg")
        svg.triggered.connect(lambda: self._ask_file(self.tr("SVG drawing (*.svg)"), "svg"))
        png = menu.addAction(self.tr("Picture (&PNG)…"))
        png.setObjectName("ladder_save_png")
        png.triggered.connect(lambda: self._ask_file(self.tr("PNG picture (*.png)"), "png"))
        return menu

    def _columns(self) -> list[Column[Arrow]]:
        return [
            Column(self.tr("Time"), lambda row: texts.clock(row.at), key=lambda row: row.key),
            Column(self.tr("RO"), lambda row: texts.plain(row.transaction, 12)),
            Column(self.tr("From"), lambda row: self._lane_title(row.from_lane)),
            Column(self.tr("To"), lambda row: self._lane_title(row.to_lane)),
            Column(self.tr("Message"), lambda row: texts.plain(row.title), share=2),
            Column(
                self.tr("Outcome"),
                lambda row: texts.plain(f"{row.glyph} {row.outcome}"),
                tooltip=lambda row: texts.tooltip(row.outcome),
                tone=tone,
                share=1,
            ),
            Column(
                self.tr("ms"),
                lambda row: texts.number(row.milliseconds),
                key=lambda row: row.milliseconds,
                right=True,
            ),
        ]

    def _lane_title(self, key: str) -> str:
        return next((lane.title for lane in self.ladder.lanes if lane.key == key), "?")

    def _why_empty(self) -> str:
        if self._only_problems.isChecked() and self._model.total:
            return self.tr("No problems among {0} exchanges.").format(f"{self._model.total:,}")
        return self.tr("No messages yet.")

    def _ask_file(self, kind: str, suffix: str) -> None:
        dialog = QFileDialog(self, self.tr("Save the ladder"), "", kind)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(suffix)
        dialog.selectFile(f"ladder.{suffix}")
        dialog.fileSelected.connect(self._on_file_selected)
        self._dialog = dialog
        dialog.open()

    def _model_shows_all(self) -> None:
        """Bring the table up to date; while it is hidden it costs nothing."""
        kept = self.ladder.arrows
        if self._model.total != kept.total:
            self._model.replace_all(kept.everything())

    @Slot(str)
    def _on_file_selected(self, path: str) -> None:
        self.save(Path(path))

    @Slot()
    def _on_polling(self) -> None:
        saving = self._saving
        if saving is None or not saving.ended:
            return
        self._polling.stop()
        self._saving = None
        self._save.setEnabled(not self._as_table.isChecked())
        if saving.error is None:
            self.saved.emit(str(saving.path))
        else:
            self.failed.emit(self.tr("The picture was not saved: {0}").format(saving.error))

    @Slot(bool)
    def _on_as_table(self, as_table: bool) -> None:
        if as_table:
            self._model.replace_all(self.ladder.arrows.everything())
        self._pages.setCurrentWidget(self.table if as_table else self.ladder)
        self._save.setEnabled(not as_table and self._saving is None)
        if as_table and self.ladder.selected is not None:
            self.table.select_key(self.ladder.selected)
        elif as_table:
            self.table.scrollToBottom()

    @Slot(bool)
    def _on_only_problems(self, only: bool) -> None:
        self.ladder.set_only_problems(only)
        self._model.set_filter((lambda row: row.is_problem) if only else None)

    @Slot(object)
    def _on_put(self, arrows: list[Arrow]) -> None:
        if not self._as_table.isChecked():
            return
        bar = self.table.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 4
        for arrow in arrows:
            self._model.put(arrow)
        if at_end:
            self.table.scrollToBottom()

    @Slot(object)
    def _on_row_chosen(self, row: Arrow | None) -> None:
        if row is not None and row.key != self.ladder.selected:
            self.ladder.select(row.key)
            self.chosen.emit(row.key)

    @Slot()
    def _on_clear_asked(self) -> None:
        self.clear()
        self.cleared.emit()

    @Slot()
    def _show_counts(self) -> None:
        waiting = self.ladder.waiting
        if not self.ladder.paused:
            self._pause.setText(self.tr("&Pause"))
        elif waiting:
            self._pause.setText(self.tr("Resume ({0} new)").format(waiting))
        else:
            self._pause.setText(self.tr("Resume"))
        problems = self.ladder.arrows.problems
        words = self.tr("Only p&roblems")
        self._only_problems.setText(f"{words} ({problems})" if problems else words)
