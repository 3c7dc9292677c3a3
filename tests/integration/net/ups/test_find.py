"""C-FIND on the wire (PS3.4 CC.2.8, C.2.2.2)."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from pydicom.tag import Tag

from tdwii_gui.dicom.iod.requirements import ups_requirements
from tdwii_gui.dicom.uids import UPS_PULL, UPS_PUSH, UPS_QUERY, UPS_WATCH
from tests.integration.net.ups.messages import attribute_list, code, dataset
from tests.integration.net.ups.wire import CLAIM

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.net.ups.wire import Tms

STATION = "ScheduledStationNameCodeSequence"


@pytest.fixture
def label(request: pytest.FixtureRequest) -> str:
    """Return a Worklist Label of this test alone."""
    return str(abs(hash(request.node.nodeid)))[:16]


def found(tms: Tms, label: str, **keys: object) -> list[str]:
    """Return the labels of the steps that match, of those with a Worklist Label."""
    matches, statuses, _ = tms.find(WorklistLabel=label, ProcedureStepLabel="", **keys)
    assert statuses[-1] == 0
    return sorted(str(each.ProcedureStepLabel) for each in matches)


def steps(tms: Tms, label: str, **changes: dict[str, object]) -> None:
    for name, values in changes.items():
        tms.new(WorklistLabel=label, ProcedureStepLabel=name, **values)


@pytest.mark.parametrize("context", [UPS_PULL, UPS_WATCH, UPS_QUERY])
def test_responses(tms: Tms, label: str, context: str) -> None:
    uid = tms.new(WorklistLabel=label)
    matches, statuses, _ = tms.find(context, WorklistLabel=label, SOPClassUID="", SOPInstanceUID="")
    assert statuses == [0xFF00, 0x0000]
    assert (matches[0].SOPClassUID, matches[0].SOPInstanceUID) == (UPS_PUSH, uid)
    assert tms.find(context, WorklistLabel="nothing")[1] == [0x0000]


MATCHING = [
    ("single value", {"ScheduledProcedureStepPriority": "HIGH"}, ["a"]),
    ("single value only", {"ScheduledProcedureStepPriority": "HI*"}, []),
    ("single value", {"InputReadinessState": "READY"}, ["a", "b"]),
    ("single value", {"ProcedureStepState": "SCHEDULED"}, ["a", "b", "c"]),
    ("universal", {"PatientID": ""}, ["a", "b", "c"]),
    ("universal", {"PatientID": "*"}, ["a", "b", "c"]),
    ("wildcard", {"PatientID": "ID?"}, ["a", "b"]),
    ("wildcard", {"PatientID": "*7"}, ["c"]),
    ("case", {"PatientID": "id1"}, []),
    ("case of names", {"PatientName": "mÜller^*"}, ["a"]),
    ("range", {"ScheduledProcedureStepStartDateTime": "20261121-20261122"}, ["a", "b"]),
    ("range from", {"ScheduledProcedureStepStartDateTime": "20261122-"}, ["b", "c"]),
    ("range to", {"ScheduledProcedureStepStartDateTime": "-202611220000"}, ["a"]),
    ("single moment", {"ScheduledProcedureStepStartDateTime": "20261123080000"}, ["c"]),
    ("sequence", {STATION: [dataset(CodeValue="TR2", CodingSchemeDesignator="")]}, ["b"]),
    ("one item", {STATION: [dataset(CodeValue="TR1", CodingSchemeDesignator="99Y")]}, []),
    ("any item", {STATION: [dataset(CodeValue="TR3")]}, ["c"]),
    ("no meaning", {STATION: [dataset(CodeValue="TR1", CodeMeaning="other")]}, ["a", "c"]),
    ("universal item", {STATION: [dataset(CodeValue="")]}, ["a", "b", "c"]),
    ("empty sequence", {STATION: []}, ["a", "b", "c"]),
]


@pytest.fixture(scope="module")
def worklist(_standard: Tms) -> Tms:
    steps(
        _standard,
        "MATCHING",
        a={
            "ScheduledProcedureStepPriority": "HIGH",
            "PatientID": "ID1",
            "ScheduledProcedureStepStartDateTime": "20261121080000",
        },
        b={
            "PatientID": "ID2",
            "PatientName": "Smith^Ann",
            "ScheduledProcedureStepStartDateTime": "20261122080000",
            STATION: [code("TR2")],
        },
        c={
            "InputReadinessState": "INCOMPLETE",
            "PatientID": "X77",
            "PatientName": "Jones^Bob",
            "ScheduledProcedureStepStartDateTime": "20261123080000",
            STATION: [code("TR1"), code("TR3", "99Y")],
        },
    )
    return _standard


@pytest.mark.parametrize(("keys", "expected"), [row[1:] for row in MATCHING])
def test_matching(worklist: Tms, keys: dict[str, object], expected: list[str]) -> None:
    assert found(worklist, "MATCHING", **keys) == expected


def test_a_list_of_uids(tms: Tms, label: str) -> None:
    uids = [tms.new(WorklistLabel=label) for _ in range(3)]
    matches, _, _ = tms.find(SOPInstanceUID=uids[:2])
    assert {str(each.SOPInstanceUID) for each in matches} == set(uids[:2])


@pytest.mark.parametrize(
    ("key", "offset", "matches"),
    [
        ("20261121060000+0000", "+0000", True),
        ("20261121080000+0200", "+0000", True),
        ("20261121080000+0000", "+0000", False),
        ("20261121080000", "+0200", True),
    ],
)
def test_moments_match_by_their_meaning(
    tms: Tms, label: str, key: str, offset: str, matches: bool
) -> None:
    steps(tms, label, a={"ScheduledProcedureStepStartDateTime": "20261121080000+0200"})
    keys = {"ScheduledProcedureStepStartDateTime": key, "TimezoneOffsetFromUTC": offset}
    assert (found(tms, label, **keys) == ["a"]) is matches


def test_only_what_is_asked_for_is_returned(tms: Tms, label: str) -> None:
    tms.new(WorklistLabel=label)
    keys = {STATION: [dataset(CodeValue="TR1")], "PatientName": "", "MedicalAlerts": ""}
    ((match,), statuses, _) = tms.find(WorklistLabel=label, **keys)
    assert statuses == [0xFF00, 0]
    assert sorted(match.dir()) == sorted([*keys, "WorklistLabel", "SpecificCharacterSet"])
    (item,) = match[STATION].value
    assert item == dataset(CodeValue="TR1")
    assert match["MedicalAlerts"].is_empty


def test_matching_items_alone_are_returned(tms: Tms, label: str) -> None:
    tms.new(WorklistLabel=label, **{STATION: [code("TR1"), code("TR3", "99Y")]})
    wanted = dataset(CodeValue="TR3", CodingSchemeDesignator="", CodeMeaning="")
    ((match,), _, _) = tms.find(WorklistLabel=label, **{STATION: [wanted]})
    assert list(match[STATION].value) == [code("TR3", "99Y")]


@pytest.mark.parametrize("kind", ["1", "2"])
def test_return_keys_of_type_1_and_2_are_returned(tms: Tms, label: str, kind: str) -> None:
    uid = tms.new(WorklistLabel=label)
    rows = [row for row in ups_requirements().top_level if row.return_key == kind]
    keys = {row.keyword: [] if row.vr == "SQ" else "" for row in rows}
    ((match,), _, _) = tms.find(**{**keys, "SOPInstanceUID": uid})
    assert set(keys) <= set(match.dir())
    assert all(not match[row.keyword].is_empty for row in rows if kind == "1")


def test_required_keys_match(tms: Tms, label: str) -> None:
    """A value that no step has leaves none, for each top-level key of Table CC.2.5-3 (R, U)."""
    tms.new(WorklistLabel=label)
    rows = [row for row in ups_requirements().top_level if row.match_key in ("R", "U")]
    assert len(rows) > 15
    for row in rows:
        inner = [each for each in row.children if each.match_key == "R" and each.vr != "SQ"]
        if row.vr == "SQ" and not inner:
            continue
        keyword = inner[0].keyword if row.vr == "SQ" else row.keyword
        vr = inner[0].vr if row.vr == "SQ" else row.vr
        value = {"DT": "19000101", "DA": "19000101", "UI": "9.9"}.get(vr, "NOSUCH")
        key = [dataset(**{keyword: value})] if row.vr == "SQ" else value
        assert tms.find(**{row.keyword: key})[1] == [0x0000], row.keyword


@pytest.mark.parametrize(
    "keys",
    [
        {"TransactionUID": CLAIM},
        {"QueryRetrieveLevel": "STUDY"},
    ],
)
def test_keys_that_are_not_supported_are_universal_and_ff01(
    tms: Tms, label: str, keys: dict[str, str]
) -> None:
    uid = tms.new(WorklistLabel=label)
    tms.change(uid, "IN PROGRESS")
    ((match,), statuses, _) = tms.find(WorklistLabel=label, **keys)
    assert statuses == [0xFF01, 0x0000]
    assert not match.get("TransactionUID")


@pytest.mark.parametrize(
    ("keys", "named"),
    [
        ({"PatientID": "X" * 65}, "PatientID"),
        ({"ScheduledProcedureStepStartDateTime": "soon"}, "ScheduledProcedureStepStartDateTime"),
        ({STATION: [dataset(CodeValue="a"), dataset(CodeValue="b")]}, STATION),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_an_unusable_key_is_a900(tms: Tms, keys: dict[str, object], named: str) -> None:
    matches, statuses, comment = tms.find(**keys)
    assert (matches, statuses) == ([], [0xA900])
    assert comment.split()[0] == named
    assert len(comment) <= 64


def test_too_many_keys_are_a900(tms: Tms) -> None:
    query = dataset(PatientID="")
    for number in range(201):
        query.add_new(Tag(0x0011, 0x1000 + number), "LO", "")
    ((command, identifier),) = tms.association.send_c_find(query, UPS_PULL)
    assert (command.Status, identifier) == (0xA900, None)


def test_a_query_is_canceled(
    tms: Tms, label: str, wait_until: Callable[[Callable[[], bool]], None]
) -> None:
    for _ in range(30):
        tms.new(WorklistLabel=label)
    query = dataset(WorklistLabel=label, SOPInstanceUID="")
    go_on = threading.Event()
    finding = tms.service.find

    def slowly(identifier: object) -> object:
        for number, each in enumerate(finding(identifier)):  # type: ignore[arg-type]
            # Whether it is canceled is asked after each: here that has to be after the C-CANCEL.
            if number == 1:
                assert go_on.wait(30)
            yield each

    tms.service.find = slowly  # type: ignore[method-assign, assignment]
    try:
        responses = tms.association.send_c_find(query, UPS_PULL, msg_id=77)
        assert next(responses)[0].Status == 0xFF00
        tms.association.send_c_cancel(77, query_model=UPS_PULL)
        wait_until(lambda: any(each.dimse.cancel_req for each in tms.host._open()))
        go_on.set()
        statuses = [int(command.Status) for command, _ in responses]
    finally:
        del tms.service.find
    assert statuses[-1] == 0xFE00
    assert len(statuses) < 10


def test_all_matches_are_returned(tms: Tms, label: str) -> None:
    """There is no limit; results are sent as they are found."""
    for _ in range(250):
        tms.service.create(None, attribute_list(WorklistLabel=label), "TEST")
    matches, statuses, _ = tms.find(WorklistLabel=label)
    assert len(matches) == 250
    assert statuses[-1] == 0
