"""Subscriptions to one step, to all, and to all that match (PS3.4 CC.2.3, Table CC.2.3-2)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.store.ups_subscriptions import StoredSubscription
from tdwii_gui.dicom.uids import UPS_FILTERED_GLOBAL_SUBSCRIPTION, UPS_GLOBAL_SUBSCRIPTION
from tdwii_gui.dicom.ups import report
from tdwii_gui.dicom.ups.filter import encoded_keys, identifier_of, matches
from tdwii_gui.dicom.ups.outbox import addressed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.store.ups_transaction import Event, Step, UpsTransaction

MAXIMUM_STEPS: Final = 1000
"""To how many single steps an AE may be subscribed that is not subscribed globally."""

_AE_TITLE: Final = re.compile(r"(?=.*[^ ])[\x20-\x5b\x5d-\x7e]{1,16}")
_LOCKS: Final = {"TRUE": True, "FALSE": False}
_GLOBAL: Final = (UPS_GLOBAL_SUBSCRIPTION, UPS_FILTERED_GLOBAL_SUBSCRIPTION)


@dataclass(frozen=True, slots=True)
class Subscription:
    """What an N-ACTION of type 3, 4 or 5 asks for.

    An AE has one global subscription at most, filtered or not: the last one counts, and either
    UID ends it.

    Parameters
    ----------
    sop_instance_uid : str
        A step, or the UPS (Filtered) Global Subscription SOP Instance.
    receiving_ae : str
        The AE that gets the reports; it need not be the one that asks.
    deletion_lock : bool
        Whether a final step must stay until the AE unsubscribes.
    keys : bytes
        Which steps a filtered subscription is about, encoded.
    """

    sop_instance_uid: str
    receiving_ae: str
    deletion_lock: bool = False
    keys: bytes = b""

    @property
    def is_global(self) -> bool:
        """Whether it is about all steps, or all that match its keys."""
        return self.sop_instance_uid in _GLOBAL


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
        0115 for a missing or invalid argument, C308 for a Receiving AE that is not in the AE
        directory.
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
    if not known_ae(receiving_ae):
        raise DimseStatusError(Status.UPS_RECEIVING_AE_UNKNOWN)
    is_filtered = with_lock and sop_instance_uid == UPS_FILTERED_GLOBAL_SUBSCRIPTION
    keys = encoded_keys(information) if is_filtered else b""
    return Subscription(sop_instance_uid, receiving_ae, lock, keys)


def subscribe(transaction: UpsTransaction, subscription: Subscription) -> bool:
    """Subscribe an AE; return whether initial events are due to it.

    A subscription to one step always brings a state report. A global one brings one for each
    step that it is about and to which the AE was not subscribed, but only if it asks for the
    lock; subscriptions to single steps stay as they are.

    Raises
    ------
    DimseStatusError
        C307 if the step is not known, 0213 if the AE is subscribed to `MAXIMUM_STEPS`.
    """
    receiving_ae, lock = subscription.receiving_ae, subscription.deletion_lock
    stored = transaction.subscriptions
    if not subscription.is_global:
        step = _known_step(transaction, subscription.sop_instance_uid)
        if stored.is_full(receiving_ae, step.sop_instance_uid, MAXIMUM_STEPS):
            raise DimseStatusError(
                Status.RESOURCE_LIMITATION, f"over {MAXIMUM_STEPS} subscriptions to single steps"
            )
        stored.subscribe(step.sop_instance_uid, receiving_ae, lock)
        transaction.append(_initial_events(step, receiving_ae))
        return True
    stored.set_global(receiving_ae, lock, subscription.keys)
    added = _new_to(transaction, subscription)
    stored.add(StoredSubscription(receiving_ae, uid, lock) for uid in added)
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


def subscribe_to_new(
    transaction: UpsTransaction, sop_instance_uid: str, dataset: Dataset
) -> list[str]:
    """Subscribe the global subscribers whom a new step concerns, with their locks; return them."""
    concerned = [
        each
        for each in transaction.subscriptions.global_subscriptions()
        if matches(each.keys, dataset)
    ]
    if any(not each.keys for each in concerned):
        transaction.subscriptions.add_unfiltered(sop_instance_uid)
    transaction.subscriptions.add(
        replace(each, sop_instance_uid=sop_instance_uid) for each in concerned if each.keys
    )
    return [each.receiving_ae for each in concerned]


def all_receivers(transaction: UpsTransaction, fallback: Iterable[str]) -> dict[str, str]:
    """Return each AE that is to know of a status change of the SCP (PS3.4 CC.2.4.3).

    It comes with the SOP Instance UID of a subscription of its own: the global one, or a step.
    The AEs of a fallback list are told as if they were subscribed globally.
    """
    receivers = dict.fromkeys(fallback, str(UPS_GLOBAL_SUBSCRIPTION))
    receivers |= transaction.subscriptions.first_steps()
    for each in transaction.subscriptions.global_subscriptions():
        receivers[each.receiving_ae] = (
            UPS_FILTERED_GLOBAL_SUBSCRIPTION if each.keys else UPS_GLOBAL_SUBSCRIPTION
        )
    return receivers


def _new_to(transaction: UpsTransaction, subscription: Subscription) -> list[str]:
    """Return the steps that a global subscription is about and its AE is not subscribed to."""
    stored, receiving_ae = transaction.subscriptions, subscription.receiving_ae
    keys = subscription.keys
    if not keys:
        return stored.unsubscribed(receiving_ae)
    candidates = stored.unsubscribed(receiving_ae, identifier_of(keys))
    return [uid for uid in candidates if matches(keys, _known_step(transaction, uid).dataset)]


def _known_step(transaction: UpsTransaction, sop_instance_uid: str) -> Step:
    step = transaction.load(sop_instance_uid)
    if step is None:
        raise DimseStatusError(Status.UPS_UNKNOWN)
    return step


def _initial_events(step: Step, receiving_ae: str) -> list[Event]:
    initial = [report.of_state(step.dataset)]
    return addressed(step.sop_instance_uid, initial, [receiving_ae])
