"""The message inspector: what a message held, and whether it held what it must."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QStackedLayout,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from tdwii_gui.dicom.uids import uid_name
from tdwii_gui.ui import texts
from tdwii_gui.ui.models import exchange_words
from tdwii_gui.ui.models.requirement_rows import (
    Judged,
    RequirementNode,
    judge_request,
    judge_response,
    problem_words,
)
from tdwii_gui.ui.panels.card import Card
from tdwii_gui.ui.panels.labels import Chip, ElidedLabel, muted
from tdwii_gui.ui.panels.requirement_tree import RequirementTree
from tdwii_gui.ui.panels.stored_objects import StoredObjects
from tdwii_gui.ui.theme import Tone, set_property

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from pydicom.dataset import Dataset

    from tdwii_gui.ui.models.exchange_log import LoggedExchange

    Background = Callable[[Callable[[], Any]], Future[Any]]
    Watch = Callable[
        [Future[Any], Callable[[Any], Any], Callable[[BaseException], Any] | None], None
    ]

_REQUEST, _RESPONSE = range(2)


class InspectorPanel(Card):
    """Shows one exchange: status in words, command fields, data sets and requirements.

    Parameters
    ----------
    background : Callable
        Runs a call off the GUI thread and returns its future: the checks take milliseconds.
    watch : Callable
        As `ActorBridge.watch`.
    lookup : Callable or None
        Returns the future of a stored object by SOP Instance UID; without it, none is offered.
    is_recorded : bool
        Whether the messages come from a recording: then nobody has reported them.
    """

    def __init__(
        self,
        background: Background,
        watch: Watch,
        lookup: Callable[[str], Future[Dataset]] | None = None,
        parent: QWidget | None = None,
        *,
        is_recorded: bool = False,
    ) -> None:
        super().__init__("", parent)
        self.setObjectName("inspector")
        self._background = background
        self._watch = watch
        self._is_recorded = is_recorded
        self._entry: LoggedExchange | None = None
        self._judged = (Judged(None), Judged(None))
        self.body.addLayout(self._title_line())
        self._build(lookup)
        self.show_exchange(None)

    def show_exchange(self, entry: LoggedExchange | None) -> None:
        """Show an exchange; None for none."""
        self._entry = entry
        self._pages.setCurrentIndex(0 if entry is None else 1)
        self._transaction.setVisible(entry is not None and bool(entry.arrow.transaction))
        self._show_judged((Judged(None), Judged(None)))
        if entry is None:
            self._headline.set_text(self.tr("Inspector"))
            return
        event = entry.event
        self._headline.set_text(entry.arrow.title)
        self._transaction.show_state(Tone.NEUTRAL, "", texts.plain(event.transaction, 12))
        self._show_command(entry)
        self._objects.show_instances(_instances(entry))
        self._watch(
            self._background(lambda: (judge_request(event), judge_response(event))),
            lambda judged: self._on_judged(entry, judged),
            None,
        )

    def _title_line(self) -> QHBoxLayout:
        line = QHBoxLayout()
        self._headline = ElidedLabel()
        self._headline.setObjectName("inspector_title")
        set_property(self._headline, "role", "heading")
        self._transaction = Chip()
        self._transaction.setObjectName("inspector_transaction")
        line.addWidget(self._headline, 1)
        line.addWidget(self._transaction)
        return line

    def _build(self, lookup: Callable[[str], Future[Dataset]] | None) -> None:
        self._pages = QStackedLayout()
        words = self.tr("Choose an arrow of the ladder to see its message.")
        if self._is_recorded:
            words = self.tr("Choose a message to see its data sets and what is required of them.")
        empty = muted(words, wraps=True)
        empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._pages.addWidget(empty)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        self._ends = ElidedLabel()
        self._ends.setObjectName("inspector_ends")
        set_property(self._ends, "role", "muted")
        layout.addWidget(self._ends)
        self._status = Chip()
        self._status.setObjectName("inspector_status")
        layout.addWidget(self._status)
        self._meaning = muted(wraps=True)
        self._meaning.setObjectName("inspector_meaning")
        layout.addWidget(self._meaning)
        layout.addLayout(self._command_fields())
        layout.addSpacing(4)
        layout.addWidget(self._data_sets(lookup), 1)
        layout.addLayout(self._footer())
        self._pages.addWidget(page)
        self.body.addLayout(self._pages, 1)

    def _command_fields(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(1, 1)
        self._fields: dict[str, tuple[QLabel, ElidedLabel]] = {}
        for row, (key, title) in enumerate(
            (
                ("class", self.tr("SOP class")),
                ("instance", self.tr("Instance")),
                ("comment", self.tr("Comment")),
                ("told", self.tr("Reported by")),
            )
        ):
            label, value = muted(title), ElidedLabel()
            value.setObjectName(f"inspector_{key}")
            value.setAccessibleName(title)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            grid.addWidget(label, row, 0)
            grid.addWidget(value, row, 1)
            self._fields[key] = (label, value)
        return grid

    def _data_sets(self, lookup: Callable[[str], Future[Dataset]] | None) -> QTabWidget:
        self._tabs = QTabWidget()
        self._tabs.setObjectName("inspector_tabs")
        self._tabs.setDocumentMode(True)
        self._objects = StoredObjects(self._watch, lookup)
        trees: list[RequirementTree] = []
        self._reasons: list[QLabel] = []
        self._tab_pages: list[QStackedLayout] = []
        for name, title, accessible in (
            ("inspector_request", self.tr("Request"), self.tr("Data set of the request")),
            ("inspector_response", self.tr("Response"), self.tr("Data set of the response")),
        ):
            tree = RequirementTree(name, accessible)
            tree.chosen.connect(self._on_row_chosen)
            reason = muted(wraps=True)
            reason.setObjectName(f"{name}_reason")
            reason.setAlignment(Qt.AlignmentFlag.AlignCenter)
            reason.setContentsMargins(16, 16, 16, 16)
            holder = QWidget()
            stack = QStackedLayout(holder)
            stack.addWidget(tree)
            stack.addWidget(reason)
            if not trees:
                stack.addWidget(self._objects)
            self._tabs.addTab(holder, title)
            trees.append(tree)
            self._reasons.append(reason)
            self._tab_pages.append(stack)
        self._trees = tuple(trees)
        self._only_problems = QCheckBox(self.tr("&Only problems"))
        self._only_problems.setObjectName("inspector_only_problems")
        self._only_problems.toggled.connect(self._on_only_problems)
        self._tabs.setCornerWidget(self._only_problems)
        self._tabs.currentChanged.connect(self._on_tab_changed)
        return self._tabs

    def _footer(self) -> QVBoxLayout:
        foot = QVBoxLayout()
        foot.setSpacing(2)
        self._problem = QLabel()
        self._problem.setObjectName("inspector_problem")
        self._problem.setTextFormat(Qt.TextFormat.PlainText)
        self._problem.setWordWrap(True)
        set_property(self._problem, "role", "error")
        self._clause = muted(wraps=True)
        self._clause.setObjectName("inspector_clause")
        foot.addWidget(self._problem)
        foot.addWidget(self._clause)
        return foot

    def _show_command(self, entry: LoggedExchange) -> None:
        event, arrow = entry.event, entry.arrow
        exchange = event.exchange
        ends = f"{texts.plain(exchange.calling_ae, 16)} → {texts.plain(exchange.called_ae, 16)}"
        self._ends.set_text(f"{ends} · {texts.clock(arrow.at)} · {arrow.took}")
        self._status.show_state(*exchange_words.status_chip(event))
        sentences = exchange_words.sentences(exchange.status)
        self._meaning.setText(sentences)
        self._meaning.setVisible(bool(sentences) and (arrow.is_problem or arrow.canceled))
        is_scu = exchange.role == "scu"
        self._set_field("class", _class_words(exchange.sop_class_uid))
        self._set_field("instance", exchange.sop_instance_uid)
        self._set_field("comment", ", ".join(filter(None, (exchange.comment, exchange.detail))))
        teller = exchange.calling_ae if is_scu else exchange.called_ae
        role = self.tr("who asked (SCU)") if is_scu else self.tr("who answered (SCP)")
        told = "" if self._is_recorded else f"{texts.plain(teller, 16)}, {role}"
        self._set_field("told", told)

    def _set_field(self, key: str, text: str) -> None:
        label, value = self._fields[key]
        value.set_text(text)
        label.setVisible(bool(text))
        value.setVisible(bool(text))

    def _on_judged(self, entry: LoggedExchange, judged: tuple[Judged, Judged]) -> None:
        if entry is self._entry:
            self._show_judged(judged)

    def _show_judged(self, judged: tuple[Judged, Judged]) -> None:
        self._judged = judged
        titles = (self.tr("Request"), self.tr("Response"))
        for place, (tree, each, title) in enumerate(zip(self._trees, judged, titles, strict=True)):
            count = len(each.problems)
            self._tabs.setTabText(place, f"{title}  ✕ {count}" if count else title)
            tree.show_judged(each, only_problems=self._only_problems.isChecked())
            self._show_page(place, each)
        has_request = judged[_REQUEST].dataset is not None
        has_response = judged[_RESPONSE].dataset is not None
        if has_response and not has_request and not self._is_storage():
            self._tabs.setCurrentIndex(_RESPONSE)
        else:
            self._tabs.setCurrentIndex(_REQUEST)
        self._on_row_chosen(None)

    def _show_page(self, place: int, judged: Judged) -> None:
        """Show the tree, or why there is none."""
        if judged.dataset is not None:
            only = self._only_problems.isChecked()
            self._reasons[place].setText(self.tr("All requirements are met."))
            self._tab_pages[place].setCurrentIndex(1 if only and not judged.problems else 0)
        elif place == _REQUEST and self._is_storage():
            self._tab_pages[place].setCurrentIndex(2)
        else:
            self._reasons[place].setText(self._why_none(place))
            self._tab_pages[place].setCurrentIndex(1)

    def _is_storage(self) -> bool:
        return self._entry is not None and self._entry.event.exchange.message == "C-STORE"

    def _why_none(self, place: int) -> str:
        if self._entry is None:
            return ""
        exchange = self._entry.event.exchange
        if exchange.message == "A-ASSOCIATE":
            return self.tr("The association was not established: no message was sent.")
        if self._entry.forgotten:
            return self.tr(
                "This data set is no longer kept; only those of the newest messages are."
            )
        if place == _REQUEST:
            return self.tr("A request of {0} has no data set, and no requirements.").format(
                texts.plain(exchange.message, 20)
            )
        if exchange.status is None:
            return self.tr("There was no answer.")
        if exchange.message == "C-FIND" and self._is_recorded:
            return self.tr("The final answer has no data set; each match is a message of its own.")
        if exchange.message == "C-FIND":
            return self.tr("The matches of a query are not kept; the final answer has no data set.")
        return self.tr("The answer is a status without a data set.")

    @Slot(bool)
    def _on_only_problems(self, only: bool) -> None:
        for place, (tree, judged) in enumerate(zip(self._trees, self._judged, strict=True)):
            tree.show_judged(judged, only_problems=only)
            self._show_page(place, judged)

    @Slot(int)
    def _on_tab_changed(self, _place: int) -> None:
        self._on_row_chosen(None)

    @Slot(object)
    def _on_row_chosen(self, node: RequirementNode | None) -> None:
        """Say in the foot what is asked of the chosen attribute, and where that is written."""
        place = max(self._tabs.currentIndex(), 0)
        judged, tree = self._judged[place], self._trees[place]
        self._problem.setText(problem_words(node) if node is not None and node.problem else "")
        self._problem.setVisible(bool(self._problem.text()))
        if node is None:
            self._clause.setText(self._rules_words(judged))
            return
        parts = [node.need.clause or self.tr("No requirement")]
        if node.need.condition:
            parts.append(self.tr("needed if {0}").format(node.need.condition))
        if tree.is_narrow() and node.texts[0]:
            parts.append(" ".join(filter(None, node.texts[:3])))
        self._clause.setText(" · ".join(parts))

    def _rules_words(self, judged: Judged) -> str:
        if judged.dataset is None:
            return ""
        if judged.rules is None:
            return self.tr("No table of requirements holds for this data set.")
        count = len(judged.problems)
        verdict = texts.counted(
            count, self.tr("{0} requirement is not met"), self.tr("{0} requirements are not met")
        )
        return f"{judged.rules.clause} · {verdict if count else self.tr('all requirements met')}"


def _class_words(sop_class_uid: str) -> str:
    name = uid_name(sop_class_uid)
    return f"{name} ({sop_class_uid})" if name != sop_class_uid else sop_class_uid


def _instances(entry: LoggedExchange) -> list[str]:
    return [event.exchange.sop_instance_uid for event in entry.events]
