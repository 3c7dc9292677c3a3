"""Recorded requests with their responses, and which transaction of the profile each is."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.dicom.iod.message_kind import (
    PERFORMED,
    PROGRESS,
    UPS_CLASSES,
    action_type,
    event_type,
    is_cancellation,
    transaction_of,
)
from tdwii_gui.dicom.iod.ups_action import ActionType
from tdwii_gui.dicom.iod.ups_event import EventType
from tdwii_gui.dicom.status import Status, is_failure, is_pending, is_warning

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pydicom.dataset import Dataset

    from tdwii_gui.recording.message import MessageSummary, RecordedMessage

_STORAGE: Final = re.compile(r"\s*\bStorage$")
_CANCEL: Final = "C-CANCEL-RQ"
_RETRIEVALS: Final = {"tms": "RO-61", "ost": "RO-59"}
_TREATMENT_DEVICE: Final = "tdd"
_READABLE: Final = 50
"""So many progress parameters are looked through for the beam; a peer may send thousands."""


class MessageSource(Protocol):
    """Where recorded messages are read from; a recording is one."""

    @property
    def messages(self) -> Sequence[MessageSummary]:
        """All messages in the order of their numbers."""

    def message(self, number: int) -> RecordedMessage:
        """Return a message with its content."""


@dataclass(frozen=True, slots=True)
class RecordedExchange:
    """A request and what came back.

    Parameters
    ----------
    responses : tuple[MessageSummary, ...]
        In order, the pending ones too; empty if none was recorded.
    transaction : str
        E.g. ``"RO-62"``; empty outside of the profile.
    about : str
        What the request is about, e.g. ``"IN PROGRESS"``, ``"UPS State Report"``, ``"RT Plan"``;
        may hold text of a peer.
    amount : str
        What such exchanges tell differently each time, e.g. ``"50 %, beam 1"``; may hold text of a
        peer.
    """

    request: MessageSummary
    responses: tuple[MessageSummary, ...]
    transaction: str = ""
    about: str = ""
    amount: str = ""

    @property
    def service(self) -> str:
        """The DIMSE service, e.g. ``"C-FIND"``."""
        return self.request.service

    @property
    def title(self) -> str:
        """The service and what it is about, e.g. ``"N-SET progress 50 %, beam 1"``."""
        return " ".join(filter(None, (self.service, self.about, self.amount)))

    @property
    def final(self) -> MessageSummary | None:
        """The response that ends the exchange."""
        last = self.responses[-1] if self.responses else None
        return None if last is None or _is_pending(last) else last

    @property
    def matches(self) -> int:
        """How many responses with a match or a progress there were."""
        return sum(_is_pending(response) for response in self.responses)

    @property
    def status(self) -> int | None:
        """The final status; None without a final response."""
        return None if self.final is None else self.final.status

    @property
    def needs_response(self) -> bool:
        """Whether a response belongs to the request: only a C-CANCEL has none."""
        return self.request.kind != _CANCEL

    @property
    def failed(self) -> bool:
        """Whether there was no final response, or one that says failure."""
        if self.status is None:
            return self.needs_response
        return is_failure(self.status)

    @property
    def warned(self) -> bool:
        """Whether the final response is a warning."""
        return self.status is not None and is_warning(self.status)

    @property
    def canceled(self) -> bool:
        """Whether who asked has ended the request early."""
        return self.status == Status.CANCELLED

    @property
    def milliseconds(self) -> float:
        """The time from the request to its final response; 0 without one."""
        if self.final is None:
            return 0.0
        return (self.final.at - self.request.at).total_seconds() * 1000

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of its messages."""
        return (self.request.number, *(response.number for response in self.responses))


def paired(messages: Iterable[MessageSummary]) -> list[RecordedExchange]:
    """Return requests with their responses, in the order of the requests.

    Responses to requests that were not recorded are left out.
    """
    requests: list[MessageSummary] = []
    responses: list[list[MessageSummary]] = []
    waiting: dict[tuple[int, str, int, str], int] = {}
    for message in messages:
        if message.is_request:
            if message.kind != _CANCEL:
                waiting[_key(message, message.sender)] = len(requests)
            requests.append(message)
            responses.append([])
            continue
        place = waiting.get(_key(message, message.receiver))
        if place is None:
            continue
        responses[place].append(message)
        if not _is_pending(message):
            del waiting[_key(message, message.receiver)]
    return [
        RecordedExchange(request, tuple(answers))
        for request, answers in zip(requests, responses, strict=True)
    ]


def exchanges(
    source: MessageSource, roles: Mapping[str, str] | None = None
) -> Iterator[RecordedExchange]:
    """Yield all exchanges, with what each is about and its transaction.

    Parameters
    ----------
    roles : Mapping[str, str] or None
        The value of `Role` of AE titles; that of others is taken from what they send and answer.
    """
    known = roles_of(source.messages, roles or {})
    for exchange in paired(source.messages):
        if _is_told_by_its_class(exchange.request):
            yield replace(exchange, about=class_name(exchange.request.sop_class_uid))
        elif exchange.service == "N-GET":
            yield _looked_at(exchange, source)
        else:
            yield _described(exchange, source.message(exchange.request.number), known)


def roles_of(messages: Iterable[MessageSummary], told: Mapping[str, str]) -> dict[str, str]:
    """Return the roles of AE titles, as told or else as far as their messages show them."""
    shown: dict[str, str] = {}
    for message in messages:
        if not message.is_request:
            continue
        if message.sop_class_uid in UPS_CLASSES and message.service in _UPS_SENDERS:
            shown.setdefault(message.receiver, "tms")
            shown.setdefault(message.sender, _UPS_SENDERS[message.service])
        elif message.sop_class_uid == uids.MPPS and message.service == "N-CREATE":
            shown.setdefault(message.sender, "ppvs")
        elif message.sop_class_uid in uids.TREATMENT_RECORD_CLASSES:
            # A treatment device may store its records before it is seen to ask the TMS.
            continue
        elif message.service == "C-MOVE":
            shown.setdefault(message.receiver, "ost")
    return shown | dict(told)


_UPS_SENDERS: Final = {"N-CREATE": "creator", "N-SET": _TREATMENT_DEVICE}


def _is_told_by_its_class(request: MessageSummary) -> bool:
    """Return whether a request needs not be read: objects are large, and there are many."""
    uid = request.sop_class_uid
    return request.service == "C-STORE" and uid not in uids.TREATMENT_RECORD_CLASSES


@dataclass(frozen=True, slots=True)
class _Kind:
    """A recorded request as `message_kind` reads it."""

    message: str
    sop_class_uid: str
    detail: str
    request: Dataset | None
    response: Dataset | None = None


def _described(
    exchange: RecordedExchange, message: RecordedMessage, roles: Mapping[str, str]
) -> RecordedExchange:
    kind = _Kind(
        exchange.service, exchange.request.sop_class_uid, type_title(message), message.dataset
    )
    about, amount = _about(kind)
    transaction = _transaction(exchange.request, kind, message.command, roles)
    return replace(exchange, transaction=transaction, about=about, amount=amount)


def _looked_at(exchange: RecordedExchange, source: MessageSource) -> RecordedExchange:
    """Return an N-GET with what was seen: the state of a procedure step, and its progress."""
    final = exchange.final
    seen = source.message(final.number).dataset if final and final.dataset_bytes else None
    amount = ""
    if seen is not None:
        parts = (tolerant.text(seen, "ProcedureStepState"), _progress(seen))
        amount = ", ".join(filter(None, parts))
    return replace(exchange, about=class_name(exchange.request.sop_class_uid), amount=amount)


def _transaction(
    request: MessageSummary, kind: _Kind, command: Dataset, roles: Mapping[str, str]
) -> str:
    """Return the transaction; the TDD is the one who asks in all of them."""
    if roles.get(request.sender, _TREATMENT_DEVICE) != _TREATMENT_DEVICE:
        return ""
    if request.service == "C-MOVE":
        return _RETRIEVALS.get(roles.get(request.receiver, ""), "")
    if "MoveOriginatorApplicationEntityTitle" in command:
        return ""
    return transaction_of(kind)


def type_title(message: RecordedMessage) -> str:
    """Return the name of the action or event type, by which `message_kind` knows it."""
    for keyword, kinds in (("ActionTypeID", ActionType), ("EventTypeID", EventType)):
        value = tolerant.number(message.command, keyword)
        if value is not None and value in set(kinds):
            title: str = kinds(int(value)).title
            return title
    return ""


def _about(kind: _Kind) -> tuple[str, str]:
    """Return what a request is about, and what differs from one such request to the next."""
    if kind.sop_class_uid in UPS_CLASSES:
        match kind.message:
            case "C-FIND":
                return "worklist", ""
            case "N-ACTION":
                action = action_type(kind)
                return _state(kind) or (action.title if action else "UPS"), ""
            case "N-EVENT-REPORT":
                event = event_type(kind)
                parts = (event.title if event else "UPS", _state(kind))
                return " · ".join(filter(None, parts)), ""
            case "N-SET":
                return _update(kind.request)
        return "UPS", ""
    if kind.message in ("C-FIND", "C-MOVE", "C-GET"):
        level = tolerant.text(kind.request, "QueryRetrieveLevel") if kind.request else ""
        return f"{level.lower()} level" if level else "", ""
    return class_name(kind.sop_class_uid), ""


def class_name(sop_class_uid: str) -> str:
    """Return a short name of a SOP class, e.g. ``"RT Plan"``, ``"UPS"``, ``"RTBDI"``."""
    if sop_class_uid in UPS_CLASSES:
        return "UPS"
    if sop_class_uid == uids.VERIFICATION:
        return ""
    if sop_class_uid == uids.RT_BEAMS_DELIVERY_INSTRUCTION:
        return "RTBDI"
    return _STORAGE.sub("", uids.uid_name(sop_class_uid))


def _state(kind: _Kind) -> str:
    return "" if kind.request is None else tolerant.text(kind.request, "ProcedureStepState")


def _update(request: Dataset | None) -> tuple[str, str]:
    if request is None:
        return "UPS", ""
    if PERFORMED in request:
        return "final update", ""
    if is_cancellation(request):
        return "reason of the cancellation", ""
    if PROGRESS not in request:
        return "UPS", ""
    return "progress", _progress(request)


def _progress(dataset: Dataset) -> str:
    item = tolerant.first_item(dataset, PROGRESS)
    percent = tolerant.number(item, "ProcedureStepProgress")
    parameters = tolerant.items(item, "ProcedureStepProgressParametersSequence")
    numbers = (tolerant.number(one, "NumericValue") for one in parameters[:_READABLE])
    beam = next((number for number in numbers if number is not None), None)
    parts = (
        "" if percent is None else f"{percent:.0f} %",
        "" if beam is None else f"beam {beam:.0f}",
    )
    return ", ".join(filter(None, parts))


def _key(message: MessageSummary, requestor: str) -> tuple[int, str, int, str]:
    return message.association, message.service, message.message_id, requestor


def _is_pending(message: MessageSummary) -> bool:
    return message.status is not None and is_pending(message.status)
