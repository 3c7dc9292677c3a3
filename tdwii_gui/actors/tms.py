"""The Treatment Management System: the worklist of Unified Procedure Steps and their RTBDIs."""

from __future__ import annotations

import time
import uuid
from threading import Event
from typing import TYPE_CHECKING, Final

from pydicom.dataset import Dataset

from tdwii_gui.actors.actor import Actor, Surroundings
from tdwii_gui.actors.events import InstanceReceived, MppsChanged, StepChanged
from tdwii_gui.actors.performed_steps import PerformedSteps
from tdwii_gui.actors.rtbdi_on_demand import RtbdiOnDemand
from tdwii_gui.actors.step_journal import StepJournal
from tdwii_gui.actors.tms_facts import (
    PendingEvent,
    PerformerInfo,
    SubscriptionInfo,
    aes_by_machine,
)
from tdwii_gui.actors.worker import task
from tdwii_gui.config.settings import ae_titles
from tdwii_gui.dicom.iod.ups import Ups
from tdwii_gui.dicom.iod.ups_event import EventType, ScpStatus
from tdwii_gui.dicom.iod.ups_update import cancel_request
from tdwii_gui.dicom.net.event_sender import EventSender
from tdwii_gui.dicom.net.query_retrieve_scp import QueryRetrieveScp
from tdwii_gui.dicom.net.storage_scp import StorageScp
from tdwii_gui.dicom.net.ups_scp import UpsScp
from tdwii_gui.dicom.store import ups_reset
from tdwii_gui.dicom.store.instance_store import InstanceStore
from tdwii_gui.dicom.store.ups_history import UpsHistory
from tdwii_gui.dicom.store.ups_store import UpsStore
from tdwii_gui.dicom.uids import UPS_FILTERED_GLOBAL_SUBSCRIPTION, UPS_GLOBAL_SUBSCRIPTION
from tdwii_gui.dicom.ups.change import ChangeKind, StepChange
from tdwii_gui.dicom.ups.consequences import Consequences, counted
from tdwii_gui.dicom.ups.mode import ServiceMode
from tdwii_gui.dicom.ups.outbox import Outbox
from tdwii_gui.dicom.ups.service import UpsService
from tdwii_gui.dicom.ups.timeline import timeline
from tdwii_gui.dicom.ups.worklist_operator import Operator, person

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date, timedelta

    from tdwii_gui.config.settings import TmsSettings
    from tdwii_gui.dicom.iod.codes import Code
    from tdwii_gui.dicom.iod.mpps import Mpps
    from tdwii_gui.dicom.net.event_sender import Delivery
    from tdwii_gui.dicom.net.exchange import Exchange
    from tdwii_gui.dicom.store.instance_store import AddOutcome
    from tdwii_gui.dicom.store.ups_history import HistoryEntry
    from tdwii_gui.dicom.ups.operation import DeletionResult, StepEdit
    from tdwii_gui.dicom.ups.timeline import TimelineEntry

__all__ = ["PendingEvent", "PerformerInfo", "SubscriptionInfo", "Tms"]

_GOING_DOWN_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 0.05


class Tms(Actor):
    """Answers UPS Push, Pull, Watch and Query, keeps RTBDIs and serves them (RO-58 ... RO-65).

    Attributes
    ----------
    service : UpsService
        The rules of its steps.
    instances : InstanceStore
        The dynamic inputs (RO-61).
    rtbdis : RtbdiOnDemand
        Makes the instructions that steps announce and nobody has stored.
    ost_ae_title : str
        The archive of plans for which a step names none; it may be changed at run time.
    """

    largest_message = 8 * 2**20
    impossible_faults = ()

    def __init__(self, settings: TmsSettings, surroundings: Surroundings) -> None:
        super().__init__(settings, surroundings)
        folder = surroundings.data_folder / "tms"
        self.known_aes_only = settings.known_aes_only
        self._announces_going_down = settings.announce_going_down
        self._starts_cold = False
        self._steps = UpsStore(settings.worklist_in(surroundings.data_folder), serves=True)
        self.service = UpsService(
            self._steps,
            known_ae=self.directory.__contains__,
            on_change=self._on_change,
            now=self.clock.now,
            mode=ServiceMode(settings.mode),
        )
        self._history = UpsHistory(self._steps.engine, origin=uuid.uuid4().hex)
        self._journal = StepJournal(
            self._history, f"{self.ae_title}-history", self._on_changed_elsewhere
        )
        self.operator = Operator(
            self._steps,
            self.service,
            self._history,
            ae_title=self.ae_title,
            person=person(),
            on_change=self._on_change,
            now=self.clock.now,
        )
        self.instances = InstanceStore(folder / "instances")
        self.ost_ae_title = settings.ost_ae_title
        self.rtbdis = RtbdiOnDemand(
            self._steps,
            self.instances,
            self.local,
            self.directory,
            lambda: self.ost_ae_title,
            self._on_stored,
            enabled=settings.build_rtbdi,
            now=self.clock.now,
        )
        self._sender = EventSender(
            Outbox(self._steps),
            self.directory,
            self.local,
            maximum_age=settings.event_maximum_age_hours * 3600,
            let_answers_leave=self.let_answers_leave,
        )
        self._performed = PerformedSteps(
            self, self._steps.engine, ae_titles(settings.mpps_receivers), self._on_performed
        )
        self.serve(
            self._performed.scp,
            UpsScp(self.service),
            StorageScp(self.instances, self._on_stored),
            QueryRetrieveScp(self.instances, self.directory, self.local, self.rtbdis.supply),
        )

    def start(self) -> None:
        """Listen, tell subscribers of the restart, and send what is due; not while it listens.

        See `start_cold_next` for a start with an empty worklist.
        """
        if self.listening:
            return
        self._prepare_start()
        super().start()
        self._journal.start()
        self._sender.start()
        self._performed.start()

    def start_cold_next(self) -> None:
        """Have the next start empty the worklist, with all subscriptions and events due.

        Those that were subscribed are told of the cold start (PS3.4 CC.2.4.3). Stored objects
        and the history stay.
        """
        self._starts_cold = True

    def restart_consequences(self, *, cold: bool) -> Consequences:
        """Return what `restart` would do, in words."""
        receivers = tuple(sorted({one.receiving_ae for one in self._steps.subscriptions()}))
        effect = "restarts; worklist and subscriptions stay"
        notes: tuple[str, ...] = ()
        if cold:
            size = ups_reset.size_of(self._steps.engine)
            effect = (
                f"deletes for ever: {counted(size.steps, 'step')},"
                f" {counted(size.subscriptions, 'subscription')},"
                f" {counted(size.events, 'undelivered event')}; starts with an empty worklist"
            )
            notes = ("deletion locks do not hold",)
        if self.listening and self.associations:
            notes += (f"{counted(len(self.associations), 'association')} ended",)
        return Consequences(effect, receivers, notes)

    def stop_listening(self) -> None:
        """Stop answering and sending events; what is due waits for the next start."""
        if self.listening and self._announces_going_down:
            self._announce_going_down()
        self._sender.stop()
        self._performed.stop()
        super().stop_listening()
        self._journal.stop()

    @property
    def machines(self) -> dict[str, tuple[str, ...]]:
        """The AEs that stand for each treatment machine, by the AE directory."""
        return aes_by_machine(self.directory)

    @task()
    def steps(self) -> list[Ups]:
        """Return all steps, by start time."""
        return [Ups(dataset) for dataset in self._steps.select(Dataset())]

    @task()
    def count_steps(self) -> int:
        """Return how many steps there are."""
        return len(self._steps.changed_since(0))

    @task()
    def tell_steps(self, tell: Callable[[Ups], object]) -> None:
        """Tell each step, by start time, on the worker's thread; none of them is kept."""
        for dataset in self._steps.select(Dataset()):
            tell(Ups(dataset))

    @task()
    def performers(self) -> dict[str, str]:
        """Return the AE that claimed a step, by the SOP Instance UID of each claimed one."""
        return self._steps.performers()

    @task()
    def subscriptions(self) -> list[SubscriptionInfo]:
        """Return who is subscribed, to all steps first."""
        return [SubscriptionInfo.of(one) for one in self._steps.subscriptions()]

    @task()
    def deliveries(self) -> dict[str, Delivery]:
        """Return what became of the events to each receiver since the start."""
        return self._sender.deliveries()

    @task()
    def pending_events(self) -> list[PendingEvent]:
        """Return the event reports that are still due, in their order."""
        troubles = self._sender.troubles()
        return [
            PendingEvent.of(event, troubles.get(event.receiving_ae))
            for event in self._sender.outbox.due()
        ]

    @task()
    def performer(self, sop_instance_uid: str) -> PerformerInfo | None:
        """Return who has claimed a step and when it was last heard of; None if nobody has."""
        step = self._steps.load(sop_instance_uid)
        if step is None or not step.performer_ae:
            return None
        here = any(one.calling_ae == step.performer_ae for one in self.associations)
        return PerformerInfo.of(step, self.directory, connected=here)

    @task()
    def history(self, sop_instance_uid: str) -> list[HistoryEntry]:
        """Return what touched a step, the oldest first; it survives a restart."""
        self._journal.flush()
        return self._history.of(sop_instance_uid)

    @task()
    def timeline(self, day: date) -> dict[str, list[TimelineEntry]]:
        """Return the steps of a day in local time, by machine and start."""
        return timeline(self._steps, day)

    @task()
    def mpps(self) -> list[Mpps]:
        """Return the performed procedure steps in the order of their creation."""
        return self._performed.all()

    @task()
    def delete_mpps(self, sop_instance_uid: str) -> None:
        """Delete a performed procedure step, in whatever state it is."""
        self._performed.delete(sop_instance_uid)

    @task()
    def edit_step(self, sop_instance_uid: str, edit: StepEdit) -> None:
        """Change readiness, station or start of a SCHEDULED step; see `Operator.edit`."""
        self.operator.edit(sop_instance_uid, edit)

    @task()
    def request_cancel(
        self,
        sop_instance_uid: str,
        reason: str = "",
        contact: str = "",
        reason_code: Code | None = None,
    ) -> int:
        """Cancel a SCHEDULED step, or ask the performer of one (PS3.4 CC.2.2); return the status.

        Raises
        ------
        DimseStatusError
            C311 if the step is COMPLETED, C312 if nobody is subscribed who could be asked.
        """
        request = cancel_request(reason, reason_code, contact_name=contact)
        return self.operator.request_cancel(sop_instance_uid, request)

    @task()
    def cancel_step(
        self, sop_instance_uid: str, reason: str = "", reason_code: Code | None = None
    ) -> None:
        """Cancel a step IN PROGRESS whose performer has vanished; see `Operator.cancel`."""
        self.operator.cancel(sop_instance_uid, reason, reason_code)

    @task()
    def delete_steps(self, sop_instance_uids: Iterable[str]) -> DeletionResult:
        """Delete final steps that no deletion lock holds (PS3.4 CC.2.3)."""
        return self.operator.delete(sop_instance_uids)

    @task()
    def purge(self, older_than: timedelta) -> DeletionResult:
        """Delete final steps that were last changed longer ago; locks hold."""
        return self.operator.purge(older_than)

    @task()
    def subscribe_ae(
        self, ae_title: str, sop_instance_uid: str = "", deletion_lock: bool = False
    ) -> int:
        """Subscribe an AE to a step, or to all, as its own request would; return the status."""
        return self.operator.subscribe(ae_title, sop_instance_uid, deletion_lock=deletion_lock)

    @task()
    def unsubscribe_ae(self, ae_title: str, sop_instance_uid: str = "") -> int:
        """End an AE's subscription to a step, or all of them; return the status."""
        return self.operator.unsubscribe(ae_title, sop_instance_uid)

    @task()
    def discard_events(self, ae_title: str) -> int:
        """Drop all events that an AE has not got; return how many they were."""
        return self.operator.discard_events(ae_title)

    @task()
    def restart(self, cold: bool = False) -> None:
        """Stop listening and start again, cold with an empty worklist; subscribers are told.

        Raises
        ------
        ListenError
            If the port was taken meanwhile.
        """
        self.stop_listening()
        self._starts_cold = cold
        self.start()

    def restart_by_fault(self, *, cold: bool) -> None:
        """Do what `restart` does; wait until it is done."""
        self.restart(cold).result()

    def close(self) -> None:
        """Close the stores."""
        self._steps.close()
        self.instances.close()

    def _prepare_start(self) -> None:
        """Empty the worklist if so wanted, and put the news of the restart into the outbox."""
        engine = self._steps.engine
        cold, self._starts_cold = self._starts_cold, False
        ups_reset.withdraw_events(engine, EventType.SCP_STATUS_CHANGE)
        if cold:
            ups_reset.forget_steps(engine)
        self.service.announce(ScpStatus.RESTARTED, warm=not cold)
        if cold:
            ups_reset.forget_subscriptions(engine)

    def _announce_going_down(self) -> None:
        """Tell all subscribers, and give those that listen a moment to hear it."""
        self.service.announce(ScpStatus.GOING_DOWN)
        deadline = time.monotonic() + _GOING_DOWN_SECONDS
        pause = Event()
        while time.monotonic() < deadline and any(
            event.event_type == EventType.SCP_STATUS_CHANGE for event in self._sender.outbox.due()
        ):
            pause.wait(_LOOK_SECONDS)

    def _on_exchange(self, exchange: Exchange) -> None:
        self._journal.hear(exchange)
        super()._on_exchange(exchange)

    def _on_change(self, change: StepChange) -> None:
        if change.receivers:
            self._sender.wake(change.receivers)
        self.emit(StepChanged(self.ae_title, change))

    def _on_changed_elsewhere(self, entry: HistoryEntry) -> None:
        """Tell what another process did to a step of the same worklist."""
        uid = entry.sop_instance_uid
        if uid in (UPS_GLOBAL_SUBSCRIPTION, UPS_FILTERED_GLOBAL_SUBSCRIPTION):
            kind, state, dataset = ChangeKind.SUBSCRIBED, None, Dataset()
        elif (step := self._steps.load(uid)) is not None:
            kind, state, dataset = ChangeKind.UPDATED, step.state, step.dataset
        else:
            kind, state, dataset = ChangeKind.DELETED, None, Dataset()
        self._sender.wake()
        change = StepChange(kind, uid, entry.calling_ae, state, dataset, ())
        self.emit(StepChanged(self.ae_title, change))

    def _on_performed(self, mpps: Mpps, deleted: bool) -> None:
        self.emit(MppsChanged(self.ae_title, mpps, deleted))

    def _on_stored(self, outcome: AddOutcome) -> None:
        self.emit(InstanceReceived(self.ae_title, outcome.instance))
