"""C-FIND of the archive on the wire, asked by bare pynetdicom SCUs."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)
from pynetdicom import build_context
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation

from tdwii_gui.config.ae_directory import AeDirectory
from tdwii_gui.dicom.net.query_retrieve_scp import QueryRetrieveScp
from tdwii_gui.dicom.net.scp_host import ScpHost
from tdwii_gui.dicom.net.session import LocalAe, Timeouts
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.store.instance_store import InstanceStore
from tdwii_gui.dicom.uids import (
    COMPOSITE_INSTANCE_ROOT_MOVE,
    PATIENT_ROOT_FIND,
    RT_PLAN,
    STUDY_ROOT_FIND,
    STUDY_ROOT_MOVE,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pynetdicom.association import Association

NUMBER = 3


def query(level: str, **keys: Any) -> Dataset:
    identifier = Dataset()
    identifier.SpecificCharacterSet = "ISO_IR 192"
    identifier.QueryRetrieveLevel = level
    for keyword, value in keys.items():
        vr = dictionary_VR(keyword)
        identifier[keyword] = DataElement(keyword, vr, value, validation_mode=IGNORE)
    return identifier


def plan(uid: str, study: str, patient: str, **attributes: Any) -> Dataset:
    dataset = query("", SOPInstanceUID=uid, StudyInstanceUID=study, **attributes)
    del dataset.QueryRetrieveLevel
    dataset.SOPClassUID, dataset.Modality = RT_PLAN, "RTPLAN"
    dataset.SeriesInstanceUID = f"{study}0"
    dataset.PatientID, dataset.PatientName = patient, f"Test^{patient}"
    dataset.RTPlanLabel, dataset.PlanIntent = "PLAN", "CURATIVE"
    return dataset


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InstanceStore]:
    store = InstanceStore(tmp_path_factory.mktemp("archive"))
    first = {"StudyDate": "20260102", "StudyTime": "101500", "StudyDescription": "Plan für Jörg"}
    for number in range(NUMBER):
        store.add_dataset(plan(f"1.1.{number}", "1.10", "P1", **first))
    store.add_dataset(plan("1.2.0", "1.11", "P2", StudyDate="20260203", StudyTime="0930"))
    yield store
    store.close()


@pytest.fixture(scope="module")
def host(store: InstanceStore) -> Iterator[ScpHost]:
    """Return one host for all tests: none changes anything."""
    service = QueryRetrieveScp(store, AeDirectory(), LocalAe("OURS", Timeouts()))
    host = ScpHost("OURS", "127.0.0.1", 0, [service])
    host.start()
    yield host
    host.stop()


def asked(
    association: Association, identifier: Dataset, model: UID = STUDY_ROOT_FIND
) -> tuple[list[Dataset], list[int], Dataset]:
    """Return the answers, the statuses of all responses, and the last command."""
    responses = list(association.send_c_find(identifier, model))
    answers = [answer for _, answer in responses if answer is not None]
    return answers, [command.Status for command, _ in responses], responses[-1][0]


@pytest.mark.parametrize(
    "syntax",
    [
        ImplicitVRLittleEndian,
        ExplicitVRLittleEndian,
        ExplicitVRBigEndian,
    ],
)
@pytest.mark.parametrize("model", [PATIENT_ROOT_FIND, STUDY_ROOT_FIND])
def test_an_answer_in_each_transfer_syntax(
    host: ScpHost, bare_scu: Callable[..., Association], model: UID, syntax: UID
) -> None:
    association = bare_scu(host, [build_context(model, syntax)])
    keys = {"StudyDescription": "", "NumberOfStudyRelatedInstances": None, "PlanIntent": ""}
    identifier = query("IMAGE", PatientID="P1", SOPInstanceUID="", **keys)
    answers, statuses, _ = asked(association, identifier, model)
    assert statuses == [Status.PENDING] * NUMBER + [Status.SUCCESS]
    assert [one.SOPInstanceUID for one in answers] == [f"1.1.{n}" for n in range(NUMBER)]
    assert {one.StudyDescription for one in answers} == {"Plan für Jörg"}
    assert {one.NumberOfStudyRelatedInstances for one in answers} == {NUMBER}
    assert {one.PlanIntent for one in answers} == {"CURATIVE"}, "of the files"
    assert {one.RetrieveAETitle for one in answers} == {"OURS"}


@pytest.mark.parametrize(
    ("level", "keys", "matches"),
    [
        ("PATIENT", {"PatientID": ""}, ["P1", "P2"]),
        ("PATIENT", {"PatientID": "", "PatientName": "TEST^p1"}, ["P1"]),
        ("STUDY", {"StudyInstanceUID": ["1.10", "1.11", "9.9"]}, ["1.10", "1.11"]),
        ("STUDY", {"StudyInstanceUID": "", "StudyDescription": "*für*"}, ["1.10"]),
        ("STUDY", {"StudyInstanceUID": "", "StudyDate": "20260101-20260131"}, ["1.10"]),
        ("STUDY", {"StudyInstanceUID": "", "StudyTime": "09-0945"}, ["1.11"]),
        ("SERIES", {"SeriesInstanceUID": "", "Modality": "RT?LAN"}, ["1.100", "1.110"]),
        ("SERIES", {"SeriesInstanceUID": "", "PatientID": "P2"}, ["1.110"]),
        ("IMAGE", {"SOPInstanceUID": ["1.1.1", "1.2.0"]}, ["1.1.1", "1.2.0"]),
        ("IMAGE", {"SOPInstanceUID": "", "SeriesInstanceUID": "1.110"}, ["1.2.0"]),
        ("IMAGE", {"SOPInstanceUID": "", "RTPlanLabel": "PL*", "PatientID": "P2"}, ["1.2.0"]),
    ],
)
def test_each_level_and_kind_of_matching(
    host: ScpHost,
    bare_scu: Callable[..., Association],
    level: str,
    keys: dict[str, Any],
    matches: list[str],
) -> None:
    association = bare_scu(host, [build_context(PATIENT_ROOT_FIND)])
    answers, statuses, _ = asked(association, query(level, **keys), PATIENT_ROOT_FIND)
    assert [str(one[next(iter(keys))].value) for one in answers] == matches
    assert statuses == [Status.PENDING] * len(matches) + [Status.SUCCESS]


def test_what_is_not_supported_is_said(host: ScpHost, bare_scu: Callable[..., Association]) -> None:
    """PS3.4 C.4.1.1.4: FF01; the key is ignored and not returned."""
    association = bare_scu(host, [build_context(STUDY_ROOT_FIND)])
    identifier = query("STUDY", StudyInstanceUID="1.10", StudyStatusID="VERIFIED")
    (answer,), statuses, _ = asked(association, identifier)
    assert statuses == [Status.PENDING_KEYS_UNSUPPORTED, Status.SUCCESS]
    assert "StudyStatusID" not in answer


@pytest.mark.parametrize(
    ("model", "identifier", "named"),
    [
        (STUDY_ROOT_FIND, query("PATIENT", PatientID=""), "QueryRetrieveLevel"),
        (PATIENT_ROOT_FIND, query("FRAME"), "QueryRetrieveLevel"),
        (STUDY_ROOT_FIND, query("STUDY", StudyInstanceUID="1.10*"), "StudyInstanceUID"),
        (STUDY_ROOT_FIND, query("STUDY", SOPInstanceUID="1.1.1"), "SOPInstanceUID"),
        (STUDY_ROOT_FIND, query("STUDY", StudyDate="2026-01-01"), "StudyDate"),
    ],
)
def test_a_bad_level_or_key_is_a900_and_named(
    host: ScpHost,
    bare_scu: Callable[..., Association],
    model: UID,
    identifier: Dataset,
    named: str,
) -> None:
    association = bare_scu(host, [build_context(model)])
    answers, statuses, last = asked(association, identifier, model)
    assert (answers, statuses) == ([], [Status.DATASET_MISMATCH])
    assert named in last.ErrorComment
    good = query("STUDY", StudyInstanceUID="1.10")
    assert asked(association, good, model)[1] == [Status.PENDING, Status.SUCCESS]


def negotiation(model: UID, options: bytes) -> SOPClassExtendedNegotiation:
    item = SOPClassExtendedNegotiation()
    item.sop_class_uid = model
    item.service_class_application_information = options
    return item


@pytest.mark.parametrize(
    ("model", "offered", "agreed"),
    [
        (STUDY_ROOT_FIND, b"\1", b"\1"),
        (PATIENT_ROOT_FIND, b"\1\1\1\1\1", b"\1\1\0\0\0"),
        (STUDY_ROOT_FIND, b"\0\1\0", b"\0\1\0"),
        (STUDY_ROOT_FIND, b"\7\xff", b"\0\0"),
        (STUDY_ROOT_MOVE, b"\1\1", b"\1\0"),
        (COMPOSITE_INSTANCE_ROOT_MOVE, b"\1", b"\0"),
    ],
)
def test_extended_negotiation(
    host: ScpHost,
    bare_scu: Callable[..., Association],
    model: UID,
    offered: bytes,
    agreed: bytes,
) -> None:
    """PS3.4 C.5.1.1, C.5.2.1: relational queries and combined date-time matching."""
    association = bare_scu(host, [build_context(model)], ext_neg=[negotiation(model, offered)])
    assert association.acceptor.sop_class_extended == {model: agreed}


def test_no_answer_to_a_negotiation_that_was_not_asked_for(
    host: ScpHost, bare_scu: Callable[..., Association]
) -> None:
    unknown = negotiation(UID("1.2.3.4"), b"\1")
    contexts = [build_context(STUDY_ROOT_FIND)]
    for items in ([], [unknown]):
        association = bare_scu(host, contexts, ext_neg=items)
        assert association.acceptor.sop_class_extended == {}


@pytest.mark.parametrize(("options", "matches"), [(b"\1\1", ["1.10", "1.11"]), (b"\1\0", [])])
def test_dates_and_times_are_combined_where_it_was_agreed(
    host: ScpHost, bare_scu: Callable[..., Association], options: bytes, matches: list[str]
) -> None:
    """From 2 January 10:00 to 3 February 9:45; without the agreement from 10:00 to 9:45 only."""
    items = [negotiation(STUDY_ROOT_FIND, options)]
    association = bare_scu(host, [build_context(STUDY_ROOT_FIND)], ext_neg=items)
    keys = {"StudyDate": "20260102-20260203", "StudyTime": "1000-0945"}
    answers, _, _ = asked(association, query("STUDY", StudyInstanceUID="", **keys))
    assert [one.StudyInstanceUID for one in answers] == matches


@pytest.mark.parametrize("matches", [True, False])
def test_a_query_is_cancelled(
    start_host: Callable[..., ScpHost],
    store: InstanceStore,
    bare_scu: Callable[..., Association],
    monkeypatch: pytest.MonkeyPatch,
    wait_until: Callable[[Callable[[], bool]], None],
    matches: bool,
) -> None:
    """Between two answers; and while there is none, between two pages of the index."""
    cancelled = Event()
    search = store.search

    def wait(found: Any) -> Iterator[Any]:
        for answer in search(found):
            yield answer if matches else None
            assert cancelled.wait(10), "not cancelled"

    monkeypatch.setattr(store, "search", wait)
    host = start_host(QueryRetrieveScp(store, AeDirectory(), LocalAe("OURS", Timeouts())))
    association = bare_scu(host, [build_context(STUDY_ROOT_FIND)])
    accepted = next(iter(host._open()))
    responses = association.send_c_find(
        query("IMAGE", SOPInstanceUID=""), STUDY_ROOT_FIND, msg_id=7
    )
    if matches:
        assert next(responses)[0].Status == Status.PENDING
    # Otherwise it may come before the query is begun to be answered.
    association.send_c_cancel(7, query_model=STUDY_ROOT_FIND)
    came = association.dimse.msg_queue
    wait_until(lambda: bool(accepted.dimse.cancel_req or came.qsize()))
    cancelled.set()
    assert [command.Status for command, _ in responses] == [Status.CANCELLED]
    good = query("STUDY", StudyInstanceUID="1.10")
    assert asked(association, good)[1][-1] == Status.SUCCESS
