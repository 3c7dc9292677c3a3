"""Which steps of the worklist mention a UID, in whatever attribute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, or_, select

from tdwii_gui.dicom.store.database import read
from tdwii_gui.dicom.store.encoding import decode
from tdwii_gui.dicom.store.ups_tables import STEPS

if TYPE_CHECKING:
    from collections.abc import Collection

    from pydicom.dataset import Dataset
    from sqlalchemy import Engine

    from tdwii_gui.dicom.iod.ups import ProcedureStepState

_MOST_UIDS: Final = 20  # each is looked for in every data set


def steps_mentioning(
    engine: Engine, uids: Collection[str], states: Collection[ProcedureStepState]
) -> list[Dataset]:
    """Return the steps in some states whose data set holds one of some UIDs, by start time.

    For requests that are rare: no column helps, the database reads the data sets. Of more than
    20 UIDs only the first are looked for. A UID may stand there as the beginning of a longer one.

    Raises
    ------
    StoreError
        If the database cannot be used.
    """
    columns = (STEPS.c.dataset, STEPS.c.implicit_vr)
    wanted = list(uids)[:_MOST_UIDS]
    if not wanted:
        return []
    mentions = or_(*(_mentions(engine.dialect.name, uid.encode("ascii")) for uid in wanted))
    in_state = STEPS.c.state.in_([state.value for state in states])
    query = select(*columns).where(in_state, mentions)
    query = query.order_by(STEPS.c.start_first, STEPS.c.sop_instance_uid)
    with read(engine) as connection:
        return [decode(row.dataset, row.implicit_vr) for row in connection.execute(query)]


def _mentions(dialect: str, uid: bytes) -> Any:
    if dialect == "sqlite":
        # Its LIKE takes bytes for text, which ends at the first zero.
        return func.instr(STEPS.c.dataset, uid) > 0
    return STEPS.c.dataset.op("LIKE")(b"%" + uid + b"%")
