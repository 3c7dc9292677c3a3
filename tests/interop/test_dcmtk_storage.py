"""DCMTK's storescu: what it sends is kept as it was received, whatever the transfer syntax."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydicom import dcmread

from tdwii_gui.config.resources import resource_path
from tests.command_line import CommandLine
from tests.interop.peers import Archive, keys_to_retrieve
from tests.interop.programs import done, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pydicom.dataset import FileDataset

pytestmark = pytest.mark.interop

CT = resource_path("demo_patient", "ct", "ct_01.dcm")
DATA_SET_TRAILING_PADDING = 0xFFFCFFFC
# Files below the odd ones, and the transfer syntax that storescu proposes for them.
AS_RECEIVED = (
    ("rtdose_expb_1frame.dcm", "-xb"),
    ("JPEG2000.dcm", "-xw"),
    ("MR_small_jp2klossless.dcm", "-xv"),
    ("chrX2.dcm", "-xe"),
    ("rtplan.dcm", "-xi"),
)
# DCMTK's compressors, and the transfer syntax that storescu proposes for what they make.
COMPRESSORS = (("dcmcjpeg", "-xs"), ("dcmcjpls", "-xt"), ("dcmcrle", "-xr"))


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    with CommandLine(tmp_path_factory.mktemp("tdwii")) as tdwii:
        tdwii.serve("ost", "--headless")
        tdwii.serve("tdd", "--headless")
        yield tdwii


@pytest.fixture
def ost(servers: CommandLine) -> Archive:
    return Archive("OST", servers.ports["OST"])


def stored(servers: CommandLine, actor: str, sop_instance_uid: str) -> FileDataset:
    """Return an instance as an actor keeps it."""
    # What was refused is kept too, elsewhere.
    files = (servers.folder / "data" / actor).rglob("objects/**/*.dcm")
    (found,) = (d for d in map(dcmread, files) if d.SOPInstanceUID == sop_instance_uid)
    return found


def check_that_it_is_kept(kept: FileDataset, sent: FileDataset) -> None:
    """Compare what is stored with what was sent: encoding, attributes and pixel bytes."""
    assert kept.file_meta.TransferSyntaxUID == sent.file_meta.TransferSyntaxUID
    assert kept.get("PixelData") == sent.get("PixelData")
    # DCMTK does not send the padding after the data set.
    assert set(kept.keys()) == set(sent.keys()) - {DATA_SET_TRAILING_PADDING}


@pytest.mark.parametrize(("name", "proposal"), AS_RECEIVED)
def test_what_storescu_sends_is_kept_as_received(
    servers: CommandLine, ost: Archive, shared_data: Path, name: str, proposal: str
) -> None:
    path = shared_data / "odd_files" / name
    sent = dcmread(path)
    done("storescu", proposal, *ost.as_called(), path)
    check_that_it_is_kept(stored(servers, "ost", sent.SOPInstanceUID), sent)


@pytest.mark.parametrize(("compressor", "proposal"), COMPRESSORS)
def test_compressed_images_are_kept_as_received_and_had_back(
    servers: CommandLine, ost: Archive, tmp_path: Path, compressor: str, proposal: str
) -> None:
    path = tmp_path / "compressed.dcm"
    done(compressor, "+ua", CT, path)
    sent = dcmread(path)
    assert sent.file_meta.TransferSyntaxUID.is_compressed
    done("storescu", proposal, *ost.as_called(), path)
    check_that_it_is_kept(stored(servers, "ost", sent.SOPInstanceUID), sent)
    done("movescu", "-S", "-aem", "TDD", *ost.as_called(), *keys_to_retrieve(sent, "IMAGE"))
    check_that_it_is_kept(stored(servers, "tdd", sent.SOPInstanceUID), sent)


def test_another_content_under_the_same_uid_is_refused_by_the_ost_and_replaced_by_the_tdd(
    servers: CommandLine, ost: Archive, shared_data: Path
) -> None:
    first = shared_data / "odd_files" / "rtdose_expb_1frame.dcm"
    second = shared_data / "odd_files" / "badVR.dcm"
    uid = dcmread(first).SOPInstanceUID
    assert dcmread(second).SOPInstanceUID == uid
    tdd = Archive("TDD", servers.ports["TDD"])
    for archive in (ost, tdd):
        done("storescu", "-xb", *archive.as_called(), first)
    assert run("storescu", "-xe", *ost.as_called(), second).returncode != 0
    check_that_it_is_kept(stored(servers, "ost", uid), dcmread(first))
    done("storescu", "-xe", *tdd.as_called(), second)
    check_that_it_is_kept(stored(servers, "tdd", uid), dcmread(second))


def test_a_deflated_file_is_taken_uncompressed(
    servers: CommandLine, ost: Archive, shared_data: Path
) -> None:
    path = shared_data / "odd_files" / "image_dfl.dcm"
    done("storescu", "-xd", *ost.as_called(), path)
    kept = stored(servers, "ost", dcmread(path).SOPInstanceUID)
    assert not kept.file_meta.TransferSyntaxUID.is_deflated
    assert kept.PixelData == dcmread(path).PixelData
