"""N-EVENT-REPORTs as a bare receiver gets them (PS3.4 CC.2.4, Table CC.2.4-1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tdwii_gui.dicom.iod.ups_event import ScpStatus
from tdwii_gui.dicom.uids import UPS_EVENT, UPS_GLOBAL_SUBSCRIPTION, UPS_PUSH
from tests.integration.net.ups.messages import code, dataset, final_update, progress, reason
from tests.integration.net.ups.wire import CLAIM

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from tests.integration.net.ups.wire import Tms

ALL = UPS_GLOBAL_SUBSCRIPTION


@pytest.fixture
def watched(tms: Tms) -> str:
    """Return a step in progress to which the watcher is subscribed."""
    uid = tms.bring_to("IN PROGRESS")
    tms.subscribe(uid)
    tms.told()
    return uid


def test_the_message_and_its_association(tms: Tms) -> None:
    """PS3.4 CC.3.1.1, K.5; PS3.7 D.3.3.4: the TMS proposes to be the SCP of UPS Event."""
    uid = tms.new()
    tms.subscribe(uid)
    event = tms.next_told()
    assert event.sop_class_uid == UPS_PUSH
    assert event.sop_instance_uid == uid
    assert event.sender == "TMS"
    assert event.roles == {UPS_EVENT: (False, True)}


def test_state_report(tms: Tms) -> None:
    uid = tms.new()
    tms.subscribe(uid)
    tms.change(uid, "IN PROGRESS")
    tms.set(uid, reason(), CLAIM)
    tms.change(uid, "CANCELED")
    told = [each for each in tms.told() if each.event_type == 1]
    assert [each.state for each in told] == ["SCHEDULED", "IN PROGRESS", "CANCELED"]
    assert {each.information.InputReadinessState for each in told} == {"READY"}
    (code_item,) = told[-1].information.ProcedureStepDiscontinuationReasonCodeSequence
    assert code_item.CodeValue == "110501"
    assert "ProcedureStepDiscontinuationReasonCodeSequence" not in told[0].information


@pytest.mark.parametrize(
    ("changes", "types"),
    [
        (dataset(InputReadinessState="INCOMPLETE"), [1]),
        (dataset(InputReadinessState="READY"), []),
        (dataset(ProcedureStepLabel="new"), []),
        (progress("10"), [3]),
        (progress("10", ProcedureStepProgressDescription="beam 2"), [3]),
        (
            dataset(
                ProcedureStepProgressInformationSequence=[
                    dataset(ProcedureStepCommunicationsURISequence=[dataset(ContactURI="tel:1")])
                ]
            ),
            [3],
        ),
        (dataset(ScheduledStationNameCodeSequence=[code("TR2")]), [5]),
        (dataset(ScheduledStationNameCodeSequence=[code("TR1")]), []),
        (final_update(), []),
    ],
)
def test_what_an_update_raises(tms: Tms, watched: str, changes: Dataset, types: list[int]) -> None:
    assert tms.set(watched, changes, CLAIM).status == 0
    assert [each.event_type for each in tms.told()] == types


def test_progress_report(tms: Tms, watched: str) -> None:
    contact = dataset(ContactURI="tel:1", ContactDisplayName="Büro")
    update = progress(
        "40",
        ProcedureStepProgressDescription="Feld 1",
        ProcedureStepCommunicationsURISequence=[contact],
    )
    update.SpecificCharacterSet = "ISO_IR 192"
    assert tms.set(watched, update, CLAIM).status == 0
    (event,) = tms.told()
    assert event.information.dir() == [
        "ProcedureStepProgressInformationSequence",
        "SpecificCharacterSet",
    ]
    (item,) = event.information.ProcedureStepProgressInformationSequence
    assert item == update.ProcedureStepProgressInformationSequence[0]


def test_assigned_report(tms: Tms) -> None:
    tms.subscribe(ALL)
    performer = dataset(
        HumanPerformerCodeSequence=[code("RTT1")],
        HumanPerformerName="Curie^Marie",
        HumanPerformerOrganization="Radium",
    )
    tms.new(ScheduledHumanPerformersSequence=[performer])
    state, assigned = tms.told()
    assert (state.event_type, assigned.event_type) == (1, 5)
    told = assigned.information
    assert told.ScheduledStationNameCodeSequence[0].CodeValue == "TR1"
    assert told.HumanPerformerCodeSequence[0].CodeValue == "RTT1"
    assert told.HumanPerformerOrganization == "Radium"


def test_a_new_step_that_is_assigned_to_nobody(tms: Tms) -> None:
    tms.subscribe(ALL)
    tms.new(ScheduledStationNameCodeSequence=[])
    assert [each.event_type for each in tms.told()] == [1]


@pytest.mark.parametrize(
    ("status", "warm", "lists"),
    [
        (ScpStatus.RESTARTED, True, "WARM START"),
        (ScpStatus.RESTARTED, False, "COLD START"),
        (ScpStatus.GOING_DOWN, True, "WARM START"),
    ],
)
def test_scp_status_change(tms: Tms, status: ScpStatus, warm: bool, lists: str) -> None:
    """Each AE once: global subscribers by that UID, others by one of their steps."""
    uid = tms.new()
    tms.subscribe(ALL)
    tms.subscribe(uid)
    tms.subscribe(uid, receiving_ae="OTHER")
    tms.told()
    tms.told("OTHER")
    tms.service.announce(status, warm=warm)
    for receiver, instance in (("WATCHER", ALL), ("OTHER", uid)):
        event = tms.next_told(receiver)
        assert (event.event_type, event.sop_instance_uid) == (4, instance)
        told = event.information
        assert (told.SCPStatus, told.SubscriptionListStatus) == (status, lists)
        assert told.UnifiedProcedureStepListStatus == lists
        assert tms.told(receiver) == []


def test_events_come_in_order(tms: Tms, watched: str) -> None:
    for percent in range(10, 40):
        tms.set(watched, progress(str(percent)), CLAIM)
    told = [
        str(each.information.ProcedureStepProgressInformationSequence[0].ProcedureStepProgress)
        for each in tms.told()
    ]
    assert told == [str(percent) for percent in range(10, 40)]


def test_no_event_holds_the_transaction_uid(tms: Tms) -> None:
    tms.subscribe(ALL)
    uid = tms.bring_to("COMPLETED")
    tms.bring_to("CANCELED")
    tms.cancel(uid)
    told = tms.told()
    assert told
    assert not any(CLAIM in str(each.information) for each in told)
