"""The rules of MPPS, asked by a bare SCU (PS3.4 Annex F)."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pynetdicom import build_context, build_role

from tdwii_gui.dicom.iod.mpps import Mpps, MppsStatus, PerformedSeries, imaging_ended
from tdwii_gui.dicom.store.database import open_database
from tdwii_gui.dicom.store.mpps_store import MppsStore
from tdwii_gui.dicom.uids import MPPS, MPPS_NOTIFICATION, MPPS_RETRIEVE, new_uid
from tests.integration.net.mpps.wire import CLASSES, SERIES, ended, of, started

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pynetdicom.association import Association

    from tests.integration.net.mpps.wire import Service

# Type 1 and 2 of PS3.4 Table F.7.2-1, typed from there.
TYPE_1 = (
    "ScheduledStepAttributesSequence",
    "PerformedProcedureStepID",
    "PerformedStationAETitle",
    "PerformedProcedureStepStartDate",
    "PerformedProcedureStepStartTime",
    "PerformedProcedureStepStatus",
    "Modality",
)
TYPE_2 = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "ReferencedPatientSequence",
    "PerformedStationName",
    "PerformedLocation",
    "PerformedProcedureStepDescription",
    "PerformedProcedureTypeDescription",
    "ProcedureCodeSequence",
    "PerformedProcedureStepEndDate",
    "PerformedProcedureStepEndTime",
    "StudyID",
    "PerformedProtocolCodeSequence",
    "PerformedSeriesSequence",
)
IMMUTABLE = (
    "ScheduledStepAttributesSequence",
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "ReferencedPatientSequence",
    "PerformedProcedureStepID",
    "PerformedStationAETitle",
    "PerformedStationName",
    "PerformedLocation",
    "PerformedProcedureStepStartDate",
    "PerformedProcedureStepStartTime",
    "Modality",
    "StudyID",
)
LAST_NEEDED = (
    "PerformedProcedureStepEndDate",
    "PerformedProcedureStepEndTime",
    "PerformedSeriesSequence",
)


def tags(*keywords: str) -> list[int]:
    return [tag_for_keyword(keyword) for keyword in keywords]


def test_a_step_from_its_start_to_its_end(service: Service) -> None:
    uid = service.begun()
    assert service.set(uid, of(PerformedProcedureStepDescription="two")).status == 0x0000
    assert service.set(uid, ended()).status == 0x0000
    answer = service.get(uid)
    assert answer.status == 0x0000
    assert answer.command.AffectedSOPInstanceUID == uid
    assert "SOPInstanceUID" not in answer.dataset
    mpps = Mpps(answer.dataset)
    assert mpps.status is MppsStatus.COMPLETED
    assert mpps.description == "two"
    assert mpps.series == (SERIES,)
    assert mpps.started <= mpps.ended
    told = [(status, ae) for changed, status, ae in service.changes if changed == uid]
    assert told == [("IN PROGRESS", "BARE"), ("IN PROGRESS", "BARE"), ("COMPLETED", "BARE")]


def test_a_step_without_a_uid_is_given_one(service: Service) -> None:
    answer = service.create(None)
    assert answer.status == 0x0000
    assert service.store.all()[-1].uid == answer.command.AffectedSOPInstanceUID


@pytest.mark.parametrize("status", ["COMPLETED", "DISCONTINUED", "SCHEDULED"])
def test_only_a_step_in_progress_is_created(service: Service, status: str) -> None:
    before = len(service.changes)
    uid = new_uid()
    answer = service.create(uid, started(PerformedProcedureStepStatus=status))
    assert answer.status == 0x0106
    told = [(element.keyword, element.value) for element in answer.dataset]
    assert told == [("PerformedProcedureStepStatus", status)]
    assert service.get(uid).status == 0x0112
    assert len(service.changes) == before


@pytest.mark.parametrize("keyword", [*TYPE_1, *TYPE_2])
def test_a_missing_attribute_is_refused(service: Service, keyword: str) -> None:
    attributes = started()
    del attributes[keyword]
    uid = new_uid()
    answer = service.create(uid, attributes)
    assert answer.status == 0x0120
    assert answer.tags == set(tags(keyword))
    assert answer.command.ErrorComment.startswith(keyword)
    assert service.get(uid).status == 0x0112


@pytest.mark.parametrize("keyword", TYPE_1)
def test_a_type_1_attribute_without_a_value_is_refused(service: Service, keyword: str) -> None:
    empty: Any = [] if keyword.endswith("Sequence") else None
    answer = service.create(new_uid(), started(**{keyword: empty}))
    assert answer.status == 0x0121
    assert answer.tags == set(tags(keyword))


def test_the_scheduled_step_needs_its_study(service: Service) -> None:
    attributes = started()
    attributes.ScheduledStepAttributesSequence[0].StudyInstanceUID = ""
    answer = service.create(new_uid(), attributes)
    assert answer.status == 0x0121
    assert answer.tags == set(tags("StudyInstanceUID"))


def test_all_that_is_missing_is_named(service: Service) -> None:
    attributes = started()
    del attributes.PatientName
    del attributes.StudyID
    assert service.create(new_uid(), attributes).tags == set(tags("PatientName", "StudyID"))


def test_a_uid_is_taken_once(service: Service) -> None:
    uid = service.begun()
    assert service.create(uid, started(PatientID="OTHER")).status == 0x0111
    assert service.store.get(uid).patient_id == ""


def test_what_is_no_uid_is_refused(service: Service) -> None:
    assert service.create("1.02.x").status == 0x0117


def test_what_is_not_known_is_not_found(service: Service) -> None:
    assert service.set(new_uid(), ended()).status == 0x0112
    assert service.get(new_uid()).status == 0x0112


@pytest.mark.parametrize("final", [MppsStatus.COMPLETED, MppsStatus.DISCONTINUED])
@pytest.mark.parametrize(
    "modifications",
    [ended(), of(PerformedProcedureStepStatus="IN PROGRESS"), of(PatientID="X")],
    ids=["end", "reopen", "immutable"],
)
def test_an_ended_step_is_not_changed(service: Service, final, modifications) -> None:
    uid = service.begun()
    assert service.set(uid, ended(final)).status == 0x0000
    before = service.store.get(uid).dataset
    answer = service.set(uid, deepcopy(modifications))
    assert answer.status == 0x0110
    comment = "Performed Procedure Step Object may no longer be updated"
    assert answer.command.ErrorComment == comment
    assert answer.command.ErrorID == 0xA710
    assert service.store.get(uid).dataset == before


@pytest.mark.parametrize("keyword", IMMUTABLE)
def test_relations_are_not_changed(service: Service, keyword: str) -> None:
    uid = service.begun()
    before = service.store.get(uid).dataset
    value: Any = [Dataset()] if keyword.endswith("Sequence") else "20260101"
    value = "M" if keyword == "PatientSex" else value
    answer = service.set(uid, of(**{keyword: value}))
    assert answer.status == 0x0105
    assert answer.tags == set(tags(keyword))
    assert service.store.get(uid).dataset == before


def test_only_what_was_created_is_set(service: Service) -> None:
    uid = service.begun()
    dose = of(ExposureDoseSequence=[], PerformedProcedureStepDescription="x")
    answer = service.set(uid, dose)
    assert answer.status == 0x0105
    assert answer.tags == set(tags("ExposureDoseSequence"))
    assert service.store.get(uid).description == ""
    assert service.set(service.begun(ExposureDoseSequence=[]), dose).status == 0x0000


def test_sequences_are_replaced_whole(service: Service) -> None:
    uid = service.begun()
    second = PerformedSeries("1.2.840.99.3", "CBCT")
    for series in (SERIES, second):
        sequence = imaging_ended(MppsStatus.COMPLETED, [series]).PerformedSeriesSequence
        assert service.set(uid, of(PerformedSeriesSequence=sequence)).status == 0x0000
    assert service.store.get(uid).series == (second,)


@pytest.mark.parametrize("status", [MppsStatus.COMPLETED, MppsStatus.DISCONTINUED])
@pytest.mark.parametrize("lacking", LAST_NEEDED)
def test_the_end_has_what_it_requires(service: Service, status, lacking: str) -> None:
    uid = service.begun()
    end = ended(status)
    del end[lacking]
    answer = service.set(uid, end)
    assert answer.status == 0x0121
    assert answer.tags == set(tags(lacking))
    assert service.store.get(uid).status is MppsStatus.IN_PROGRESS
    # What the end needs may have come before it.
    assert service.set(uid, of(**{lacking: ended()[lacking].value})).status == 0x0000
    assert service.set(uid, end).status == 0x0000


@pytest.mark.parametrize("keyword", ["ProtocolName", "SeriesInstanceUID"])
def test_a_series_says_which_and_how(service: Service, keyword: str) -> None:
    end = ended()
    end.PerformedSeriesSequence[0][keyword].value = ""
    answer = service.set(service.begun(), end)
    assert answer.status == 0x0121
    assert answer.tags == set(tags(keyword))


def test_an_illegal_value_comes_back(service: Service) -> None:
    answer = service.set(service.begun(), of(PerformedProcedureStepStatus="DONE"))
    assert answer.status == 0x0106
    assert answer.dataset.PerformedProcedureStepStatus == "DONE"


def test_some_attributes_are_read(service: Service) -> None:
    uid = service.begun(PatientID="P1")
    answer = service.get(uid, tags("PatientID", "CommentsOnThePerformedProcedureStep"))
    assert answer.status == 0x0000
    assert {element.keyword: element.value for element in answer.dataset} == {
        "PatientID": "P1",
        "CommentsOnThePerformedProcedureStep": "",
    }


def test_an_attribute_that_is_not_supported_is_a_warning(service: Service) -> None:
    answer = service.get(service.begun(PatientID="P1"), tags("PatientID", "PixelData"))
    assert answer.status == 0x0001
    assert [element.keyword for element in answer.dataset] == ["PatientID"]


@pytest.mark.parametrize(
    ("ask", "status"),
    [
        (lambda a, uid: a.send_n_get([], MPPS_RETRIEVE, uid, meta_uid=MPPS), 0x0211),
        (lambda a, uid: a.send_n_get([], MPPS, uid, meta_uid=MPPS_RETRIEVE), 0x0119),
        (lambda a, uid: a.send_n_get([], "1.2.3", uid, meta_uid=MPPS_RETRIEVE), 0x0118),
        (lambda a, uid: a.send_n_set(ended(), MPPS, uid, meta_uid=MPPS_RETRIEVE), 0x0211),
        (lambda a, uid: a.send_n_set(ended(), MPPS_RETRIEVE, uid, meta_uid=MPPS), 0x0119),
        (lambda a, uid: a.send_n_create(started(), MPPS, uid, meta_uid=MPPS_NOTIFICATION), 0x0211),
        (lambda a, uid: a.send_n_create(started(), MPPS_RETRIEVE, uid, meta_uid=MPPS), 0x0119),
    ],
)
def test_each_class_has_its_own_services(
    service: Service, ask: Callable[[Association, str], Any], status: int
) -> None:
    assert ask(service.scu, service.begun())[0].Status == status


def test_roles_are_selected(service: Service, bare_scu) -> None:
    roles = [build_role(uid, scu_role=True, scp_role=True) for uid in CLASSES]
    scu = bare_scu(service.host, [build_context(uid) for uid in CLASSES], ext_neg=roles)
    assert [(each.as_scu, each.as_scp) for each in scu.accepted_contexts] == [(True, True)] * 3


def test_texts_of_other_character_sets_become_one(service: Service) -> None:
    uid = service.begun(SpecificCharacterSet="ISO_IR 100", PatientName="Müller")
    change = of(SpecificCharacterSet="ISO_IR 144", PerformedProcedureStepDescription="Снимок")
    assert service.set(uid, change).status == 0x0000
    mpps = Mpps(service.get(uid).dataset)
    assert (mpps.patient_name, mpps.description) == ("Müller", "Снимок")


def test_elements_of_the_command_are_left_out(service: Service) -> None:
    uid = service.begun(SOPClassUID="1.8", SOPInstanceUID="1.9")
    assert service.store.get(uid).uid == uid


def test_steps_survive_a_restart(tmp_path: Path) -> None:
    uid = new_uid()
    engine = open_database(tmp_path / "mpps.sqlite")
    store = MppsStore(engine)
    store.create(uid, started(PatientID="P1"))
    store.set(uid, ended())
    engine.dispose()

    engine = open_database(tmp_path / "mpps.sqlite")
    mpps = MppsStore(engine).get(uid)
    engine.dispose()
    assert (mpps.status, mpps.patient_id) == (MppsStatus.COMPLETED, "P1")
