"""An archive by its messages."""

from __future__ import annotations

import pytest

from tdwii_gui.dicom.uids import (
    STORAGE_COMMITMENT,
    STORAGE_COMMITMENT_INSTANCE,
    STUDY_ROOT_MOVE,
    VERIFICATION,
)
from tests.unit.judging.wire import MET, NOT_MET, NOT_SEEN, PLAN, SERIES, STUDY, Wire, dataset


@pytest.fixture
def wire() -> Wire:
    """Return the messages of an archive that has a plan."""
    wire = Wire()
    wire.store("CREATOR", "OST", PLAN)
    return wire


def ask_for_plan(wire: Wire) -> int:
    keys = dataset(
        QueryRetrieveLevel="IMAGE",
        StudyInstanceUID=STUDY,
        SeriesInstanceUID=SERIES,
        SOPInstanceUID=PLAN,
    )
    model = STUDY_ROOT_MOVE
    return wire.send(
        "TDD", "OST", "C-MOVE", "", keys, sop_class=model, context=model, MoveDestination="TDD"
    )


def send_plan(wire: Wire, status: int = 0, **command: object) -> None:
    wire.ask("OST", "TDD", "C-STORE", PLAN, sop_class="1.2.840", status=status, **command)


def test_a_right_archive(wire: Wire) -> None:
    wire.ask("TDD", "OST", "C-ECHO", sop_class=VERIFICATION, context=VERIFICATION)
    move = ask_for_plan(wire)
    send_plan(wire, MoveOriginatorApplicationEntityTitle="TDD")
    wire.answer(move, 0)
    outcomes = {key: one.outcome for key, one in wire.verdicts("ost", "OST").items()}
    met = {"ost-echo", "ost-stores", "ost-sends-inputs", "ost-move-originator"}
    assert {key for key, outcome in outcomes.items() if outcome is MET} == met
    assert NOT_MET not in outcomes.values()


def test_an_archive_that_sends_nothing(wire: Wire) -> None:
    wire.answer(ask_for_plan(wire), 0)
    assert wire.outcome("ost-sends-inputs", "OST") is NOT_MET


def test_what_the_destination_refuses_was_sent(wire: Wire) -> None:
    move = ask_for_plan(wire)
    send_plan(wire, status=0xA700)
    wire.answer(move, 0xA702)
    assert wire.outcome("ost-sends-inputs", "OST") is MET


def test_what_the_archive_was_never_given_is_not_missed() -> None:
    wire = Wire()
    wire.answer(ask_for_plan(wire), 0)
    assert wire.outcome("ost-sends-inputs", "OST") is NOT_SEEN


def test_who_names_itself_as_the_originator(wire: Wire) -> None:
    move = ask_for_plan(wire)
    send_plan(wire, MoveOriginatorApplicationEntityTitle="OST")
    wire.answer(move, 0)
    assert wire.outcome("ost-move-originator", "OST") is NOT_MET


@pytest.mark.parametrize(
    ("committed", "failed", "expected"),
    [(["1.1"], ["1.2"], MET), (["1.1", "1.2"], ["1.2"], NOT_MET), (["1.1"], [], NOT_MET)],
)
def test_a_commitment_tells_of_each_object_once(
    wire: Wire, committed: list[str], failed: list[str], expected: object
) -> None:
    def listed(uids: list[str]) -> list[object]:
        return [dataset(ReferencedSOPInstanceUID=uid) for uid in uids]

    names = {"sop_class": STORAGE_COMMITMENT, "context": STORAGE_COMMITMENT}
    wanted = dataset(TransactionUID="1.2.5", ReferencedSOPSequence=listed(["1.1", "1.2"]))
    wire.ask("TDD", "OST", "N-ACTION", STORAGE_COMMITMENT_INSTANCE, wanted, ActionTypeID=1, **names)
    assert wire.outcome("ost-commits", "OST") is NOT_SEEN
    result = dataset(
        TransactionUID="1.2.5",
        ReferencedSOPSequence=listed(committed),
        FailedSOPSequence=listed(failed),
    )
    wire.ask("OST", "TDD", "N-EVENT-REPORT", STORAGE_COMMITMENT_INSTANCE, result, **names)
    assert wire.outcome("ost-commits", "OST") is expected
