"""The verdict per transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdwii_gui.dicom.status import Status
from tdwii_gui.evidence.transaction_verdict import TransactionTally, TransactionVerdict
from tdwii_gui.judging.verdict import Outcome
from tdwii_gui.recording.exchanges import exchanges
from tests.unit.evidence.hand_made import HandMade, fraction
from tests.unit.evidence.judged import verdict

if TYPE_CHECKING:
    from tdwii_gui.judging.verdict import Verdict


def _verdicts(
    story: HandMade, *judged: Verdict, as_expected: bool = False
) -> dict[str, TransactionVerdict]:
    tally = TransactionTally()
    for exchange in exchanges(story):
        tally.add(exchange)
    return {one.transaction.number: one for one in tally.verdicts(judged, as_expected=as_expected)}


def test_a_fraction_meets_all_eight() -> None:
    verdicts = _verdicts(fraction())
    assert list(verdicts) == [f"RO-{number}" for number in range(58, 66)]
    assert {one.outcome for one in verdicts.values()} == {Outcome.MET}
    assert verdicts["RO-62"].count == 2


def test_what_is_not_recorded_is_not_seen() -> None:
    verdicts = _verdicts(HandMade())
    assert {one.outcome for one in verdicts.values()} == {Outcome.NOT_SEEN}


def test_a_refused_completion_is_not_met_and_shows_its_messages() -> None:
    story = fraction(final_status=Status.UPS_FINAL_STATE_UNMET)
    last = _verdicts(story)["RO-65"]
    assert last.outcome is Outcome.NOT_MET
    assert "C304H the step lacks what its final state requires" in last.words
    assert last.messages == (26, 27)


def test_a_refusal_that_the_scenario_expects_is_met() -> None:
    story = fraction(final_status=Status.UPS_FINAL_STATE_UNMET)
    last = _verdicts(story, as_expected=True)["RO-65"]
    assert last.outcome is Outcome.MET
    assert "as the scenario expects" in last.words


def test_a_requirement_that_is_not_met_decides() -> None:
    last = _verdicts(fraction(), verdict(Outcome.NOT_MET, 24), as_expected=True)["RO-64"]
    assert last.outcome is Outcome.NOT_MET
    assert last.messages == (24,)
