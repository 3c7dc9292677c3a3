"""Storage commitment as its SCP: requests are answered at once, results reported later (PS3.4 J).

The rule is a new association to the requestor, on which we propose to be the SCP: the one of the
request may be gone by then.
"""

from __future__ import annotations

import logging
from threading import Event, Thread
from typing import TYPE_CHECKING, Final

from pynetdicom import build_context, evt

from tdwii_gui.dicom.errors import DatasetError, DimseStatusError, StoreError
from tdwii_gui.dicom.iod.commitment import REQUEST, read_request
from tdwii_gui.dicom.net.commitment_queue import CommitmentQueue
from tdwii_gui.dicom.net.dispatch import calling_ae, requested_uid, sop_class
from tdwii_gui.dicom.net.event_kind import COMMITMENT_EVENTS
from tdwii_gui.dicom.net.event_sender import EventSender
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.store.commitment_check import check_commitment
from tdwii_gui.dicom.uids import STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pynetdicom.events import Event as PynetdicomEvent
    from pynetdicom.presentation import PresentationContext

    from tdwii_gui.config.ae_directory import AeDirectory
    from tdwii_gui.dicom.iod.commitment import Commitment
    from tdwii_gui.dicom.net.dispatch import Handler
    from tdwii_gui.dicom.net.event_line import Pace
    from tdwii_gui.dicom.net.session import LocalAe
    from tdwii_gui.dicom.store.commitment_store import CommitmentStore
    from tdwii_gui.dicom.store.instance_store import InstanceStore

LOGGER = logging.getLogger(__name__)

MAXIMUM_AGE: Final = 7 * 24 * 3600.0
"""Seconds after which a result that does not reach its requestor is given up."""

_RETRY_SECONDS: Final = 5.0
_STOP_SECONDS: Final = 2.0


class CommitmentScp:
    """Takes storage commitment requests, and reports their results until they have arrived.

    Parameters
    ----------
    store : CommitmentStore
        Where requests and results are kept.
    instances : InstanceStore
        Whose files it commits to; a request is answered before they are looked at.
    directory : AeDirectory
        Where requestors are looked up; one that is not there is refused, for no result could
        reach it.
    local : LocalAe
        The own AE.
    is_supported : Callable[[str], bool]
        Whether instances of a SOP Class are stored here.
    on_change : Callable[[Commitment], None]
        Hears of each transaction that is requested, reported or given up; from several threads.
    let_answers_leave : Callable[[float], object]
        Waits until no request is being answered, for so many seconds at most, so that no result
        overtakes the answer to its request.
    """

    def __init__(
        self,
        store: CommitmentStore,
        instances: InstanceStore,
        directory: AeDirectory,
        local: LocalAe,
        *,
        is_supported: Callable[[str], bool],
        on_change: Callable[[Commitment], None],
        let_answers_leave: Callable[[float], object] = lambda _seconds: None,
        pace: Pace | None = None,
        maximum_age: float = MAXIMUM_AGE,
    ) -> None:
        self._store = store
        self._instances = instances
        self._directory = directory
        self._ae_title = local.ae_title
        self._is_supported = is_supported
        self._on_change = on_change
        queue = CommitmentQueue(store, on_change)
        self._sender = EventSender(
            queue,
            directory,
            local,
            kind=COMMITMENT_EVENTS,
            pace=pace,
            maximum_age=maximum_age,
            let_answers_leave=let_answers_leave,
            on_attempt=queue.tried,
        )
        self._woken = Event()
        self._stopping = False
        self._thread: Thread | None = None

    @property
    def contexts(self) -> Sequence[PresentationContext]:
        """The presentation contexts of the service; a requestor may take either role (J.3.1)."""
        context = build_context(STORAGE_COMMITMENT)
        context.scu_role = context.scp_role = True
        return [context]

    @property
    def handlers(self) -> Mapping[evt.InterventionEvent, Handler]:
        """The handler of each request."""
        return {evt.EVT_N_ACTION: self._on_action}

    def start(self) -> None:
        """Begin to check and to report, what was left over first."""
        self._stopping = False
        self._woken.set()
        name = f"{self._ae_title}-commitment-check"
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._thread.start()
        self._sender.start()

    def stop(self) -> None:
        """End checking and reporting; what is left waits for the next start."""
        thread, self._thread = self._thread, None
        self._stopping = True
        self._woken.set()
        self._sender.stop()
        if thread is not None:
            thread.join(_STOP_SECONDS)

    def _on_action(self, event: PynetdicomEvent) -> tuple[int, None]:
        requestor = calling_ae(event)
        _check_scope(event)
        if requestor not in self._directory:
            comment = "AE title not in the AE directory, no result could come"
            raise DimseStatusError(Status.NOT_AUTHORIZED, comment)
        try:
            uid, references = read_request(event.action_information)
        except DatasetError as error:
            raise DimseStatusError(Status.INVALID_ARGUMENT_VALUE, str(error)) from error
        try:
            commitment = self._store.add(uid, requestor, references)
        except StoreError as error:
            LOGGER.warning("commitment %s is not taken: %s", uid, error)
            raise DimseStatusError(Status.RESOURCE_LIMITATION, "cannot be kept") from error
        self._on_change(commitment)
        if commitment.failed:  # at once, for its UID was used before
            self._sender.wake([requestor])
        self._woken.set()
        return Status.SUCCESS, None

    def _run(self) -> None:
        while not self._stopping:
            self._woken.clear()
            try:
                self._check()
            except StoreError as error:
                LOGGER.log(logging.ERROR, "commitments cannot be checked: %s", error)
            self._woken.wait(_RETRY_SECONDS)

    def _check(self) -> None:
        """Give each request that has none its result."""
        for request in self._store.unchecked():
            if self._stopping:
                return
            result = check_commitment(
                self._instances, request.transaction_uid, request.references, self._is_supported
            )
            self._store.check(request.id, result, self._ae_title)
            self._sender.wake([request.requestor_ae])
            LOGGER.info(
                "commitment %s for %r: %d of %d instances",
                request.transaction_uid,
                request.requestor_ae,
                len(result.safe),
                len(request.references),
            )


def _check_scope(event: PynetdicomEvent) -> None:
    """Refuse what is no storage commitment request (PS3.4 J.3.2).

    Raises
    ------
    DimseStatusError
        0118 for another SOP Class, 0112 for another instance than the well-known one, 0123 for
        another action.
    """
    if sop_class(event) != STORAGE_COMMITMENT:
        raise DimseStatusError(Status.NO_SUCH_SOP_CLASS, "not the SOP Class of this service")
    if requested_uid(event) != STORAGE_COMMITMENT_INSTANCE:
        raise DimseStatusError(Status.NO_SUCH_SOP_INSTANCE, "not the well-known SOP Instance")
    if event.action_type != REQUEST:
        raise DimseStatusError(Status.NO_SUCH_ACTION, f"action type {event.action_type}")
