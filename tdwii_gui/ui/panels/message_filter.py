"""The bar above the messages of a recording by which they are filtered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QPushButton, QToolButton, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.models.recorded_messages import MessageFilter

if TYPE_CHECKING:
    from collections.abc import Iterable

_TYPING_MS: Final = 150


class MessageFilterBar(QWidget):
    """Text, service, AE title and transaction of messages, or only the problems among them.

    Signals
    -------
    changed : MessageFilter
        Other messages are wanted.
    """

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("message_filter")
        self._told = MessageFilter()
        self._association = 0
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self._tell)
        self._text = self._text_field()
        self._services = self._choice("filter_service", self.tr("Filter by message"))
        self._titles = self._choice("filter_ae_title", self.tr("Filter by AE title"))
        self._transactions = self._choice("filter_transaction", self.tr("Filter by transaction"))
        self._problems = QToolButton()
        self._problems.setObjectName("filter_problems")
        self._problems.setCheckable(True)
        self._problems.toggled.connect(self._tell)
        self._clear = QPushButton(self.tr("C&lear"))
        self._clear.setObjectName("clear_filter")
        self._clear.setProperty("flat", True)
        self._clear.clicked.connect(self.clear)
        self.offer_services(())
        self.offer_titles(())
        self.offer_transactions(())
        self.show_problems(0)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        line.addWidget(self._text, 1)
        for widget in (
            self._services,
            self._titles,
            self._transactions,
            self._problems,
            self._clear,
        ):
            line.addWidget(widget)
        self._show_clear()

    @property
    def filter(self) -> MessageFilter:
        """What is asked for now."""
        return MessageFilter(
            text=self._text.text().strip(),
            service=self._services.currentData() or "",
            ae_title=self._titles.currentData() or "",
            transaction=self._transactions.currentData() or "",
            only_problems=self._problems.isChecked(),
            association=self._association,
        )

    @property
    def is_asking(self) -> bool:
        """Whether not all messages are asked for."""
        return self.filter != MessageFilter()

    def ask_association(self, number: int) -> None:
        """Ask for the messages of one association."""
        self.ask(MessageFilter(association=number))

    def ask(self, wanted: MessageFilter) -> None:
        """Ask for some messages; what of it is not offered is not asked for."""
        fields = (self._text, self._services, self._titles, self._transactions, self._problems)
        blocked = [QSignalBlocker(each) for each in fields]
        self._text.setText(wanted.text)
        for field, value in (
            (self._services, wanted.service),
            (self._titles, wanted.ae_title),
            (self._transactions, wanted.transaction),
        ):
            field.setCurrentIndex(max(0, field.findData(value)))
        self._problems.setChecked(wanted.only_problems)
        self._association = wanted.association
        del blocked
        self._tell()

    @Slot()
    def clear(self) -> None:
        """Ask for everything."""
        self.ask(MessageFilter())

    def focus_text(self) -> None:
        """Put the keyboard into the text field."""
        self._text.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._text.selectAll()

    def offer_services(self, services: Iterable[str]) -> None:
        """Offer DIMSE services to choose from."""
        self._offer(self._services, self.tr("All messages"), services)

    def offer_titles(self, ae_titles: Iterable[str]) -> None:
        """Offer AE titles to choose from."""
        self._offer(self._titles, self.tr("All systems"), ae_titles)

    def offer_transactions(self, transactions: Iterable[str]) -> None:
        """Offer transactions to choose from."""
        self._offer(self._transactions, self.tr("All transactions"), transactions)

    def show_problems(self, count: int) -> None:
        """Show how many problems there are among all messages."""
        words = self.tr("✕ &Problems")
        self._problems.setText(f"{words} {count:,}" if count else words)
        self._problems.setEnabled(count > 0 or self._problems.isChecked())

    def _offer(self, field: QComboBox, every: str, values: Iterable[str]) -> None:
        """Offer values to choose from; the chosen one stays."""
        chosen = field.currentData() or ""
        offered = sorted({*values, chosen} - {""})
        if [
            field.itemData(place) for place in range(1, field.count())
        ] == offered and field.count():
            return
        with QSignalBlocker(field):
            field.clear()
            field.addItem(every, "")
            for value in offered:
                field.addItem(texts.plain(value, 20), value)
            field.setCurrentIndex(max(0, field.findData(chosen)))

    def _text_field(self) -> QLineEdit:
        field = QLineEdit()
        field.setObjectName("filter_text")
        field.setPlaceholderText(self.tr("Text, UID, status…"))
        field.setAccessibleName(self.tr("Filter by text"))
        field.setToolTip(texts.tooltip(self.tr("Words that must all occur (Ctrl+F)")))
        field.setClearButtonEnabled(True)
        field.setMaxLength(200)
        field.setMinimumWidth(field.fontMetrics().averageCharWidth() * 20)
        field.textChanged.connect(self._typing.start)
        return field

    def _choice(self, name: str, accessible_name: str) -> QComboBox:
        field = QComboBox()
        field.setObjectName(name)
        field.setAccessibleName(accessible_name)
        field.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        field.currentIndexChanged.connect(self._tell)
        return field

    def _show_clear(self) -> None:
        wanted = self.filter
        self._clear.setEnabled(self.is_asking)
        words = self.tr("C&lear")
        if wanted.association:
            words = self.tr("C&lear: association {0}").format(wanted.association)
        self._clear.setText(words)

    @Slot()
    def _tell(self) -> None:
        self._typing.stop()
        wanted = self.filter
        self._show_clear()
        if wanted != self._told:
            self._told = wanted
            self.changed.emit(wanted)
