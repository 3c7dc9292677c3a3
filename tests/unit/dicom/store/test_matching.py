"""The matching types of PS3.4 C.2.2.2."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.store.encoding import decode, encode
from tdwii_gui.dicom.store.matching import matches, return_keys, wildcard_match


def dataset(**values: object) -> Dataset:
    built = Dataset()
    for keyword, value in values.items():
        setattr(built, keyword, value)
    return built


def code(value: str, scheme: str = "99X", meaning: str = "meaning") -> Dataset:
    return dataset(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def station(*items: Dataset) -> dict[str, object]:
    return {"ScheduledStationNameCodeSequence": list(items)}


MATCHES = [
    # single value, universal
    ({"PatientID": "A1"}, {"PatientID": "A1"}, True),
    ({"PatientID": "A1"}, {"PatientID": "a1"}, False),
    ({"PatientID": " A1 "}, {"PatientID": "A1"}, True),
    ({"PatientID": "A1"}, {"PatientID": ""}, False),
    ({"PatientID": "A1"}, {}, False),
    ({"PatientID": ""}, {"PatientID": "A1"}, True),
    ({"PatientID": ""}, {}, True),
    ({}, {"PatientID": "A1"}, True),
    # list of UID; a UID has no wildcards
    ({"SOPInstanceUID": ["1.2", "1.3"]}, {"SOPInstanceUID": "1.3"}, True),
    ({"SOPInstanceUID": ["1.2", "1.3"]}, {"SOPInstanceUID": "1.4"}, False),
    # wildcards
    ({"PatientID": "A*"}, {"PatientID": "A1"}, True),
    ({"PatientID": "A?"}, {"PatientID": "A"}, False),
    ({"PatientID": "*"}, {}, True),
    ({"PatientID": "%"}, {"PatientID": "A1"}, False),
    ({"PatientID": ".*"}, {"PatientID": "A1"}, False),
    ({"ProcedureStepLabel": "*beam?"}, {"ProcedureStepLabel": "First beam1"}, True),
    ({"ProcedureStepLabel": "*beam?"}, {"ProcedureStepLabel": "First Beam1"}, False),
    # single value only (PS3.4 CC.2.8.1.1)
    ({"ProcedureStepState": "SCHED*"}, {"ProcedureStepState": "SCHEDULED"}, False),
    ({"ProcedureStepState": "SCHEDULED"}, {"ProcedureStepState": "SCHEDULED"}, True),
    # person names: whatever the case, by component groups
    ({"PatientName": "doe^john"}, {"PatientName": "DOE^John"}, True),
    ({"PatientName": "DOE^JOHN"}, {"PatientName": "Doe^John^^"}, True),
    ({"PatientName": "DOE^JOHN^^"}, {"PatientName": "Doe^John"}, True),
    ({"PatientName": "DOE"}, {"PatientName": "Doe^John"}, False),
    ({"PatientName": "DO?^J*"}, {"PatientName": "Doe^John"}, True),
    ({"PatientName": "DOE^*"}, {"PatientName": "Doe"}, True),
    ({"PatientName": "DOE^?*"}, {"PatientName": "Doe"}, False),
    ({"PatientName": "山田*"}, {"PatientName": "Yamada^Tarou=山田^太郎"}, True),
    ({"PatientName": "=山田^太郎"}, {"PatientName": "Yamada^Tarou=山田^太郎"}, True),
    ({"PatientName": "=Yamada^Tarou"}, {"PatientName": "Yamada^Tarou=山田^太郎"}, False),
    ({"PatientName": "Yamada*=山*"}, {"PatientName": "Yamada^Tarou=山田^太郎"}, True),
    ({"PatientName": "DOE"}, {"PatientName": ""}, False),
    # dates and times
    ({"PatientBirthDate": "19700101"}, {"PatientBirthDate": "19700101"}, True),
    ({"PatientBirthDate": "19700101-"}, {"PatientBirthDate": "19691231"}, False),
    ({"PatientBirthDate": "-19700101"}, {"PatientBirthDate": "19700101"}, True),
    ({"PatientBirthDate": "19700101-19701231"}, {"PatientBirthDate": "19700615"}, True),
    ({"PatientBirthDate": "19700101-19701231"}, {"PatientBirthDate": "19710101"}, False),
    ({"PatientBirthDate": "19700101-19701231"}, {"PatientBirthDate": ""}, False),
    ({"StudyTime": "0800-0900"}, {"StudyTime": "085959.999"}, True),
    ({"StudyTime": "0800-0859"}, {"StudyTime": "085959.999"}, True),
    ({"StudyTime": "0800-0859"}, {"StudyTime": "090000"}, False),
    ({"StudyTime": "10"}, {"StudyTime": "103000"}, True),
    # numbers by their value
    ({"ReferencedBeamNumber": "1"}, {"ReferencedBeamNumber": "01"}, True),
    ({"ReferencedBeamNumber": "1"}, {"ReferencedBeamNumber": "10"}, False),
    ({"PregnancyStatus": 4}, {"PregnancyStatus": 4}, True),
    ({"PregnancyStatus": 4}, {"PregnancyStatus": 1}, False),
    # several values: any suffices
    ({"MedicalAlerts": "B"}, {"MedicalAlerts": ["A", "B"]}, True),
    ({"MedicalAlerts": "C"}, {"MedicalAlerts": ["A", "B"]}, False),
    # sequences: all keys within one item; empty ones are universal
    (station(code("TR1", "")), station(code("TR1")), True),
    (station(code("TR1", "99X", "x")), station(code("TR1", "99X", "y")), True),
    (station(code("TR1", "99Y")), station(code("TR1", "99X")), False),
    (station(code("TR1", "99Y")), station(code("TR1", "99X"), code("TR2", "99Y")), False),
    (station(code("TR2", "99Y")), station(code("TR1", "99X"), code("TR2", "99Y")), True),
    (station(code("TR*", "")), station(code("TR1")), False),
    (station(code("TR1", "")), station(), False),
    (station(code("TR1", "")), {}, False),
    (station(code("", "", "")), {}, True),
    (station(Dataset()), {}, True),
    (station(), station(code("TR1")), True),
    # no keys
    ({"SpecificCharacterSet": "ISO_IR 100"}, {"SpecificCharacterSet": "ISO_IR 192"}, True),
    ({"TransactionUID": "1.2.3"}, {}, True),
    ({"QueryRetrieveLevel": "STUDY"}, {}, True),
]


@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom on a CS with a wildcard
@pytest.mark.parametrize(("keys", "values", "expected"), MATCHES)
def test_matching_types(keys: dict[str, object], values: dict[str, object], expected: bool) -> None:
    stored = dataset(**{"SpecificCharacterSet": "ISO_IR 192", **values})
    assert matches(dataset(**keys), stored) is expected


def test_nested_sequences_match_within_one_item() -> None:
    def request(accession: str, procedure: str) -> Dataset:
        return dataset(
            AccessionNumber=accession, RequestedProcedureCodeSequence=[code(procedure, "", "")]
        )

    stored = dataset(ReferencedRequestSequence=[request("A", "1"), request("B", "2")])
    assert matches(dataset(ReferencedRequestSequence=[request("B", "2")]), stored)
    assert not matches(dataset(ReferencedRequestSequence=[request("A", "2")]), stored)


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("20261121", "20261121235959.999999", True),
        ("20261121", "20261122000000", False),
        ("20261121000000-20261121235959", "20261121080000", True),
        ("20261121080000+0000", "20261121090000+0100", True),
        ("20261121080000+0000-20261121090000+0000", "20261121100000+0100", True),
        ("20261121080000+0000-20261121090000+0000", "20261121080000+0100", False),
        ("20261121120000-", "20261121", True),
        ("-20261121120000", "20261122", False),
        ("20261121-0500-20261121-0500", "20261122045959+0000", True),
        ("20261121-0500-20261121-0500", "20261122050000+0000", False),
    ],
)
def test_dt_matches_by_meaning(key: str, value: str, expected: bool) -> None:
    identifier = dataset(ScheduledProcedureStepStartDateTime=key)
    assert matches(identifier, dataset(ScheduledProcedureStepStartDateTime=value)) is expected


def test_dt_takes_the_time_zone_of_its_own_data_set() -> None:
    identifier = dataset(
        TimezoneOffsetFromUTC="+0200",
        ScheduledProcedureStepStartDateTime="20261121100000-20261121100000",
    )
    stored = dataset(
        TimezoneOffsetFromUTC="-0100", ScheduledProcedureStepStartDateTime="20261121070000"
    )
    assert matches(identifier, stored)
    stored.TimezoneOffsetFromUTC = "+0000"
    assert not matches(identifier, stored)


@pytest.mark.parametrize(
    ("keys", "named"),
    [
        ({"PatientID": "A" * 65}, "PatientID"),
        ({"PatientName": "A" * 65}, "PatientName"),
        ({"PatientName": "A=B=C=D"}, "PatientName"),
        ({"PatientBirthDate": "1970*"}, "PatientBirthDate"),
        ({"ScheduledProcedureStepStartDateTime": "tomorrow"}, "ScheduledProcedureStepStart"),
        (station(code("A"), code("B")), "ScheduledStationNameCodeSequence"),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom on building these values
def test_unusable_key_is_named(keys: dict[str, object], named: str) -> None:
    with pytest.raises(DimseStatusError) as caught:
        matches(dataset(**keys), Dataset())
    assert caught.value.status == 0xA900
    assert caught.value.comment.startswith(named)


def test_a_name_may_have_three_groups_of_64_characters() -> None:
    name = "=".join(letter * 64 for letter in "ABC")
    assert matches(dataset(PatientName=name), dataset(PatientName=name.lower()))


def test_more_than_200_keys_are_refused() -> None:
    identifier = Dataset()
    for number in range(201):
        identifier.add_new((0x0011, 0x1000 + number), "LO", "")
    with pytest.raises(DimseStatusError) as caught:
        matches(identifier, Dataset())
    assert caught.value.status == 0xA900


def reference_match(pattern: str, text: str) -> bool:
    reached = {0}
    for character in pattern:
        if character == "*":
            reached = set(range(min(reached), len(text) + 1)) if reached else set()
        else:
            reached = {at + 1 for at in reached if at < len(text) and character in ("?", text[at])}
    return len(text) in reached


@given(st.text("ab*?", max_size=12), st.text("ab", max_size=12))
def test_wildcards_agree_with_a_reference(pattern: str, text: str) -> None:
    assert wildcard_match(pattern, text) is reference_match(pattern, text)


def test_hostile_wildcards_are_fast() -> None:
    # A regular expression takes seconds for 5 stars on 200 characters.
    began = time.perf_counter()
    assert not wildcard_match("*a" * 31 + "b", "a" * 10_000)
    assert time.perf_counter() - began < 1.0


def stored_step() -> Dataset:
    return dataset(
        SpecificCharacterSet="ISO_IR 100",
        PatientName="Müller^Jörg",
        PatientID="A1",
        ProcedureStepLabel="Größe",
        InputReadinessState="READY",
        **station(code("TR1", "99X", "Gerät 1"), code("TR2", "99X", "Gerät 2")),
    )


@pytest.mark.parametrize("read", [False, True], ids=["built", "read"])
def test_return_keys_are_those_requested(read: bool) -> None:
    stored = decode(*encode(stored_step())) if read else stored_step()
    identifier = dataset(
        PatientName="",
        ProcedureStepLabel="*",
        AdmissionID="",
        OtherPatientIDsSequence=[],
        TransactionUID="",
        **station(dataset(CodeValue="TR2")),
    )
    answer = decode(*encode(return_keys(identifier, stored)))
    assert answer.SpecificCharacterSet == "ISO_IR 100"
    assert answer.PatientName == "Müller^Jörg"
    assert answer.ProcedureStepLabel == "Größe"
    assert "PatientID" not in answer
    assert "TransactionUID" not in answer
    assert answer.AdmissionID is None or answer.AdmissionID == ""
    assert list(answer.OtherPatientIDsSequence) == []
    assert list(answer.ScheduledStationNameCodeSequence) == [dataset(CodeValue="TR2")]


@pytest.mark.parametrize("key", [[], [Dataset()]], ids=["no item", "empty item"])
def test_universal_sequence_key_returns_the_whole_sequence(key: list[Dataset]) -> None:
    stored = decode(*encode(stored_step()))
    answer = return_keys(dataset(ScheduledStationNameCodeSequence=key), stored)
    whole = decode(*encode(answer)).ScheduledStationNameCodeSequence
    assert [item.CodeMeaning for item in whole] == ["Gerät 1", "Gerät 2"]


def test_empty_keys_of_an_item_select_attributes_of_all_items() -> None:
    identifier = dataset(**station(dataset(CodeMeaning="", CodeValue="")))
    answer = return_keys(identifier, stored_step())
    assert [dict(item.items()).keys() for item in answer.ScheduledStationNameCodeSequence] == [
        {0x00080100, 0x00080104}
    ] * 2


def test_broken_stored_element_matches_nothing_and_breaks_nothing() -> None:
    # A US of three bytes cannot be decoded.
    broken = decode(b"\x10\x00\xc0\x21US\x03\x00\x01\x00\x00", implicit_vr=False)
    assert not matches(dataset(PregnancyStatus=1), broken)
