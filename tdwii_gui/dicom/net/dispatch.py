"""From a request to the service that answers it, and its answer or error to a response."""

from __future__ import annotations

import logging
import time
from collections.abc import Generator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, TypeVar

from pydicom.dataset import Dataset
from pynetdicom import evt

from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.iod.part10 import PYDICOM_ERRORS
from tdwii_gui.dicom.net.exchange import Exchange, counted
from tdwii_gui.dicom.net.faults import Faults
from tdwii_gui.dicom.net.forced_status import forced_status
from tdwii_gui.dicom.net.object_intake import ObjectReceiver
from tdwii_gui.dicom.net.query_negotiation import offered
from tdwii_gui.dicom.net.responses import Command, Responder
from tdwii_gui.dicom.net.sub_operations import FAILED_SOP_INSTANCE_UID_LIST, SubOperations
from tdwii_gui.dicom.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pynetdicom.events import Event
    from pynetdicom.presentation import PresentationContext

    from tdwii_gui.dicom.errors import FailureDetails
    from tdwii_gui.dicom.net.object_intake import ObjectRequest, ReceivedObject

LOGGER = logging.getLogger(__name__)

T = TypeVar("T")
Handler: TypeAlias = "Callable[[Event], Any]"

_COMMENT_CHARACTERS: Final = 64


class Service(Protocol):
    """A service that a host offers.

    A handler of C-ECHO or C-STORE returns a status; one of a DIMSE-N service a status and a data
    set or None; one of C-FIND yields a status and an identifier for each match; one of C-MOVE or
    C-GET yields its `SubOperations` before the first and after each one. Where a status stands,
    there may be a command data set with Status. All raise `DimseStatusError` to fail.
    """

    @property
    def contexts(self) -> Sequence[PresentationContext]:
        """The presentation contexts of the service."""

    @property
    def handlers(self) -> Mapping[evt.InterventionEvent, Handler]:
        """The handler of each request."""


@dataclass(slots=True)
class _Outcome:
    """What is recorded of a request, gathered while it is answered."""

    status: int | None = None
    comment: str = ""
    detail: str = ""
    response: Dataset | None = None
    failure: Dataset | None = None
    forced: int | None = None
    started: float = field(default_factory=time.perf_counter)

    def fail(self, status: int, comment: str) -> None:
        """Note a failure, with the command data set that answers it."""
        self.status = status
        self.comment = comment[:_COMMENT_CHARACTERS]
        self.failure = Dataset()
        self.failure.Status = status
        if self.comment:
            self.failure.ErrorComment = self.comment

    def final(self, status: int) -> int:
        """Return the status of the end: the given one, unless a fault has another."""
        return status if self.forced is None else self.forced

    def tell(self, details: FailureDetails) -> None:
        """Add to the failure what else its response tells."""
        if self.failure is None:
            return
        if details.error_id is not None:
            self.failure.ErrorID = details.error_id
        if details.tags:
            self.failure.AttributeIdentifierList = list(details.tags)
        self.response = details.attributes

    def attempt(self, event: Event, work: Callable[[], T]) -> T | None:
        """Run a handler or its next step; None after it failed, which `failure` holds then."""
        try:
            return work()
        except DimseStatusError as error:
            self.fail(error.status, error.comment)
            self.detail = error.advice
            self.tell(error.details)
        except Exception as error:
            message = type(event.request).__name__.replace("_", "-")
            LOGGER.log(logging.ERROR, "%s failed: %s", message, type(error).__name__)
            LOGGER.debug("%s failed", message, exc_info=True)
            self.fail(Status.PROCESSING_FAILURE, type(error).__name__)
        return None


class Dispatcher:
    """Hands each request to its service, by request and abstract syntax.

    Raises
    ------
    ValueError
        If two services answer the same request.
    """

    def __init__(
        self,
        ae_title: str,
        services: Iterable[Service],
        on_exchange: Callable[[Exchange], None],
        faults: Faults | None = None,
    ) -> None:
        self._ae_title = ae_title
        self._faults = faults or Faults()
        self._on_exchange = on_exchange
        self._contexts: dict[str, PresentationContext] = {}
        self._handlers: dict[tuple[str, str], Handler] = {}
        self._receivers: dict[str, ObjectReceiver] = {}
        for service in services:
            self._add(service)

    @property
    def contexts(self) -> list[PresentationContext]:
        """The presentation contexts of all services, one for each abstract syntax."""
        return list(self._contexts.values())

    @property
    def bindings(self) -> list[tuple[evt.InterventionEvent, Callable[[Event], Any]]]:
        """What is bound to the association server; each handler sends its responses itself."""
        return [
            (evt.EVT_C_FIND, self._find),
            (evt.EVT_C_MOVE, self._retrieve),
            (evt.EVT_C_GET, self._retrieve),
            (evt.EVT_SOP_EXTENDED, self._negotiate),
            *((event, self._answer) for event in _WITH_ONE_RESPONSE),
        ]

    def _add(self, service: Service) -> None:
        for context in service.contexts:
            uid = str(context.abstract_syntax)
            known = self._contexts.get(uid)
            self._contexts[uid] = context if known is None else _merged(known, context)
            if isinstance(service, ObjectReceiver):
                self._receivers[uid] = service
            for event, handler in service.handlers.items():
                if self._handlers.setdefault((event.name, uid), handler) != handler:
                    raise ValueError(f"two services answer {event.name} of {uid}")

    def open_object(self, request: ObjectRequest) -> ReceivedObject | None:
        """Return what takes the data set of an object as it comes; None if no service does."""
        receiver = self._receivers.get(request.abstract_syntax)
        return receiver.receive(request) if receiver is not None else None

    def handler(self, event: Event, outcome: _Outcome) -> Handler:
        """Return what answers a request; `DimseStatusError` if nothing does, or a fault does."""
        outcome.forced = forced_status(self._faults, event)
        handler = self._handlers.get((event.event.name, str(event.context.abstract_syntax)))
        if handler is None:
            raise DimseStatusError(Status.SOP_CLASS_NOT_SUPPORTED, "no such service here")
        return handler

    def _negotiate(self, event: Event) -> dict[str, bytes]:
        """Answer a SOP Class Extended Negotiation (PS3.7 D.3.3.5)."""
        found = (self._handlers.get((event.event.name, str(uid))) for uid in offered(event))
        answers: dict[str, bytes] = {}
        for handler in {handler for handler in found if handler is not None}:
            answers |= handler(event)
        return answers

    def _answer(self, event: Event) -> None:
        """Answer a request that has one response."""
        responder = Responder(event, self._faults)

        def work() -> tuple[Command, Dataset | None, bytes]:
            answer = self.handler(event, outcome)(event)
            command, dataset = answer if isinstance(answer, tuple) else (answer, None)
            return command, dataset, responder.encode(dataset) if dataset else b""

        command: Command
        with self._recorded(event) as outcome:
            answer = outcome.attempt(event, work)
            if answer is None:
                command = outcome.failure or Status.PROCESSING_FAILURE
                encoded = responder.encode(outcome.response) if outcome.response else b""
            else:
                command, outcome.response, encoded = answer
                outcome.status = _status_of(command)
            encoded, outcome.response = responder.altered(encoded, outcome.response)
            if outcome.forced is not None:
                command = outcome.status = outcome.forced
        responder.send(command, encoded)

    def _find(self, event: Event) -> None:
        """Answer a C-FIND, with a response for each match as it is found (PS3.7 9.1.2)."""
        responder = Responder(event, self._faults)
        with self._recorded(event) as outcome, _steps(self, event, outcome) as steps:
            count = 0
            for status, found in steps:
                if not responder.is_heard:
                    outcome.comment = "association lost"
                    return
                if event.is_cancelled:
                    outcome.status = Status.CANCELLED
                    break
                if found is None:
                    continue
                encoded = (
                    found
                    if isinstance(found, bytes)
                    else outcome.attempt(event, partial(responder.encode, found))
                )
                if encoded is None:
                    break
                responder.send(status, responder.altered(encoded)[0])
                count += 1
            outcome.detail = counted(count, "match", "matches")
            if outcome.status is None:
                outcome.status = outcome.final(Status.SUCCESS)
        responder.send(outcome.status if outcome.failure is None else outcome.failure)

    def _retrieve(self, event: Event) -> None:
        """Answer a C-MOVE or C-GET, with all its responses: see `accepted_association`."""
        responder = Responder(event, self._faults)
        with self._recorded(event) as outcome:
            progress = SubOperations(0)
            with _steps(self, event, outcome) as steps:
                for progress in steps:
                    if not responder.is_heard:
                        outcome.comment = "association lost"
                        return
                    if progress.remaining and event.is_cancelled:
                        outcome.status = Status.CANCELLED
                        break
                    if progress.remaining:
                        responder.send(Status.PENDING, counters=progress.counters(Status.PENDING))
            if outcome.status is None:
                outcome.status = outcome.final(progress.final_status)
                outcome.comment = progress.comment[:_COMMENT_CHARACTERS]
            outcome.detail = outcome.detail or progress.words
        command = Dataset()
        command.Status = outcome.status
        if outcome.comment:
            command.ErrorComment = outcome.comment
        responder.send(
            command,
            responder.uid_list(FAILED_SOP_INSTANCE_UID_LIST, progress.failed_uids),
            counters=progress.counters(outcome.status),
        )

    @contextmanager
    def _recorded(self, event: Event) -> Iterator[_Outcome]:
        outcome = _Outcome()
        try:
            yield outcome
        finally:
            self._record(event, outcome)

    def _record(self, event: Event, outcome: _Outcome) -> None:
        seconds = time.perf_counter() - outcome.started
        request = event.request
        exchange = Exchange(
            calling_ae=calling_ae(event),
            called_ae=self._ae_title,
            message=type(request).__name__.replace("_", "-"),
            sop_class_uid=sop_class(event),
            sop_instance_uid=requested_uid(event) or affected_uid(event),
            status=outcome.status,
            comment=outcome.comment,
            milliseconds=seconds * 1000,
            detail=outcome.detail,
            role="scp",
            request=_request_dataset(event),
            response=outcome.response,
            at=datetime.fromtimestamp(time.time() - seconds, UTC),
        )
        LOGGER.info(
            "%r to %r %s %s %s %.1f ms %s",
            exchange.calling_ae,
            exchange.called_ae,
            exchange.message,
            exchange.sop_instance_uid or exchange.sop_class_uid,
            "no status" if outcome.status is None else f"{outcome.status:04X}H",
            exchange.milliseconds,
            outcome.detail,
        )
        self._on_exchange(exchange)


_WITH_ONE_RESPONSE: Final = (
    evt.EVT_C_ECHO,
    evt.EVT_C_STORE,
    evt.EVT_N_ACTION,
    evt.EVT_N_CREATE,
    evt.EVT_N_DELETE,
    evt.EVT_N_EVENT_REPORT,
    evt.EVT_N_GET,
    evt.EVT_N_SET,
)

_DATA_SETS: Final = {
    "C_FIND": "identifier",
    "C_GET": "identifier",
    "C_MOVE": "identifier",
    "N_ACTION": "action_information",
    "N_CREATE": "attribute_list",
    "N_EVENT_REPORT": "event_information",
    "N_SET": "modification_list",
}


@contextmanager
def _steps(dispatcher: Dispatcher, event: Event, outcome: _Outcome) -> Iterator[Iterator[Any]]:
    """Give the steps of a handler that yields; they end at a failure, and are closed at the end."""
    running = outcome.attempt(event, lambda: iter(dispatcher.handler(event, outcome)(event)))

    def steps() -> Iterator[Any]:
        while running is not None:
            step = outcome.attempt(event, lambda: next(running, None))
            if step is None:
                return
            yield step

    try:
        yield steps()
    finally:
        if isinstance(running, Generator):
            running.close()


def _merged(one: PresentationContext, other: PresentationContext) -> PresentationContext:
    """Return a context with the transfer syntaxes of both, and the roles of either."""
    merged = copy(one)
    if not set(other.transfer_syntax) <= set(one.transfer_syntax):
        merged.transfer_syntax = list(dict.fromkeys([*one.transfer_syntax, *other.transfer_syntax]))
    for context in (one, other):
        if context.scu_role is not None:
            merged.scu_role, merged.scp_role = context.scu_role, context.scp_role
    return merged


def _status_of(command: Command) -> int:
    return int(command.Status) if isinstance(command, Dataset) else int(command)


def calling_ae(event: Event) -> str:
    """Return the AE title of the peer that requests."""
    return str(event.assoc.requestor.ae_title)


def affected_uid(event: Event) -> str:
    """Return the Affected SOP Instance UID of a request; empty if it has none."""
    return str(getattr(event.request, "AffectedSOPInstanceUID", None) or "")


def requested_uid(event: Event) -> str:
    """Return the Requested SOP Instance UID of a request; empty if it has none."""
    return str(getattr(event.request, "RequestedSOPInstanceUID", None) or "")


def sop_class(event: Event) -> str:
    """Return the SOP Class UID of a request; empty if it has none."""
    request = event.request
    requested = getattr(request, "RequestedSOPClassUID", None)
    return str(requested or getattr(request, "AffectedSOPClassUID", None) or "")


def _request_dataset(event: Event) -> Dataset | None:
    name = _DATA_SETS.get(type(event.request).__name__)
    if name is None:
        return None
    try:
        dataset: Dataset = getattr(event, name)
    except PYDICOM_ERRORS:
        return None
    return dataset
