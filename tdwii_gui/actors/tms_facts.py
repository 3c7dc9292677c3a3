"""What a TMS tells its operator besides its steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.dicom.iod.ups import Ups
from tdwii_gui.dicom.store.encoding import decode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from pydicom.dataset import Dataset

    from tdwii_gui.config.ae_directory import AeDirectory
    from tdwii_gui.dicom.net.event_sender import Trouble
    from tdwii_gui.dicom.store.ups_subscriptions import StoredSubscription
    from tdwii_gui.dicom.store.ups_transaction import Step
    from tdwii_gui.dicom.ups.outbox import DueEvent

_FILTER_LENGTH: Final = 200


@dataclass(frozen=True, slots=True)
class SubscriptionInfo:
    """A subscription to one step, or without a SOP Instance UID to the steps to come.

    Parameters
    ----------
    receiving_ae, sop_instance_uid : str
        Who is told, of which step.
    deletion_lock : bool
        Whether a final step must stay until the AE unsubscribes.
    filter : str
        The keys of a filtered global subscription in words; empty for all steps.
    """

    receiving_ae: str
    sop_instance_uid: str
    deletion_lock: bool
    filter: str = ""

    @classmethod
    def of(cls, stored: StoredSubscription) -> SubscriptionInfo:
        """Return what the worklist keeps, in words."""
        words = filter_words(decode(stored.keys, implicit_vr=False)) if stored.keys else ""
        return cls(stored.receiving_ae, stored.sop_instance_uid, stored.deletion_lock, words)


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

    @classmethod
    def of(cls, event: DueEvent, trouble: Trouble | None) -> PendingEvent:
        """Return an event of the outbox with the trouble of its receiver."""
        return cls(
            receiving_ae=event.receiving_ae,
            sop_instance_uid=event.sop_instance_uid,
            event_type=event.event_type,
            since=trouble.since if trouble else None,
            attempts=event.attempts,
            last_error=trouble.reason if trouble else "",
        )


@dataclass(frozen=True, slots=True)
class PerformerInfo:
    """Who has claimed a step, and when it was heard of.

    Parameters
    ----------
    ae_title, machine : str
        The AE that claimed it, and the machine for which it stands in the AE directory.
    last_heard : datetime or None
        When it last changed the step: it is silent since then.
    connected : bool
        Whether it has an association with the TMS at this moment.
    """

    ae_title: str
    machine: str
    last_heard: datetime | None
    connected: bool = False

    @classmethod
    def of(cls, step: Step, directory: AeDirectory, *, connected: bool = False) -> PerformerInfo:
        """Return the performer of a step that is or was IN PROGRESS."""
        machine = machine_of(step.performer_ae, directory)
        return cls(step.performer_ae, machine, Ups(step.dataset).modified, connected)


def machine_of(ae_title: str, directory: AeDirectory) -> str:
    """Return the machine for which an AE stands; empty if the directory does not say."""
    return directory.lookup(ae_title).machine if ae_title in directory else ""


def aes_by_machine(directory: AeDirectory) -> dict[str, tuple[str, ...]]:
    """Return the AEs that stand for each treatment machine."""
    found: dict[str, tuple[str, ...]] = {}
    for entity in directory:
        if entity.machine:
            found[entity.machine] = (*found.get(entity.machine, ()), entity.ae_title)
    return found


def filter_words(keys: Dataset) -> str:
    """Return the keys of a filtered subscription in words, as ``Keyword = value``."""
    text = ", ".join(_keys(keys, ""))
    return text if len(text) <= _FILTER_LENGTH else text[: _FILTER_LENGTH - 1] + "…"


def _keys(dataset: Dataset, path: str) -> Iterator[str]:
    for tag in sorted(dataset.keys()):
        element = tolerant.element(dataset, tag)
        if element is None or element.is_empty:
            continue
        name = path + (element.keyword or str(element.tag))
        if element.VR == "SQ":
            for item in element.value:
                yield from _keys(item, f"{name}.")
        else:
            yield f"{name} = {tolerant.text(dataset, name.rpartition('.')[2])}"
