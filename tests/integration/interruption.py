"""A fraction that a foreign device begins and does not finish, over the wire."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from tdwii_gui.dicom.iod.codes import discontinuation_reason
from tdwii_gui.dicom.iod.ups import Cancellation, ProcedureStepState
from tdwii_gui.dicom.iod.ups_update import FinalUpdate
from tests.treatment_records import foreign_record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydicom.dataset import Dataset

    from tdwii_gui.actors.tdd import Tdd
    from tdwii_gui.dicom.iod.plan import Plan

SECONDS = 20


def deliver_part(
    tdd: Tdd,
    plan: Plan,
    uid: str,
    beams: Mapping[int, tuple[float, float]],
    fraction: int,
    *,
    group: int | None = None,
    state: ProcedureStepState = ProcedureStepState.CANCELED,
    stores: bool = True,
) -> Dataset:
    """Claim a step, store the record of {beam: (start, end)}, report it, and end the step."""
    record = foreign_record(plan, beams, fraction, group=plan.fraction_group(group))
    tdd.start_procedure(uid).result(SECONDS)
    if stores:
        tdd.store_results([record]).result(SECONDS)
    now = datetime.now().astimezone()
    reason = Cancellation(discontinuation_reason("110501"), "interlock", now)
    is_over = state is ProcedureStepState.COMPLETED
    update = FinalUpdate(
        machine="LINAC",
        started=now,
        ended=now,
        outputs=[record],
        static_ae=tdd.ost_ae_title,
        cancellation=None if is_over else reason,
    )
    tdd.send_final_update(uid, update).result(SECONDS)
    tdd.finish_procedure(uid, state).result(SECONDS)
    return record
