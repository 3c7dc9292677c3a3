"""Odd files, hostile UIDs and AE titles by C-STORE: stored or refused with a reason, and no harm.

A peer made of bytes sends them as they are, for no library would.
"""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import (
    JPEG2000MC,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    RLELossless,
)
from pynetdicom.dsutils import encode

from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.ost import Ost
from tdwii_gui.config.ae_directory import AeDirectory
from tdwii_gui.config.settings import OstSettings
from tdwii_gui.dicom.uids import CT_IMAGE, RT_PLAN, SECONDARY_CAPTURE_IMAGE, VERIFICATION
from tests.conftest import SHARED_DATA
from tests.integration.net.hostile.raw_peer import (
    ABORT,
    ASSOCIATE_AC,
    IMPLICIT,
    P_DATA,
    RawPeer,
    associate_rq,
    request,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SUCCESS, DUPLICATE, MISMATCH, NOT_UNDERSTOOD = 0, 0x0111, 0xA900, 0xC000
SECONDS = 20
OUTCOMES = {SUCCESS, DUPLICATE, MISMATCH, NOT_UNDERSTOOD}
ODD_FILES = sorted((SHARED_DATA / "odd_files").glob("*.dcm"))

# What becomes of those that are not stored, sent in the transfer syntax that they name.
REFUSED = {
    "ExplVR_BigEndNoMeta.dcm": NOT_UNDERSTOOD,  # names none, and is none of the default's
    "ExplVR_LitEndNoMeta.dcm": NOT_UNDERSTOOD,
    "MR_truncated.dcm": NOT_UNDERSTOOD,
    "UN_sequence.dcm": MISMATCH,  # no SOP Instance UID
    "chrSQEncoding.dcm": MISMATCH,
    "meta_missing_tsyntax.dcm": MISMATCH,
    "nested_priv_SQ.dcm": MISMATCH,
    "no_meta.dcm": NOT_UNDERSTOOD,
    "rtplan_truncated.dcm": NOT_UNDERSTOOD,
}
NOT_OFFERED = {"image_dfl.dcm"}


# The UID in their meta information is not that of their data set.
MISNAMED = ("badVR.dcm", "rtdose_expb_1frame.dcm", "rtplan.dcm")


class Odd(NamedTuple):
    """A file as a peer would send it: by what its data set says, else by our word."""

    body: bytes
    sop_class: str
    sop_instance: str
    syntax: str


def read_odd(path: Path, *, by_meta: bool = False) -> Odd:
    data = path.read_bytes()
    position = 132 if data[128:132] == b"DICM" else 0
    values: dict[int, str] = {}
    while data[position : position + 2] == b"\x02\x00":
        number = int.from_bytes(data[position + 2 : position + 4], "little")
        is_long = data[position + 4 : position + 6] in (b"OB", b"UN")
        start = position + (12 if is_long else 8)
        length = data[position + 8 : start] if is_long else data[position + 6 : start]
        position = start + int.from_bytes(length, "little")
        values[number] = data[start:position].decode("latin-1").rstrip("\0 ")
    body = data[position:]
    return Odd(
        body,
        _uid_of(body, 0x16) or SECONDARY_CAPTURE_IMAGE,
        (values[0x0003] if by_meta else _uid_of(body, 0x18)) or "1.2.3.4",
        values.get(0x0010) or IMPLICIT,
    )


def _uid_of(body: bytes, number: int) -> str:
    """Return the UID in an element of group 0008, in either byte order."""
    tag = rb"(?:\x08\x00%c\x00|\x00\x08\x00%c)" % (number, number)
    found = re.search(tag + rb"(?:UI..|UN......|....)([0-9.]+)", body[:1000], re.DOTALL)
    return found[1].decode() if found else ""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("odd")


@pytest.fixture(scope="module")
def running_ost(folder: Path) -> Iterator[Ost]:
    """Return an OST that keeps all that comes and goes, and what it refuses."""
    settings = OstSettings(port=0, keep_traffic=True)
    ost = Ost(settings, Surroundings(AeDirectory(), folder / "data"))
    ost.start()
    yield ost
    ost.stop()


@pytest.fixture
def ost(
    running_ost: Ost, folder: Path, wait_until: Callable[[Callable[[], bool]], None]
) -> Iterator[Ost]:
    """Return an empty OST; afterwards it answers, and has written to its data folder alone."""
    beside = set(folder.parent.iterdir())
    yield running_ost
    with RawPeer(running_ost.port, calling="GOOD") as peer:
        associate(peer, running_ost)
        assert_alive(peer, 1)
    assert set(folder.iterdir()) == {folder / "data"}
    assert set(folder.parent.iterdir()) == beside
    assert not Path("/tmp/evil").exists()
    # What an aborted association was writing goes as it ends.
    wait_until(lambda: not list((folder / "data").rglob("*.part")))
    for path in (folder / "data").rglob("*"):
        assert path.resolve().is_relative_to(folder / "data")
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", path.name), path.name
    uids = [instance.sop_instance_uid for instance in running_ost.instances.instances()]
    running_ost.remove(uids).result(SECONDS)


def store(context: int, odd: Odd, message_id: int = 1) -> bytes:
    return request(
        context,
        odd.body,
        CommandField=0x0001,
        AffectedSOPClassUID=odd.sop_class,
        AffectedSOPInstanceUID=odd.sop_instance,
        MessageID=message_id,
        Priority=0,
    )


def results(accept: bytes) -> list[int]:
    """Return the result of each presentation context of an A-ASSOCIATE-AC (PS3.8 9.3.3)."""
    found: dict[int, int] = {}
    position = 68
    while position < len(accept):
        length = int.from_bytes(accept[position + 2 : position + 4], "big")
        if accept[position] == 0x21:
            found[accept[position + 4]] = accept[position + 6]
        position += 4 + length
    return [found[number] for number in sorted(found)]


def associate(peer: RawPeer, ost: Ost, *contexts: tuple[str, str]) -> list[int]:
    """Associate and return the result of each context; the one after them is verification."""
    peer.send(associate_rq(ost.ae_title, peer.calling, (*contexts, (VERIFICATION, IMPLICIT))))
    kind, body = peer.receive()
    assert kind == ASSOCIATE_AC
    return results(body)


def assert_alive(peer: RawPeer, context: int) -> None:
    """Check that a C-ECHO is answered on the same association."""
    peer.send(
        request(context, None, AffectedSOPClassUID=VERIFICATION, CommandField=0x30, MessageID=9)
    )
    answer = peer.answer()
    assert (answer.MessageIDBeingRespondedTo, answer.Status) == (9, 0)


def checked(answer: Dataset) -> int:
    """Return a status, with a reason where it is none of success."""
    status = int(answer.Status)
    if status != SUCCESS:
        assert 0 < len(answer.ErrorComment) <= 64
    return status


@pytest.mark.parametrize("path", ODD_FILES, ids=lambda path: path.name)
def test_an_odd_file_is_stored_as_it_is_or_refused_with_a_reason(ost: Ost, path: Path) -> None:
    odd = read_odd(path)
    with RawPeer(ost.port) as peer:
        accepted, _ = associate(peer, ost, (odd.sop_class, odd.syntax))
        assert (accepted != 0) == (path.name in NOT_OFFERED)
        if accepted == 0:
            peer.send(store(1, odd))
            assert checked(peer.answer()) == REFUSED.get(path.name, SUCCESS)
        assert_alive(peer, 3)
    stored = list(ost.instances.instances())
    if path.name in REFUSED or path.name in NOT_OFFERED:
        assert stored == []
        return
    (instance,) = stored
    assert instance.sop_instance_uid == odd.sop_instance
    written = instance.path.read_bytes()
    assert written.endswith(odd.body)
    meta = dcmread(BytesIO(written), stop_before_pixels=True, force=True).file_meta
    assert meta.TransferSyntaxUID == odd.syntax


@pytest.mark.parametrize("name", MISNAMED)
def test_a_file_that_is_sent_by_another_uid_than_its_own_is_refused(
    ost: Ost, shared_data: Path, name: str
) -> None:
    odd = read_odd(shared_data / "odd_files" / name, by_meta=True)
    with RawPeer(ost.port) as peer:
        associate(peer, ost, (odd.sop_class, odd.syntax))
        peer.send(store(1, odd))
        assert checked(peer.answer()) == MISMATCH
        assert_alive(peer, 3)
    assert list(ost.instances.instances()) == []


SYNTAXES = (
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    RLELossless,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEG2000MC,
)


@pytest.mark.parametrize("path", ODD_FILES, ids=lambda path: path.name)
def test_an_odd_file_in_any_syntax_is_answered(ost: Ost, path: Path) -> None:
    """The transfer syntax that was agreed on is not that of the data set but by chance."""
    odd = read_odd(path)
    with RawPeer(ost.port) as peer:
        *accepted, _ = associate(peer, ost, *((odd.sop_class, uid) for uid in SYNTAXES))
        sent = 0
        for number, result in enumerate(accepted):
            if result == 0:
                sent += 1
                peer.send(store(2 * number + 1, odd))
                assert checked(peer.answer()) in OUTCOMES
        assert sent >= 5
        assert_alive(peer, 2 * len(SYNTAXES) + 1)
    for instance in ost.instances.instances():
        assert instance.path.read_bytes().endswith(odd.body)


def test_a_deflated_context_is_never_accepted(ost: Ost) -> None:
    """Some kilobytes can inflate to gigabytes."""
    with RawPeer(ost.port) as peer:
        accepted, _ = associate(peer, ost, (CT_IMAGE, DeflatedExplicitVRLittleEndian))
        assert accepted == 4  # transfer syntaxes not supported (PS3.8 9.3.3.2)
        assert_alive(peer, 3)


def object_of(sop_instance: str, sop_class: str = RT_PLAN) -> bytes:
    """Return a small plan in implicit VR; its UIDs are written as they are."""
    dataset = Dataset()
    dataset.PatientID, dataset.Modality = "P1", "RTPLAN"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2.3", "1.2.3.1"
    rest = encode(dataset, True, True)
    assert rest is not None
    return uid_element(0x16, sop_class) + uid_element(0x18, sop_instance) + rest


def uid_element(number: int, uid: str) -> bytes:
    value = uid.encode("latin-1")
    value += b"\0" * (len(value) % 2)
    return bytes([8, 0, number, 0]) + len(value).to_bytes(4, "little") + value


HOSTILE_UIDS = {
    "parent": "../../../../tmp/evil",
    "absolute": "/tmp/evil",
    "inside": "1.2.3/../../../evil",
    "windows": "1.2.3\\..\\evil",
    "drive": "C:\\evil",
    "null": "1.2.3\0.4/evil",
    "line": "1.2.3\n4",
    "dots": "..",
    "leading zero": "1.02.3",
    "text": "evil",
    "pattern": "1.2.*",
    "too long": "1." * 32 + "1",
    "much too long": "1" * 5000,
    "letters": "1.2.3;rm -rf",
}


def refused_or_aborted(peer: RawPeer) -> bool:
    """A UID that is too long makes the command one that cannot be decoded."""
    kind, _ = peer.receive()
    return kind in (P_DATA, ABORT, 0)


@pytest.mark.parametrize("uid", HOSTILE_UIDS.values(), ids=HOSTILE_UIDS)
def test_a_hostile_uid_never_becomes_a_name(ost: Ost, uid: str) -> None:
    """Neither from the command, nor from the data set, nor from both."""
    good = "1.2.826.0.1.3680043.8.498.1"
    contexts = ((RT_PLAN, IMPLICIT),)
    pairs = ((uid, uid), (good, uid), (uid, good))
    for in_command, in_dataset in pairs:
        with RawPeer(ost.port) as peer:
            associate(peer, ost, *contexts)
            peer.send(store(1, Odd(object_of(in_dataset), RT_PLAN, in_command, IMPLICIT)))
            if len(in_command) > 64:
                assert refused_or_aborted(peer)
                continue
            assert checked(peer.answer()) in (MISMATCH, NOT_UNDERSTOOD)
            assert_alive(peer, 3)
    assert list(ost.instances.instances()) == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (object_of("1.2.3.5"), "UID"),
        (object_of("1.2.3.4", CT_IMAGE), "class|Class|UID"),
        (object_of("1.2.3.4")[:-1], "cut short"),
        (uid_element(0x16, RT_PLAN), "SOPInstanceUID"),
    ],
    ids=["other instance", "other class", "cut short", "no instance"],
)
def test_a_data_set_that_is_not_what_the_command_says_is_refused(
    ost: Ost, body: bytes, words: str
) -> None:
    with RawPeer(ost.port) as peer:
        associate(peer, ost, (RT_PLAN, IMPLICIT))
        peer.send(store(1, Odd(body, RT_PLAN, "1.2.3.4", IMPLICIT)))
        answer = peer.answer()
        expected = NOT_UNDERSTOOD if words == "cut short" else MISMATCH
        assert checked(answer) == expected
        assert re.search(words, answer.ErrorComment), answer.ErrorComment
        assert_alive(peer, 3)
    assert list(ost.instances.instances()) == []


@pytest.mark.parametrize(
    "title",
    ["../../evil", "..", "/tmp/evil", "a/b", "%s%n", "<b>x</b>", "CON", "a:b", "~", "'; --"],
)
def test_a_hostile_ae_title_never_becomes_a_name(ost: Ost, title: str) -> None:
    """Not where an object is kept, nor where one is that was refused."""
    with RawPeer(ost.port, calling=title) as peer:
        associate(peer, ost, (RT_PLAN, IMPLICIT))
        good, bad = object_of("1.2.3.4"), object_of("1.2.3.5")[:-1]
        for body, uid, expected in (
            (good, "1.2.3.4", SUCCESS),
            (bad, "1.2.3.5", NOT_UNDERSTOOD),
        ):
            peer.send(store(1, Odd(body, RT_PLAN, uid, IMPLICIT)))
            assert checked(peer.answer()) == expected
        assert_alive(peer, 3)
    assert [each.sop_instance_uid for each in ost.instances.instances()] == ["1.2.3.4"]
