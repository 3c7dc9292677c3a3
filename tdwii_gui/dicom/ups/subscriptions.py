"""Subscriptions to one step and to all of them (PS3.4 CC.2.3, Table CC.2.3-2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.uids import UPS_FILTERED_GLOBAL_SUBSCRIPTION, UPS_GLOBAL_SUBSCRIPTION
from tdwii_gui.dicom.ups import report
from tdwii_gui.dicom.ups.outbox import addressed

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.store.ups_transaction import Event, Step, UpsTransaction

_AE_TITLE: Final = re.compile(r"(?=.*[^ ])[\x20-\x5b\x5d-\x7e]{1,16}")
_LOCKS: Final = {"TRUE": True, "FALSE": False}


@dataclass(frozen=True, slots=True)
class Subscription:
    """What an N-ACTION of type 3, 4 or 5 asks for.

    Parameters
    ----------
    sop_instance_uid : str
        A step, or the UPS Global Subscription SOP Instance.
    receiving_ae : str
        The AE that gets the reports; it need not be the one that asks.
    deletion_lock : bool
        Whether a final step must stay until the AE unsubscribes.
    """

    sop_instance_uid: str
    receiving_ae: str
    deletion_lock: bool = False

    @property
    def is_global(self) -> bool:
        """Whether it is about all steps."""
        return self.sop_instance_uid == UPS_GLOBAL_SUBSCRIPTION


def read_subscription(
    sop_instance_uid: str,
    information: Dataset,
    known_ae: Callable[[str], bool],
    *,
    with_lock: bool,
) -> Subscription:
    """Return what the Action Information of an N-ACTION of type 3, 4 or 5 asks for.

    Raises
    ------
    DimseStatusError
        0115 for a missing or invalid argument, C307 for the filtered global subscription, which
        is not supported, C308 for a Receiving AE that is not in the AE directory.
    """
    receiving_ae = str(information.get("ReceivingAE") or "").strip()
    if not _AE_TITLE.fullmatch(receiving_ae):
        raise DimseStatusError(
            Status.INVALID_ARGUMENT_VALUE, "ReceivingAE is missing or no AE title"
        )
    lock = False
    if with_lock:
        lock_text = str(information.get("DeletionLock") or "").strip()
        if lock_text not in _LOCKS:
            raise DimseStatusError(
                Status.INVALID_ARGUMENT_VALUE, "DeletionLock is neither TRUE nor FALSE"
            )
        lock = _LOCKS[lock_text]
    if sop_instance_uid == UPS_FILTERED_GLOBAL_SUBSCRIPTION:
        raise DimseStatusError(Status.UPS_UNKNOWN, "filtered global subscription is not supported")
    if not known_ae(receiving_ae):
        raise DimseStatusError(Status.UPS_RECEIVING_AE_UNKNOWN)
    return Subscription(sop_instance_uid, receiving_ae, lock)


def subscribe(transaction: UpsTransaction, subscription: Subscription) -> bool:
    """Subscribe an AE; return whether initial events are due to it.

    A subscription to one step always brings a state report. The global one brings one for each
    step to which the AE was not subscribed, but only if it asks for the lock; subscriptions to
    single steps stay as they are.

    Raises
    ------
    DimseStatusError
        C307 if the step is not known.
    """
    receiving_ae, lock = subscription.receiving_ae, subscription.deletion_lock
    if not subscription.is_global:
        step = _known_step(transaction, subscription.sop_instance_uid)
        transaction.subscriptions.subscribe(step.sop_instance_uid, receiving_ae, lock)
        transaction.append(_initial_events(step, receiving_ae))
        return True
    transaction.subscriptions.set_global(receiving_ae, lock)
    added = transaction.subscriptions.subscribe_to_all(receiving_ae, lock)
    if not lock:
        return False
    steps = (_known_step(transaction, sop_instance_uid) for sop_instance_uid in added)
    transaction.append(event for step in steps for event in _initial_events(step, receiving_ae))
    return bool(added)


def unsubscribe(transaction: UpsTransaction, subscription: Subscription) -> None:
    """End a subscription; the global one ends together with those to single steps.

    Raises
    ------
    DimseStatusError
        C307 if the step is not known.
    """
    if subscription.is_global:
        transaction.subscriptions.clear_global(subscription.receiving_ae)
        transaction.subscriptions.unsubscribe_from_all(subscription.receiving_ae)
    else:
        step = _known_step(transaction, subscription.sop_instance_uid)
        transaction.subscriptions.unsubscribe(step.sop_instance_uid, subscription.receiving_ae)


def suspend(transaction: UpsTransaction, subscription: Subscription) -> None:
    """End a global subscription for the steps to come; those to existing steps stay.

    Raises
    ------
    DimseStatusError
        C314 if a step is named, to which the action does not apply.
    """
    if not subscription.is_global:
        raise DimseStatusError(
            Status.UPS_ACTION_NOT_APPROPRIATE, "only the global subscription is suspended"
        )
    transaction.subscriptions.clear_global(subscription.receiving_ae)


def subscribe_to_new(transaction: UpsTransaction, sop_instance_uid: str) -> list[str]:
    """Subscribe all global subscribers to a new step, with their locks; return these AEs."""
    subscribers = transaction.subscriptions.global_subscribers()
    for receiving_ae, lock in subscribers.items():
        transaction.subscriptions.subscribe(sop_instance_uid, receiving_ae, lock)
    return list(subscribers)


def _known_step(transaction: UpsTransaction, sop_instance_uid: str) -> Step:
    step = transaction.load(sop_instance_uid)
    if step is None:
        raise DimseStatusError(Status.UPS_UNKNOWN)
    return step


def _initial_events(step: Step, receiving_ae: str) -> list[Event]:
    initial = [report.of_state(step.dataset)]
    return addressed(step.sop_instance_uid, initial, [receiving_ae])
