"""Two recordings compared."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tdwii_gui.app.cli import main
from tdwii_gui.dicom.status import Status
from tdwii_gui.evidence.comparison import Comparison, DifferenceKind, compare
from tdwii_gui.recording.message import AssociationChange, AssociationEvent
from tdwii_gui.recording.reading import Recording
from tests.unit.evidence.hand_made import (
    START,
    HandMade,
    dataset,
    fraction,
    progress,
    write_recording,
)

if TYPE_CHECKING:
    from pathlib import Path


def _compared(folder: Path, first: HandMade, second: HandMade, **info: object) -> Comparison:
    folder.mkdir(exist_ok=True)
    recordings = [
        Recording(write_recording(folder / name, story, **info))
        for name, story in (("a", first), ("b", second))
    ]
    return compare(*recordings)


def _later(story: HandMade) -> HandMade:
    """Return a story with other UIDs and times."""
    for message in story.kept:
        summary = message.summary
        object.__setattr__(summary, "at", summary.at.replace(hour=15))
        if summary.sop_instance_uid:
            object.__setattr__(summary, "sop_instance_uid", f"{summary.sop_instance_uid}.99")
        for element in message.dataset or ():
            if element.VR == "UI":
                element.value = f"{element.value}.99"
            elif element.keyword == "UnifiedProcedureStepPerformedProcedureSequence":
                element.value[0].PerformedProcedureStepEndDateTime = "20270101000000"
    return story


def test_two_runs_differ_in_nothing_but_uids_and_times(tmp_path: Path) -> None:
    assert _compared(tmp_path, fraction(), _later(fraction())).differences == ()


def test_a_uid_that_stands_for_two_is_a_difference(tmp_path: Path) -> None:
    second = fraction()
    second.kept[-2].dataset.TransactionUID = "1.2.3.4.77"  # type: ignore[union-attr]
    (found,) = _compared(tmp_path, fraction(), second).differences
    assert (found.transaction, found.path) == ("RO-65", "TransactionUID")


def test_a_changed_status_is_found(tmp_path: Path) -> None:
    second = fraction(final_status=Status.UPS_FINAL_STATE_UNMET)
    found = _compared(tmp_path, fraction(), second)
    status, comment = found.differences
    assert (status.kind, status.transaction) == (DifferenceKind.STATUS, "RO-65")
    assert status.first == "0000H success"
    assert status.second == "C304H the step lacks what its final state requires"
    assert (status.first_message, status.second_message) == (27, 27)
    assert (comment.path, comment.first) == ("ErrorComment", "absent")
    assert {one.transaction: one.differences for one in found.transactions}["RO-65"] == 2


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("PatientID", lambda step: setattr(step, "PatientID", "4712")),
        ("PatientID", lambda step: delattr(step, "PatientID")),
        ("WorklistLabel", lambda step: setattr(step, "WorklistLabel", "new")),
    ],
)
def test_a_changed_attribute_is_found(tmp_path: Path, path: str, change: object) -> None:
    second = fraction()
    step = second.kept[0].dataset
    assert callable(change)
    change(step)
    found = _compared(tmp_path, fraction(), second)
    # The match of the worklist query is the same data set.
    assert [one.path for one in found.differences] == [path, path]
    assert [one.part for one in found.differences] == ["request", "match 1"]
    assert [one.transaction for one in found.differences] == ["", "RO-58"]


def test_a_missing_message_is_found(tmp_path: Path) -> None:
    first = fraction(alter=lambda story: story.ask("N-SET", "TDD1", "TMS", dataset=progress(75, 3)))
    (found,) = _compared(tmp_path, first, fraction()).differences
    assert (found.kind, found.transaction) == (DifferenceKind.MISSING, "RO-62")
    assert "75 %, beam 3" in found.exchange
    assert (found.second, found.second_message) == ("absent", 0)


def test_a_match_that_is_missing_is_found(tmp_path: Path) -> None:
    first, second = HandMade(), HandMade()
    for story, count in ((first, 2), (second, 1)):
        matches = [dataset(WorklistLabel=str(number)) for number in range(count)]
        story.ask("C-FIND", "TDD1", "TMS", dataset=dataset(), matches=matches)
    found = _compared(tmp_path, first, second).differences
    assert DifferenceKind.MISSING in {one.kind for one in found}


def test_how_often_somebody_looks_is_none_but_a_failure_is(tmp_path: Path) -> None:
    def with_looks(*statuses: int) -> HandMade:
        story = fraction()
        seen = dataset(ProcedureStepState="COMPLETED")
        for status in statuses:
            story.ask("N-GET", "PPVS", "TMS", status=status, response=seen)
        return story

    assert _compared(tmp_path / "1", with_looks(0), with_looks(0, 0, 0)).equal
    (found,) = _compared(tmp_path / "2", with_looks(0), with_looks(0, 0xC307)).differences
    assert found.second == "C307H the step is not known here"


def test_another_ae_title_of_the_same_role_is_none(tmp_path: Path) -> None:
    assert _compared(tmp_path, fraction(tdd="TDD1"), fraction(tdd="VENDOR")).equal


def test_a_rejected_association_is_found(tmp_path: Path) -> None:
    second = fraction()
    second.events.append(
        AssociationEvent(
            START,
            9,
            AssociationChange.REJECTED,
            "TDD1",
            "TMS",
            by_requestor=False,
            after=3,
            detail="no reason given",
        )
    )
    (found,) = _compared(tmp_path, fraction(), second).differences
    assert found.kind is DifferenceKind.ASSOCIATION
    assert "no reason given" in found.exchange


def test_pseudonyms_are_mapped_and_only_one_to_one(tmp_path: Path) -> None:
    def labelled(name: str, label: str) -> HandMade:
        story = fraction(patient=name)
        story.kept[0].dataset.WorklistLabel = label  # type: ignore[union-attr]
        return story

    first = labelled("DOE^JANE", "Fraction of Doe")
    same = labelled("ABC^DEFG", "Fraction of Abc")
    assert _compared(tmp_path / "1", first, same, patient_data=False).equal
    assert not _compared(tmp_path / "2", first, same, patient_data=True).equal
    other = labelled("ABC^DEFG", "Fraction of Xyz")
    (found, _) = _compared(tmp_path / "3", first, other, patient_data=False).differences
    assert found.path == "WorklistLabel"


def test_the_command_tells_by_words_json_and_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = fraction(final_status=Status.UPS_FINAL_STATE_UNMET)
    for name, story in (("a", fraction()), ("b", fraction()), ("c", evil)):
        write_recording(tmp_path / name, story)
    a, b, c = (str(tmp_path / name) for name in "abc")
    assert main(["compare", a, b]) == 0
    assert capsys.readouterr().out.endswith("equal\n")
    assert main(["compare", a, c]) == 1
    told = capsys.readouterr().out
    assert "RO-65 TDD1 → TMS N-ACTION COMPLETED" in told
    assert "0000H success / C304H the step lacks what its final state requires" in told
    assert main(["compare", a, c, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["differences"][0]["transaction"] == "RO-65"
    assert main(["compare", a, str(tmp_path)]) in (0, 1)
    capsys.readouterr()
    assert main(["compare", a, str(tmp_path / "none")]) == 2
