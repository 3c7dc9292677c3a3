"""The Unified Procedure Step service of a Treatment Management System (PS3.4 Annex CC)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.iod import requirements, tolerant
from tdwii_gui.dicom.iod.attributes import attributes_of
from tdwii_gui.dicom.iod.ups_event import ListStatus, ScpStatus
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.store.encoding import duplicate
from tdwii_gui.dicom.store.matching import Matcher
from tdwii_gui.dicom.store.ups_transaction import Step
from tdwii_gui.dicom.ups import content, report, subscriptions, supported, tdwii, transition
from tdwii_gui.dicom.ups.change import ChangeKind, CreatedStep, StepChange, ignore, local_now
from tdwii_gui.dicom.ups.mode import ServiceMode
from tdwii_gui.dicom.ups.outbox import addressed, send, send_to_subscribers
from tdwii_gui.dicom.ups.query import unsupported_keys
from tdwii_gui.dicom.ups.refusal import (
    failures_as_statuses,
    heed_foreign,
    known,
    own_elements,
    refuse,
    refuse_failure,
)
from tdwii_gui.dicom.ups.state import ProcedureStepState, check_modification, check_transition
from tdwii_gui.dicom.ups.subscriptions import read_subscription

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from tdwii_gui.dicom.errors import Finding
    from tdwii_gui.dicom.iod.profile import ProfileFinding
    from tdwii_gui.dicom.store.ups_store import UpsStore
    from tdwii_gui.dicom.ups.subscriptions import Subscription

__all__ = ["ChangeKind", "CreatedStep", "ServiceMode", "StepChange", "UpsService"]

logger = logging.getLogger(__name__)


class UpsService:
    """The operations of the UPS SOP classes on a worklist. All methods are thread-safe.

    Each method returns after the commit of what it did, and then only answers of success or
    warning; a failure leaves everything as it was. No answer holds the Transaction UID.

    Parameters
    ----------
    store : UpsStore
        The worklist.
    known_ae : Callable
        Tells whether an AE title is in the AE directory, so that reports can be sent to it.
    on_change : Callable
        Called after the commit with each change, by the thread that made it; it must not raise.
    now : Callable
        The clock.
    mode : ServiceMode
        What it does with requests that the standard does not allow; an attribute as well.

    Raises
    ------
    DimseStatusError
        By each method, for every failure, with the status and comment to answer.
    """

    def __init__(
        self,
        store: UpsStore,
        *,
        known_ae: Callable[[str], bool],
        on_change: Callable[[StepChange], None] = ignore,
        now: Callable[[], datetime] = local_now,
        mode: ServiceMode = ServiceMode.STANDARD,
    ) -> None:
        self._store = store
        self._known_ae = known_ae
        self._on_change = on_change
        self._now = now
        self.mode = mode
        self._profile_log = tdwii.ProfileLog()

    def create(
        self, sop_instance_uid: str | None, attributes: Dataset, calling_ae: str
    ) -> CreatedStep:
        """Create a step as SCHEDULED, with a new UID if none is given (N-CREATE, PS3.4 CC.2.5).

        Raises
        ------
        DimseStatusError
            0117 for a UID that is none, 0111 for one that is taken, 0105, 0106, 0120, 0121 or
            C309 for the attributes.
        """
        uid = sop_instance_uid or uids.new_uid()
        if not uids.is_valid_uid(uid):
            raise DimseStatusError(Status.INVALID_SOP_INSTANCE, "the SOP Instance UID is no UID")
        with failures_as_statuses():
            what = f"N-CREATE of {uid}"
            dataset = own_elements(attributes, self.mode, what)
            if self.mode is not ServiceMode.STRICT:
                content.add_left_out(dataset)
            given = attributes_of(dataset)
            refuse(requirements.check_create(given))
            findings = self._heed(tdwii.of_creation(given), what, calling_ae)
            assigned = content.complete_new(dataset, uid, self._now())
            step = Step(uid, ProcedureStepState.SCHEDULED, "", "", dataset)
            with self._store.transaction() as transaction:
                if not transaction.insert(step):
                    raise DimseStatusError(Status.DUPLICATE_SOP_INSTANCE)
                receivers = subscriptions.subscribe_to_new(transaction, uid, dataset)
                if receivers:
                    send_to_subscribers(transaction, uid, report.of_creation(dataset))
        self._tell(ChangeKind.CREATED, step, calling_ae, receivers, findings)
        return CreatedStep(uid, assigned, Status.SUCCESS)

    def get(self, sop_instance_uid: str, tags: Sequence[int] = ()) -> Dataset:
        """Return a step, or some of its top-level attributes (N-GET, PS3.4 CC.2.7).

        Raises
        ------
        DimseStatusError
            C307 if the step is not known.
        """
        with failures_as_statuses():
            dataset = known(self._store.load(sop_instance_uid)).dataset
            return supported.selected(dataset, tags) if tags else dataset

    def set(self, sop_instance_uid: str, modifications: Dataset, calling_ae: str) -> int:
        """Change attributes of a step, all or none (N-SET, PS3.4 CC.2.6).

        Returns
        -------
        int
            0000, or 0001 if the step has some of the attributes not: these alone are not set.

        Raises
        ------
        DimseStatusError
            C307 if the step is not known, C300 if it is final, C301 without the right Transaction
            UID, C310 with one while SCHEDULED, 0105, 0106 or 0121 for the attributes.
        """
        findings: Sequence[Finding] = ()
        with failures_as_statuses():
            what = f"N-SET of {sop_instance_uid}"
            changes = own_elements(modifications, self.mode, what)
            given_uid = tolerant.text(changes, "TransactionUID")
            given = attributes_of(changes)
            violations = requirements.check_set(given)
            with self._store.transaction() as transaction:
                step = known(transaction.load(sop_instance_uid))
                refuse_failure(check_modification(step.state, step.transaction_uid, given_uid))
                refuse(violations)
                if step.state is ProcedureStepState.IN_PROGRESS:
                    findings = self._heed(tdwii.of_modification(given), what, calling_ae)
                changes, foreign = supported.settable(changes, step.dataset)
                heed_foreign(foreign, self.mode, what)
                after = step.in_state(step.state, content.merged(step.dataset, changes))
                reports = report.of_modification(step.dataset, after.dataset)
                content.touch(after.dataset, self._now())
                transaction.save(after, list(changes.keys()))
                receivers = send(transaction, sop_instance_uid, reports)
        kind = ChangeKind.PROGRESSED if report.tell_progress(reports) else ChangeKind.UPDATED
        self._tell(kind, after, calling_ae, receivers, findings)
        return Status.ATTRIBUTES_UNSUPPORTED if foreign else Status.SUCCESS

    def change_state(self, sop_instance_uid: str, information: Dataset, calling_ae: str) -> int:
        """Claim, complete or cancel a step (N-ACTION 1, PS3.4 CC.2.1).

        Returns
        -------
        int
            0000, or a warning for a step that is in the final state already: B304, B306.

        Raises
        ------
        DimseStatusError
            C300 to C304, C307 or C310 by Table CC.1.1-2, 0115 for a state or a Transaction UID
            that is none.
        """
        findings: Sequence[Finding] = ()
        with failures_as_statuses(), self._store.transaction() as transaction:
            step = known(transaction.load(sop_instance_uid))
            arguments = self._arguments(information, sop_instance_uid)
            requested = transition.requested_state(arguments)
            given_uid = tolerant.text(arguments, "TransactionUID")
            status = check_transition(step.state, requested, step.transaction_uid, given_uid)
            refuse_failure(status)
            if status is not Status.SUCCESS:
                return status
            with_reason = self.mode is not ServiceMode.STRICT
            after = transition.changed(step, requested, self._now(), with_reason=with_reason)
            if requested is ProcedureStepState.IN_PROGRESS:
                after = transition.claimed(transaction, after, given_uid, calling_ae)
            else:
                refuse(requirements.check_final(after.dataset, requested))
                if requested is ProcedureStepState.COMPLETED:
                    what = f"COMPLETED of {sop_instance_uid}"
                    findings = self._heed(tdwii.of_completion(after.dataset), what, calling_ae)
                transaction.save(after)
            receivers = send(transaction, sop_instance_uid, [report.of_state(after.dataset)])
        self._tell(ChangeKind.STATE_CHANGED, after, calling_ae, receivers, findings)
        return Status.SUCCESS

    def request_cancel(self, sop_instance_uid: str, information: Dataset, calling_ae: str) -> int:
        """Cancel a SCHEDULED step, or ask the performer of one (N-ACTION 2, PS3.4 CC.2.2).

        Returns
        -------
        int
            0000 for an accepted request, B304 for a step that is canceled already.

        Raises
        ------
        DimseStatusError
            C307 if the step is not known, C311 if it is COMPLETED, C312 if it is IN PROGRESS and
            nobody is subscribed who could be told, 0115 for a reason or contact that is none.
        """
        with failures_as_statuses(), self._store.transaction() as transaction:
            step = known(transaction.load(sop_instance_uid))
            arguments = self._arguments(information, sop_instance_uid)
            if step.state is ProcedureStepState.COMPLETED:
                raise DimseStatusError(Status.UPS_CANCEL_ALREADY_COMPLETED)
            if step.state is ProcedureStepState.CANCELED:
                return Status.UPS_ALREADY_CANCELED
            transition.refuse_request(arguments)
            if step.state is ProcedureStepState.SCHEDULED:
                kind = ChangeKind.STATE_CHANGED
                step, reports = transition.canceled(step, arguments, self._now())
                transaction.save(step)
            else:
                kind = ChangeKind.CANCEL_REQUESTED
                reports = [report.of_cancel_request(calling_ae, arguments)]
            receivers = send(transaction, sop_instance_uid, reports)
            if kind is ChangeKind.CANCEL_REQUESTED and not receivers:
                raise DimseStatusError(Status.UPS_PERFORMER_UNREACHABLE, "nobody is subscribed")
        self._tell(kind, step, calling_ae, receivers)
        return Status.SUCCESS

    def subscribe(self, sop_instance_uid: str, information: Dataset, calling_ae: str) -> int:
        """Subscribe an AE to a step, to all or to all that match (N-ACTION 3, PS3.4 CC.2.3).

        A deletion lock is never refused, nor taken away: there is no B301.

        Raises
        ------
        DimseStatusError
            0115 for a missing or invalid argument or matching key, C307 for an unknown step, C308
            for an unknown Receiving AE, 0213 for more subscriptions than an AE may have.
        """
        with failures_as_statuses():
            wanted = self._subscription(sop_instance_uid, information, with_lock=True)
            with self._store.transaction() as transaction:
                has_events = subscriptions.subscribe(transaction, wanted)
        receivers = (wanted.receiving_ae,) if has_events else ()
        self._tell_subscription(ChangeKind.SUBSCRIBED, wanted, calling_ae, receivers)
        return Status.SUCCESS

    def unsubscribe(self, sop_instance_uid: str, information: Dataset, calling_ae: str) -> int:
        """End an AE's subscription to a step or to all (N-ACTION 4, PS3.4 CC.2.3).

        Raises
        ------
        DimseStatusError
            0115, C307 or C308, as for `subscribe`.
        """
        with failures_as_statuses():
            wanted = self._subscription(sop_instance_uid, information, with_lock=False)
            with self._store.transaction() as transaction:
                subscriptions.unsubscribe(transaction, wanted)
        self._tell_subscription(ChangeKind.UNSUBSCRIBED, wanted, calling_ae)
        return Status.SUCCESS

    def suspend(self, sop_instance_uid: str, information: Dataset, calling_ae: str) -> int:
        """End a global subscription for the steps to come (N-ACTION 5, PS3.4 CC.2.3).

        Raises
        ------
        DimseStatusError
            0115, C307 or C308, as for `subscribe`; C314 for a single step.
        """
        with failures_as_statuses():
            wanted = self._subscription(sop_instance_uid, information, with_lock=False)
            with self._store.transaction() as transaction:
                subscriptions.suspend(transaction, wanted)
        self._tell_subscription(ChangeKind.SUSPENDED, wanted, calling_ae)
        return Status.SUCCESS

    def find(self, identifier: Dataset) -> Iterator[Dataset]:
        """Return what an identifier asks for of each step that matches, by start time (C-FIND).

        Raises
        ------
        DimseStatusError
            A900 for an unusable key; at once, not at the first match (PS3.4 CC.2.8).
        """
        return self._answers(Matcher(identifier), identifier)

    def announce(
        self, status: ScpStatus, *, warm: bool = True, fallback: Iterable[str] = ()
    ) -> None:
        """Tell all subscribers of a restart or a coming stop (SCP Status Change, PS3.4 CC.2.4).

        Each AE is told once, however many subscriptions it has.

        Parameters
        ----------
        status : ScpStatus
            What is announced.
        warm : bool
            Whether steps and subscriptions are what they were before a restart.
        fallback : Iterable of str
            AEs that are told even if they are not subscribed.

        Raises
        ------
        DimseStatusError
            0110 or 0213 if the worklist cannot be used.
        """
        lists = ListStatus.WARM_START if warm else ListStatus.COLD_START
        reports = [report.of_status(status, lists)]
        with failures_as_statuses(), self._store.transaction() as transaction:
            receivers = subscriptions.all_receivers(transaction, fallback)
            for receiving_ae, uid in receivers.items():
                transaction.append(addressed(uid, reports, [receiving_ae]))
        uid, told = uids.UPS_GLOBAL_SUBSCRIPTION, tuple(receivers)
        self._on_change(StepChange(ChangeKind.ANNOUNCED, uid, "", None, Dataset(), told))

    def unsupported_keys(self, identifier: Dataset) -> list[str]:
        """Return the keys that are not supported; with one, matches are FF01 instead of FF00."""
        return unsupported_keys(identifier)

    def _answers(self, matcher: Matcher, identifier: Dataset) -> Iterator[Dataset]:
        with failures_as_statuses():
            for dataset in self._store.select(identifier):
                yield matcher.return_keys(dataset)

    def _arguments(self, information: Dataset, sop_instance_uid: str) -> Dataset:
        """Return the arguments of an N-ACTION, without elements of the command."""
        return own_elements(
            information,
            self.mode,
            f"N-ACTION of {sop_instance_uid}",
            status=Status.NO_SUCH_ARGUMENT,
            # Of a filtered subscription the SOP UIDs may be matching keys.
            with_uids=sop_instance_uid != uids.UPS_FILTERED_GLOBAL_SUBSCRIPTION,
        )

    def _subscription(
        self, sop_instance_uid: str, information: Dataset, *, with_lock: bool
    ) -> Subscription:
        arguments = self._arguments(information, sop_instance_uid)
        return read_subscription(sop_instance_uid, arguments, self._known_ae, with_lock=with_lock)

    def _heed(
        self, findings: Iterable[ProfileFinding], what: str, calling_ae: str
    ) -> tuple[ProfileFinding, ...]:
        return self._profile_log.heed(findings, self.mode, what, calling_ae)

    def _tell(
        self,
        kind: ChangeKind,
        step: Step,
        calling_ae: str,
        receivers: Iterable[str],
        findings: Iterable[Finding] = (),
    ) -> None:
        uid, dataset = step.sop_instance_uid, duplicate(step.dataset)
        told, found = tuple(receivers), tuple(findings)
        self._on_change(StepChange(kind, uid, calling_ae, step.state, dataset, told, found))

    def _tell_subscription(
        self,
        kind: ChangeKind,
        subscription: Subscription,
        calling_ae: str,
        receivers: tuple[str, ...] = (),
    ) -> None:
        uid = subscription.sop_instance_uid
        self._on_change(StepChange(kind, uid, calling_ae, None, Dataset(), receivers))
