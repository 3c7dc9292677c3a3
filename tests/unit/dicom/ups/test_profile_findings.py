"""What TDW-II does not allow: told, and refused by a strict service."""

from __future__ import annotations

import logging

import pytest

from tdwii_gui.dicom.iod import codes
from tdwii_gui.dicom.iod.macros import numeric_item
from tdwii_gui.dicom.ups.mode import ServiceMode

UID = "1.2.3.100"
PARAMETERS = "ScheduledProcessingParametersSequence"


def warnings_of(caplog) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]


def test_a_treatment_as_the_profile_wants_it_has_no_findings(strict_worklist, caplog) -> None:
    strict_worklist.create()
    assert strict_worklist.changes[0].findings == ()
    assert warnings_of(caplog) == []


@pytest.mark.parametrize(
    ("change", "status", "named"),
    [
        ({"StudyInstanceUID": None}, 0x0120, "StudyInstanceUID"),
        ({"StudyInstanceUID": ""}, 0x0121, "StudyInstanceUID"),
        ({PARAMETERS: []}, 0x0121, PARAMETERS),
        ({"ScheduledWorkitemCodeSequence": ["X"]}, 0x0106, "ScheduledWorkitemCodeSequence"),
    ],
)
def test_a_creation_is_told_or_refused(
    worklist, make_worklist, tmp_path, new_step, code, refused, caplog, change, status, named
) -> None:
    change = {key: [code(x) for x in v] if v == ["X"] else v for key, v in change.items()}
    worklist.create(**change)
    assert [finding.attribute for finding in worklist.changes[0].findings] == [named]
    (warning,) = warnings_of(caplog)
    assert named in warning
    worklist.create("1.2.3.101", **change)
    assert len(warnings_of(caplog)) == 1, "an AE is warned of once"
    strict = make_worklist(tmp_path / "strict.sqlite", ServiceMode.STRICT)
    answer, comment = refused(strict.service.create, UID, new_step(**change), "CREATOR")
    assert (answer, comment[: 8 + len(named)]) == (status, f"TDW-II: {named}")
    assert len(comment) <= 64
    assert refused(strict.service.get, UID)[0] == 0xC307


def progress(dataset, *, beam: bool = True):
    item = dataset(ProcedureStepProgress="10")
    if beam:
        parameters = [numeric_item(codes.REFERENCED_BEAM_NUMBER, 1)]
        item.ProcedureStepProgressParametersSequence = parameters
    return dataset(ProcedureStepProgressInformationSequence=[item])


@pytest.mark.parametrize("beam", [True, False])
def test_a_progress_update_names_the_beam(worklist, dataset, beam) -> None:
    worklist.bring_to("IN PROGRESS")
    worklist.set(progress(dataset, beam=beam))
    names = [each.attribute.rpartition(".")[2] for each in worklist.changes[-1].findings]
    assert names == ([] if beam else ["ProcedureStepProgressParametersSequence"])


def test_a_progress_update_without_beam_is_refused_when_strict(
    strict_worklist, dataset, refused
) -> None:
    strict_worklist.bring_to("IN PROGRESS")
    assert refused(strict_worklist.set, progress(dataset, beam=False))[0] == 0x0120
    assert strict_worklist.set(progress(dataset)) == 0


def test_a_cancellation_or_an_edit_is_no_progress_update(strict_worklist, dataset, reason) -> None:
    strict_worklist.bring_to("IN PROGRESS")
    assert strict_worklist.set(reason()) == 0
    assert strict_worklist.set(dataset(InputReadinessState="READY")) == 0


def test_a_final_update_names_the_workitem(worklist, dataset, performed, code) -> None:
    worklist.bring_to("IN PROGRESS")
    modifications = performed()
    item = modifications.UnifiedProcedureStepPerformedProcedureSequence[0]
    item.PerformedWorkitemCodeSequence = [code("X")]
    worklist.set(modifications)
    (finding,) = worklist.changes[-1].findings
    assert finding.attribute.endswith("PerformedWorkitemCodeSequence")


def test_completed_without_a_treatment_record(
    worklist, make_worklist, tmp_path, performed, refused
) -> None:
    worklist.bring_to("IN PROGRESS")
    worklist.set(performed())
    assert worklist.change_state("COMPLETED") == 0
    (finding,) = worklist.changes[-1].findings
    assert finding.attribute.endswith("OutputInformationSequence")
    strict = make_worklist(tmp_path / "strict.sqlite", ServiceMode.STRICT)
    strict.bring_to("IN PROGRESS")
    strict.set(performed())
    assert refused(strict.change_state, "COMPLETED")[0] == 0xC304
    assert strict.state() == "IN PROGRESS"
