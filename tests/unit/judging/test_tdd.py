"""A treatment device by its messages: what the order of things, or what is missing, decides."""

from __future__ import annotations

import pytest

from tdwii_gui.dicom.errors import ConfigError
from tdwii_gui.dicom.uids import RT_BEAMS_TREATMENT_RECORD
from tdwii_gui.judging.judge import REQUIREMENTS, judge, roles_of_others
from tests.unit.judging.wire import (
    MET,
    NOT_MET,
    NOT_SEEN,
    OTHERS,
    OWN,
    PLAN,
    RTBDI,
    STEP,
    Wire,
    dataset,
)

C301 = 0xC301


@pytest.fixture
def wire() -> Wire:
    """Return the messages of a device that has found its step."""
    wire = Wire()
    wire.query()
    return wire


def test_nothing_is_seen_of_a_device_that_did_nothing() -> None:
    assert {one.outcome for one in Wire().verdicts("tdd", "TDD").values()} == {NOT_SEEN}


def test_a_role_without_requirements_is_refused() -> None:
    with pytest.raises(ConfigError, match="'ppvs' cannot be judged"):
        judge([], {"PPVS": "ppvs"})


def test_every_requirement_has_a_key_a_clause_and_a_text_of_its_own() -> None:
    every = [one for requirements in REQUIREMENTS.values() for one in requirements]
    assert len({one.key for one in every}) == len(every)
    assert len({(one.role, one.text) for one in every}) == len(every)
    for one in every:
        assert one.key.startswith(f"{one.role}-")
        assert one.clause
        assert one.text.endswith(".")


def test_others_than_our_actors_are_judged_as_what_they_do(wire: Wire) -> None:
    wire.change("IN PROGRESS")
    wire.progress(0)
    messages = [message.summary for message in wire.messages]
    assert roles_of_others(messages, ()) == {"TDD": "tdd", "TMS": "tms"}
    assert roles_of_others(messages, ("TMS", "OST")) == {"TDD": "tdd"}


def test_the_messages_are_the_proof(wire: Wire) -> None:
    claim = wire.change("IN PROGRESS", uid="")
    verdict = wire.verdicts("tdd", "TDD")["tdd-claims-with-uid"]
    assert (verdict.outcome, verdict.messages) == (NOT_MET, (claim, claim + 1))
    assert verdict.words == "Gives no valid Transaction UID."


def test_a_claim_without_an_answer_counts_until_one_is_answered(wire: Wire) -> None:
    wire.change("IN PROGRESS", status=None)
    assert wire.outcome("tdd-ends-step", "TDD") is NOT_MET
    wire.change("IN PROGRESS", status=0xC302)
    wire.progress(10)
    assert wire.outcome("tdd-progress-after-claim", "TDD") is MET
    assert wire.outcome("tdd-updates-with-uid", "TDD") is MET


def test_who_loses_a_race_and_goes_is_right(wire: Wire) -> None:
    wire.change("IN PROGRESS", status=C301)
    found = wire.verdicts("tdd", "TDD")
    assert found["tdd-respects-refusal"].outcome is MET
    assert found["tdd-ends-step"].outcome is NOT_SEEN
    assert not [one for one in found.values() if one.outcome is NOT_MET]


def test_asking_whose_a_refused_step_is_is_no_change(wire: Wire) -> None:
    wire.change("IN PROGRESS", status=C301)
    wire.ask("TDD", "TMS", "N-SET", STEP, dataset(TransactionUID=OWN), status=C301)
    assert wire.outcome("tdd-respects-refusal", "TDD") is MET
    wire.progress(10, status=C301)
    assert wire.outcome("tdd-respects-refusal", "TDD") is NOT_MET


@pytest.mark.parametrize("recorded", [(), ("OST", "TMS")])
def test_what_comes_from_an_unrecorded_archive_is_not_seen(
    wire: Wire, recorded: tuple[str, ...]
) -> None:
    wire.change("IN PROGRESS")
    wire.progress(0)
    expected = NOT_MET if recorded else NOT_SEEN
    assert wire.outcome("tdd-retrieves-static", "TDD", *recorded) is expected
    # The TMS has taken part, so that it would have been seen to send.
    assert wire.outcome("tdd-retrieves-instruction", "TDD", *recorded) is NOT_MET


def test_inputs_have_to_come_before_the_treatment(wire: Wire) -> None:
    wire.move("OST", PLAN)
    wire.change("IN PROGRESS")
    wire.progress(0)
    wire.move("TMS", RTBDI)
    assert wire.outcome("tdd-retrieves-static", "TDD") is MET
    assert wire.outcome("tdd-retrieves-instruction", "TDD") is NOT_MET


def test_inputs_may_come_to_another_ae_of_the_device(wire: Wire) -> None:
    wire.change("IN PROGRESS")
    wire.move("OST", PLAN, to="TDD_STORE")
    wire.move("TMS", RTBDI, to="TDD_STORE")
    wire.progress(0)
    assert wire.outcome("tdd-retrieves-static", "TDD") is MET
    assert wire.outcome("tdd-retrieves-instruction", "TDD") is MET


def test_who_cancels_before_the_treatment_needs_no_inputs(wire: Wire) -> None:
    wire.change("IN PROGRESS")
    wire.change("CANCELED")
    found = wire.verdicts("tdd", "TDD", "OST", "TMS")
    failed = {key for key, one in found.items() if one.outcome is NOT_MET}
    assert failed == {"tdd-cancels-with-reason"}


def test_an_end_that_was_refused_and_made_anew_is_an_end(wire: Wire) -> None:
    wire.change("IN PROGRESS")
    wire.change("COMPLETED", status=0xC304)
    assert wire.outcome("tdd-final-update", "TDD") is NOT_MET
    performed = dataset(
        TransactionUID=OWN, UnifiedProcedureStepPerformedProcedureSequence=[dataset()]
    )
    wire.ask("TDD", "TMS", "N-SET", STEP, performed)
    wire.change("COMPLETED")
    assert wire.outcome("tdd-final-update", "TDD") is MET
    assert wire.outcome("tdd-final-content", "TDD") is NOT_MET


def test_a_record_that_was_stored_too_late_is_no_output(wire: Wire) -> None:
    record = dataset(SOPClassUID=RT_BEAMS_TREATMENT_RECORD, SOPInstanceUID="1.2.7")
    wire.change("IN PROGRESS")
    output = dataset(
        ReferencedSOPSequence=[
            dataset(
                ReferencedSOPClassUID=RT_BEAMS_TREATMENT_RECORD, ReferencedSOPInstanceUID="1.2.7"
            )
        ],
        DICOMRetrievalSequence=[dataset(RetrieveAETitle="OST")],
    )
    performed = dataset(OutputInformationSequence=[output])
    update = dataset(TransactionUID=OWN, UnifiedProcedureStepPerformedProcedureSequence=[performed])
    wire.ask("TDD", "TMS", "N-SET", STEP, update)
    assert wire.outcome("tdd-outputs-stored", "TDD") is NOT_SEEN
    wire.store("TDD", "OST", "1.2.7", record)
    assert wire.outcome("tdd-outputs-stored", "TDD") is NOT_MET


def test_others_are_not_blamed_for_what_a_device_does(wire: Wire) -> None:
    wire.query("SECOND")
    wire.change("IN PROGRESS")
    wire.change("IN PROGRESS", uid=OTHERS, who="SECOND", status=C301)
    wire.progress(150)
    assert wire.outcome("tdd-progress-percent", "TDD") is NOT_MET
    assert wire.outcome("tdd-progress-percent", "SECOND") is NOT_SEEN
    assert wire.outcome("tdd-respects-refusal", "SECOND") is MET
