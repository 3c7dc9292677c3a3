"""Recorded requests with their responses, and their transactions."""

from __future__ import annotations

import pytest

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.status import Status
from tdwii_gui.recording.exchanges import RecordedExchange, exchanges, paired, roles_of
from tests.unit.evidence.hand_made import HandMade, dataset, fraction


def _told(story: HandMade, **roles: str) -> list[RecordedExchange]:
    return list(exchanges(story, roles))


def test_a_fraction_shows_each_transaction_in_order() -> None:
    numbers = [one.transaction for one in _told(fraction()) if one.transaction]
    assert numbers == [
        "RO-58", "RO-59", "RO-61", "RO-60", "RO-62", "RO-62", "RO-63", "RO-64", "RO-65",
    ]  # fmt: skip


def test_titles_say_what_a_request_is_about() -> None:
    titles = [one.title for one in _told(fraction())]
    assert titles[0] == "N-CREATE UPS"
    assert titles[1] == "C-FIND worklist"
    assert "N-ACTION IN PROGRESS" in titles
    assert "N-SET progress 50 %, beam 2" in titles
    assert titles[-3:] == [
        "C-STORE RT Beams Treatment Record", "N-SET final update", "N-ACTION COMPLETED",
    ]  # fmt: skip


def test_what_another_actor_asks_is_no_transaction_of_the_tdd() -> None:
    story = fraction(tdd="PPVS")
    assert {one.transaction for one in _told(story, PPVS="ppvs")} == {""}


def test_objects_that_a_retrieval_brings_are_no_results() -> None:
    story = HandMade()
    story.ask(
        "C-STORE", "OST", "TDD1", sop_class=uids.RT_BEAMS_TREATMENT_RECORD,
        MoveOriginatorApplicationEntityTitle="TDD1",
    )  # fmt: skip
    assert [one.transaction for one in _told(story)] == [""]


def test_responses_find_their_request_although_others_come_between() -> None:
    story = HandMade()
    first = story.add("N-GET-RQ", "A", "B", association=1)
    second = story.add("N-GET-RQ", "A", "B", association=2)
    for asked, status in ((second, Status.NO_SUCH_SOP_INSTANCE), (first, Status.SUCCESS)):
        summary = asked.summary
        story._id = summary.message_id
        story.add("N-GET-RSP", "B", "A", association=summary.association, status=status)
    assert [one.status for one in paired(story.messages)] == [0, 0x0112]


def test_pending_responses_are_matches_and_the_last_one_is_final() -> None:
    worklist = _told(fraction())[1]
    assert (worklist.matches, worklist.status, len(worklist.responses)) == (1, 0, 2)
    assert worklist.milliseconds == pytest.approx(20)


def test_a_request_without_a_response_failed_but_a_cancel_needs_none() -> None:
    story = HandMade()
    story.add("C-FIND-RQ", "A", "B", dataset=dataset(QueryRetrieveLevel="STUDY"))
    story.add("C-CANCEL-RQ", "A", "B")
    find, cancel = paired(story.messages)
    assert find.failed
    assert find.final is None
    assert not cancel.failed


def test_roles_are_taken_from_what_is_sent_and_told_ones_count_more() -> None:
    shown = roles_of(fraction().messages, {"CREATOR": "tms"})
    assert shown == {"CREATOR": "tms", "TMS": "tms", "TDD1": "tdd", "OST": "ost"}
