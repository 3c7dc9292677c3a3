"""The form in which a fault is made up: its kind, and the fields of that kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from tdwii_gui.ui import texts
from tdwii_gui.ui.models.fault_kinds import (
    FaultField,
    FieldKind,
    kinds_of_faults,
    rejection_reasons,
    types_of,
)
from tdwii_gui.ui.panels.card import Card
from tdwii_gui.ui.panels.labels import field_label, muted, set_primary
from tdwii_gui.ui.theme import set_property

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tdwii_gui.ui.models.fault_kinds import KindOfFault

_KINDS_WIDTH = 210
_FORM_WIDTH = 400


class FaultForm(Card):
    """Kinds of faults on the left, the chosen one's parameters on the right.

    Parameters
    ----------
    role : str
        Of the actor.
    peers : Sequence[str]
        AE titles to offer.
    judge : Callable
        Takes the parameters by name; returns the fault in words, and whether it is one.

    Signals
    -------
    add_wanted : dict
        This fault is to strike.
    """

    add_wanted = Signal(dict)

    def __init__(
        self,
        role: str,
        peers: Sequence[str],
        judge: Callable[[dict[str, str | float]], tuple[str, bool]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("", parent)
        self.set_title(self.tr("New fault"))
        self._kinds = kinds_of_faults(role)
        self._peers = peers
        self._judge = judge
        self._fields: dict[str, QWidget] = {}
        self._choice = QListWidget()
        self._choice.setObjectName("fault_kinds")
        self._choice.setAccessibleName(self.tr("Kind of fault"))
        self._choice.setFixedWidth(_KINDS_WIDTH)
        self._choice.addItems([kind.title for kind in self._kinds])
        self._explanation = muted(wraps=True)
        self._explanation.setObjectName("fault_explanation")
        self._right = QVBoxLayout()
        self._form = QWidget()
        self._result = muted(wraps=True)
        self._result.setObjectName("fault_words")
        self._result.setAlignment(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
        self._result.setMinimumHeight(2 * self.fontMetrics().lineSpacing() + 4)
        self._add = set_primary(QPushButton(self.tr("&Add fault")))
        self._add.setObjectName("add_fault")
        self._add.setAutoDefault(False)
        self._add.clicked.connect(self._on_add)
        self._lay_out()
        self._choice.currentRowChanged.connect(self._on_kind)
        self._choice.setCurrentRow(0)

    @property
    def values(self) -> dict[str, str | float]:
        """What is filled in, by the names of the parameters; what is empty is left out."""
        found: dict[str, str | float] = {"kind": self._kind.value}
        for name, widget in self._fields.items():
            value = _value(widget)
            if value != "":
                found[name] = value
        return found

    def choose(self, kind: str) -> None:
        """Show the fields of a kind."""
        self._choice.setCurrentRow([each.value for each in self._kinds].index(kind))

    def say(self, words: str) -> None:
        """Say why the fault that was made up cannot be."""
        self._result.setText(texts.plain(words))
        set_property(self._result, "role", "error")

    @property
    def _kind(self) -> KindOfFault:
        return self._kinds[max(self._choice.currentRow(), 0)]

    def _lay_out(self) -> None:
        right = self._right
        right.setSpacing(10)
        right.addWidget(self._explanation)
        right.addWidget(self._form)
        right.addStretch(1)
        last = QHBoxLayout()
        last.setSpacing(12)
        last.addWidget(self._result, 1)
        last.addWidget(self._add, 0, Qt.AlignmentFlag.AlignBottom)
        right.addLayout(last)
        line = QHBoxLayout()
        line.setSpacing(18)
        line.addWidget(self._choice)
        line.addLayout(right, 1)
        self.body.addLayout(line, 1)

    @Slot(int)
    def _on_kind(self, _row: int) -> None:
        """Put in the fields of another kind."""
        kind = self._kind
        self._explanation.setText(kind.explanation)
        form = QWidget(self)
        form.setMinimumWidth(_FORM_WIDTH)
        self._rows = rows = QFormLayout(form)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setHorizontalSpacing(14)
        rows.setVerticalSpacing(8)
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._fields = {field.name: self._make(field) for field in kind.fields}
        line = QHBoxLayout()
        line.setSpacing(14)
        for field in kind.fields:
            widget = self._fields[field.name]
            widget.setObjectName(f"fault_{field.name}")
            label = field_label(field.title, widget)
            if field.name != "times":
                label.setMinimumWidth(label.fontMetrics().averageCharWidth() * 15)
            if field.name == "nth":
                # How often stands beside the number of the occasion, with which it is read.
                line.addWidget(widget, 1)
                rows.addRow(label, line)
            elif field.name == "times":
                line.addWidget(label)
                line.addWidget(widget, 1)
            else:
                rows.addRow(label, widget)
        self._right.replaceWidget(self._form, form)
        self._form.hide()
        self._form.deleteLater()
        self._form = form
        form.show()
        before: QWidget = self._choice
        for widget in (*self._fields.values(), self._add):
            QWidget.setTabOrder(before, widget)
            before = widget
        self._on_chosen()
        self._on_edited()

    def _make(self, field: FaultField) -> QWidget:
        match field.kind:
            case FieldKind.NUMBER:
                return self._number(field)
            case FieldKind.SECONDS:
                return self._seconds(field)
            case FieldKind.TEXT:
                return self._text(field)
            case _:
                return self._combo(field)

    def _number(self, field: FaultField) -> QSpinBox:
        box = QSpinBox()
        box.setRange(int(field.lowest), int(field.highest))
        box.setSpecialValueText(field.zero)
        box.setValue(int(field.initial))
        box.valueChanged.connect(self._on_edited)
        return box

    def _seconds(self, field: FaultField) -> QDoubleSpinBox:
        box = QDoubleSpinBox()
        box.setDecimals(1)
        box.setRange(field.lowest, field.highest)
        box.setSpecialValueText(field.zero)
        box.setSuffix(self.tr(" s"))
        box.setValue(float(field.initial))
        box.valueChanged.connect(self._on_edited)
        return box

    def _text(self, field: FaultField) -> QLineEdit:
        line = QLineEdit(str(field.initial))
        line.setPlaceholderText(field.hint)
        line.textChanged.connect(self._on_edited)
        line.returnPressed.connect(self._on_add)
        return line

    def _combo(self, field: FaultField) -> QComboBox:
        combo = QComboBox()
        for value, words in field.choices:
            combo.addItem(words, value)
        if field.kind is not FieldKind.CHOICE:
            line = QLineEdit()
            line.setPlaceholderText(field.hint)
            combo.setLineEdit(line)
            combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
            combo.editTextChanged.connect(self._on_edited)
        if field.kind is FieldKind.PEER:
            combo.addItems([texts.plain(title) for title in self._peers])
            combo.setCurrentIndex(-1)
            combo.setEditText("")
        if field.name in ("source", "message"):
            combo.currentIndexChanged.connect(self._on_chosen)
        combo.currentIndexChanged.connect(self._on_edited)
        return combo

    @Slot()
    def _on_chosen(self) -> None:
        """Offer what the chosen source or message may have."""
        source, message = self._fields.get("source"), self._fields.get("message")
        reason, type_id = self._fields.get("reason"), self._fields.get("type_id")
        if isinstance(source, QComboBox) and isinstance(reason, QComboBox):
            _offer(reason, rejection_reasons(str(source.currentData())))
        if isinstance(message, QComboBox) and isinstance(type_id, QComboBox):
            types = types_of(str(message.currentData()))
            _offer(type_id, types)
            self._rows.setRowVisible(type_id, bool(types))

    @Slot()
    def _on_edited(self) -> None:
        """Say in words what the fault will do, or what it lacks."""
        path = self._fields.get("path")
        if isinstance(path, QLineEdit) and not path.text().strip():
            words, is_fault = self.tr("Enter the attribute, by keywords."), False
        else:
            words, is_fault = self._judge(self.values)
        words = texts.plain(words)
        self._result.setText(words[:1].upper() + words[1:])
        set_property(self._result, "role", "strong" if is_fault else "muted")
        self._add.setEnabled(is_fault)
        self._add.setToolTip(texts.tooltip("" if is_fault else words))

    @Slot()
    def _on_add(self) -> None:
        if self._add.isEnabled():
            self.add_wanted.emit(self.values)


def _offer(combo: QComboBox, choices: Sequence[tuple[str, str]]) -> None:
    """Let something else be chosen; what was, if it is still there."""
    if [combo.itemData(number) for number in range(combo.count())] != [c[0] for c in choices]:
        combo.clear()
        for value, words in choices:
            combo.addItem(words, value)


def _value(widget: QWidget) -> str | float:
    match widget:
        case QSpinBox() | QDoubleSpinBox():
            return widget.value()
        case QLineEdit():
            return widget.text().strip()
        case QComboBox() if widget.isEditable():
            chosen = widget.findText(widget.currentText())
            value = widget.itemData(chosen) if chosen >= 0 else None
            return str(value if value is not None else widget.currentText().strip())
        case QComboBox():
            return str(widget.currentData() or "")
    raise AssertionError(f"{widget} is no field")
