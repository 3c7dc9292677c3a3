"""A fraction that is interrupted and completed in a second session, by clicks and keys alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdwii_gui.dicom.iod.rtbdi import RtBeamsDeliveryInstruction
from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.dicom.uids import TREATMENT_RECORD_CLASSES
from tests.ui.metersets import metersets, planned_metersets

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMainWindow

    from tdwii_gui.app.desktop import SuiteProgram
    from tests.ui.hand import Hand


def beams_remaining(hand: Hand, creator: QMainWindow) -> list[str]:
    """Return what the second session does with each beam, as the window shows it."""
    hand.wait(lambda: hand.cells(creator, "remaining_beams"))
    return [row[-1] for row in hand.cells(creator, "remaining_beams")]


def test_fraction(program: SuiteProgram, hand: Hand) -> None:
    launcher = hand.window("launcher")
    hand.schedule(launcher, "photon")
    creator = hand.window("creator")
    hand.read(creator, "Fraction 1 is scheduled")
    hand.interrupt(launcher)
    hand.tick(creator, "continue_fraction")
    (record,) = hand.rows(creator, "records")
    assert record[-1].startswith("✓"), record
    assert "by the operator" in record
    remaining = beams_remaining(hand, creator)
    assert any("continuation" in words for words in remaining), remaining
    hand.click(creator, "schedule")
    hand.read(creator, "The rest of fraction 1 is scheduled")
    hand.treat(launcher)
    suite = program.control.suite
    assert suite is not None
    canceled, completed = sorted(suite.tms.steps().result(), key=lambda step: str(step.state))
    assert canceled.state is ProcedureStepState.CANCELED
    assert completed.state is ProcedureStepState.COMPLETED
    assert completed.fraction_number == canceled.fraction_number == 1
    stored = [
        each.sop_instance_uid
        for each in suite.ost.instances.instances()
        if each.sop_class_uid in TREATMENT_RECORD_CLASSES
    ]
    outputs = [*canceled.performed.outputs, *completed.performed.outputs]
    assert sorted(each.sop_instance_uid for each in outputs) == sorted(stored)
    assert {each.sop_instance_uid for each in canceled.performed.outputs} <= {
        each.sop_instance_uid for each in completed.inputs
    }
    rtbdi = completed.rtbdi
    assert rtbdi is not None
    instruction = RtBeamsDeliveryInstruction.from_dataset(
        suite.tms.instances.read(rtbdi.sop_instance_uid)
    )
    kinds = [task.delivery_type for task in instruction.tasks]
    assert kinds.count("CONTINUATION") == 1
    records = [suite.ost.instances.read(uid) for uid in stored]
    assert metersets(records) == planned_metersets("photon_plan.dcm")
