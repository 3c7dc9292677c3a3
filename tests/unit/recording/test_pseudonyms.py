"""Pseudonyms: as long as what they replace, consistent, and nothing of a patient is left."""

from __future__ import annotations

import struct
import zlib
from datetime import date

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from tdwii_gui.recording.encoded_values import EncodedValues
from tdwii_gui.recording.pseudonyms import Pseudonyms, pseudonymise

SYNTAXES = {
    "implicit": ImplicitVRLittleEndian,
    "explicit": ExplicitVRLittleEndian,
    "big endian": ExplicitVRBigEndian,
}
SEED = b"a seed"
WITHOUT_PATIENT = "rtplan vendor 99test somebody else plan_of born said that is no id fraction of"
"""What `about` says whoever the patient is."""
syntaxes = st.sampled_from(list(SYNTAXES.values()))
# Long enough that no pseudonym is one of them by chance.
words = st.text("ABCDEFGHIJKLMNOPQRSTUVWYZabcdefgh", min_size=7, max_size=12)
numbers = st.text("0123456789", min_size=8, max_size=12)


@st.composite
def patients(draw) -> Dataset:
    patient = Dataset()
    patient.PatientName = f"{draw(words)}^{draw(words)}"
    patient.PatientID = draw(st.one_of(numbers, words))
    born = draw(st.dates(date(1900, 1, 1), date(2015, 1, 1)))
    patient.PatientBirthDate = f"{born:%Y%m%d}"
    assume(not any(secret.lower() in WITHOUT_PATIENT for secret in secrets_of(patient)))
    return patient


def secrets_of(patient: Dataset) -> list[str]:
    return [*str(patient.PatientName).split("^"), patient.PatientID, patient.PatientBirthDate]


def about(patient: Dataset, nested: int = 2, undefined: bool = False) -> Dataset:
    """Return a data set that mentions a patient wherever it can."""
    family, given_name, patient_id, born = secrets_of(patient)
    dataset = Dataset()
    dataset.update(patient)
    dataset.SOPInstanceUID = "1.2.3"
    dataset.Modality = "RTPLAN"
    dataset.StudyDate = "20201131"
    dataset.RTPlanLabel = f"{family[:12]} 2"
    dataset.StudyDescription = f"plan_of {family.lower()}{given_name} ({patient_id})"
    dataset.SeriesDescription = f"born {born[:4]}-{born[4:6]}-{born[6:]} or {born}"
    dataset.ImageComments = f"{family} said that {patient_id} is no ID"
    dataset.OperatorsName = f"{given_name}^{family}"
    dataset.ContactDisplayName = f"Dr. {family}"
    dataset.ReferringPhysicianName = "Somebody^Else"
    dataset.PixelData = f"{family}{patient_id} ".encode()[: 2 * len(family)].ljust(40, b"#")
    dataset["PixelData"].VR = "OW"
    dataset.add_new(0x30090010, "LO", "VENDOR")
    dataset.add_new(0x30091001, "LO", f"{patient_id}\\{family}")
    dataset.add_new(0x30091002, "UN", f"{patient_id} {family} ".encode().ljust(40))
    inside = about(patient, nested - 1, undefined) if nested else Dataset()
    inside.TextValue = f"fraction of {given_name}"
    inside.is_undefined_length_sequence_item = undefined
    for keyword in ("ScheduledProcessingParametersSequence", "RequestAttributesSequence"):
        setattr(dataset, keyword, [inside])
        dataset[keyword].is_undefined_length = undefined
    person = Dataset()
    person.CodeValue, person.CodeMeaning = patient_id, f"{given_name} {family}"
    person.CodingSchemeDesignator = "99TEST"
    dataset.HumanPerformerCodeSequence = [person]
    return dataset


def encode(dataset: Dataset, syntax: str) -> bytes:
    stream = DicomBytesIO()
    stream.is_implicit_VR = syntax == ImplicitVRLittleEndian
    stream.is_little_endian = syntax != ExplicitVRBigEndian
    write_dataset(stream, dataset)
    return stream.getvalue()


def decode(encoded: bytes, syntax: str) -> Dataset:
    dataset = read_dataset(
        DicomBytesIO(encoded), syntax == ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian
    )
    dataset.walk(lambda _, element: element.value)
    return dataset


def spots(encoded: bytes, syntax: str) -> list[tuple]:
    values = EncodedValues(
        encoded,
        implicit=syntax == ImplicitVRLittleEndian,
        little_endian=syntax != ExplicitVRBigEndian,
    )
    return [*values, values.readable]


def assert_nothing_left(encoded: bytes, patient: Dataset) -> None:
    for secret in secrets_of(patient):
        assert secret.lower().encode() not in encoded.lower(), secret


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=40, deadline=None)
@given(patients(), syntaxes, st.booleans(), st.binary(min_size=8, max_size=8))
def test_nothing_of_a_patient_is_left_and_the_structure_stays(patient, syntax, undefined, seed):
    encoded = encode(about(patient, undefined=undefined), syntax)
    replaced = pseudonymise(encoded, syntax, Pseudonyms(seed))
    assert len(replaced) == len(encoded)
    assert spots(replaced, syntax) == spots(encoded, syntax)
    assert spots(encoded, syntax)[-1] == len(encoded)
    assert_nothing_left(replaced, patient)
    assert pseudonymise(encoded, syntax, Pseudonyms(seed)) == replaced, "deterministic"


@settings(max_examples=40, deadline=None)
@given(patients(), syntaxes, st.integers(0, 4000))
def test_of_what_is_cut_short_nothing_is_left_either(patient, syntax, length):
    encoded = encode(about(patient, nested=1), syntax)[:length]
    assume(spots(encoded, syntax)[-1] < length)
    replaced = pseudonymise(encoded, syntax, Pseudonyms(SEED))
    assert len(replaced) == len(encoded)
    assert_nothing_left(replaced, patient)


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_damaged_bytes_are_never_an_error(data):
    syntax = data.draw(st.sampled_from([*SYNTAXES.values(), DeflatedExplicitVRLittleEndian, "1.2"]))
    patient = Dataset()
    patient.PatientName, patient.PatientID, patient.PatientBirthDate = "A^B", "1", "19700101"
    encoded = bytearray(encode(short_about(patient), syntax))
    for _ in range(data.draw(st.integers(0, 8))):
        place = data.draw(st.integers(0, len(encoded)))
        encoded[place : place + data.draw(st.integers(0, 6))] = data.draw(st.binary(max_size=6))
    damaged = data.draw(st.one_of(st.just(bytes(encoded)), st.binary(max_size=300)))
    replaced = pseudonymise(damaged, syntax, Pseudonyms(SEED))
    assert len(replaced) == len(damaged) or syntax == DeflatedExplicitVRLittleEndian


def short_about(patient: Dataset) -> Dataset:
    dataset = Dataset()
    dataset.update(patient)
    dataset.StudyDate = "20201131"
    item = Dataset()
    item.update(patient)
    dataset.RequestAttributesSequence = [item, item]
    dataset.add_new(0x30091002, "UN", b"private ")
    return dataset


@pytest.mark.parametrize("syntax", SYNTAXES.values(), ids=SYNTAXES)
def test_real_files_keep_their_structure_and_tell_no_name(shared_data, syntax):
    names = 0
    for path in sorted(shared_data.rglob("*.dcm")):
        original = dcmread(path, force=True)
        meta = original.file_meta
        if path.stat().st_size > 60_000 or path.parent.name == "odd_files":
            continue
        if meta.get("TransferSyntaxUID", syntax) == ExplicitVRBigEndian:
            continue
        original.walk(lambda _, element: element.value)  # to encode it in another byte order
        encoded = encode(original, syntax)
        replaced = pseudonymise(encoded, syntax, Pseudonyms(SEED))
        assert spots(replaced, syntax) == spots(encoded, syntax), path
        decoded = decode(replaced, syntax)
        assert decoded.get("SOPInstanceUID") == original.get("SOPInstanceUID")
        assert decoded.dir() == original.dir()
        for keyword in ("PatientName", "PatientID"):
            if len(secret := str(original.get(keyword, ""))) > 4:
                names += 1
                assert secret.encode() not in replaced, path
    assert names > 60


def test_all_real_files_as_they_are_encoded(shared_data):
    """Whole files of any size, those that are no good included, in the right and a wrong syntax."""
    understood = 0
    for path in sorted(shared_data.rglob("*.dcm")):
        file = path.read_bytes()
        start = 144 + int.from_bytes(file[140:144], "little") if file[128:132] == b"DICM" else 0
        encoded = file[start:]
        meta = dcmread(path, force=True, stop_before_pixels=True).file_meta
        for syntax in {*SYNTAXES.values(), str(meta.get("TransferSyntaxUID", ""))}:
            if syntax == DeflatedExplicitVRLittleEndian:
                continue
            replaced = pseudonymise(encoded, syntax, Pseudonyms(SEED))
            assert len(replaced) == len(encoded)
            understood += len(encoded) > 0 and spots(encoded, syntax)[-1] == len(encoded)
    assert understood > 90


def replaced_dataset(dataset: Dataset, pseudonyms: Pseudonyms | None = None) -> Dataset:
    encoded = encode(dataset, ExplicitVRLittleEndian)
    replaced = pseudonymise(encoded, ExplicitVRLittleEndian, pseudonyms or Pseudonyms(SEED))
    return decode(replaced, ExplicitVRLittleEndian)


def test_a_value_has_the_same_pseudonym_in_all_messages_and_encodings():
    pseudonyms = Pseudonyms(SEED)
    patient = Dataset()
    patient.PatientName, patient.PatientID, patient.PatientBirthDate = "DOE^JANE", "A12", "19700101"
    seen = set()
    for syntax in SYNTAXES.values():
        replaced = pseudonymise(encode(patient, syntax), syntax, pseudonyms)
        decoded = decode(replaced, syntax)
        seen.add((str(decoded.PatientName), decoded.PatientID, decoded.PatientBirthDate))
    assert len(seen) == 1
    assert seen != {("DOE^JANE", "A12", "19700101")}


@given(words, words, st.integers(1, 12))
def test_a_key_with_a_wildcard_still_matches_what_it_matched(one, other, length):
    pseudonyms = Pseudonyms(SEED)
    key = pseudonyms.replace(one[:length].encode() + b"*")
    assert key.endswith(b"*")
    matches = pseudonyms.replace(other.encode()).startswith(key[:-1])
    assert matches == other.startswith(one[:length])


@given(st.dates(date(1925, 1, 1), date(2100, 1, 1)), st.dates(date(1925, 1, 1), date(2100, 1, 1)))
def test_dates_keep_their_distance_and_their_weekday(one, other):
    def shifted(day: date) -> date:
        return date.fromisoformat(Pseudonyms(SEED).shift(f"{day:%Y%m%d}".encode()).decode())

    assert shifted(one) - shifted(other) == one - other
    assert shifted(one).weekday() == one.weekday()
    assert shifted(one) < one


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (b"20210405-20210407", slice(8, 9)),
        (b"-20210407 ", slice(9, 10)),
        (b"20210405101112.500000-0500", slice(8, 26)),
        (b"20210405101112-20210407101112", slice(8, 15)),
        (b"2021.04.05", slice(4, 5)),
        (b"20210405\\20210406", slice(8, 9)),
    ],
)
def test_ranges_times_and_offsets_around_dates_stay(value, kept):
    shifted = Pseudonyms(SEED).shift(value)
    assert len(shifted) == len(value)
    assert shifted[kept] == value[kept]
    assert b"2021" not in shifted


@pytest.mark.parametrize(
    "value", [b"5/3/1970", b"1970-1-1", b"born 1970", b"19701970", b"00010101"]
)
def test_what_is_no_date_is_replaced_where_a_date_belongs(value):
    shifted = Pseudonyms(SEED).shift(value)
    assert len(shifted) == len(value)
    assert not {b"1970", b"0101"} & {shifted[:4], shifted[4:8], shifted[-4:]}


def test_what_a_check_of_the_protocol_needs_stays():
    dataset = Dataset()
    dataset.PatientName, dataset.PatientSex, dataset.PatientAge = "TREATMENT^TEST", "F", "045Y"
    dataset.ScheduledProcedureStepStartDateTime = "20210405101112"
    dataset.ProcedureStepState = "IN PROGRESS"
    dataset.WorklistLabel = "Photon room"
    dataset.ReceivingAE = "TDD1"
    item = Dataset()
    item.TextValue = "TREATMENT"
    item.NumericValue = "3"
    dataset.ScheduledProcessingParametersSequence = [item]
    replaced = replaced_dataset(dataset)
    for keyword in (
        "PatientSex",
        "PatientAge",
        "ProcedureStepState",
        "WorklistLabel",
        "ReceivingAE",
    ):
        assert replaced[keyword] == dataset[keyword]
    assert replaced.ScheduledProcessingParametersSequence == [item]
    assert replaced.ScheduledProcedureStepStartDateTime.endswith("101112")
    assert str(replaced.PatientName) != "TREATMENT^TEST"


def test_private_values_and_documents_are_blank_but_decodable():
    dataset = Dataset()
    dataset.add_new(0x30090010, "LO", "VENDOR")
    dataset.add_new(0x30091001, "DS", "1.5")
    dataset.add_new(0x30091002, "OB", b"DOE ")
    item = Dataset()
    item.PatientPosition = "HFS"
    dataset.add_new(0x30091003, "SQ", [item])
    dataset.EncapsulatedDocument = b"%PDF"
    dataset.ReasonForCancellation = "Doe, 45: pain"
    replaced = replaced_dataset(dataset)
    assert replaced[0x30090010].value == "VENDOR"
    assert not replaced[0x30091001].value
    assert replaced[0x30091002].value == bytes(4)
    assert not replaced[0x30091003].value[0].PatientPosition
    assert replaced.EncapsulatedDocument == bytes(4)
    assert replaced.ReasonForCancellation == "xxx, xx: xxxx"


def test_encapsulated_fragments_are_blank_and_keep_their_lengths():
    fragment = b"\xfe\xff\x00\xe0\x04\x00\x00\x00\xff\xd8DO"
    end = b"\xfe\xff\xdd\xe0\x00\x00\x00\x00"
    encoded = b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff" + fragment * 2 + end
    replaced = pseudonymise(encoded, "1.2.840.10008.1.2.4.50", Pseudonyms(SEED))
    assert replaced == encoded.replace(b"\xff\xd8DO", bytes(4))


@pytest.mark.parametrize("vr", ["LO", "UN", "OB", "CS", "XX"])
def test_a_name_under_another_vr_is_not_left(vr):
    encoded = b"\x10\x00\x10\x00" + vr.encode()
    encoded += b"\0\0\x08\0\0\0" if vr in ("UN", "OB") else b"\x08\0"
    replaced = pseudonymise(encoded + b"DOE^JANE", ExplicitVRLittleEndian, Pseudonyms(SEED))
    assert replaced.startswith(encoded)
    assert b"DOE" not in replaced
    assert b"JANE" not in replaced


def test_names_in_other_character_sets_stay_decodable(shared_data):
    for path in sorted((shared_data / "odd_files").glob("chr*.dcm")):
        original = dcmread(path)
        if "PatientName" not in original:
            continue
        encoded = encode(original, ExplicitVRLittleEndian)
        replaced = pseudonymise(encoded, ExplicitVRLittleEndian, Pseudonyms(SEED))
        decoded = decode(replaced, ExplicitVRLittleEndian)
        assert str(decoded.PatientName).isascii()
        assert len(str(decoded.PatientName).split("^")) == len(str(original.PatientName).split("^"))
        assert original["PatientName"].value.original_string not in replaced


def test_a_deflated_data_set_is_deflated_anew():
    dataset = Dataset()
    dataset.PatientName, dataset.PatientID = "DOE^JANE", "12345"
    inflated = encode(dataset, ExplicitVRLittleEndian)
    deflater = zlib.compressobj(wbits=-15)
    deflated = deflater.compress(inflated) + deflater.flush()
    replaced = pseudonymise(deflated, DeflatedExplicitVRLittleEndian, Pseudonyms(SEED))
    assert zlib.decompress(replaced.rstrip(b"\0") + b"\0\0", wbits=-15) == pseudonymise(
        inflated, ExplicitVRLittleEndian, Pseudonyms(SEED)
    )
    assert pseudonymise(deflated[:9], DeflatedExplicitVRLittleEndian, Pseudonyms(SEED)) == bytes(9)


def test_known_names_are_replaced_in_later_messages_too():
    pseudonyms = Pseudonyms(SEED)
    dataset = Dataset()
    dataset.PatientName = "DOE^JANE"
    name = str(replaced_dataset(dataset, pseudonyms).PatientName).partition("^")[0]
    answer = Dataset()
    answer.ErrorComment = "No plan of Doe here"
    assert replaced_dataset(answer, pseudonyms).ErrorComment == f"No plan of {name.title()} here"


def test_deep_nesting_and_many_phrases_take_no_time():
    item = b"\x00\x40\x75\x02\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    assert len(pseudonymise(item * 20_000, ImplicitVRLittleEndian, Pseudonyms(SEED))) == 320_000
    names = b"".join(
        b"\x10\x00\x10\x00PN\x08\x00%08d\x08\x00\x30\x10LO\x08\x00%08d" % (n, n)
        for n in range(8_000)
    )
    assert len(pseudonymise(names, ExplicitVRLittleEndian, Pseudonyms(SEED))) == len(names)


HUGE = 3_000_000


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("PatientName", b"A" * HUGE),
        ("PatientName", b"AB " * (HUGE // 3)),
        ("PatientBirthDate", b" " * HUGE + b"x"),
        ("StudyDate", b"2021" + b" " * 60_000 + b"x"),
        ("StudyDate", b"2" * 60_000),
        ("StudyDescription", b"ABCD" * 16_000),
        ("TextValue", b"ABCDE " * (HUGE // 6)),
        ("SpecificCharacterSet", b"\x1b$B" * (HUGE // 3)),
    ],
)
def test_huge_values_take_no_time(keyword, value):
    name = struct.pack("<HHL", 0x0010, 0x0010, 6) + b"ABCD^E"
    tag = tag_for_keyword(keyword)
    huge = struct.pack("<HHL", tag >> 16, tag & 0xFFFF, len(value)) + value
    encoded = name + huge
    replaced = pseudonymise(encoded, ImplicitVRLittleEndian, Pseudonyms(SEED))
    assert len(replaced) == len(encoded)
    assert b"ABCD" not in replaced
