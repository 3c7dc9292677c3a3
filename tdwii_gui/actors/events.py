"""What an actor tells: a stream of frozen values, the only way out of it.

Events carry values, or data sets that nobody changes afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from tdwii_gui.actors.delivery import DeliveryProgress
    from tdwii_gui.actors.inputs import RetrievalResult
    from tdwii_gui.actors.session_state import SessionState
    from tdwii_gui.dicom.iod.ups import Ups
    from tdwii_gui.dicom.net.event_receiver import EventReport
    from tdwii_gui.dicom.net.exchange import Exchange
    from tdwii_gui.dicom.net.rejection import RejectedAssociation
    from tdwii_gui.dicom.store.instance_store import StoredInstance
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
    """An instance was stored here by a peer."""

    instance: StoredInstance


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


Listener = Callable[[ActorEvent], None]
"""Who hears an actor's events; called on the thread on which they happen."""


def ignore(event: ActorEvent) -> None:
    """Hear an event and do nothing."""
