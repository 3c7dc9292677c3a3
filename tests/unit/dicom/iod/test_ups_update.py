"""Messages that change a UPS: RO-60, RO-62, RO-64, RO-65, cancel requests, subscriptions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydicom.dataset import Dataset

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod import codes
from tdwii_gui.dicom.iod.codes import Code
from tdwii_gui.dicom.iod.profile import check_profile
from tdwii_gui.dicom.iod.references import InputReference
from tdwii_gui.dicom.iod.requirements import check_set
from tdwii_gui.dicom.iod.ups import Cancellation, ProcedureStepState, Progress, Ups
from tdwii_gui.dicom.iod.ups_update import (
    Communication,
    FinalUpdate,
    HumanPerformer,
    cancel_request,
    change_state,
    final_update,
    progress_update,
    receiving_ae,
    subscription,
)

TRANSACTION_UID = "1.2.3.4"
START = datetime(2026, 1, 2, 8, tzinfo=UTC)
RECORD = InputReference(uids.RT_BEAMS_TREATMENT_RECORD, "1.9", "1.2", "1.3", "OST")
FINAL = FinalUpdate(
    machine="FX1",
    started=START,
    ended=START + timedelta(minutes=15),
    outputs=(RECORD,),
    static_ae="OST",
)


# RO-62


def test_progress_update_holds_what_the_profile_wants() -> None:
    update = progress_update(TRANSACTION_UID, 62.5, beam_number=3)
    assert update.TransactionUID == TRANSACTION_UID
    assert Ups(update).progress == Progress(62.5, 3, "")
    (parameter,) = update.ProcedureStepProgressInformationSequence[
        0
    ].ProcedureStepProgressParametersSequence
    assert parameter.ValueType == "NUMERIC"  # DICOM permits only NUMERIC, not NUM
    name = parameter.ConceptNameCodeSequence[0]
    assert (name.CodeValue, name.CodingSchemeDesignator) == ("2018004", "99IHERO2018")
    assert check_set(update) == []
    assert check_profile(update, "progress") == []


def test_progress_update_repeats_description_and_contacts() -> None:
    contacts = [Communication("tel:+4912345", "Bunker 1")]
    update = progress_update(TRANSACTION_UID, 0, description="Übung", communications=contacts)
    item = update.ProcedureStepProgressInformationSequence[0]
    assert item.ProcedureStepProgressDescription == "Übung"
    assert item.ProcedureStepCommunicationsURISequence[0].ContactURI == "tel:+4912345"
    assert update.SpecificCharacterSet == "ISO_IR 192"
    assert check_set(update) == []


def test_profile_misses_the_beam_number() -> None:
    findings = check_profile(progress_update(TRANSACTION_UID, 10), "progress")
    assert [finding.attribute.rpartition(".")[2] for finding in findings] == [
        "ProcedureStepProgressParametersSequence"
    ]


@pytest.mark.parametrize("percent", [-0.1, 100.1, float("nan"), float("inf")])
def test_percent_outside_0_to_100_is_refused(percent: float) -> None:
    with pytest.raises(DatasetError, match="ProcedureStepProgress"):
        progress_update(TRANSACTION_UID, percent)


@pytest.mark.parametrize("percent", [0, 33.333333333333336, 100])
def test_percent_is_a_decimal_string(percent: float) -> None:
    update = progress_update(TRANSACTION_UID, percent)
    value = update.ProcedureStepProgressInformationSequence[0].ProcedureStepProgress
    assert len(str(value)) <= 16
    assert float(value) == pytest.approx(percent)


@pytest.mark.parametrize("uid", ["", "1.02", "abc", "1." * 33 + "1"])
def test_transaction_uid_is_checked(uid: str) -> None:
    with pytest.raises(DatasetError, match="TransactionUID"):
        progress_update(uid, 10)
    with pytest.raises(DatasetError, match="TransactionUID"):
        change_state(ProcedureStepState.COMPLETED, uid)


# RO-64


def test_final_update_of_a_completed_step() -> None:
    message = final_update(TRANSACTION_UID, FINAL)
    performed = Ups(message).performed
    assert (performed.machine, performed.start, performed.end) == (
        "FX1",
        FINAL.started,
        FINAL.ended,
    )
    assert performed.workitem == codes.RT_TREATMENT_INTERNAL_VERIFICATION
    assert performed.outputs == (RECORD,)
    assert "ProcedureStepProgressInformationSequence" not in message
    assert check_set(message) == []
    assert check_profile(message, "final") == []


def test_final_update_takes_records_as_data_sets() -> None:
    record = Dataset()
    record.SOPClassUID, record.SOPInstanceUID = RECORD.sop_class_uid, RECORD.sop_instance_uid
    record.StudyInstanceUID, record.SeriesInstanceUID = "1.2", "1.3"
    message = final_update(TRANSACTION_UID, replace(FINAL, outputs=(record,)))
    assert Ups(message).performed.outputs == (RECORD,)
    del record.SeriesInstanceUID
    with pytest.raises(DatasetError, match="SeriesInstanceUID"):
        final_update(TRANSACTION_UID, replace(FINAL, outputs=(record,)))


def test_output_sequence_is_present_without_outputs() -> None:
    message = final_update(TRANSACTION_UID, replace(FINAL, outputs=()))
    performed = message.UnifiedProcedureStepPerformedProcedureSequence[0]
    assert "OutputInformationSequence" in performed
    assert len(performed.OutputInformationSequence) == 0


def test_interrupted_delivery_gives_reason_and_what_was_done() -> None:
    reason = codes.discontinuation_reason("110501")
    cancellation = Cancellation(reason, "magnet tripped", START)
    update = replace(FINAL, cancellation=cancellation, percent=60, beam_number=2)
    message = final_update(TRANSACTION_UID, update)
    assert Ups(message).cancellation == cancellation
    assert Ups(message).progress == Progress(60, 2, "")
    assert Ups(message).performed.outputs == (RECORD,)
    assert check_set(message) == []


def test_canceled_with_nothing_delivered_has_no_performed_procedure() -> None:
    nothing = replace(FINAL, started=None, ended=None, outputs=(), cancellation=Cancellation())
    message = final_update(TRANSACTION_UID, nothing)
    assert "UnifiedProcedureStepPerformedProcedureSequence" not in message
    assert Ups(message).cancellation.code == codes.UNSPECIFIED_REASON  # code X needs one


def test_human_performers() -> None:
    performer = HumanPerformer(Code("1", "99STAFF", "RTT"), "Doe^Ann", "Clinic")
    message = final_update(TRANSACTION_UID, replace(FINAL, performers=(performer,)))
    item = message.UnifiedProcedureStepPerformedProcedureSequence[0]
    assert item.ActualHumanPerformersSequence[0].HumanPerformerName == "Doe^Ann"
    assert check_set(message) == []


@pytest.mark.parametrize(
    ("change", "attribute"),
    [
        ({"started": None}, "PerformedProcedureStepStartDateTime"),
        ({"ended": None}, "PerformedProcedureStepEndDateTime"),
        ({"ended": START - timedelta(seconds=1)}, "PerformedProcedureStepEndDateTime"),
        ({"machine": ""}, "CodeValue"),
        ({"percent": 101}, "ProcedureStepProgress"),
    ],
)
def test_final_update_that_does_not_fit_is_refused(change: dict, attribute: str) -> None:
    with pytest.raises(DatasetError, match=attribute):
        final_update(TRANSACTION_UID, replace(FINAL, **change))


# RO-60, RO-65


@pytest.mark.parametrize("state", ["IN PROGRESS", "COMPLETED", "CANCELED"])
def test_change_state(state: str) -> None:
    information = change_state(ProcedureStepState(state), TRANSACTION_UID)
    assert {element.keyword for element in information} == {"ProcedureStepState", "TransactionUID"}
    assert information.ProcedureStepState == state


def test_nothing_changes_to_scheduled() -> None:
    with pytest.raises(DatasetError, match="SCHEDULED"):
        change_state(ProcedureStepState.SCHEDULED, TRANSACTION_UID)


# N-ACTION types 2 to 5


def test_cancel_request_leaves_out_what_is_not_given() -> None:
    assert len(cancel_request()) == 0
    code = codes.discontinuation_reason("110514")
    request = cancel_request("wrong entry", code, "Dr. A", "mailto:a@b")
    assert request.ReasonForCancellation == "wrong entry"
    assert request.ProcedureStepDiscontinuationReasonCodeSequence[0].CodeValue == "110514"
    assert (request.ContactDisplayName, request.ContactURI) == ("Dr. A", "mailto:a@b")


@pytest.mark.parametrize(
    ("arguments", "attribute"),
    [
        ({"contact_name": "x" * 65}, "ContactDisplayName"),
        ({"reason": "x" * 10241}, "ReasonForCancellation"),
        ({"contact_name": "a\\b"}, "ContactDisplayName"),
    ],
)
def test_cancel_request_checks_its_texts(arguments: dict[str, str], attribute: str) -> None:
    with pytest.raises(DatasetError, match=attribute):
        cancel_request(**arguments)


@pytest.mark.parametrize(("lock", "value"), [(True, "TRUE"), (False, "FALSE")])
def test_subscription(lock: bool, value: str) -> None:
    information = subscription("PPVS", deletion_lock=lock)
    assert (information.ReceivingAE, information.DeletionLock) == ("PPVS", value)


def test_a_subscription_to_the_steps_of_a_machine_names_it() -> None:
    (station,) = subscription("PPVS", machine="FX1").ScheduledStationNameCodeSequence
    assert station.CodeValue == "FX1"
    assert "ScheduledStationNameCodeSequence" not in subscription("PPVS")
    with pytest.raises(DatasetError, match="CodeValue"):
        subscription("PPVS", machine="A\\B")


@pytest.mark.parametrize("title", ["", "   ", "X" * 17, "A\\B", "A\nB", "Ä"])
def test_ae_title_is_checked(title: str) -> None:
    with pytest.raises(DatasetError, match="ReceivingAE"):
        receiving_ae(title)


def test_errors_do_not_repeat_the_value() -> None:
    with pytest.raises(DatasetError) as caught:
        receiving_ae("SECRET\\NAME")
    assert "SECRET" not in str(caught.value)
