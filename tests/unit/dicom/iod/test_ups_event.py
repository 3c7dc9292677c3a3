"""UPS event reports, written and read (PS3.4 Table CC.2.4-1)."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from tdwii_gui.dicom.iod import codes
from tdwii_gui.dicom.iod.codes import Code
from tdwii_gui.dicom.iod.macros import code_item
from tdwii_gui.dicom.iod.ups import (
    Cancellation,
    InputReadiness,
    ProcedureStepState,
    Progress,
)
from tdwii_gui.dicom.iod.ups_event import (
    EventType,
    ListStatus,
    ScpStatus,
    assigned,
    cancel_requested,
    progress_report,
    read_event,
    scp_status_change,
    state_report,
)
from tdwii_gui.dicom.iod.ups_update import (
    Communication,
    FinalUpdate,
    cancel_request,
    final_update,
    progress_update,
)

UPS_UID = "1.2.3"


def keywords(dataset: Dataset) -> set[str]:
    return {element.keyword for element in dataset}


@pytest.fixture
def ups() -> Dataset:
    """Return the UPS of an interrupted delivery."""
    reason = Cancellation(codes.discontinuation_reason("110501"), "Störung")
    dataset = final_update("1.2", FinalUpdate("FX1", None, None, (), "OST", cancellation=reason))
    dataset.ProcedureStepState = "CANCELED"
    dataset.InputReadinessState = "READY"
    dataset.PatientName = "Doe^John"
    dataset.ScheduledStationNameCodeSequence = [code_item(Code("FX1", "99X", "FX1"))]
    return dataset


@pytest.mark.parametrize(
    ("number", "title"),
    [
        (1, "UPS State Report"),
        (2, "UPS Cancel Requested"),
        (3, "UPS Progress Report"),
        (4, "SCP Status Change"),
        (5, "UPS Assigned"),
    ],
)
def test_event_types(number: int, title: str) -> None:
    assert EventType(number).title == title


def test_state_report(ups: Dataset) -> None:
    information = state_report(ups)
    assert keywords(information) == {
        "SpecificCharacterSet",
        "ProcedureStepState",
        "InputReadinessState",
        "ReasonForCancellation",
        "ProcedureStepDiscontinuationReasonCodeSequence",
    }
    report = read_event(1, UPS_UID, information)
    assert report.event_type is EventType.STATE_REPORT
    assert report.sop_instance_uid == UPS_UID
    assert report.state is ProcedureStepState.CANCELED
    assert report.input_readiness is InputReadiness.READY
    assert report.reason == "Störung"
    assert report.reason_code == codes.discontinuation_reason("110501")


def test_state_report_of_a_new_step_holds_only_type_1() -> None:
    ups = Dataset()
    ups.ProcedureStepState, ups.InputReadinessState = "SCHEDULED", "READY"
    ups.ProcedureStepProgressInformationSequence = []
    assert keywords(state_report(ups)) == {"ProcedureStepState", "InputReadinessState"}


def test_reports_do_not_share_items_with_the_step(ups: Dataset) -> None:
    information = state_report(ups)
    information.ProcedureStepDiscontinuationReasonCodeSequence[0].CodeValue = "x"
    item = ups.ProcedureStepProgressInformationSequence[0]
    assert item.ProcedureStepDiscontinuationReasonCodeSequence[0].CodeValue == "110501"


@pytest.mark.parametrize(
    ("request_", "copied"),
    [
        (cancel_request(), set()),
        (cancel_request("late", contact_name="A"), {"ReasonForCancellation", "ContactDisplayName"}),
        (
            cancel_request(reason_code=codes.UNSPECIFIED_REASON, contact_uri="tel:1"),
            {"ProcedureStepDiscontinuationReasonCodeSequence", "ContactURI"},
        ),
    ],
)
def test_cancel_requested_copies_what_the_request_gave(request_: Dataset, copied: set[str]) -> None:
    information = cancel_requested("TMSUSER", request_)
    assert keywords(information) == {"RequestingAE"} | copied
    assert read_event(2, UPS_UID, information).requesting_ae == "TMSUSER"


def test_progress_report() -> None:
    contact = Communication("tel:1", "Bunker")
    ups = progress_update("1.2", 40, beam_number=2, description="d", communications=[contact])
    ups.ProcedureStepProgressInformationSequence[0].ReasonForCancellation = "not reported here"
    information = progress_report(ups)
    assert keywords(information) == {"ProcedureStepProgressInformationSequence"}
    item = information.ProcedureStepProgressInformationSequence[0]
    assert "ReasonForCancellation" not in item
    assert item.ProcedureStepCommunicationsURISequence[0].ContactURI == "tel:1"
    assert read_event(3, UPS_UID, information).progress == Progress(40, 2, "d")


@pytest.mark.parametrize("subscriptions", ListStatus)
@pytest.mark.parametrize("status", ScpStatus)
def test_scp_status_change(status: ScpStatus, subscriptions: ListStatus) -> None:
    information = scp_status_change(status, subscription_list=subscriptions)
    report = read_event(4, UPS_UID, information)
    assert report.scp_status is status
    assert report.subscription_list is subscriptions
    assert report.ups_list is ListStatus.WARM_START


def test_cold_started_is_understood() -> None:
    information = Dataset()
    information.SubscriptionListStatus = "COLD STARTED"  # so spelt in PS3.4 CC.2.4.3
    assert read_event(4, UPS_UID, information).subscription_list is ListStatus.COLD_START


def test_assigned(ups: Dataset) -> None:
    performer = Dataset()
    performer.HumanPerformerCodeSequence = [code_item(Code("7", "99STAFF", "RTT"))]
    performer.HumanPerformerOrganization = "Clinic"
    ups.ScheduledHumanPerformersSequence = [performer]
    information = assigned(ups)
    assert keywords(information) == {
        "ScheduledStationNameCodeSequence",
        "HumanPerformerCodeSequence",
        "HumanPerformerOrganization",
    }
    report = read_event(5, UPS_UID, information)
    assert report.machine == "FX1"
    assert report.human_performer == Code("7", "99STAFF", "RTT")


def test_nothing_assigned_is_empty() -> None:
    ups = Dataset()
    ups.ScheduledStationNameCodeSequence = []
    assert len(assigned(ups)) == 0


def test_unknown_event_type() -> None:
    with pytest.raises(ValueError, match="6"):
        read_event(6, UPS_UID, Dataset())


def test_empty_information_is_read() -> None:
    report = read_event(1, UPS_UID, Dataset())
    assert report.state is None
    assert report.reason_code is None
