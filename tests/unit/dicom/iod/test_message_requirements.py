"""Which requirements hold for a message, and what it lacks of them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from pydicom.dataset import Dataset

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.iod import codes
from tdwii_gui.dicom.iod.macros import code_item
from tdwii_gui.dicom.iod.message_kind import action_type, event_type, transaction_of
from tdwii_gui.dicom.iod.message_requirements import request_rules, response_rules
from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.dicom.iod.ups_action import ActionType
from tdwii_gui.dicom.iod.ups_event import (
    EventType,
    ScpStatus,
    cancel_requested,
    progress_report,
    scp_status_change,
    state_report,
)
from tdwii_gui.dicom.iod.ups_query import WorklistKeys, worklist_query
from tdwii_gui.dicom.iod.ups_update import change_state, progress_update


def message(service, request=None, sop_class=uids.UPS_PUSH, detail="", response=None):
    return SimpleNamespace(
        message=service,
        sop_class_uid=sop_class,
        request=request,
        detail=detail,
        response=response,
    )


def problems(service, request, transaction="", sop_class=uids.UPS_PUSH):
    rules = request_rules(message(service, request, sop_class), transaction)
    assert rules is not None
    return rules.problems(request)


def test_progress_of_ro_62_needs_the_beam_number() -> None:
    update = progress_update("1.2.3", 34)
    path = "ProcedureStepProgressInformationSequence[1].ProcedureStepProgressParametersSequence"
    assert set(problems("N-SET", update, "RO-62")) == {path}
    assert problems("N-SET", progress_update("1.2.3", 34, beam_number=2), "RO-62") == {}
    assert problems("N-SET", update) == {}, "outside of the profile nothing is lacking"


def test_needs_name_both_usages_and_clauses() -> None:
    rules = request_rules(message("N-SET", Dataset()), "RO-62")
    need = rules.need("ProcedureStepProgressInformationSequence[1].ProcedureStepProgress")
    assert need.words == "3 · R+"
    assert need.clause == "PS3.4 Table CC.2.5-3 · IHE-RO TDW-II RO-62"
    assert rules.need("PatientComments").words == ""


def test_final_update_needs_the_performed_procedure() -> None:
    update = Dataset()
    update.TransactionUID = "1.2.3"
    found = problems("N-SET", update, "RO-64")
    assert (
        "UnifiedProcedureStepPerformedProcedureSequence[1].PerformedWorkitemCodeSequence" in found
    )


def test_cancellation_before_the_first_beam_needs_no_performed_procedure() -> None:
    item = Dataset()
    item.ProcedureStepCancellationDateTime = "20261121120000"
    item.ProcedureStepDiscontinuationReasonCodeSequence = [
        code_item(codes.DISCONTINUATION_REASONS[0])
    ]
    update = Dataset()
    update.TransactionUID = "1.2.3"
    update.ProcedureStepProgressInformationSequence = [item]
    assert problems("N-SET", update, "RO-64") == {}


def test_creation_lacks_what_the_table_and_the_profile_ask() -> None:
    found = problems("N-CREATE", Dataset())
    assert found["ProcedureStepLabel"] == "is missing"
    assert found["PatientName"] == "is missing; has no value (R+)"


def test_worklist_query_has_keys_only() -> None:
    query = worklist_query(WorklistKeys(machine="LINAC"))
    assert problems("C-FIND", query, "RO-58", uids.UPS_PULL) == {}
    query.TransactionUID = "1.2"
    assert problems("C-FIND", query, "RO-58", uids.UPS_PULL) == {
        "TransactionUID": "is no key of the query"
    }


def test_retrieval_names_all_unique_keys() -> None:
    identifier = Dataset()
    identifier.QueryRetrieveLevel = "IMAGE"
    identifier.StudyInstanceUID = "1.2"
    identifier.SOPInstanceUID = ""
    assert problems("C-MOVE", identifier, "RO-59", uids.STUDY_ROOT_MOVE) == {
        "SeriesInstanceUID": "is missing",
        "SOPInstanceUID": "has no value",
    }
    identifier.QueryRetrieveLevel = "FLOOR"
    found = problems("C-FIND", identifier, "", uids.STUDY_ROOT_FIND)
    assert found == {"QueryRetrieveLevel": "names no level"}


@pytest.mark.parametrize(
    ("build", "action"),
    [
        (lambda d: setattr(d, "ProcedureStepState", "COMPLETED"), ActionType.CHANGE_STATE),
        (lambda d: setattr(d, "DeletionLock", "TRUE"), ActionType.SUBSCRIBE),
        (lambda d: setattr(d, "ReceivingAE", "PPVS"), ActionType.UNSUBSCRIBE),
        (lambda d: setattr(d, "ReasonForCancellation", "ill"), ActionType.REQUEST_CANCEL),
    ],
)
def test_action_is_told_by_its_information(build, action) -> None:
    information = Dataset()
    build(information)
    assert action_type(message("N-ACTION", information)) is action
    assert request_rules(message("N-ACTION", information), "") is not None


def test_action_is_told_by_the_detail_first() -> None:
    told = message("N-ACTION", Dataset(), detail="Suspend Global Subscription")
    assert action_type(told) is ActionType.SUSPEND_GLOBAL
    assert action_type(message("N-ACTION")) is None
    assert request_rules(message("N-ACTION"), "") is None


def test_action_information_lacks_the_transaction_uid() -> None:
    information = change_state(ProcedureStepState.IN_PROGRESS, "1.2.3")
    assert problems("N-ACTION", information, "RO-60") == {}
    information.TransactionUID = ""
    assert problems("N-ACTION", information, "RO-60") == {"TransactionUID": "has no value"}


def test_event_is_told_by_its_information() -> None:
    step = Dataset()
    step.ProcedureStepState = "SCHEDULED"
    for information, event in (
        (state_report(step), EventType.STATE_REPORT),
        (progress_report(step), EventType.PROGRESS_REPORT),
        (cancel_requested("TMS", Dataset()), EventType.CANCEL_REQUESTED),
        (scp_status_change(ScpStatus.RESTARTED), EventType.SCP_STATUS_CHANGE),
    ):
        assert event_type(message("N-EVENT-REPORT", information)) is event
    assert event_type(message("N-EVENT-REPORT", Dataset())) is None
    assert problems("N-EVENT-REPORT", state_report(step)) == {"InputReadinessState": "has no value"}


def test_answer_to_n_get_is_judged_by_what_it_holds() -> None:
    answer = Dataset()
    answer.ProcedureStepLabel = ""
    answer.TransactionUID = "1.2.3"
    rules = response_rules(message("N-GET", response=answer))
    assert rules.problems(answer) == {
        "ProcedureStepLabel": "has no value",
        "TransactionUID": "is not allowed",
    }
    assert response_rules(message("N-SET")) is None


def test_no_rules_for_other_messages() -> None:
    assert request_rules(message("C-ECHO", sop_class=uids.VERIFICATION), "") is None
    assert request_rules(message("C-STORE", sop_class=uids.RT_PLAN), "") is None


def test_transaction_of_a_foreign_request() -> None:
    claim = change_state(ProcedureStepState.IN_PROGRESS, "1.2.3")
    end = change_state(ProcedureStepState.COMPLETED, "1.2.3")
    assert transaction_of(message("N-ACTION", claim)) == "RO-60"
    assert transaction_of(message("N-ACTION", end)) == "RO-65"
    assert transaction_of(message("N-SET", progress_update("1.2.3", 1))) == "RO-62"
    assert transaction_of(message("C-FIND", Dataset(), uids.UPS_PULL)) == "RO-58"
    assert transaction_of(message("C-STORE", None, uids.RT_BEAMS_TREATMENT_RECORD)) == "RO-63"
    assert transaction_of(message("C-STORE", None, uids.RT_PLAN)) == ""
