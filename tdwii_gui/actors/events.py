"""What an actor tells: a stream of frozen values, the only way out of it.

Events carry values, or data sets that nobody changes afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from tdwii_gui.actors.cancel_requests import CancelRequest
    from tdwii_gui.actors.delivery import DeliveryProgress
    from tdwii_gui.actors.imaging import ImagingState
    from tdwii_gui.actors.inputs import RetrievalResult
    from tdwii_gui.actors.retrieval_progress import RetrievalProgress
    from tdwii_gui.actors.session_state import SessionState
    from tdwii_gui.actors.subscriptions import Subscription
    from tdwii_gui.dicom.iod.commitment import Commitment
    from tdwii_gui.dicom.iod.mpps import Mpps
    from tdwii_gui.dicom.iod.ups import Ups
    from tdwii_gui.dicom.net.event_receiver import EventReport
    from tdwii_gui.dicom.net.exchange import Exchange
    from tdwii_gui.dicom.net.fault import Fault
    from tdwii_gui.dicom.net.faults import FaultState
    from tdwii_gui.dicom.net.rejection import RejectedAssociation
    from tdwii_gui.dicom.store.failed_imports import FailedImport
    from tdwii_gui.dicom.store.instance_store import StoredInstance
    from tdwii_gui.dicom.store.reindex import ReindexResult
    from tdwii_gui.dicom.ups.change import StepChange


@dataclass(frozen=True, slots=True)
class ActorEvent:
    """Base of all events.

    Parameters
    ----------
    ae_title : str
        The actor that tells it.
    """

    ae_title: str


@dataclass(frozen=True, slots=True)
class Listening(ActorEvent):
    """The actor's SCP is ready."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class ListenFailed(ActorEvent):
    """The actor's SCP cannot listen.

    Parameters
    ----------
    reason : str
        Why, in a line for users.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class AssociationInfo:
    """An association that a peer has opened with the actor.

    Parameters
    ----------
    calling_ae, host, port : str, str, int
        The peer's AE title, and the address it connected from.
    since : datetime
        When it was accepted, aware.
    received_objects, received_bytes : int
        What it has stored here so far.
    """

    calling_ae: str
    host: str
    port: int
    since: datetime
    received_objects: int
    received_bytes: int


@dataclass(frozen=True, slots=True)
class AssociationsChanged(ActorEvent):
    """A peer has connected or gone, or is sending objects (told at most every 0.3 s).

    Without associations: nobody is connected, or the actor no longer listens.
    """

    associations: tuple[AssociationInfo, ...]


@dataclass(frozen=True, slots=True)
class AssociationRejected(ActorEvent):
    """A peer has requested an association that the actor's SCP rejected."""

    rejected: RejectedAssociation


@dataclass(frozen=True, slots=True)
class Stopped(ActorEvent):
    """The actor has stopped; no event follows."""


@dataclass(frozen=True, slots=True)
class TaskFailed(ActorEvent):
    """A task of the actor ended with an error.

    Parameters
    ----------
    task : str
        The method's name.
    error : Exception
        Its message is a line for users if it is a `TdwiiError`.
    """

    task: str
    error: Exception


@dataclass(frozen=True, slots=True)
class ExchangeMade(ActorEvent):
    """A DIMSE exchange has ended.

    Parameters
    ----------
    transaction : str
        The profile's transaction, e.g. ``"RO-62"``; empty outside of it.
    """

    exchange: Exchange
    transaction: str


@dataclass(frozen=True, slots=True)
class InstanceReceived(ActorEvent):
    """An instance was stored here by a peer.

    Parameters
    ----------
    is_new : bool
        Whether it is new here, or has other content than before; else it came once more.
    """

    instance: StoredInstance
    is_new: bool = True


@dataclass(frozen=True, slots=True)
class StepChanged(ActorEvent):
    """A Unified Procedure Step of the TMS was created or changed."""

    change: StepChange


@dataclass(frozen=True, slots=True)
class EventReported(ActorEvent):
    """An N-EVENT-REPORT about a Unified Procedure Step arrived."""

    report: EventReport


@dataclass(frozen=True, slots=True)
class WorklistOutdated(ActorEvent):
    """The steps of the TMS may be others than they were told: it is time to query them again.

    Told after a restart of the TMS and from time to time, for an event report is sent once and may
    be lost: reports are a hint, the query is the truth.

    Parameters
    ----------
    reason : str
        Why, in words.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class StepFetched(ActorEvent):
    """A step was fetched from the TMS, as it is there now."""

    step: Ups


@dataclass(frozen=True, slots=True)
class InputsRetrieved(ActorEvent):
    """The retrieval of a step's inputs has ended, completely or not."""

    sop_instance_uid: str
    result: RetrievalResult


@dataclass(frozen=True, slots=True)
class DeliveryProgressed(ActorEvent):
    """The beam in progress, or the state of the delivery, has changed."""

    sop_instance_uid: str
    progress: DeliveryProgress


@dataclass(frozen=True, slots=True)
class SessionChanged(ActorEvent):
    """A treatment session has entered a state, or an action of it has ended."""

    sop_instance_uid: str
    state: SessionState


@dataclass(frozen=True, slots=True)
class StepGone(ActorEvent):
    """The TMS no longer has a step that was told of."""

    sop_instance_uid: str


@dataclass(frozen=True, slots=True)
class InputsProgressed(ActorEvent):
    """The retrieval of a step's inputs goes on (told at most every 0.1 s)."""

    sop_instance_uid: str
    progress: RetrievalProgress


@dataclass(frozen=True, slots=True)
class SubscriptionChanged(ActorEvent):
    """The actor's subscriptions to steps of its TMS are others than before."""

    subscriptions: tuple[Subscription, ...]


@dataclass(frozen=True, slots=True)
class ImagingChanged(ActorEvent):
    """The imaging for a step has begun or ended, or could not be reported."""

    step_uid: str
    state: ImagingState


@dataclass(frozen=True, slots=True)
class Reindexed(ActorEvent):
    """The index of the instances was rebuilt from the files: all that was known may be other."""

    result: ReindexResult


@dataclass(frozen=True, slots=True)
class MppsChanged(ActorEvent):
    """A performed procedure step was created, changed, or (as it was then) deleted here."""

    mpps: Mpps
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class CommitmentChanged(ActorEvent):
    """A storage commitment was requested, got its result, or was given up.

    Told by who answers it and by who has asked for it.
    """

    commitment: Commitment


@dataclass(frozen=True, slots=True)
class InstancesRemoved(ActorEvent):
    """Instances were removed from what the actor keeps."""

    sop_instance_uids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportFailed(ActorEvent):
    """An object that a peer sent could not be stored; it is kept aside with the reason."""

    failed: FailedImport


@dataclass(frozen=True, slots=True)
class SessionWaiting(ActorEvent):
    """A treatment session waits until its TMS can be reached, or does not any more.

    Parameters
    ----------
    reason : str
        Why; empty at the end of the wait.
    """

    sop_instance_uid: str
    reason: str


@dataclass(frozen=True, slots=True)
class CancelRequested(ActorEvent):
    """The TMS asks the device to cancel a step that it has claimed (PS3.4 CC.2.2)."""

    request: CancelRequest


@dataclass(frozen=True, slots=True)
class FaultStruck(ActorEvent):
    """Something has gone wrong at the actor because a fault is set.

    Parameters
    ----------
    words : str
        What, for users.
    """

    fault: Fault
    words: str


@dataclass(frozen=True, slots=True)
class FaultsChanged(ActorEvent):
    """Faults were set at the actor or removed, or one has struck."""

    states: tuple[FaultState, ...]

    @property
    def active(self) -> tuple[Fault, ...]:
        """The faults that may still strike."""
        return tuple(state.fault for state in self.states if not state.is_spent)


Listener = Callable[[ActorEvent], None]
"""Who hears an actor's events; called on the thread on which they happen."""


def ignore(event: ActorEvent) -> None:
    """Hear an event and do nothing."""
