"""The Unified Procedure Step service of a Treatment Management System (PS3.4 Annex CC)."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from pydicom.dataset import Dataset
from pydicom.tag import Tag

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.errors import DatasetError, DimseStatusError, StoreError
from tdwii_gui.dicom.iod import requirements, tolerant
from tdwii_gui.dicom.status import Status, is_failure
from tdwii_gui.dicom.store.database import StoreFull
from tdwii_gui.dicom.store.encoding import duplicate, put
from tdwii_gui.dicom.store.matching import Matcher
from tdwii_gui.dicom.store.ups_transaction import Step
from tdwii_gui.dicom.ups import content, report, subscriptions
from tdwii_gui.dicom.ups.change import ChangeKind, CreatedStep, StepChange, ignore, local_now
from tdwii_gui.dicom.ups.outbox import addressed
from tdwii_gui.dicom.ups.query import unsupported_keys
from tdwii_gui.dicom.ups.state import ProcedureStepState, check_modification, check_transition
from tdwii_gui.dicom.ups.subscriptions import read_subscription

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from tdwii_gui.dicom.iod.requirements import Violation
    from tdwii_gui.dicom.store.ups_store import UpsStore
    from tdwii_gui.dicom.store.ups_transaction import UpsTransaction
    from tdwii_gui.dicom.ups.report import Report
    from tdwii_gui.dicom.ups.subscriptions import Subscription

__all__ = ["ChangeKind", "CreatedStep", "StepChange", "UpsService"]

logger = logging.getLogger(__name__)

_CHARACTER_SET: Final = Tag("SpecificCharacterSet")


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
    strict : bool
        Refuse CANCELED without a Discontinuation Reason Code (C304), instead of giving the one
        for an unspecified reason (PS3.4 CC.2.5.1.3 contradicts itself there), and N-CREATE
        without the Issuer of Patient ID Qualifiers that the field leaves out.

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
        strict: bool = False,
    ) -> None:
        self._store = store
        self._known_ae = known_ae
        self._on_change = on_change
        self._now = now
        self._strict = strict

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
        with _failures_as_statuses():
            dataset = _lenient(attributes, "N-CREATE", uid)
            if not self._strict:
                content.add_left_out(dataset)
            # The check decodes a copy, so that the step keeps its bytes and is written quickly.
            _refuse(requirements.check_create(duplicate(dataset)))
            content.complete_new(dataset, uid, self._now())
            step = Step(uid, ProcedureStepState.SCHEDULED, "", "", dataset)
            with self._store.transaction() as transaction:
                if not transaction.insert(step):
                    raise DimseStatusError(Status.DUPLICATE_SOP_INSTANCE)
                receivers = subscriptions.subscribe_to_new(transaction, uid)
                if receivers:
                    reports = report.of_creation(dataset)
                    transaction.append(addressed(uid, reports, receivers))
        self._tell(ChangeKind.CREATED, step, calling_ae, receivers)
        return CreatedStep(uid, dataset, Status.SUCCESS)

    def get(self, sop_instance_uid: str, tags: Sequence[int] = ()) -> Dataset:
        """Return a step, or some of its top-level attributes (N-GET, PS3.4 CC.2.7).

        Raises
        ------
        DimseStatusError
            C307 if the step is not known.
        """
        with _failures_as_statuses():
            dataset = _known(self._store.load(sop_instance_uid)).dataset
            if not tags:
                return dataset
            wanted = {Tag(tag) for tag in (*tags, _CHARACTER_SET)}
            return Dataset({tag: dataset[tag] for tag in wanted if tag in dataset})

    def set(self, sop_instance_uid: str, modifications: Dataset, calling_ae: str) -> int:
        """Change attributes of a step, all or none (N-SET, PS3.4 CC.2.6).

        Raises
        ------
        DimseStatusError
            C307 if the step is not known, C300 if it is final, C301 without the right Transaction
            UID, C310 with one while SCHEDULED, 0105, 0106 or 0121 for the attributes.
        """
        with _failures_as_statuses():
            changes = _lenient(modifications, "N-SET", sop_instance_uid)
            given_uid = tolerant.text(changes, "TransactionUID")
            with self._store.transaction() as transaction:
                step = _known(transaction.load(sop_instance_uid))
                _refuse_failure(check_modification(step.state, step.transaction_uid, given_uid))
                _refuse(requirements.check_set(changes))
                after = step.in_state(step.state, content.merged(step.dataset, changes))
                reports = report.of_modification(step.dataset, after.dataset)
                content.touch(after.dataset, self._now())
                transaction.save(after, list(changes.keys()))
                receivers = _send(transaction, sop_instance_uid, reports)
        kind = ChangeKind.PROGRESSED if report.tell_progress(reports) else ChangeKind.UPDATED
        self._tell(kind, after, calling_ae, receivers)
        return Status.SUCCESS

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
        with _failures_as_statuses(), self._store.transaction() as transaction:
            step = _known(transaction.load(sop_instance_uid))
            requested = _requested_state(information)
            given_uid = tolerant.text(information, "TransactionUID")
            status = check_transition(step.state, requested, step.transaction_uid, given_uid)
            _refuse_failure(status)
            if status is not Status.SUCCESS:
                return status
            after = self._changed(step, requested)
            if requested is ProcedureStepState.IN_PROGRESS:
                after = _claimed(transaction, after, given_uid, calling_ae)
            else:
                _refuse(requirements.check_final(after.dataset, requested))
                transaction.save(after)
            receivers = _send(transaction, sop_instance_uid, [report.of_state(after.dataset)])
        self._tell(ChangeKind.STATE_CHANGED, after, calling_ae, receivers)
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
            nobody is subscribed who could be told.
        """
        with _failures_as_statuses(), self._store.transaction() as transaction:
            step = _known(transaction.load(sop_instance_uid))
            if step.state is ProcedureStepState.COMPLETED:
                raise DimseStatusError(Status.UPS_CANCEL_ALREADY_COMPLETED)
            if step.state is ProcedureStepState.CANCELED:
                return Status.UPS_ALREADY_CANCELED
            if step.state is ProcedureStepState.SCHEDULED:
                kind = ChangeKind.STATE_CHANGED
                step, reports = self._canceled(step, information)
                transaction.save(step)
            else:
                kind = ChangeKind.CANCEL_REQUESTED
                reports = [report.of_cancel_request(calling_ae, information)]
            receivers = _send(transaction, sop_instance_uid, reports)
            if kind is ChangeKind.CANCEL_REQUESTED and not receivers:
                raise DimseStatusError(Status.UPS_PERFORMER_UNREACHABLE, "nobody is subscribed")
        self._tell(kind, step, calling_ae, receivers)
        return Status.SUCCESS

    def subscribe(self, sop_instance_uid: str, information: Dataset, calling_ae: str) -> int:
        """Subscribe an AE to a step or to all (N-ACTION 3, PS3.4 CC.2.3).

        Raises
        ------
        DimseStatusError
            0115 for a missing or invalid argument, C307 for an unknown step or the filtered
            global subscription, C308 for an unknown Receiving AE.
        """
        with _failures_as_statuses():
            wanted = read_subscription(
                sop_instance_uid, information, self._known_ae, with_lock=True
            )
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
        with _failures_as_statuses():
            wanted = read_subscription(
                sop_instance_uid, information, self._known_ae, with_lock=False
            )
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
        with _failures_as_statuses():
            wanted = read_subscription(
                sop_instance_uid, information, self._known_ae, with_lock=False
            )
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

    def unsupported_keys(self, identifier: Dataset) -> list[str]:
        """Return the keys that are not supported; with one, matches are FF01 instead of FF00."""
        return unsupported_keys(identifier)

    def _answers(self, matcher: Matcher, identifier: Dataset) -> Iterator[Dataset]:
        with _failures_as_statuses():
            for dataset in self._store.select(identifier):
                yield matcher.return_keys(dataset)

    def _changed(self, step: Step, state: ProcedureStepState) -> Step:
        """Return a step in another state, with what the SCP adds to it."""
        dataset = duplicate(step.dataset)
        put(dataset, "ProcedureStepState", state.value)
        if state is ProcedureStepState.CANCELED:
            now = self._now()
            dataset = content.canceled(dataset, now, with_reason=not self._strict)
        content.touch(dataset, self._now())
        return step.in_state(state, dataset)

    def _canceled(self, step: Step, request: Dataset) -> tuple[Step, list[Report]]:
        """Return a SCHEDULED step as CANCELED at a request, and the reports of its two changes."""
        started = self._changed(step, ProcedureStepState.IN_PROGRESS)
        dataset = content.merged(started.dataset, content.reasons_of(request))
        dataset = content.canceled(dataset, self._now(), with_reason=True)
        put(dataset, "ProcedureStepState", ProcedureStepState.CANCELED.value)
        canceled = step.in_state(ProcedureStepState.CANCELED, dataset)
        return canceled, [report.of_state(started.dataset), report.of_state(dataset)]

    def _tell(
        self, kind: ChangeKind, step: Step, calling_ae: str, receivers: Iterable[str]
    ) -> None:
        uid, dataset = step.sop_instance_uid, duplicate(step.dataset)
        change = StepChange(kind, uid, calling_ae, step.state, dataset, tuple(receivers))
        self._on_change(change)

    def _tell_subscription(
        self,
        kind: ChangeKind,
        subscription: Subscription,
        calling_ae: str,
        receivers: tuple[str, ...] = (),
    ) -> None:
        uid = subscription.sop_instance_uid
        self._on_change(StepChange(kind, uid, calling_ae, None, Dataset(), receivers))


@contextmanager
def _failures_as_statuses() -> Iterator[None]:
    """Turn the errors of store and data sets into statuses; their details stay in the log."""
    try:
        yield
    except StoreError as error:
        logger.warning("answered with a failure: %s", error)
        full = isinstance(error, StoreFull)
        status = Status.RESOURCE_LIMITATION if full else Status.PROCESSING_FAILURE
        raise DimseStatusError(status, "the worklist cannot be used") from error
    except DatasetError as error:
        raise DimseStatusError(Status.INVALID_ATTRIBUTE_VALUE, str(error)) from error


def _lenient(dataset: Dataset, service: str, sop_instance_uid: str) -> Dataset:
    """Return a data set without elements that belong into the command, and log which."""
    remaining, foreign = content.without_command_elements(dataset)
    if foreign:
        logger.info("%s of %s: left out %s", service, sop_instance_uid, ", ".join(foreign))
    return remaining


def _known(step: Step | None) -> Step:
    if step is None:
        raise DimseStatusError(Status.UPS_UNKNOWN)
    return step


def _requested_state(information: Dataset) -> ProcedureStepState:
    try:
        return ProcedureStepState(tolerant.text(information, "ProcedureStepState"))
    except ValueError as error:
        raise DimseStatusError(
            Status.INVALID_ARGUMENT_VALUE, "ProcedureStepState is missing or unknown"
        ) from error


def _claimed(
    transaction: UpsTransaction, step: Step, transaction_uid: str, performer_ae: str
) -> Step:
    """Give a step to its performer, unless somebody was faster."""
    if not uids.is_valid_uid(transaction_uid):
        raise DimseStatusError(Status.INVALID_ARGUMENT_VALUE, "TransactionUID is no UID")
    claimed = replace(step, transaction_uid=transaction_uid, performer_ae=performer_ae)
    if not transaction.claim(claimed):
        raise DimseStatusError(Status.UPS_TRANSACTION_UID_WRONG)
    return claimed


def _send(
    transaction: UpsTransaction, sop_instance_uid: str, reports: Iterable[Report]
) -> list[str]:
    """Put reports about a step into the outbox for its subscribers; return these."""
    reports = list(reports)
    receivers = transaction.subscriptions.subscribers(sop_instance_uid) if reports else []
    transaction.append(addressed(sop_instance_uid, reports, receivers))
    return receivers


def _refuse(violations: Sequence[Violation]) -> None:
    if violations:
        raise DimseStatusError(violations[0].status, violations[0].text)


def _refuse_failure(status: Status) -> None:
    if is_failure(status):
        raise DimseStatusError(status)
