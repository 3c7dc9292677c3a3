"""The dialog in which another system takes the place of one of our actors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from tdwii_gui.config.ae_directory import ApplicationEntity
from tdwii_gui.dicom.errors import ConfigError
from tdwii_gui.ui.panels.labels import heading, muted, set_primary
from tdwii_gui.ui.theme import set_property

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QLayout

    Answered = Callable[[float], object]
    Failed = Callable[[BaseException], object]
    Echo = Callable[[ApplicationEntity, Answered, Failed], None]

_LOWEST_PORT: Final = 1


class ExternalDialog(QDialog):
    """Asks for AE title, host and port, lets them be tested before they are saved.

    Parameters
    ----------
    name : str
        What people call the actor, translated.
    current : ApplicationEntity or None
        The external system that is in use.
    suggestion : str
        An AE title to begin with.

    Signals
    -------
    test_wanted : ApplicationEntity
        An echo of these values, which are not saved, is wanted.
    saved : ApplicationEntity
        This system is to be used.
    own_wanted
        Our own actor is to be used again.
    """

    test_wanted = Signal(object)
    saved = Signal(object)
    own_wanted = Signal()

    def __init__(
        self,
        name: str,
        current: ApplicationEntity | None,
        suggestion: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._tested: ApplicationEntity | None = None
        self._testing: ApplicationEntity | None = None
        self._warned = False
        self.setObjectName("external_dialog")
        self.setWindowTitle(self.tr("External system for {0}").format(name))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._ae_title = self._field("external_ae_title", current.ae_title if current else "")
        self._ae_title.setPlaceholderText(suggestion)
        self._host = self._field("external_host", current.host if current else "")
        self._host.setPlaceholderText(self.tr("10.1.0.4 or a host name"))
        self._port = self._field("external_port", str(current.port) if current else "")
        self._port.setPlaceholderText(self.tr("104"))
        self._result = muted(wraps=True)
        self._result.setObjectName("external_result")
        self._result.setMinimumHeight(2 * self.fontMetrics().lineSpacing() + 4)
        self._result.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._test = self._button("external_test", self.tr("&Test"))
        self._save = set_primary(self._button("external_save", ""))
        self._own = self._button("external_own", self.tr("Use &own again"))
        self._own.setVisible(current is not None)
        self._cancel = self._button("external_cancel", self.tr("Cancel"))
        self._lay_out(name)
        self._test.clicked.connect(self._on_test)
        self._save.clicked.connect(self._on_save)
        self._own.clicked.connect(self._on_own)
        self._cancel.clicked.connect(self.reject)
        for field in (self._ae_title, self._host, self._port):
            field.textChanged.connect(self._on_edited)
            field.returnPressed.connect(self._on_test)
        self._on_edited()

    def test_by(self, echo: Echo) -> None:
        """Have what is typed tested by an echo, whose answer may come after the dialog's end."""

        def test(entity: ApplicationEntity) -> None:
            echo(
                entity,
                lambda ms: self.show_answer(entity, ms) if isValid(self) else None,
                lambda error: self.show_failure(entity, str(error)) if isValid(self) else None,
            )

        self.test_wanted.connect(test)

    def show_answer(self, entity: ApplicationEntity, milliseconds: float) -> None:
        """Show that the tested values have answered."""
        if entity == self._testing:
            self._testing, self._tested = None, entity
            self._test.setEnabled(True)
            self._say(self.tr("✓ {0} answers in {1:.0f} ms").format(entity, milliseconds))

    def show_failure(self, entity: ApplicationEntity, reason: str) -> None:
        """Show why the tested values have not answered."""
        if entity == self._testing:
            self._testing = None
            self._test.setEnabled(True)
            self._say(self.tr("✕ {0}").format(reason), is_error=True)

    @Slot()
    def _on_edited(self) -> None:
        """Check the values as they are typed; what is still empty is no error yet."""
        self._testing = None
        self._warned = False
        self._test.setEnabled(True)
        self._save.setText(self.tr("&Save and use"))
        entity, field, reason = self._read()
        for one in (self._ae_title, self._host, self._port):
            set_property(one, "invalid", one is field and bool(one.text()))
        if entity is None:
            self._say(reason, is_error=field is not None and bool(field.text()))
        elif entity == self._tested:
            self._say(self.tr("✓ Tested"))
        else:
            self._say(self.tr("Not tested yet: Test sends a C-ECHO with these values."))

    @Slot()
    def _on_test(self) -> None:
        entity = self._entity()
        if entity is None:
            return
        self._testing = entity
        self._test.setEnabled(False)
        self._say(self.tr("Asking {0} …").format(entity))
        self.test_wanted.emit(entity)

    @Slot()
    def _on_save(self) -> None:
        """Use the values; those that nobody has tested only after a warning."""
        entity = self._entity()
        if entity is None:
            return
        if entity != self._tested and not self._warned:
            self._warned = True
            self._save.setText(self.tr("&Save untested"))
            self._say(
                self.tr("{0} has not answered an echo. Save it untested, or Test it first.").format(
                    entity
                ),
                is_error=True,
            )
            return
        self.saved.emit(entity)
        self.accept()

    @Slot()
    def _on_own(self) -> None:
        self.own_wanted.emit()
        self.accept()

    def _entity(self) -> ApplicationEntity | None:
        """Return the values, or show what is wrong and go to the field."""
        entity, field, reason = self._read()
        if entity is None:
            self._say(reason, is_error=True)
            if field is not None:
                set_property(field, "invalid", value=True)
                field.setFocus()
        return entity

    def _read(self) -> tuple[ApplicationEntity | None, QLineEdit | None, str]:
        """Return the values, or the field that is wrong and the reason."""
        title, host, port = (
            field.text().strip() for field in (self._ae_title, self._host, self._port)
        )
        if not title:
            return None, self._ae_title, self.tr("Enter the AE title that the other system has.")
        if not host:
            return None, self._host, self.tr("Enter its IP address or host name.")
        if not port.isascii() or not port.isdigit() or int(port[:6]) < _LOWEST_PORT:
            return None, self._port, self.tr("Enter its port, a number from 1 to 65535.")
        try:
            return ApplicationEntity(title, host, int(port[:6])), None, ""
        except ConfigError as error:
            is_port = "port" in str(error)
            return None, self._port if is_port else self._ae_title, str(error)

    def _say(self, words: str, *, is_error: bool = False) -> None:
        self._result.setText(words)
        set_property(self._result, "role", "error" if is_error else "muted")

    def _field(self, name: str, text: str) -> QLineEdit:
        field = QLineEdit(text)
        field.setObjectName(name)
        return field

    def _button(self, name: str, text: str) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        button.setAutoDefault(False)
        return button

    def _lay_out(self, name: str) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 16)
        layout.setSpacing(12)
        layout.addWidget(heading(self.tr("Another system as {0}").format(name)))
        note = self.tr(
            "Our own actor stops, and the others talk to the system at this address. "
            "Have our AE titles entered there as well."
        )
        layout.addWidget(muted(note, wraps=True))
        layout.addLayout(self._form())
        layout.addWidget(self._result)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self._own)
        buttons.addStretch(1)
        for button in (self._cancel, self._test, self._save):
            buttons.addWidget(button)
        layout.addLayout(buttons)
        self.setMinimumWidth(46 * self.fontMetrics().averageCharWidth() + 60)

    def _form(self) -> QLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        for row, (words, field) in enumerate(
            (
                (self.tr("AE &title"), self._ae_title),
                (self.tr("&Host"), self._host),
                (self.tr("&Port"), self._port),
            )
        ):
            label = QLabel(words)
            label.setBuddy(field)
            grid.addWidget(label, row, 0)
            grid.addWidget(field, row, 1)
        return grid
