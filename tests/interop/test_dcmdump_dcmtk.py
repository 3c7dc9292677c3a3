"""Our dcmdump text against DCMTK's own dcmdump and dump2dcm."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pydicom
import pytest
from pydicom._uid_dict import UID_dictionary
from pydicom.dataset import Dataset

from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod.dcmdump import format_dcmdump, looks_like_dcmdump, parse_dcmdump
from tests.interop.programs import program

pytestmark = pytest.mark.interop

DEMO_PATIENT = Path(__file__).resolve().parents[2] / "resources" / "demo_patient"
SAMPLES = (
    "ups_samples/UPSCFind_TDWII_FX1.dcm",
    "ups_samples/UPSCFind_TDWII_IN_PROGRESS_FX1.dcm",
    "ups_samples/UPSCFind_TDWII_SCHEDULED_FX1.dcm",
    "ups_samples/rsp000001.dcm",
    "photon_imrt_breast/rtplan.dcm",
    "photon_static_prostate_phantom/rtplan.dcm",
    "ion_pbs_headphantom/RN_headphantom.dcm",
)


def run(tool, *arguments):
    command = [program(tool), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, timeout=60, check=True).stdout


def dcmdump(path):
    """Return DCMTK's whole text of a file."""
    return run("dcmdump", "+L", path)


def dump2dcm(text, folder):
    """Return what dump2dcm makes of a text."""
    source, target = folder / "text.txt", folder / "made.dcm"
    source.write_text(text, encoding="utf-8", newline="\n")
    run("dump2dcm", "+l", "10000000", source, target)
    return pydicom.dcmread(target)


def values(dataset):
    """Return all values; the standard's attributes only, for private VRs are anybody's guess."""
    return [
        (element.tag, element.VR, element.value)
        for element in dataset.iterall()
        if element.VR != "SQ" and not element.tag.is_private
    ]


def assert_same(one, other):
    """Compare all values; those of FL are as exact as dcmdump writes them."""
    for (*heading, value), (*other_heading, other_value) in zip(
        values(one), values(other), strict=True
    ):
        assert heading == other_heading
        if heading[1] == "FL" and value is not None:
            other_value = pytest.approx(other_value, rel=1e-6)
        assert value == other_value


@pytest.fixture
def sample(shared_data, request):
    return shared_data / request.param


@pytest.mark.parametrize("sample", SAMPLES, indirect=True)
def test_text_of_dcmdump_is_the_data_set(sample):
    data = dcmdump(sample)
    assert looks_like_dcmdump(data)
    dataset = pydicom.dcmread(sample)
    assert_same(parse_dcmdump(data.decode("utf-8")), dataset)


@pytest.mark.parametrize("sample", SAMPLES, indirect=True)
def test_dump2dcm_reads_our_text(sample, tmp_path):
    dataset = pydicom.dcmread(sample)
    text = format_dcmdump(dataset)
    assert parse_dcmdump(text) == dataset
    assert dump2dcm(text, tmp_path) == dataset


@pytest.mark.parametrize("name", ["photon_plan.dcm", "ion_plan.dcm", "structure_set.dcm"])
def test_both_ways_with_the_demo_patient(name, tmp_path):
    path = DEMO_PATIENT / name
    dataset = pydicom.dcmread(path)
    assert_same(parse_dcmdump(dcmdump(path).decode()), dataset)
    assert dump2dcm(format_dcmdump(dataset), tmp_path) == dataset


def test_every_kind_of_value_both_ways(tmp_path):
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.AccessionNumber = " a ]# b"
    dataset.PatientName = "Ärzte^Große"
    dataset.PatientBirthDate = ""
    dataset.OtherPatientNames = ["A^B", "", "C^D"]
    dataset.PatientComments = "one\r\ntwo\r\nthree [x]\r\n# y\\r\ttab"
    dataset.FailureReason = 3
    dataset.FrameIncrementPointer = [0x3004000C, 0x00080018]
    dataset.GantryPitchAngle = 0.10000000149011612
    dataset.ContinuationStartMeterset = 0.1
    dataset.ReferencedStudySequence = []
    dataset.ScheduledWorkitemCodeSequence = [Dataset()]
    block = dataset.private_block(0x0009, "PRIVATE", create=True)
    values = {
        "OB": bytes(range(256)),
        "OW": b"\x01\x02\x03\x04",
        "OF": b"\0\0\x80\x3f" * 2,
        "OD": b"\0\0\0\0\0\0\xf0\x3f",
        "OL": b"\x01\x02\x03\x04",
        "OV": b"\x01\x02\x03\x04\x05\x06\x07\x08",
        "UN": b"\x01\x02",
        "UC": ["a", "b"],
        "UR": "http://a/b",
        "SV": -5,
        "UV": 2**64 - 1,
        "SS": [-1, 2],
        "UI": ["1.2.3", "1.2.840.10008.1.1"],
        "LO": ["", ""],
        "UT": "x\\y",
    }
    for offset, (vr, value) in enumerate(values.items(), start=1):
        block.add_new(offset, vr, value)
    made = dump2dcm(format_dcmdump(dataset), tmp_path)
    assert made == dataset
    assert_same(parse_dcmdump(dcmdump(tmp_path / "made.dcm").decode()), dataset)


def test_names_of_uids_are_known(tmp_path):
    """A name that dcmdump writes is read as its UID, or refused; those of this profile are read."""
    found = {}
    for uid in UID_dictionary:
        dataset = Dataset()
        dataset.SOPInstanceUID = uid
        found[uid] = dataset
    made = Dataset()
    made.ReferencedSeriesSequence = list(found.values())
    made.save_as(tmp_path / "uids.dcm", implicit_vr=False, little_endian=True)
    lines = run("dcmdump", "+L", "-f", tmp_path / "uids.dcm").decode().splitlines()
    names = [line for line in lines if "(0008,0018)" in line]
    unknown = set()
    for uid, line in zip(UID_dictionary, names, strict=True):
        try:
            assert parse_dcmdump(line).SOPInstanceUID == uid
        except DatasetError:
            unknown.add(UID_dictionary[uid][4])
    assert any("=" in line for line in names)
    profile = ("UnifiedProcedureStep", "RT", "CTImage", "VLPhoto", "StudyRoot", "ImplicitVR")
    assert not [keyword for keyword in unknown if keyword.startswith(profile)]
