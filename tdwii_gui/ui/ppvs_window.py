"""The window of the PPVS: which steps are announced, and what of them is here."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import QSplitter, QToolButton, QVBoxLayout, QWidget

from tdwii_gui.actors.events import (
    EventReported,
    ExchangeMade,
    InputsRetrieved,
    InstanceReceived,
    Listening,
    StepFetched,
    TaskFailed,
    WorklistOutdated,
)
from tdwii_gui.dicom.iod.ups_event import EventType
from tdwii_gui.ui import texts
from tdwii_gui.ui.actor_window import ActorWindow, action
from tdwii_gui.ui.icons import set_icon
from tdwii_gui.ui.models.report_rows import report_row
from tdwii_gui.ui.models.step_input_rows import step_input_model
from tdwii_gui.ui.models.step_inputs import StepInputs
from tdwii_gui.ui.panels.arrivals_panel import ArrivalsPanel
from tdwii_gui.ui.panels.banner import Identity
from tdwii_gui.ui.panels.card import Card
from tdwii_gui.ui.panels.image_view import ImageView
from tdwii_gui.ui.panels.labels import muted
from tdwii_gui.ui.panels.open_folder import open_folder
from tdwii_gui.ui.panels.progress_delegate import StateDelegate
from tdwii_gui.ui.panels.step_inputs_panel import StepInputsPanel
from tdwii_gui.ui.panels.subscription_bar import SubscriptionBar
from tdwii_gui.ui.panels.table import Table
from tdwii_gui.ui.step_feed import StepFeed
from tdwii_gui.ui.step_images import read_images
from tdwii_gui.ui.subscription_control import SubscriptionControl

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from PySide6.QtGui import QImage

    from tdwii_gui.actors.events import ActorEvent
    from tdwii_gui.actors.ppvs import Ppvs
    from tdwii_gui.dicom.iod.ups import Ups
    from tdwii_gui.dicom.store.instance_summary import InstanceSummary
    from tdwii_gui.ui.bridge import ActorBridge
    from tdwii_gui.ui.models.step_input_rows import StepInputRow, StepReading

_IMAGES_MS: Final = 300
_OWN_TASKS: Final = frozenset({"_download", "_download_missed", "keep_subscribed"})
"""What the actor does by itself: nobody else tells how it ended."""


class PpvsWindow(ActorWindow):
    """Shows the subscription, the steps with their inputs, arrivals, events and images.

    Parameters
    ----------
    ppvs : Ppvs
        The actor.
    bridge : ActorBridge
        Its listener.
    owns_actor : bool
        Whether closing the window stops the actor.
    """

    follows_steps = True

    def __init__(self, ppvs: Ppvs, bridge: ActorBridge, *, owns_actor: bool = True) -> None:
        super().__init__(
            ppvs, bridge, name="ppvs", title=self.tr("Position verification"), owns_actor=owns_actor
        )
        self._ppvs = ppvs
        self._uid = ""
        self._photo: QImage | None = None
        self._is_querying = False
        self._ask_again = False
        self._is_changing = False
        self._why_empty = ""
        self._inputs = StepInputs()
        self._feed = StepFeed(ppvs, bridge, self.background, self)
        self._feed.loaded.connect(self._on_loaded)
        self._feed.changed.connect(self._on_changed)
        self._feed.gone.connect(self._on_gone)
        self._feed.arrived.connect(self._on_arrived)
        self._feed.too_many.connect(self.refresh)
        self._feed.failed.connect(self.messages.warn)
        self._image_timer = QTimer(self)
        self._image_timer.setSingleShot(True)
        self._image_timer.setInterval(_IMAGES_MS)
        self._image_timer.timeout.connect(self._read_images)
        self._build()
        action(self, self.tr("Ask the TMS again"), "F5", self.refresh)
        self._subscription.answered.connect(partial(self._query, is_wanted=False))
        self._subscription.changed.connect(self._set_primary)
        self.restore_layout()
        self._bar.subscribe.setFocus()
        if ppvs.listening:
            self._query(is_wanted=False)

    @Slot()
    def refresh(self) -> None:
        """Ask the TMS for its steps."""
        self._query(is_wanted=True)

    def on_event(self, event: ActorEvent) -> None:
        """Show what has come, and follow it up."""
        match event:
            case EventReported():
                self._take_report(event)
            case WorklistOutdated():
                self._query(is_wanted=False)
            case StepFetched():
                self._feed.step_fetched(event.step)
            case InstanceReceived():
                self._take_instance(event.instance.sop_instance_uid)
            case InputsRetrieved():
                self._put(self._inputs.settle(event.sop_instance_uid, event.result))
            case ExchangeMade():
                self._subscription.take_exchange(event)
            case Listening():
                self._query(is_wanted=False)
            case TaskFailed() if event.task in _OWN_TASKS:
                self.messages.warn(str(event.error))

    # what the window is made of

    def _build(self) -> None:
        self._bar = SubscriptionBar()
        self._bar.machine_changed.connect(self._on_machine)
        self._subscription = SubscriptionControl(self._ppvs, self._bar, self)
        self._model = step_input_model()
        self._table = Table(
            self._model,
            name="steps",
            accessible_name=self.tr("Steps of the TMS with their inputs"),
            empty=self._empty_words,
        )
        self._table.setItemDelegateForColumn(0, StateDelegate(self._table, lambda row: row.step))
        self._table.fit_columns()
        self._table.chosen.connect(self._on_chosen)
        self._arrivals = ArrivalsPanel(self._step_name)
        folder = self._ppvs.instances.folder
        self._arrivals.folder.setToolTip(texts.tooltip(self.tr("Shows {0}").format(folder)))
        self._arrivals.folder.clicked.connect(self._on_open_folder)
        self._arrivals.step_wanted.connect(self._table.select_key)
        self._kinds = StepInputsPanel()
        self._kinds.retrieve_wanted.connect(self._on_retrieve)
        self._kinds.cancel_wanted.connect(self._ppvs.cancel_request)
        self._image = ImageView(self.background, self.bridge, self._ppvs.instances.read)
        left = self._splitter("left_splitter", self._steps_card(), self._arrivals, sizes=(250, 210))
        right = self._splitter("right_splitter", self._kinds, self._image, sizes=(270, 210))
        work = QSplitter(Qt.Orientation.Horizontal)
        work.setObjectName("work_splitter")
        work.setHandleWidth(12)
        work.setChildrenCollapsible(False)
        work.addWidget(left)
        work.addWidget(right)
        work.setSizes([890, 440])
        holder = QWidget()
        layout = QVBoxLayout(holder)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(12)
        layout.addWidget(self._bar)
        layout.addWidget(work, 1)
        self.set_work(holder)

    def _splitter(self, name: str, *cards: QWidget, sizes: Sequence[int]) -> QSplitter:
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setObjectName(name)
        splitter.setHandleWidth(12)
        splitter.setChildrenCollapsible(False)
        for card in cards:
            splitter.addWidget(card)
        splitter.setSizes(list(sizes))
        return splitter

    def _steps_card(self) -> Card:
        card = Card(self.tr("Steps"))
        self._count = muted()
        self._count.setObjectName("step_count")
        refresh = QToolButton()
        refresh.setObjectName("refresh")
        set_icon(refresh, "refresh")
        refresh.setAccessibleName(self.tr("Ask the TMS for its steps"))
        refresh.setToolTip(texts.tooltip(self.tr("Ask the TMS for its steps (F5)")))
        refresh.clicked.connect(self.refresh)
        card.head.addWidget(self._count)
        card.head.addWidget(refresh)
        card.body.addWidget(self._table, 1)
        return card

    @Slot(str)
    def _on_machine(self, machine: str) -> None:
        self._ppvs.machine = machine
        with self._selection_kept():
            self._model.set_filter((lambda row: row.step.machine == machine) if machine else None)

    # the steps

    def _query(self, *, is_wanted: bool) -> None:
        """Ask for all steps, after a question under way once more.

        A failure of what nobody has wanted is told in the empty table only.
        """
        if self._is_querying:
            self._ask_again = True
            return
        self._is_querying = True
        self._why_empty = ""
        self.job(
            self._feed.query(),
            self.tr("Asking {0} for its steps").format(texts.plain(self._ppvs.tms_ae_title, 16)),
            self._on_steps,
            lambda error: self._on_no_steps(error, is_wanted=is_wanted),
            self._ppvs.cancel_request,
        )

    def _on_steps(self, _steps: list[Ups]) -> None:
        self._feed.load()
        self._end_query()

    def _on_no_steps(self, error: BaseException, *, is_wanted: bool) -> None:
        self._why_empty = str(error)
        self._table.viewport().update()
        if is_wanted:
            self.messages.fail(str(error))
        self._end_query()

    def _end_query(self) -> None:
        self._is_querying = False
        again, self._ask_again = self._ask_again, False
        if again:
            self._query(is_wanted=False)

    @Slot(object)
    def _on_loaded(self, readings: list[StepReading]) -> None:
        self._inputs.keep_only(reading.row.uid for reading in readings)
        with self._selection_kept():
            self._model.replace_all([self._inputs.put(reading) for reading in readings])
        self._bar.offer_machines(reading.row.machine for reading in readings)

    @Slot(object)
    def _on_changed(self, readings: list[StepReading]) -> None:
        with self._selection_kept():
            for reading in readings:
                self._bar.offer_machines([reading.row.machine])
                self._model.put(self._inputs.put(reading))
        self._table.fit_columns()
        self._arrivals.repaint_steps()
        self._image_timer.start()

    @Slot(str)
    def _on_gone(self, uid: str) -> None:
        with self._selection_kept():
            self._model.remove(uid)

    @contextmanager
    def _selection_kept(self) -> Iterator[None]:
        """Change rows and keep the selected one; the only step there is needs no choice."""
        uid, self._is_changing = self._uid, True
        yield
        rows = self._model.rows
        wanted = uid or (rows[0].uid if len(rows) == 1 else "")
        selected = self._table.selected()
        if wanted and (selected is None or selected.uid != wanted):
            self._table.select_key(wanted)
        self._is_changing = False
        self._on_chosen(self._table.selected())
        self._show_step()
        self._show_count()

    def _put(self, row: StepInputRow | None) -> None:
        if row is not None:
            with self._selection_kept():
                self._model.put(row)

    def _step_name(self, uid: str) -> str:
        row = self._inputs.row(uid)
        return (row.step.patient if row else "") or texts.elided_uid(uid)

    def _show_count(self) -> None:
        shown, total = self._model.rowCount(), self._model.total
        words = texts.counted(total, self.tr("{0} step"), self.tr("{0} steps"))
        if shown != total:
            words = self.tr("{0} of {1}").format(shown, words)
        self._count.setText(words if total else "")

    def _empty_words(self) -> str:
        if self._model.total:
            machine = texts.plain(self._ppvs.machine, 40)
            return self.tr("0 of {0} steps are for {1}.").format(self._model.total, machine)
        if self._why_empty:
            why = texts.plain(self._why_empty)
            return self.tr("The TMS could not be asked: {0}.\nF5 asks again.").format(why)
        if self._is_querying:
            return self.tr("Asking the TMS…")
        return self.tr("The TMS has no steps.\nWho subscribes sees new ones at once.")

    # the selected step

    @Slot(object)
    def _on_chosen(self, row: StepInputRow | None) -> None:
        uid = row.uid if row else ""
        if self._is_changing or uid == self._uid:
            return
        self._uid, self._photo = uid, None
        self._show_step()
        self._read_images()
        if row is not None and row.here is None:
            self._feed.step_told(uid)

    def _show_step(self) -> None:
        row = self._inputs.row(self._uid)
        self._kinds.show_step(row, self._inputs.kinds(self._uid))
        self._set_primary()
        self.show_patient(Identity.of_step(row.step, self._photo) if row else None)

    def _set_primary(self) -> None:
        row = self._inputs.row(self._uid)
        lacks = row is not None and not row.is_complete and not row.is_retrieving
        self._kinds.set_primary(self._ppvs.subscribed and lacks)

    @Slot(str)
    def _on_retrieve(self, uid: str) -> None:
        self._put(self._inputs.begin(uid))
        self.job(
            self._ppvs.retrieve_inputs(uid),
            self.tr("Retrieving the inputs"),
            lambda result: self._on_retrieved(uid, [one.reason for one in result.missing]),
            lambda error: self._on_not_retrieved(uid, error),
            self._ppvs.cancel_request,
        )

    def _on_retrieved(self, uid: str, reasons: list[str]) -> None:
        self._put(self._inputs.end(uid))
        if not reasons:
            self.messages.done(self.tr("All inputs of the step are here"))
            return
        words = texts.counted(
            len(reasons), self.tr("{0} input is missing"), self.tr("{0} inputs are missing")
        )
        why = "; ".join(dict.fromkeys(reasons))
        self.messages.warn(self.tr("{0}: {1}").format(words, why))

    def _on_not_retrieved(self, uid: str, error: BaseException) -> None:
        self._put(self._inputs.end(uid))
        self.messages.fail(str(error))

    def _read_images(self) -> None:
        """Read which images of the selected step are here, in order, and the photograph."""
        uid, here, store = self._uid, self._inputs.here(self._uid), self._ppvs.instances
        future = self.background.submit("images", "", lambda: read_images(store, here))
        self.bridge.watch(future, lambda found: self._on_images(uid, *found))

    def _on_images(self, uid: str, images: list[str], photo: QImage | None) -> None:
        if uid != self._uid:
            return
        self._image.show_series(images)
        if photo is not None and self._photo is None:
            self._photo = photo
            self._show_step()

    # what comes

    def _take_report(self, event: EventReported) -> None:
        report = event.report
        number, now = self._arrivals.next_number(), datetime.now().astimezone()
        uid, information = report.sop_instance_uid, report.information
        self._arrivals.add_report(report_row(number, now, report.event_type, uid, information))
        if report.event_type != EventType.SCP_STATUS_CHANGE:
            self._feed.step_told(report.sop_instance_uid)

    def _take_instance(self, uid: str) -> None:
        self._feed.instance_told(uid)
        for row in self._inputs.receive(uid):
            self._put(row)
            if row.uid == self._uid:
                self._image_timer.start()

    @Slot(object)
    def _on_arrived(self, summaries: list[InstanceSummary]) -> None:
        self._arrivals.add_arrivals(summaries)

    @Slot()
    def _on_open_folder(self) -> None:
        folder = self._ppvs.instances.folder
        if not open_folder(folder):
            self.messages.warn(self.tr("This desktop cannot show {0}").format(folder))
