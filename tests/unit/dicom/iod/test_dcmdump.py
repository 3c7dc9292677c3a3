"""dcmdump text: parsed as dump2dcm reads it, written so that it parses back."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import RTPlanStorage

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod.dcmdump import (
    MAXIMUM_DEPTH,
    format_dcmdump,
    looks_like_dcmdump,
    parse_dcmdump,
)

DEMO_PATIENT = Path(__file__).resolve().parents[4] / "resources" / "demo_patient"

QUERY = """
# Dicom-File-Format

# Dicom-Meta-Information-Header
# Used TransferSyntax: Little Endian Explicit
(0002,0010) UI =LittleEndianExplicit                    #  20, 1 TransferSyntaxUID

# Dicom-Data-Set
(0008,0005) CS [ISO_IR 100]
(0040,4018) SQ (Sequence with explicit length #=1)
  (fffe,e000) na (Item with explicit length #=3)
    (0008,0100) SH [121726]
    (0008,0102) SH [DCM]
    (0008,0104) LO []
  (fffe,e00d) na (ItemDelimitationItem for re-encoding)
(fffe,e0dd) na (SequenceDelimitationItem for re-encod.)
(0040,4005) DT [20231002000000-20231002235959]
(0010,0010) PN (no value available)                     #   0, 0 PatientName
"""


def test_query_of_the_field():
    expected = Dataset()
    expected.SpecificCharacterSet = "ISO_IR 100"
    expected.PatientName = ""
    code = Dataset()
    code.CodeValue = "121726"
    code.CodingSchemeDesignator = "DCM"
    code.CodeMeaning = ""
    expected.ScheduledWorkitemCodeSequence = [code]
    expected.ScheduledProcedureStepStartDateTime = "20231002000000-20231002235959"
    assert parse_dcmdump(QUERY) == expected


def test_windows_line_ends_and_byte_order_mark():
    assert parse_dcmdump("\ufeff" + QUERY.replace("\n", "\r\n")) == parse_dcmdump(QUERY)


@pytest.mark.parametrize(
    ("line", "keyword", "value"),
    [
        ("(0008,0060) CS [RTPLAN]   #   6, 1 Modality", "Modality", "RTPLAN"),
        ("(0008,0060) CS [RTPLAN] # see [1]", "Modality", "RTPLAN"),
        ("(0008,0060) CS RTPLAN   # a comment", "Modality", "RTPLAN"),
        ("(0008,0060) [RTPLAN]", "Modality", "RTPLAN"),
        ("(0008,0060) ?? 52\\54", "Modality", "RT"),
        ("(0008,0060) CS", "Modality", ""),
        ("(0008,0060) CS [ ]", "Modality", " "),
        ("(0008,0050) SH [a ]# b] #  6, 1 AccessionNumber", "AccessionNumber", "a ]# b"),
        ("(0008,0008) CS [ORIGINAL\\PRIMARY]", "ImageType", ["ORIGINAL", "PRIMARY"]),
        ("(0010,1001) PN [A^B\\\\C]", "OtherPatientNames", ["A^B", "", "C"]),
        ("(0010,4000) LT [a\\b\\nc]", "PatientComments", "a\\b\r\nc"),
        ("(0010,4000) LT [a\nb [x]\nc] # 9, 1 PatientComments", "PatientComments", "a\nb [x]\nc"),
        ("(0008,1197) US 3  # 2, 1 FailureReason", "FailureReason", 3),
        ("(0028,3002) xs 256\\-5\\16", "LUTDescriptor", [256, -5, 16]),
        ("(0028,0106) xs -5", "SmallestImagePixelValue", -5),
        ("(0028,0106) US 65535", "SmallestImagePixelValue", 65535),
        ("(300a,014a) FL 0.25\\-1e-05", "GantryPitchAngle", [0.25, -1e-05]),
        ("(0074,0120) FD 0.1", "ContinuationStartMeterset", 0.1),
        ("(0028,0030) DS [1\\2.5]", "PixelSpacing", [1, 2.5]),
        ("(300a,0112) IS [7]", "ControlPointIndex", 7),
        ("(0028,0009) AT (3004,000c)", "FrameIncrementPointer", 0x3004000C),
        (
            "(0028,0009) AT (3004,000c)\\(0008,0018)",
            "FrameIncrementPointer",
            [0x3004000C, 0x00080018],
        ),
        ("(7fe0,0010) ox 0201\\0403", "PixelData", b"\x01\x02\x03\x04"),
        ("(7fe0,0010) OB 01\\02", "PixelData", b"\x01\x02"),
        ("(7fe0,0008) OF 1\\-1", "FloatPixelData", b"\0\0\x80\x3f\0\0\x80\xbf"),
    ],
)
def test_values(line, keyword, value):
    dataset = parse_dcmdump(line)
    assert dataset[keyword].value == value


@pytest.mark.parametrize("line", ["(0002,0001) OB 00\\01", "(0000,0110) US 1"])
def test_meta_information_and_command_are_left_out(line):
    assert len(parse_dcmdump(line)) == 0


@pytest.mark.parametrize(
    ("name", "uid"),
    [
        ("RTPlanStorage", RTPlanStorage),
        ("UnifiedProcedureStepPushSOPClass", uids.UPS_PUSH),
        ("UnifiedProcedureStepPull", uids.UPS_PULL),
        ("UPSGlobalSubscriptionSOPInstance", uids.UPS_GLOBAL_SUBSCRIPTION),
        ("FINDStudyRootQueryRetrieveInformationModel", uids.STUDY_ROOT_FIND),
        ("VerificationSOPClass", uids.VERIFICATION),
        ("LittleEndianImplicit", pydicom.uid.ImplicitVRLittleEndian),
        ("DeflatedLittleEndianExplicit", pydicom.uid.DeflatedExplicitVRLittleEndian),
    ],
)
def test_names_of_uids(name, uid):
    assert parse_dcmdump(f"(0008,0016) UI ={name}  # 30, 1 SOPClassUID").SOPClassUID == uid


def test_private_attributes_and_undefined_lengths():
    dataset = parse_dcmdump(
        "(0009,0010) LO [PRIVATE]\n"
        "(0009,1001) SQ (Sequence with undefined length #=2)     # u/l, 1 Unknown Tag & Data\n"
        "  (fffe,e000) na (Item with undefined length #=1)         # u/l, 1 Item\n"
        "    (0009,0010) LO [PRIVATE]\n"
        "    (0009,1002) UN 01\\02\n"
        "  (fffe,e00d) na (ItemDelimitationItem)\n"
        "  (fffe,e000) na (Item with explicit length #=0)\n"
        "  (fffe,e00d) na (ItemDelimitationItem)\n"
        "(fffe,e0dd) na (SequenceDelimitationItem)\n"
    )
    first, second = dataset[0x00091001].value
    assert first[0x00091002].value == b"\x01\x02"
    assert len(second) == 0


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("# x\nhello", 2, "no tag"),
        ("\n(0008,0005 CS [x]", 2, "no tag"),
        ("(0008,0050) SH [secret\n(0008,0060) CS [x]", 1, "AccessionNumber has no closing bracket"),
        ("(0010,4000) LT [secret\nmore\n(0008,0060) CS [x]", 1, "no closing bracket"),
        ("(300a,011c) DS [1\\2...   # 234,61 LeafJawPositions", 1, "cut off"),
        ("(300a,0394) FL 1.4\\11.7...  # 76,19 X", 1, "cut off"),
        ("(7fe0,0010) OW (not loaded)  # 9,1 PixelData", 1, "has no value in the text"),
        ("(7fe0,0010) OB (PixelSequence #=2)", 1, "has no value in the text"),
        ("(7fe0,0010) OW =/etc/passwd", 1, "PixelData has its value in another file"),
        ("(0008,0016) UI =NoSuchClass", 1, "names a UID that is not known"),
        ("(0028,0010) US 70000", 1, "Rows has no valid value"),
        ("(0028,0010) US ten", 1, "Rows has no valid value"),
        ("(300a,014a) FL 1e300", 1, "has no valid value"),
        ("(300a,0112) IS [secret]", 1, "ControlPointIndex has no valid value"),
        ("(300a,0112) IS [" + "9" * 5000 + "]", 1, "has no valid value"),
        ("(0028,0030) DS [secret]", 1, "PixelSpacing has no valid value"),
        ("(0028,0009) AT 3004000c", 1, "has no valid value"),
        ("(7fe0,0010) OB 0\\1", 1, "has no valid value"),
        ("(0009,1001) XX [x]", 1, "has no valid VR"),
        ("(0040,4018) SQ\n(0008,0100) SH [1]", 2, "CodeValue is not expected here"),
        ("(0040,4018) SQ\n(fffe,e000) na\n(fffe,e000) na", 3, "is not expected here"),
        ("(fffe,e000) na", 1, "is not expected here"),
        ("(fffe,e00d) na", 1, "is not expected here"),
        ("(fffe,e0dd) na", 1, "is not expected here"),
        ("(fffe,0001) na", 1, "is no tag of a data set"),
    ],
)
def test_faults_name_file_and_line_but_no_value(text, line, words):
    with pytest.raises(DatasetError) as caught:
        parse_dcmdump(text, source="query.txt")
    message = str(caught.value)
    assert message.startswith(f"query.txt: line {line}: ")
    assert words in message
    assert "secret" not in message
    assert "\n" not in message


def test_sequence_that_never_ends():
    with pytest.raises(DatasetError, match="ends within ScheduledWorkitemCodeSequence"):
        parse_dcmdump("(0040,4018) SQ\n(fffe,e000) na\n")


def nested_text(depth):
    open_line = "(0040,4018) SQ\n(fffe,e000) na\n"
    return open_line * depth + "(fffe,e00d) na\n(fffe,e0dd) na\n" * depth


def test_nesting_is_bounded():
    dataset = parse_dcmdump(nested_text(MAXIMUM_DEPTH))
    assert parse_dcmdump(format_dcmdump(dataset)) == dataset
    with pytest.raises(DatasetError, match=f"line {2 * MAXIMUM_DEPTH + 1}: .* deeper than 32"):
        parse_dcmdump(nested_text(100_000))


def test_too_deep_data_set_has_no_text():
    dataset = Dataset()
    for _ in range(MAXIMUM_DEPTH + 1):
        outer = Dataset()
        outer.ScheduledWorkitemCodeSequence = [dataset]
        dataset = outer
    with pytest.raises(DatasetError, match="deeper than 32"):
        format_dcmdump(dataset)


@given(st.text(alphabet=st.sampled_from("()[]#\\=\n\r .,0123456789abcdefSQLTna"), max_size=200))
def test_hostile_text_is_refused_or_read(text):
    with contextlib.suppress(DatasetError):
        parse_dcmdump("(0008,0050) SH " + text)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (QUERY.encode(), True),
        (b"\xef\xbb\xbf(0008,0005) CS [ISO_IR 192]\n", True),
        (b"# Dicom-Data-Set\r\n(0008,0005) CS [\xc4]\r\n", True),
        (b"", False),
        (b"# only a comment\n", False),
        (b"\0" * 128 + b"DICM", False),
        (b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 100", False),
        (b'{"00080005": {"vr": "CS"}}', False),
    ],
)
def test_recognised_by_its_first_tag(data, expected):
    assert looks_like_dcmdump(data) is expected


def full_dataset():
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = RTPlanStorage
    dataset.AccessionNumber = " a ]# b"
    dataset.PatientName = "Ärzte^Große"
    dataset.PatientBirthDate = ""
    dataset.OtherPatientNames = ["A^B", "", "C^D"]
    dataset.PatientComments = "one\r\ntwo\r\nthree [x] # y\\r\ttab"
    dataset.FailureReason = 3
    dataset.FrameIncrementPointer = [0x3004000C, 0x00080018]
    dataset.PixelSpacing = ["1", "2.50"]
    dataset.GantryPitchAngle = 0.10000000149011612
    dataset.ContinuationStartMeterset = 0.1
    dataset.ReferencedStudySequence = []
    item = Dataset()
    item.CodeMeaning = "] # ["
    dataset.ScheduledWorkitemCodeSequence = [Dataset(), item]
    block = dataset.private_block(0x0009, "PRIVATE", create=True)
    block.add_new(0x01, "OB", bytes(range(256)))
    block.add_new(0x02, "OW", b"\x01\x02\x03\x04")
    block.add_new(0x03, "OF", b"\0\0\x80\x3f" * 2)
    block.add_new(0x04, "OD", b"\0\0\0\0\0\0\xf0\x3f")
    block.add_new(0x05, "OL", b"\x01\x02\x03\x04")
    block.add_new(0x06, "OV", b"\x01\x02\x03\x04\x05\x06\x07\x08")
    block.add_new(0x07, "UN", b"\x01\x02")
    block.add_new(0x08, "UC", ["a", "b"])
    block.add_new(0x09, "UR", "http://a/b")
    block.add_new(0x0A, "SV", -5)
    block.add_new(0x0B, "UV", 2**64 - 1)
    block.add_new(0x0C, "SS", [-1, 2])
    block.add_new(0x0D, "UI", ["1.2.3", "1.2.840.10008.1.1"])
    block.add_new(0x0E, "LO", ["", ""])
    block.add_new(0x0F, "UT", "x\\y")
    return dataset


def test_text_parses_back():
    assert parse_dcmdump(format_dcmdump(full_dataset())) == full_dataset()


@pytest.mark.parametrize(
    "name", ["photon_plan", "electron_plan", "ion_plan", "structure_set", "photo"]
)
def test_text_of_files_parses_back(name):
    dataset = pydicom.dcmread(DEMO_PATIENT / f"{name}.dcm")
    assert parse_dcmdump(format_dcmdump(dataset)) == dataset


@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
def test_line_ends_of_long_texts_become_those_of_dicom(line_end):
    dataset = Dataset()
    dataset.PatientComments = f"a{line_end}{line_end}b"
    parsed = parse_dcmdump(format_dcmdump(dataset))
    assert parsed.PatientComments == "a\r\n\r\nb"


def test_long_text_that_would_read_as_line_end_has_no_text():
    dataset = Dataset()
    dataset.PatientComments = "C:\\new"
    with pytest.raises(DatasetError, match="PatientComments has a backslash before n"):
        format_dcmdump(dataset)


def test_line_end_in_a_short_text_makes_no_further_attribute():
    dataset = Dataset()
    dataset.add_new(0x00080070, "LO", "a]\n(0010,0020) LO [b")
    with pytest.raises(DatasetError, match="Manufacturer has a line end"):
        format_dcmdump(dataset)


def test_encapsulated_pixel_data_has_no_text():
    dataset = Dataset()
    dataset.add_new(0x7FE00010, "OB", b"\xfe\xff\x00\xe0\0\0\0\0")
    dataset["PixelData"].is_undefined_length = True
    with pytest.raises(DatasetError, match="PixelData is encapsulated"):
        format_dcmdump(dataset)
