"""What the operator of a worklist may do, besides what the UPS service offers to peers.

Each operation keeps to the rules of the service (PS3.4 Annex CC) and raises the events that the
same change by a peer would raise. Before it is done, its `Consequences` can be asked for.
"""

from __future__ import annotations

import getpass
import logging
from typing import TYPE_CHECKING, Final

from pydicom.dataset import Dataset

from tdwii_gui.dicom.errors import ActionNotAllowed, DimseStatusError
from tdwii_gui.dicom.iod import legal, tolerant
from tdwii_gui.dicom.iod.codes import UNSPECIFIED_REASON
from tdwii_gui.dicom.iod.macros import code_item, to_dt
from tdwii_gui.dicom.iod.ups import ProcedureStepState, Ups
from tdwii_gui.dicom.iod.ups_update import receiving_ae, subscription
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.store.database import read
from tdwii_gui.dicom.store.encoding import duplicate, put
from tdwii_gui.dicom.store.ups_history import OPERATION, HistoryEntry
from tdwii_gui.dicom.store.ups_subscriptions import StepSubscriptions
from tdwii_gui.dicom.uids import UPS_GLOBAL_SUBSCRIPTION
from tdwii_gui.dicom.ups import content, report
from tdwii_gui.dicom.ups.change import ChangeKind, StepChange, ignore, local_now
from tdwii_gui.dicom.ups.consequences import Consequences, counted
from tdwii_gui.dicom.ups.deletion import deletable, delete_steps, final_before
from tdwii_gui.dicom.ups.outbox import Outbox, send

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime, timedelta

    from tdwii_gui.dicom.iod.codes import Code
    from tdwii_gui.dicom.store.ups_history import UpsHistory
    from tdwii_gui.dicom.store.ups_store import UpsStore
    from tdwii_gui.dicom.store.ups_transaction import Step
    from tdwii_gui.dicom.ups.operation import DeletionResult, StepEdit
    from tdwii_gui.dicom.ups.service import UpsService

logger = logging.getLogger(__name__)

_PROGRESS: Final = "ProcedureStepProgressInformationSequence"


class Operator:
    """Operations on a worklist by those who run it. All methods are thread-safe.

    Parameters
    ----------
    store, service, history : UpsStore, UpsService, UpsHistory
        The worklist, its rules, and where operations are recorded.
    ae_title : str
        The TMS itself, in whose name changes are made.
    person : str
        Who operates, for the record.
    on_change : Callable
        Called after the commit with each change; the service tells those that it made itself.
    now : Callable
        The clock.

    Raises
    ------
    StoreError
        By each method, if the database cannot be used.
    """

    def __init__(
        self,
        store: UpsStore,
        service: UpsService,
        history: UpsHistory,
        *,
        ae_title: str,
        person: str,
        on_change: Callable[[StepChange], None] = ignore,
        now: Callable[[], datetime] = local_now,
    ) -> None:
        self._store = store
        self._service = service
        self._history = history
        self._ae_title = ae_title
        self._person = person
        self._on_change = on_change
        self._now = now

    def edit(self, sop_instance_uid: str, edit: StepEdit) -> None:
        """Change a SCHEDULED step, as an N-SET would (PS3.4 CC.2.6).

        Raises
        ------
        ActionNotAllowed
            If the step is not SCHEDULED, or nothing is to be changed.
        DimseStatusError
            As by `UpsService.set`.
        """
        modifications = edit.modifications()
        self._step(sop_instance_uid, ProcedureStepState.SCHEDULED, "edited")
        self._service.set(sop_instance_uid, modifications, self._ae_title)
        self._note(sop_instance_uid, what=f"edited: {edit}")

    def edit_consequences(self, sop_instance_uid: str, edit: StepEdit) -> Consequences:
        """Return what `edit` would do; raises what it would raise."""
        modifications = edit.modifications()
        step = self._step(sop_instance_uid, ProcedureStepState.SCHEDULED, "edited")
        after = content.merged(step.dataset, modifications)
        raised = report.of_modification(step.dataset, after)
        notes = () if raised else ("UPS has no event for a new start, nor for what stays the same",)
        receivers = self._subscribers(sop_instance_uid) if raised else ()
        return Consequences(f"changes the step: {edit}", receivers, notes)

    def cancel(
        self, sop_instance_uid: str, reason: str = "", reason_code: Code | None = None
    ) -> None:
        """Cancel a step IN PROGRESS whose performer has vanished; a local action, which is logged.

        PS3.4 leaves it to the performer to cancel what it has begun (CC.2.2.3). This is for the
        performer that will never do so: its Transaction UID changes nothing any more afterwards.

        Raises
        ------
        ActionNotAllowed
            If the step is not IN PROGRESS.
        DatasetError
            If the reason is no legal text.
        """
        reasons = _reasons(reason, reason_code)
        with self._store.transaction() as transaction:
            step = _in_state(
                transaction.load(sop_instance_uid), ProcedureStepState.IN_PROGRESS, "canceled so"
            )
            after = self._canceled(step, reasons)
            transaction.save(after)
            receivers = send(transaction, sop_instance_uid, [report.of_state(after.dataset)])
        self._tell(ChangeKind.STATE_CHANGED, after, receivers)
        self._note(sop_instance_uid, what=f"canceled in the place of {step.performer_ae}")

    def cancel_consequences(self, sop_instance_uid: str) -> Consequences:
        """Return what `cancel` would do; raises what it would raise."""
        step = self._step(sop_instance_uid, ProcedureStepState.IN_PROGRESS, "canceled so")
        last = Ups(step.dataset).modified
        heard = f"{last:%Y-%m-%d %H:%M:%S}" if last else "its claim"
        return Consequences(
            f"cancels the step in the place of its performer {step.performer_ae or 'unknown'},"
            f" silent since {heard}",
            self._subscribers(sop_instance_uid),
            ("if it is still treating, its updates and its COMPLETED will be refused",),
        )

    def request_cancel(self, sop_instance_uid: str, request: Dataset) -> int:
        """Cancel a SCHEDULED step, or ask the performer of one (PS3.4 CC.2.2); return the status.

        Raises
        ------
        DimseStatusError
            As by `UpsService.request_cancel`.
        """
        status = self._service.request_cancel(sop_instance_uid, request, self._ae_title)
        self._note(sop_instance_uid, what="cancellation requested")
        return status

    def request_cancel_consequences(self, sop_instance_uid: str) -> Consequences:
        """Return what `request_cancel` would do."""
        step = self._step(sop_instance_uid)
        receivers = self._subscribers(sop_instance_uid)
        match step.state:
            case ProcedureStepState.SCHEDULED:
                return Consequences("cancels the step, which nobody has begun", receivers)
            case ProcedureStepState.IN_PROGRESS:
                notes = (f"{step.performer_ae or 'its performer'} decides whether it cancels",)
                if not receivers:
                    notes = ("it will be refused, for nobody is subscribed who could be asked",)
                return Consequences("asks the performer to cancel the step", receivers, notes)
            case _:
                return Consequences(f"does nothing, for the step is {step.state}")

    def delete(self, sop_instance_uids: Iterable[str]) -> DeletionResult:
        """Delete steps that are COMPLETED or CANCELED and that no deletion lock holds.

        A final step persists until all locks are gone (PS3.4 CC.2.3).
        """
        return delete_steps(self._store, sop_instance_uids, self._on_deleted)

    def delete_consequences(self, sop_instance_uids: Iterable[str]) -> Consequences:
        """Return what `delete` would do."""
        return self._deletion_words(deletable(self._store, sop_instance_uids))

    def purge(self, older_than: timedelta) -> DeletionResult:
        """Delete final steps that were last changed longer ago than some time.

        Locks hold, as for `delete`.
        """
        old = final_before(self._store, self._now() - older_than)
        return delete_steps(self._store, old, self._on_deleted)

    def purge_consequences(self, older_than: timedelta) -> Consequences:
        """Return what `purge` would do."""
        old = final_before(self._store, self._now() - older_than)
        return self._deletion_words(deletable(self._store, old))

    def subscribe(
        self, ae_title: str, sop_instance_uid: str = "", *, deletion_lock: bool = False
    ) -> int:
        """Subscribe an AE to a step, or without one to all; return the status.

        Raises
        ------
        DimseStatusError
            As by `UpsService.subscribe`: C307, C308.
        """
        uid = sop_instance_uid or UPS_GLOBAL_SUBSCRIPTION
        information = subscription(ae_title, deletion_lock=deletion_lock)
        status = self._service.subscribe(uid, information, self._ae_title)
        lock = " with a deletion lock" if deletion_lock else ""
        self._note(uid, what=f"{ae_title} subscribed{lock}")
        return status

    def unsubscribe(self, ae_title: str, sop_instance_uid: str = "") -> int:
        """End an AE's subscription to a step, or without one all of them; return the status.

        Raises
        ------
        DimseStatusError
            As by `UpsService.unsubscribe`: C307, C308.
        """
        uid = sop_instance_uid or UPS_GLOBAL_SUBSCRIPTION
        status = self._service.unsubscribe(uid, receiving_ae(ae_title), self._ae_title)
        self._note(uid, what=f"{ae_title} unsubscribed")
        return status

    def subscribe_consequences(
        self, ae_title: str, sop_instance_uid: str = "", *, deletion_lock: bool = False
    ) -> Consequences:
        """Return what `subscribe` would do."""
        notes = ("its final steps stay until it unsubscribes",) if deletion_lock else ()
        if sop_instance_uid:
            self._step(sop_instance_uid)
            return Consequences(f"subscribes {ae_title} to the step", (ae_title,), notes)
        receivers = (ae_title,) if deletion_lock else ()
        return Consequences(f"subscribes {ae_title} to all steps, also to come", receivers, notes)

    def unsubscribe_consequences(self, ae_title: str, sop_instance_uid: str = "") -> Consequences:
        """Return what `unsubscribe` would do."""
        which = "the step" if sop_instance_uid else "all steps, its single subscriptions as well"
        held = self._locks_of(ae_title, sop_instance_uid)
        notes = (f"{counted(held, 'deletion lock')} of it released",) if held else ()
        return Consequences(f"unsubscribes {ae_title} from {which}", (), notes)

    def discard_events(self, ae_title: str) -> int:
        """Take all events that are due to an AE out of the outbox; return how many they were."""
        number = Outbox(self._store).discard(ae_title)
        logger.warning(
            "operator of %s: %s to %r discarded",
            self._ae_title,
            counted(number, "event"),
            ae_title,
        )
        return number

    def discard_consequences(self, ae_title: str) -> Consequences:
        """Return what `discard_events` would do."""
        due = sum(event.receiving_ae == ae_title for event in Outbox(self._store).due())
        return Consequences(
            f"discards {counted(due, 'event')} that {ae_title} has not got",
            (),
            ("its subscriptions stay",),
            is_none=not due,
        )

    def _deletion_words(self, result: DeletionResult) -> Consequences:
        gone = set(result.deleted)
        due = sum(event.sop_instance_uid in gone for event in Outbox(self._store).due())
        lost = [f"{counted(due, 'undelivered event')} about them dropped"] if due else []
        effect = f"deletes {counted(len(gone), 'step')} for ever"
        return Consequences(effect, (), (*lost, *result.refusals()), is_none=not gone)

    def _on_deleted(self, steps: Sequence[Step]) -> None:
        for step in steps:
            self._tell(ChangeKind.DELETED, step, ())
        self._note(*(step.sop_instance_uid for step in steps), what="deleted")

    def _step(
        self, sop_instance_uid: str, wanted: ProcedureStepState | None = None, verb: str = ""
    ) -> Step:
        return _in_state(self._store.load(sop_instance_uid), wanted, verb)

    def _canceled(self, step: Step, reasons: Dataset) -> Step:
        """Return a step as CANCELED; what was reported of its progress stays."""
        dataset = duplicate(step.dataset)
        progress = tolerant.first_item(dataset, _PROGRESS)
        item = duplicate(progress)
        now = self._now()
        put(item, "ProcedureStepCancellationDateTime", to_dt(now))
        for element in reasons:
            item[element.tag] = element
        modifications = Dataset()
        modifications.ProcedureStepProgressInformationSequence = [item]
        legal.add_character_set(modifications, tolerant.text(dataset, "SpecificCharacterSet"))
        dataset = content.merged(dataset, modifications)
        put(dataset, "ProcedureStepState", ProcedureStepState.CANCELED.value)
        content.touch(dataset, now)
        return step.in_state(ProcedureStepState.CANCELED, dataset)

    def _locks_of(self, ae_title: str, sop_instance_uid: str) -> int:
        return sum(
            each.deletion_lock
            for each in self._store.subscriptions()
            if each.receiving_ae == ae_title
            and each.sop_instance_uid
            and sop_instance_uid in ("", each.sop_instance_uid)
        )

    def _subscribers(self, sop_instance_uid: str) -> tuple[str, ...]:
        with read(self._store.engine) as connection:
            return tuple(StepSubscriptions(connection).subscribers(sop_instance_uid))

    def _tell(self, kind: ChangeKind, step: Step, receivers: Sequence[str]) -> None:
        uid, dataset = step.sop_instance_uid, duplicate(step.dataset)
        change = StepChange(kind, uid, self._ae_title, step.state, dataset, tuple(receivers))
        self._on_change(change)

    def _note(self, *sop_instance_uids: str, what: str) -> None:
        """Record an operation that was done."""
        at, me = self._now(), self._ae_title
        for uid in sop_instance_uids:
            logger.warning("operator of %s: %s %s", me, uid, what)
        self._history.add(
            HistoryEntry(at, uid, me, me, OPERATION, what, comment=f"by {self._person}")
            for uid in sop_instance_uids
        )


def _in_state(step: Step | None, wanted: ProcedureStepState | None, verb: str) -> Step:
    """Return a step that is here and in a state.

    Raises
    ------
    DimseStatusError
        C307 if it is not here.
    ActionNotAllowed
        If it is in another state.
    """
    if step is None:
        raise DimseStatusError(Status.UPS_UNKNOWN)
    if wanted is not None and step.state is not wanted:
        raise ActionNotAllowed(f"the step is {step.state}; only one that is {wanted} can be {verb}")
    return step


def _reasons(reason: str, reason_code: Code | None) -> Dataset:
    """Return the elements that tell why a step is canceled."""
    dataset = Dataset()
    if reason:
        dataset.ReasonForCancellation = legal.permit("ReasonForCancellation", reason)
    code = code_item(reason_code or UNSPECIFIED_REASON)
    dataset.ProcedureStepDiscontinuationReasonCodeSequence = [code]
    return dataset


def person() -> str:
    """Return who runs this process, for the record of operations."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "an operator"
