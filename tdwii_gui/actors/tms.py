"""The Treatment Management System: the worklist of Unified Procedure Steps and their RTBDIs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset

from tdwii_gui.actors.actor import Actor, Surroundings
from tdwii_gui.actors.events import InstanceReceived, StepChanged
from tdwii_gui.actors.worker import task
from tdwii_gui.dicom.iod.ups import Ups
from tdwii_gui.dicom.iod.ups_update import cancel_request
from tdwii_gui.dicom.net.event_sender import EventSender
from tdwii_gui.dicom.net.query_retrieve_scp import QueryRetrieveScp
from tdwii_gui.dicom.net.storage_scp import StorageScp
from tdwii_gui.dicom.net.ups_scp import UpsScp
from tdwii_gui.dicom.store.instance_store import InstanceStore
from tdwii_gui.dicom.store.ups_store import UpsStore
from tdwii_gui.dicom.ups.outbox import Outbox
from tdwii_gui.dicom.ups.service import UpsService

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tdwii_gui.config.settings import TmsSettings
    from tdwii_gui.dicom.net.event_sender import Trouble
    from tdwii_gui.dicom.store.instance_store import AddOutcome
    from tdwii_gui.dicom.ups.change import StepChange
    from tdwii_gui.dicom.ups.outbox import DueEvent


@dataclass(frozen=True, slots=True)
class SubscriptionInfo:
    """A subscription to one step, or without a SOP Instance UID to the steps to come."""

    receiving_ae: str
    sop_instance_uid: str
    deletion_lock: bool


@dataclass(frozen=True, slots=True)
class PendingEvent:
    """An event report that has not reached its receiver yet.

    Parameters
    ----------
    receiving_ae, sop_instance_uid, event_type : str, str, int
        Who is to be told, of which step, and the Event Type ID (PS3.4 Table CC.2.4-1).
    since : datetime or None
        Since when the receiver has not been reached; None while it is still waited for.
    attempts : int
        How often the delivery of this event has failed; the first in a receiver's line counts.
    last_error : str
        Why the receiver was not reached at last; empty while it is still waited for.
    """

    receiving_ae: str
    sop_instance_uid: str
    event_type: int
    since: datetime | None
    attempts: int
    last_error: str


class Tms(Actor):
    """Answers UPS Push, Pull, Watch and Query, keeps RTBDIs and serves them (RO-58 ... RO-65).

    Attributes
    ----------
    service : UpsService
        The rules of its steps.
    instances : InstanceStore
        The dynamic inputs (RO-61).
    """

    def __init__(self, settings: TmsSettings, surroundings: Surroundings) -> None:
        super().__init__(settings, surroundings)
        folder = surroundings.data_folder / "tms"
        self._steps = UpsStore(folder / "ups.sqlite")
        self.service = UpsService(
            self._steps,
            known_ae=self.directory.__contains__,
            on_change=self._on_change,
            strict=settings.strict,
        )
        self.instances = InstanceStore(folder / "instances")
        self._sender = EventSender(Outbox(self._steps), self.directory, self.local)
        self.serve(
            UpsScp(self.service),
            StorageScp(self.instances, self._on_stored),
            QueryRetrieveScp(self.instances, self.directory, self.local),
        )

    def start(self) -> None:
        """Listen, and send the events that are still due; does nothing while it listens."""
        if not self.listening:
            super().start()
            self._sender.start()

    def stop_listening(self) -> None:
        """Stop answering and sending events; what is due waits for the next start."""
        self._sender.stop()
        super().stop_listening()

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
        return [
            SubscriptionInfo(one.receiving_ae, one.sop_instance_uid, one.deletion_lock)
            for one in self._steps.subscriptions()
        ]

    @task()
    def pending_events(self) -> list[PendingEvent]:
        """Return the event reports that are still due, in their order."""
        troubles = self._sender.troubles()
        return [
            _pending(event, troubles.get(event.receiving_ae)) for event in self._sender.outbox.due()
        ]

    @task()
    def request_cancel(self, sop_instance_uid: str, reason: str = "", contact: str = "") -> int:
        """Cancel a SCHEDULED step, or ask the performer of one (PS3.4 CC.2.2); return the status.

        Raises
        ------
        DimseStatusError
            C311 if the step is COMPLETED, C312 if nobody is subscribed who could be asked.
        """
        information = cancel_request(reason, contact_name=contact)
        return self.service.request_cancel(sop_instance_uid, information, self.ae_title)

    def close(self) -> None:
        """Close the stores."""
        self._steps.close()
        self.instances.close()

    def _on_change(self, change: StepChange) -> None:
        self._sender.wake()
        self.emit(StepChanged(self.ae_title, change))

    def _on_stored(self, outcome: AddOutcome) -> None:
        self.emit(InstanceReceived(self.ae_title, outcome.instance))


def _pending(event: DueEvent, trouble: Trouble | None) -> PendingEvent:
    return PendingEvent(
        receiving_ae=event.receiving_ae,
        sop_instance_uid=event.sop_instance_uid,
        event_type=event.event_type,
        since=trouble.since if trouble else None,
        attempts=event.attempts,
        last_error=trouble.reason if trouble else "",
    )
