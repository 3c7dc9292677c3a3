"""A step as a treatment device dealt with it: its claim, updates, records and end."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.dicom.iod.message_kind import PERFORMED, PROGRESS, UPS_CLASSES, is_cancellation
from tdwii_gui.dicom.iod.rtbdi import RtBeamsDeliveryInstruction
from tdwii_gui.dicom.iod.ups import Ups
from tdwii_gui.dicom.iod.ups_action import ActionType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydicom.dataset import Dataset

    from tdwii_gui.judging.call import Call
    from tdwii_gui.judging.history import History

IN_PROGRESS: Final = "IN PROGRESS"
COMPLETED: Final = "COMPLETED"
CANCELED: Final = "CANCELED"


@dataclass(frozen=True, eq=False)
class TreatedStep:
    """What a device did with one step.

    Parameters
    ----------
    uid : str
        SOP Instance UID of the step.
    changes : tuple[Call, ...]
        Its Change UPS State requests.
    updates : tuple[Call, ...]
        Its N-SETs, also those that were refused.
    """

    device: Device
    uid: str
    changes: tuple[Call, ...]
    updates: tuple[Call, ...]

    @property
    def history(self) -> History:
        """All that was recorded."""
        return self.device.history

    @cached_property
    def claims(self) -> tuple[Call, ...]:
        """The requests to make it IN PROGRESS."""
        return tuple(c for c in self.changes if c.text("ProcedureStepState") == IN_PROGRESS)

    @cached_property
    def claim(self) -> Call | None:
        """The claim that made the step its own: one that was accepted, or never answered."""
        accepted = [call for call in self.claims if call.is_accepted]
        unanswered = [call for call in self.claims if call.status is None]
        return next(iter(accepted or unanswered), None)

    @cached_property
    def transaction_uid(self) -> str:
        """The Transaction UID of its claim; empty if the step never was its own."""
        return "" if self.claim is None else self.claim.text("TransactionUID")

    @cached_property
    def endings(self) -> tuple[Call, ...]:
        """The requests to make it COMPLETED or CANCELED."""
        final = (COMPLETED, CANCELED)
        return tuple(c for c in self.changes if c.text("ProcedureStepState") in final)

    @cached_property
    def end(self) -> Call | None:
        """The request that ended the step."""
        return next((call for call in self.endings if call.is_accepted), None)

    @property
    def is_completed(self) -> bool:
        """Whether it brought the step to COMPLETED."""
        return self.end is not None and self.end.text("ProcedureStepState") == COMPLETED

    @cached_property
    def progress_updates(self) -> tuple[Call, ...]:
        """The N-SETs of RO-62."""
        return tuple(
            call
            for call in self.updates
            if PROGRESS in call.dataset and PERFORMED not in call.dataset
            if not is_cancellation(call.dataset)
        )

    @cached_property
    def final_updates(self) -> tuple[Call, ...]:
        """The N-SETs of RO-64 that tell what was performed."""
        return tuple(call for call in self.updates if PERFORMED in call.dataset)

    @cached_property
    def final_update(self) -> Call | None:
        """The last of them that was accepted."""
        return next((c for c in reversed(self.final_updates) if c.is_accepted), None)

    @property
    def start(self) -> Call | None:
        """The first sign that it treats: a progress update or a stored record."""
        signs = [call for call in (*self.progress_updates, *self.records) if call.is_accepted]
        return min(signs, key=lambda call: call.number, default=None)

    @cached_property
    def as_claimed(self) -> Ups:
        """The step as it was known when it was claimed, whoever was told."""
        calls = (*self.changes, *self.updates)
        first = self.claim or min(calls, key=lambda call: call.number)
        return self.history.step(self.uid, first.number)

    @cached_property
    def instruction(self) -> RtBeamsDeliveryInstruction | None:
        """The RT Beams Delivery Instruction of the step; None where it is not recorded."""
        reference = self.as_claimed.rtbdi
        dataset = self.history.object(reference.sop_instance_uid) if reference else None
        if dataset is None:
            return None
        try:
            return RtBeamsDeliveryInstruction.from_dataset(dataset)
        except DatasetError:
            return None

    @cached_property
    def plan(self) -> Dataset | None:
        """The plan of the step; None where it is not recorded."""
        reference = self.as_claimed.plan
        return self.history.object(reference.sop_instance_uid) if reference else None

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """The SOP Instance UIDs that its final updates name."""
        named = (
            output.sop_instance_uid
            for call in self.final_updates
            for output in Ups(call.dataset).performed.outputs
        )
        return tuple(dict.fromkeys(named))

    @cached_property
    def records(self) -> tuple[Call, ...]:
        """The treatment records that it stored for the step.

        Those that its final update names, and those that it stored between claim and end; of what
        it stored while it had several steps, those alone that name the plan of this one.
        """
        return self.device.records_by_step.get(self.uid, ())

    def is_open_at(self, number: int) -> bool:
        """Whether it was the device's own step when a message was sent."""
        if self.claim is None or number < self.claim.number:
            return False
        return self.end is None or number < self.end.number

    def is_plan_of(self, record: Dataset) -> bool:
        """Whether a treatment record names the plan of the step."""
        plan = self.as_claimed.plan
        named = tolerant.items(record, "ReferencedRTPlanSequence")
        found = {tolerant.text(item, "ReferencedSOPInstanceUID") for item in named}
        return plan is not None and plan.sop_instance_uid in found


@dataclass(frozen=True, eq=False)
class Device:
    """A treatment device by what it sent and was sent."""

    history: History
    ae_title: str

    @cached_property
    def stored_records(self) -> tuple[Call, ...]:
        """The treatment records that it stored, or tried to."""
        return tuple(
            call
            for call in self.history.sent_by(self.ae_title, "C-STORE")
            if call.sop_class_uid in uids.TREATMENT_RECORD_CLASSES
        )

    @cached_property
    def records_by_step(self) -> Mapping[str, tuple[Call, ...]]:
        """The treatment records of each step."""
        named = {uid: step for step in self.steps if step.claim for uid in step.outputs}
        found: dict[str, list[Call]] = defaultdict(list)
        for call in self.stored_records:
            if call.uid in named:
                found[named[call.uid].uid].append(call)
                continue
            steps = [step for step in self.steps if step.is_open_at(call.number)]
            if len(steps) > 1:
                steps = [step for step in steps if step.is_plan_of(call.dataset)]
            for step in steps:
                found[step.uid].append(call)
        return {uid: tuple(calls) for uid, calls in found.items()}

    @cached_property
    def claims_by_transaction(self) -> Mapping[str, tuple[Call, ...]]:
        """The claims of steps by their Transaction UID, in order."""
        found: dict[str, list[Call]] = defaultdict(list)
        for step in self.steps:
            if step.claim is not None:
                found[step.transaction_uid].append(step.claim)
        return {uid: tuple(sorted(calls, key=_number)) for uid, calls in found.items()}

    @cached_property
    def queried_machines(self) -> tuple[tuple[int, str], ...]:
        """The machines of its worklist queries, each with the message."""
        return tuple(
            (call.number, machine)
            for call in self.history.sent_by(self.ae_title, "C-FIND")
            if call.sop_class_uid in UPS_CLASSES
            for machine in Ups(call.dataset).machines
        )

    @cached_property
    def destinations(self) -> frozenset[str]:
        """Its AE title, and those to which it had objects sent."""
        moves = self.history.sent_by(self.ae_title, "C-MOVE")
        named = {tolerant.text(call.command, "MoveDestination") for call in moves}
        return frozenset(named | {self.ae_title})

    @cached_property
    def archives(self) -> frozenset[str]:
        """From whom it has retrieved."""
        retrievals = self.history.sent_by(self.ae_title, "C-MOVE", "C-GET")
        return frozenset(call.receiver for call in retrievals)

    @cached_property
    def steps(self) -> tuple[TreatedStep, ...]:
        """The steps that it claimed, changed or updated, in the order in which it began."""
        changes: dict[str, list[Call]] = {}
        updates: dict[str, list[Call]] = {}
        for call in self.history.sent_by(self.ae_title, "N-ACTION", "N-SET"):
            is_change = call.service == "N-ACTION" and call.action is ActionType.CHANGE_STATE
            is_update = call.service == "N-SET" and call.sop_class_uid != uids.MPPS
            if is_change or is_update:
                changes.setdefault(call.uid, [])
                updates.setdefault(call.uid, [])
                (changes if is_change else updates)[call.uid].append(call)
        return tuple(
            TreatedStep(self, uid, tuple(changes[uid]), tuple(updates[uid])) for uid in changes
        )


def _number(call: Call) -> int:
    return call.number
