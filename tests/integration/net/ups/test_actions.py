"""Contexts, SOP classes and Action Information of N-ACTION (PS3.4 CC.2, CC.3.1.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tdwii_gui.dicom.uids import (
    UPS_FILTERED_GLOBAL_SUBSCRIPTION,
    UPS_GLOBAL_SUBSCRIPTION,
    UPS_PULL,
    UPS_PUSH,
    UPS_QUERY,
    UPS_WATCH,
)
from tests.integration.net.ups.messages import attribute_list, dataset
from tests.integration.net.ups.wire import CLAIM

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from tests.integration.net.ups.wire import Tms

CONTEXTS = (UPS_PUSH, UPS_PULL, UPS_WATCH, UPS_QUERY)
OWN = {1: (UPS_PULL,), 2: (UPS_PUSH, UPS_WATCH), 3: (UPS_WATCH,), 4: (UPS_WATCH,), 5: (UPS_WATCH,)}


def information_of(action_type: int) -> Dataset:
    if action_type == 1:
        return dataset(ProcedureStepState="IN PROGRESS", TransactionUID=CLAIM)
    if action_type == 2:
        return dataset(ReasonForCancellation="changed mind")
    information = dataset(ReceivingAE="WATCHER")
    if action_type == 3:
        information.DeletionLock = "FALSE"
    return information


@pytest.mark.parametrize("action_type", [1, 2, 3, 4, 5])
def test_actions_by_context(tms: Tms, strict: Tms, action_type: int) -> None:
    """Strict: those of the context's SOP Class; otherwise all, on any context of UPS."""
    for context in CONTEXTS:
        for service in (tms, strict):
            uid = UPS_GLOBAL_SUBSCRIPTION if action_type == 5 else service.new()
            answer = service.act(action_type, uid, information_of(action_type), context=context)
            is_right = service is tms or context in OWN[action_type]
            wrong = 0x0211 if context == UPS_QUERY else 0x0123
            assert answer.status == (0 if is_right else wrong)


SERVICES = {
    "N-CREATE": (UPS_PUSH,),
    "N-GET": (UPS_PUSH, UPS_PULL, UPS_WATCH),
    "N-SET": (UPS_PULL,),
    "C-FIND": (UPS_PULL, UPS_WATCH, UPS_QUERY),
}


@pytest.mark.parametrize("context", CONTEXTS)
def test_services_by_context(tms: Tms, strict: Tms, context: str) -> None:
    for service in (tms, strict):
        uid = service.new()
        statuses = {
            "N-CREATE": service.create(attribute_list(), context=context).status,
            "N-GET": service.get(uid, context=context).status,
            "N-SET": service.set(uid, dataset(WorklistLabel="x"), context=context).status,
            "C-FIND": service.find(context, SOPInstanceUID=uid)[1][-1],
        }
        for message, status in statuses.items():
            wrong = 0x0122 if message == "C-FIND" else 0x0211
            is_right = service is tms or context in SERVICES[message]
            assert status == (0 if is_right else wrong), message


def test_the_swapped_call_of_the_samples(tms: Tms, lenient: Tms) -> None:
    """UPS Pull in the message, on a context of UPS Push."""
    for service, status in ((tms, 0x0119), (lenient, 0x0000)):
        uid = service.new()
        claim = information_of(1)
        answer = service.act(1, uid, claim, sop_class=UPS_PULL, context=UPS_PUSH)
        assert answer.status == status


def test_strict_wants_ups_push_in_each_message(strict: Tms) -> None:
    uid = strict.new()
    assert strict.get(uid, sop_class=UPS_PULL).status == 0x0119
    assert strict.get(uid, sop_class=UPS_PUSH).status == 0x0000


@pytest.mark.parametrize(
    "information",
    [
        dataset(DeletionLock="TRUE"),
        dataset(ReceivingAE="WATCHER"),
        dataset(ReceivingAE="WATCHER", DeletionLock="true"),
        dataset(ReceivingAE="WATCHER", DeletionLock=""),
        dataset(ReceivingAE="", DeletionLock="TRUE"),
    ],
)
@pytest.mark.parametrize(
    "target", ["step", UPS_GLOBAL_SUBSCRIPTION, UPS_FILTERED_GLOBAL_SUBSCRIPTION]
)
def test_receiving_ae_and_lock_are_needed(tms: Tms, target: str, information: Dataset) -> None:
    uid = tms.new() if target == "step" else target
    answer = tms.act(3, uid, information)
    assert answer.status == 0x0115
    assert answer.comment.split()[0] in ("ReceivingAE", "DeletionLock")


@pytest.mark.parametrize("action_type", [4, 5])
def test_unsubscribe_and_suspend_need_the_receiving_ae(tms: Tms, action_type: int) -> None:
    answer = tms.act(action_type, UPS_GLOBAL_SUBSCRIPTION, dataset(DeletionLock="TRUE"))
    assert (answer.status, answer.comment.split()[0]) == (0x0115, "ReceivingAE")


@pytest.mark.parametrize("action_type", [3, 4, 5])
def test_an_unknown_receiving_ae_is_c308(tms: Tms, action_type: int) -> None:
    information = dataset(ReceivingAE="STRANGER")
    if action_type == 3:
        information.DeletionLock = "FALSE"
    assert tms.act(action_type, UPS_GLOBAL_SUBSCRIPTION, information).status == 0xC308


def test_elements_of_the_command_are_no_arguments(tms: Tms, lenient: Tms) -> None:
    for service, status in ((tms, 0x0114), (lenient, 0x0000)):
        uid = service.new()
        information = information_of(1)
        information.SOPInstanceUID = uid
        answer = service.act(1, uid, information)
        assert answer.status == status
