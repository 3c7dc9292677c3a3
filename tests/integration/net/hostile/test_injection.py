"""Texts that are paths, SQL or patterns: they are texts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from pydicom.dataset import Dataset
from pynetdicom.dsutils import encode

from tests.integration.net.hostile.raw_peer import (
    ASSOCIATE_AC,
    ASSOCIATE_RJ,
    IMPLICIT,
    RawPeer,
    associate_rq,
    request,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tdwii_gui.actors.actor import Actor
    from tdwii_gui.actors.ost import Ost
    from tdwii_gui.actors.tms import Tms

UPS_PUSH = "1.2.840.10008.5.1.4.34.6.1"
UPS_PULL = "1.2.840.10008.5.1.4.34.6.3"
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
PENDING = (0xFF00, 0xFF01)
TRAVERSALS = (
    "../../escaped",
    "../" * 12 + "tmp/escaped",
    "/tmp/escaped",
    "..\\..\\escaped",
    "1.2.3/../../escaped",
    "1.2.3\x00.dcm",
    "~/escaped",
    "1.2.3;touch escaped",
    "$(touch escaped)",
)


def an_object(**attributes: str) -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID = CT_IMAGE
    dataset.SOPInstanceUID = "1.2.3.4"
    dataset.StudyInstanceUID = "1.2.3.5"
    dataset.SeriesInstanceUID = "1.2.3.6"
    dataset.PatientID = "P1"
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def store(actor: Actor, dataset: Dataset, uid: str) -> Dataset:
    """Store an object; return the response."""
    with RawPeer(actor.port).associate(actor.ae_title, (CT_IMAGE, IMPLICIT)) as peer:
        peer.send(
            request(
                1,
                encode(dataset, True, True),
                CommandField=0x0001,
                AffectedSOPClassUID=CT_IMAGE,
                AffectedSOPInstanceUID=uid,
                MessageID=1,
                Priority=0,
            )
        )
        return peer.answer()


def create(actor: Actor, dataset: Dataset, uid: str) -> Dataset:
    """Create a step; return the response."""
    with RawPeer(actor.port).associate(actor.ae_title, (UPS_PUSH, IMPLICIT)) as peer:
        peer.send(
            request(
                1,
                encode(dataset, True, True),
                CommandField=0x0140,
                AffectedSOPClassUID=UPS_PUSH,
                AffectedSOPInstanceUID=uid,
                MessageID=1,
            )
        )
        return peer.answer()


def matches(actor: Actor, **keys: str) -> int:
    """Return how many steps a C-FIND finds; fewer than none if it fails."""
    identifier = Dataset()
    for keyword, value in keys.items():
        setattr(identifier, keyword, value)
    identifier.ProcedureStepState = ""
    with RawPeer(actor.port).associate(actor.ae_title, (UPS_PULL, IMPLICIT)) as peer:
        peer.send(
            request(
                1,
                encode(identifier, True, True),
                CommandField=0x0020,
                AffectedSOPClassUID=UPS_PULL,
                MessageID=1,
                Priority=0,
            )
        )
        found = 0
        while (answer := peer.answer()).Status in PENDING:
            found += 1
        return found if answer.Status == 0 else -1


@pytest.mark.parametrize("text", TRAVERSALS)
def test_a_uid_that_is_a_path_is_not_stored(ost: Ost, text: str) -> None:
    answer = store(ost, an_object(SOPInstanceUID=text), text)
    assert answer.Status in (0xA900, 0xC000)


@pytest.mark.parametrize("text", TRAVERSALS)
@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "SeriesInstanceUID"])
def test_a_study_or_series_uid_that_is_a_path_is_not_stored(
    ost: Ost, keyword: str, text: str
) -> None:
    assert store(ost, an_object(**{keyword: text}), "1.2.3.4").Status in (0xA900, 0xC000)


@pytest.mark.parametrize("text", [one for one in TRAVERSALS if "\\" not in one])
def test_a_patient_id_that_is_a_path_is_a_text(ost: Ost, text: str) -> None:
    """What is stored is in the data folder, which the fixture checks."""
    uid = f"1.2.3.4.{TRAVERSALS.index(text)}"
    answer = store(ost, an_object(PatientID=text, SOPInstanceUID=uid, PatientName=text), uid)
    assert answer.Status in (0, 0xA900, 0xC000)


@pytest.mark.parametrize("text", TRAVERSALS)
def test_a_step_whose_uid_is_a_path_is_not_created(
    tms: Tms, make_step: Callable[..., Dataset], text: str
) -> None:
    assert create(tms, make_step(), text).Status == 0x0117


@pytest.mark.parametrize("text", ["../../escaped", "/tmp/escaped", "~/escaped", "' OR 1=1 --"])
def test_an_ae_title_that_is_a_path_is_a_text(ost: Ost, text: str) -> None:
    with RawPeer(ost.port, calling=text).associate(ost.ae_title, (CT_IMAGE, IMPLICIT)) as peer:
        peer.send(
            request(
                1,
                encode(an_object(SOPInstanceUID="1.2.3.9"), True, True),
                CommandField=0x0001,
                AffectedSOPClassUID=CT_IMAGE,
                AffectedSOPInstanceUID="1.2.3.9",
                MessageID=1,
                Priority=0,
            )
        )
        assert peer.answer().Status == 0


@pytest.mark.parametrize("text", ["..\\..\\escaped", "", "A\nB", "\x1b[31m", "\xe9\xe9"])
def test_what_is_no_ae_title_is_rejected(ost: Ost, text: str) -> None:
    """PS3.5 6.2, VR AE; PS3.8 9.3.4."""
    with RawPeer(ost.port) as peer:
        peer.send(associate_rq(ost.ae_title, text))
        kind, body = peer.receive()
        assert kind != ASSOCIATE_AC
        assert (kind, body) == (ASSOCIATE_RJ, bytes([0, 1, 1, 3]))


@pytest.fixture(scope="module")
def filled(running_tms: Tms, make_step: Callable[..., Dataset]) -> None:
    """Steps with special characters."""
    texts = ("100%", "100x", "a_b", "axb", "O'Neil", "back", "A" * 64)
    for number, text in enumerate(texts):
        uid = f"1.2.3.77.{number}"
        dataset = make_step(PatientID=text, PatientName=text)
        assert create(running_tms, dataset, uid).Status in (0, 0xB300)


class TestQueries:
    """Keys of a worklist query."""

    @pytest.fixture
    def worklist(self, filled: None, tms: Tms) -> Tms:
        """A TMS with these steps."""
        return tms

    @pytest.mark.parametrize(
        ("key", "expected"),
        [
            ("100%", 1),
            ("%", 0),
            ("%x*", 0),
            ("1%", 0),
            ("a_b", 1),
            ("_", 0),
            ("a_*", 1),
            ("O'Neil", 1),
            ("O'*", 1),
            ("' OR '1'='1", 0),
            ("'; DROP TABLE steps; --", 0),
            ('" OR 1=1 --', 0),
            ("100?", 2),
        ],
    )
    @pytest.mark.parametrize("keyword", ["PatientID", "PatientName"])
    def test_special_characters_are_characters(
        self, worklist: Tms, keyword: str, key: str, expected: int
    ) -> None:
        assert matches(worklist, **{keyword: key}) == expected

    @pytest.mark.parametrize(
        "key", ["*A*A*A*A*A*B", "A*" * 30 + "B", "*" * 64, "?*" * 32, "*A?" * 20 + "B"]
    )
    def test_a_pattern_takes_no_time(self, worklist: Tms, key: str) -> None:
        """It matches in linear time, whether it is taken or refused for its length."""
        started = time.monotonic()
        matches(worklist, PatientName=key)
        matches(worklist, PatientID=key)
        assert time.monotonic() - started < 2

    def test_stars_on_long_values(self, worklist: Tms, make_step: Callable[..., Dataset]) -> None:
        long = "=".join(["A" * 64] * 3)
        uid = "1.2.3.77.99"
        assert create(worklist, make_step(PatientName=long), uid).Status in (0, 0xB300)
        started = time.monotonic()
        matches(worklist, PatientName="*A*A*A*A*A*A*A*B")
        assert time.monotonic() - started < 1
