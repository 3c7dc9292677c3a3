"""Good conversations with random faults: bytes changed, cut, doubled, lengths that lie."""

from __future__ import annotations

import random
import struct
from typing import TYPE_CHECKING, Any

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE, build_context, evt

from tdwii_gui.dicom.uids import CT_IMAGE, UPS_PULL, UPS_PUSH, VERIFICATION, new_uid
from tests.integration.net.hostile.conftest import ECHO_SECONDS, IS_SOAK, calm, echo_seconds
from tests.integration.net.hostile.raw_peer import ASSOCIATE_AC, RawPeer

if TYPE_CHECKING:
    from collections.abc import Callable

    from pynetdicom.association import Association

    from tdwii_gui.actors.actor import Actor

SEEDS = range(40) if IS_SOAK else range(1)
PER_SEED = 100
LOOK_SECONDS = 0.02


def spoken(actor: Actor, contexts: list[Any], talk: Callable[[Association], Any]) -> list[bytes]:
    """Return the PDUs that a bare SCU sends: the request, what it says, the release."""
    pdus: list[bytes] = []
    ae = AE("GOOD")
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 10
    association = ae.associate(
        "127.0.0.1",
        actor.port,
        contexts=contexts,
        ae_title=actor.ae_title,
        evt_handlers=[(evt.EVT_DATA_SENT, lambda event: pdus.append(bytes(event.data)))],
    )
    assert association.is_established
    talk(association)
    association.release()
    association.join(10)
    return pdus


def an_object() -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID = CT_IMAGE
    dataset.SOPInstanceUID = new_uid()
    dataset.StudyInstanceUID = dataset.SeriesInstanceUID = new_uid()
    dataset.PatientID = "P1"
    dataset.PatientName = "Test^Patient"
    dataset.PixelData = bytes(2000)
    dataset["PixelData"].VR = "OW"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return dataset


def query() -> Dataset:
    dataset = Dataset()
    dataset.PatientName = "T*"
    dataset.ProcedureStepState = ""
    return dataset


def changed(pdus: list[bytes], chance: random.Random) -> list[bytes]:
    """Return a conversation with one to three faults."""
    pdus = list(pdus)
    for _ in range(chance.randint(1, 3)):
        which = chance.randrange(len(pdus))
        pdu = bytearray(pdus[which])
        if not pdu:
            continue
        place = chance.randrange(len(pdu))
        match chance.randrange(8):
            case 0:
                pdu[place] = chance.randrange(256)
            case 1:
                pdu[place] ^= 1 << chance.randrange(8)
            case 2:
                del pdu[place:]
            case 3:
                pdu[place:place] = chance.randbytes(chance.randint(1, 20))
            case 4:
                pdu[place : place + 4] = struct.pack("<L", chance.choice((0, 1, 2**31, 2**32 - 1)))
            case 5:
                pdu[2:6] = struct.pack(">L", chance.choice((0, 1, len(pdu), 2**16, 2**32 - 1)))
            case 6:
                pdus.insert(which, bytes(pdu))
            case _:
                end = min(len(pdu), place + 20)
                pdu[place:end] = chance.randbytes(end - place)
        pdus[which] = bytes(pdu)
    return pdus


def say(actor: Actor, pdus: list[bytes]) -> None:
    """Say it all, without waiting for answers for longer than a moment."""
    with RawPeer(actor.port) as peer:
        peer.send(pdus[0])
        peer.socket.settimeout(LOOK_SECONDS)
        try:
            kind, _ = peer.receive()
            if kind == ASSOCIATE_AC:
                for pdu in pdus[1:]:
                    peer.send(pdu)
                peer.receive()
        except TimeoutError:
            return


def harm_nothing(actor: Actor, pdus: list[bytes], seed: str) -> None:
    """Say a conversation with faults many times."""
    # The seed is a text, so that it is the same for every run of Python.
    chance = random.Random(seed)
    for number in range(PER_SEED):
        say(actor, changed(pdus, chance))
        if number % 25 == 0:
            assert echo_seconds(actor) < ECHO_SECONDS
    assert calm(lambda: actor.associations == ())


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", ["C-ECHO", "N-CREATE", "C-FIND"])
def test_faults_in_a_conversation_with_a_tms(
    tms: Actor, make_step: Callable[..., Dataset], kind: str, seed: int
) -> None:
    talks: dict[str, tuple[list[Any], Callable[[Association], Any]]] = {
        "C-ECHO": ([build_context(VERIFICATION)], lambda one: one.send_c_echo()),
        "N-CREATE": (
            [build_context(UPS_PUSH)],
            lambda one: one.send_n_create(make_step(), UPS_PUSH, new_uid()),
        ),
        "C-FIND": ([build_context(UPS_PULL)], lambda one: list(one.send_c_find(query(), UPS_PULL))),
    }
    harm_nothing(tms, spoken(tms, *talks[kind]), f"{kind} {seed}")


@pytest.mark.parametrize("seed", SEEDS)
def test_faults_in_a_conversation_with_a_storage(ost: Actor, seed: int) -> None:
    contexts = [build_context(CT_IMAGE, ExplicitVRLittleEndian)]
    pdus = spoken(ost, contexts, lambda one: one.send_c_store(an_object()))
    harm_nothing(ost, pdus, f"C-STORE {seed}")
