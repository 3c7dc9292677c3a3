"""The window of the PPVS: which steps are announced, and what of them is here."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from tdwii_gui.actors.events import (
    EventReported,
    ExchangeMade,
    ImagingChanged,
    InputsProgressed,
    InputsRetrieved,
    InstanceReceived,
    Listening,
    StepFetched,
    StepGone,
    SubscriptionChanged,
    TaskFailed,
    WorklistOutdated,
)
from tdwii_gui.ui import texts
from tdwii_gui.ui.actor_window import ActorWindow, action
from tdwii_gui.ui.collection_sight import CollectionSight
from tdwii_gui.ui.icons import set_icon
from tdwii_gui.ui.imaging_control import ImagingControl
from tdwii_gui.ui.models.report_rows import report_row
from tdwii_gui.ui.models.step_input_rows import step_input_model
from tdwii_gui.ui.models.step_inputs import StepInputs
from tdwii_gui.ui.panels.arrival_tables import ArrivalTables
from tdwii_gui.ui.panels.banner import Identity
from tdwii_gui.ui.panels.card import Card
from tdwii_gui.ui.panels.collection_card import CollectionCard
from tdwii_gui.ui.panels.image_view import ImageView
from tdwii_gui.ui.panels.labels import muted
from tdwii_gui.ui.panels.open_folder import open_folder
from tdwii_gui.ui.panels.position_panel import PositionPanel
from tdwii_gui.ui.panels.progress_delegate import StateDelegate
from tdwii_gui.ui.panels.structures_panel import StructuresPanel
from tdwii_gui.ui.panels.subscription_bar import SubscriptionBar
from tdwii_gui.ui.panels.table import Table
from tdwii_gui.ui.step_feed import StepFeed
from tdwii_gui.ui.subscription_control import SubscriptionControl
from tdwii_gui.ui.window_frame import panes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtGui import QImage

    from tdwii_gui.actors.events import ActorEvent
    from tdwii_gui.actors.ppvs import Ppvs
    from tdwii_gui.dicom.store.instance_summary import InstanceSummary
    from tdwii_gui.ui.bridge import ActorBridge
    from tdwii_gui.ui.collection_reading import CollectionReading
    from tdwii_gui.ui.models.step_input_rows import StepInputRow, StepReading

_OWN_TASKS: Final = frozenset({"follow_up", "look_for_missed", "keep_subscribed"})
"""What the actor does by itself: nobody else tells how it ended."""


class PpvsWindow(ActorWindow):
    """Shows subscriptions, steps with their collections, images, and the position check.

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
        self._is_changing = False
        self._inputs = StepInputs()
        self._feed = StepFeed(ppvs, self)
        self._feed.loaded.connect(self._on_loaded)
        self._feed.changed.connect(self._on_changed)
        self._feed.gone.connect(self._on_gone)
        self._feed.arrived.connect(self._on_arrived)
        self._feed.failed.connect(self.messages.warn)
        self._build()
        self._feed.answered.connect(self._table.viewport().update)
        action(self, self.tr("Ask the TMS again"), "F5", self.refresh)
        self._subscription.answered.connect(partial(self._feed.ask, is_wanted=False))
        self._subscription.changed.connect(self._set_primary)
        self.restore_layout()
        self._bar.subscribe.setFocus()
        if ppvs.listening:
            self._feed.ask(is_wanted=False)

    @Slot()
    def refresh(self) -> None:
        """Ask the TMS for its steps."""
        self._feed.ask(is_wanted=True)

    def on_event(self, event: ActorEvent) -> None:
        """Show what has come, and follow it up."""
        match event:
            case EventReported():
                self._take_report(event)
            case WorklistOutdated():
                self._feed.ask(is_wanted=False)
            case StepFetched():
                self._feed.step_fetched(event.step)
            case StepGone():
                self._on_gone(event.sop_instance_uid)
            case SubscriptionChanged():
                self._subscription.show_state()
            case ImagingChanged() if event.step_uid == self._uid:
                self._imaging.show_step(self._inputs.row(self._uid))
            case ExchangeMade():
                self._subscription.take_exchange(event)
            case Listening():
                self._feed.ask(is_wanted=False)
            case TaskFailed() if event.task in _OWN_TASKS:
                self._on_own_task_failed(event.error)
            case _:
                self._hear_of_objects(event)

    def _on_own_task_failed(self, error: Exception) -> None:
        self.messages.warn(str(error))
        for row in self._inputs.end_all():
            self._put(row)

    def _hear_of_objects(self, event: ActorEvent) -> None:
        """Count what has come of the steps' objects."""
        match event:
            case InstanceReceived():
                self._take_instance(event.instance.sop_instance_uid)
            case InputsProgressed():
                self._inputs.begin(event.sop_instance_uid)
                self._put(self._inputs.count(event.sop_instance_uid, event.progress.counts))
            case InputsRetrieved():
                self._put(self._inputs.settle(event.sop_instance_uid, event.result))
                self._sight.outdate()

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
        self._arrivals = ArrivalTables(self._step_name, self)
        self._arrivals.step_wanted.connect(self._table.select_key)
        self._collection = CollectionCard(self._arrivals)
        self._collection.retrieve_wanted.connect(self._on_retrieve)
        self._collection.cancel_wanted.connect(self._ppvs.cancel_request)
        folder = self._ppvs.instances.folder
        self._collection.folder.setToolTip(texts.tooltip(self.tr("Shows {0}").format(folder)))
        self._collection.folder.clicked.connect(self._on_open_folder)
        self._image = ImageView(self.background, self.bridge, self._ppvs.instances.read)
        self._structures = StructuresPanel()
        self._position = PositionPanel()
        self._imaging = ImagingControl(self._ppvs, self._position, self)
        self._sight = CollectionSight(
            self.background, self.bridge, self._ppvs.instances, self._inputs.named, self
        )
        self._sight.show_in(self._image, self._structures)
        self._sight.read.connect(self._on_collection_read)
        vertical = Qt.Orientation.Vertical
        left = panes(vertical, "left_splitter", self._steps_card(), self._collection)
        left.setSizes([170, 300])
        right = panes(vertical, "right_splitter", self._structures, self._position)
        right.setStretchFactor(0, 1)
        work = panes(Qt.Orientation.Horizontal, "work_splitter", left, self._image, right)
        work.setSizes([626, 390, 300])
        work.setStretchFactor(0, 1)
        work.setStretchFactor(1, 2)
        holder = QWidget()
        layout = QVBoxLayout(holder)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(12)
        layout.addWidget(self._bar)
        layout.addWidget(work, 1)
        self.set_work(holder)

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
        self._sight.outdate()

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
        if self._feed.why_none:
            why = texts.plain(self._feed.why_none)
            return self.tr("The TMS could not be asked: {0}.\nF5 asks again.").format(why)
        if self._feed.is_asking:
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
        self._sight.choose(uid)
        if row is not None and row.here is None:
            self._feed.fetch(uid)

    def _show_step(self) -> None:
        row, uid = self._inputs.row(self._uid), self._uid
        self._collection.show_step(row, self._inputs.kinds(uid), self._inputs.missing(uid))
        self._bar.show_step(uid, row.step.patient if row else "")
        self._imaging.show_step(row)
        self._set_primary()
        self.show_patient(Identity.of_step(row.step, self._photo) if row else None)

    def _set_primary(self) -> None:
        row = self._inputs.row(self._uid)
        lacks = row is not None and not row.is_complete and not row.is_retrieving
        self._collection.set_primary(self._ppvs.subscribed and lacks)

    @Slot(str)
    def _on_retrieve(self, uid: str) -> None:
        self._put(self._inputs.begin(uid))
        self.job(
            self._ppvs.retrieve_inputs(uid),
            self.tr("Retrieving the collection"),
            lambda result: self._on_retrieved(
                uid, [one.reason for one in (*result.missing, *result.unresolved)]
            ),
            lambda error: self._on_not_retrieved(uid, error),
            self._ppvs.cancel_request,
        )

    def _on_retrieved(self, uid: str, reasons: list[str]) -> None:
        self._put(self._inputs.end(uid))
        if not reasons:
            self.messages.done(self.tr("All objects of the step are here"))
            return
        words = texts.counted(
            len(reasons), self.tr("{0} object is missing"), self.tr("{0} objects are missing")
        )
        why = "; ".join(dict.fromkeys(reasons))
        self.messages.warn(self.tr("{0}: {1}").format(words, why))

    def _on_not_retrieved(self, uid: str, error: BaseException) -> None:
        self._put(self._inputs.end(uid))
        self.messages.fail(str(error))

    @Slot(str, object)
    def _on_collection_read(self, uid: str, found: CollectionReading) -> None:
        row = self._inputs.row(uid)
        if found.photo is not None:
            self._photo = found.photo
        if row is not None and not row.is_retrieving:
            self._put(self._inputs.count(uid, found.counts, is_least=True))
        self._show_step()

    # what comes

    def _take_report(self, event: EventReported) -> None:
        report = event.report
        number, now = self._arrivals.next_number(), datetime.now().astimezone()
        uid, information = report.sop_instance_uid, report.information
        self._arrivals.add_report(report_row(number, now, report.event_type, uid, information))

    def _take_instance(self, uid: str) -> None:
        self._feed.instance_told(uid)
        for row in self._inputs.receive(uid):
            self._put(row)
        self._sight.outdate()

    @Slot(object)
    def _on_arrived(self, summaries: list[InstanceSummary]) -> None:
        self._arrivals.add_arrivals(summaries)

    @Slot()
    def _on_open_folder(self) -> None:
        folder = self._ppvs.instances.folder
        if not open_folder(folder):
            self.messages.warn(self.tr("This desktop cannot show {0}").format(folder))
