"""Deletion of steps that are over (PS3.4 CC.2.3: a final step persists until no lock holds it)."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Final

from pydicom.dataset import Dataset

from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.dicom.iod.macros import to_dt
from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.dicom.store.database import read
from tdwii_gui.dicom.store.ups_subscriptions import StepSubscriptions
from tdwii_gui.dicom.store.ups_transaction import load_step
from tdwii_gui.dicom.ups.operation import DeletionResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from tdwii_gui.dicom.store.ups_store import UpsStore
    from tdwii_gui.dicom.store.ups_transaction import Step

_PORTION: Final = 50


def delete_steps(
    store: UpsStore,
    sop_instance_uids: Iterable[str],
    on_deleted: Callable[[Sequence[Step]], None],
) -> DeletionResult:
    """Delete steps that are COMPLETED or CANCELED and that no deletion lock holds.

    Parameters
    ----------
    store : UpsStore
        The worklist.
    sop_instance_uids : Iterable of str
        The steps.
    on_deleted : Callable
        Called with steps that are gone, after the commit.

    Raises
    ------
    StoreError
        If the worklist cannot be used; what was told as deleted stays so.
    """
    total = _Sorting()
    # In portions, as no answer to a peer is written meanwhile.
    for portion in _portions(sop_instance_uids):
        gone: list[Step] = []
        with store.transaction() as transaction:
            for uid in portion:
                step = transaction.load(uid)
                if total.take(uid, step, transaction.subscriptions.locks) and step is not None:
                    transaction.delete(uid)
                    gone.append(step)
        on_deleted(gone)
    return total.result()


def deletable(store: UpsStore, sop_instance_uids: Iterable[str]) -> DeletionResult:
    """Return what `delete_steps` would return, and delete nothing."""
    sorting = _Sorting()
    for portion in _portions(sop_instance_uids):
        with read(store.engine) as connection:
            locks = StepSubscriptions(connection).locks
            for uid in portion:
                sorting.take(uid, load_step(connection, uid), locks)
    return sorting.result()


def final_before(store: UpsStore, moment: datetime) -> Iterator[str]:
    """Return the UIDs of the final steps that were last changed until a moment."""
    for state in (ProcedureStepState.COMPLETED, ProcedureStepState.CANCELED):
        identifier = Dataset()
        identifier.ProcedureStepState = state.value
        until = to_dt(moment.astimezone(UTC))
        identifier.ScheduledProcedureStepModificationDateTime = f"-{until}"
        for dataset in store.select(identifier):
            yield tolerant.text(dataset, "SOPInstanceUID")


def _portions(sop_instance_uids: Iterable[str]) -> Iterator[Sequence[str]]:
    uids = list(dict.fromkeys(sop_instance_uids))
    return (uids[start : start + _PORTION] for start in range(0, len(uids), _PORTION))


class _Sorting:
    """Steps that are to be deleted, by what keeps them."""

    def __init__(self) -> None:
        self._free: list[str] = []
        self._locked: dict[str, tuple[str, ...]] = {}
        self._not_final: list[str] = []
        self._unknown: list[str] = []

    def take(
        self, sop_instance_uid: str, step: Step | None, locks: Callable[[str], list[str]]
    ) -> bool:
        """Sort a step; return whether nothing keeps it."""
        if step is None:
            self._unknown.append(sop_instance_uid)
        elif not step.state.is_final:
            self._not_final.append(sop_instance_uid)
        elif holders := locks(sop_instance_uid):
            self._locked[sop_instance_uid] = tuple(holders)
        else:
            self._free.append(sop_instance_uid)
            return True
        return False

    def result(self) -> DeletionResult:
        """Return what was sorted."""
        return DeletionResult(
            tuple(self._free), self._locked, tuple(self._not_final), tuple(self._unknown)
        )
