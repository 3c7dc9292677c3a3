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
    hand.schedule(launcher, plan)
    hand.click(launcher, "open_tms")
    tms = hand.window("tms")
    hand.wait(lambda: "Scheduled" in shown(hand, tms))
    hand.treat(launcher)
    hand.wait(lambda: "Completed" in shown(hand, tms))
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
