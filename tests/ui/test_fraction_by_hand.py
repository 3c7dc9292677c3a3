"""One whole fraction through the real windows and actors, by clicks and keys alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.dicom.uids import TREATMENT_RECORD_CLASSES

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMainWindow

    from tdwii_gui.app.desktop import SuiteProgram
    from tests.ui.hand import Hand


def shown(hand: Hand, tms: QMainWindow) -> str:
    """Return all that the TMS's worklist shows."""
    return "\n".join(cell for row in hand.cells(tms, "worklist") for cell in row)


@pytest.mark.parametrize("plan", ["photon", "electron", "ion"])
def test_fraction(program: SuiteProgram, hand: Hand, plan: str) -> None:
    launcher = hand.window("launcher")
    hand.click(launcher, "open_creator")
    creator = hand.window("creator")
    hand.click(creator, f"demo_{plan}")
    hand.click(creator, "schedule")

    hand.click(launcher, "open_tms")
    tms = hand.window("tms")
    hand.wait(lambda: "Scheduled" in shown(hand, tms))

    hand.click(launcher, "open_tdd")
    tdd = hand.window("tdd")
    hand.click(tdd, "refresh")
    hand.choose_row(tdd, "worklist")
    hand.click(tdd, "select_patient")
    for box in ("confirm_name", "confirm_birth_date", "confirm_id"):
        hand.tick(tdd, box)
    hand.click(tdd, "confirm_patient")
    hand.click(tdd, "claim")
    hand.fastest(tdd, "speed")
    hand.click(tdd, "beam_on")
    hand.click(tdd, "store_record")
    hand.click(tdd, "final_update")
    hand.click(tdd, "complete")
    hand.click(tdd, "complete_treatment")

    hand.wait(lambda: "Completed" in shown(hand, tms))
    hand.click(tdd, "next_patient")
    suite = program.control.suite
    assert suite is not None
    (step,) = suite.tms.steps().result()
    records = [
        each.sop_instance_uid
        for each in suite.ost.instances.instances()
        if each.sop_class_uid in TREATMENT_RECORD_CLASSES
    ]
    assert step.state is ProcedureStepState.COMPLETED
    assert [each.sop_instance_uid for each in step.performed.outputs] == records
