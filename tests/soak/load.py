"""Devices that create, claim, treat and complete steps, and journal what was answered."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from pydicom.dataset import Dataset

from tests.soak.raw_scu import RawScu
from tests.unit.dicom.ups.conftest import new_step, performed

SET_BEFORE_COMPLETION = 3
"""Progress reports of a step; the last N-SET before its end sends what was performed."""


@dataclass
class Journal:
    """What a device did: each operation when it is answered, and the one that is in doubt.

    An operation is a step and what it becomes: "SCHEDULED", "IN PROGRESS", a progress as a
    number, "performed", "COMPLETED".
    """

    done: list[tuple[str, str]] = field(default_factory=list)
    in_doubt: tuple[str, str] | None = None

    def next(self, device: int) -> tuple[str, str]:
        """Return the operation that follows."""
        if not self.done:
            return f"1.2.{device}.1", "SCHEDULED"
        uid, last = self.done[-1]
        if last == "COMPLETED":
            stem, _, number = uid.rpartition(".")
            return f"{stem}.{int(number) + 1}", "SCHEDULED"
        order = ["SCHEDULED", "IN PROGRESS"]
        order += [str(progress) for progress in range(1, SET_BEFORE_COMPLETION + 1)]
        order += ["performed", "COMPLETED"]
        return uid, order[order.index(last) + 1]

    def states(self) -> dict[str, str]:
        """Return the last operation on each step that was answered."""
        return dict(self.done)

    def events(self) -> list[tuple[str, str]]:
        """Return the operations of which subscribers hear, in their order."""
        return [one for one in self.done if one[1] != "performed"]


class Device(threading.Thread):
    """Works until the connection is lost."""

    def __init__(self, number: int, port: int, journal: Journal) -> None:
        super().__init__(name=f"device-{number}", daemon=True)
        self._number = number
        self._port = port
        self._journal = journal
        self.failure = ""

    def run(self) -> None:
        """Do one operation after the other; the first without an answer is in doubt."""
        journal = self._journal
        try:
            with RawScu(self._port, "TMS", f"DEVICE{self._number}") as scu:
                while True:
                    uid, what = journal.in_doubt = journal.next(self._number)
                    status = perform(scu, uid, what)
                    if status:
                        self.failure = f"{uid} {what}: {status:04X}"
                        return
                    journal.done.append((uid, what))
                    journal.in_doubt = None
        except OSError:
            return


def perform(scu: RawScu, uid: str, what: str) -> int:
    """Do an operation; return the status."""
    transaction_uid = f"{uid}.9"
    if what == "SCHEDULED":
        return scu.n_create(uid, new_step())
    if what in ("IN PROGRESS", "COMPLETED"):
        return scu.change_state(uid, what, transaction_uid)
    modifications = performed() if what == "performed" else progress(what)
    modifications.TransactionUID = transaction_uid
    return scu.n_set(uid, modifications)


def progress(value: str) -> Dataset:
    """Return the modifications of a progress report."""
    item, modifications = Dataset(), Dataset()
    item.ProcedureStepProgress = value
    modifications.ProcedureStepProgressInformationSequence = [item]
    return modifications


def seen(step: Dataset) -> str:
    """Return the last operation that a step shows."""
    state = str(step.ProcedureStepState)
    if state != "IN PROGRESS":
        return state
    if step.UnifiedProcedureStepPerformedProcedureSequence:
        return "performed"
    items = step.ProcedureStepProgressInformationSequence
    return str(items[0].ProcedureStepProgress) if items else state
