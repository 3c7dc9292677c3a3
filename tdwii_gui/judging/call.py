"""A recorded request with its content and its answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset

from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.dicom.iod.ups_action import ActionType
from tdwii_gui.dicom.iod.ups_event import EventType
from tdwii_gui.dicom.status import is_failure, is_pending, status_words

if TYPE_CHECKING:
    from tdwii_gui.recording.exchanges import MessageSource, RecordedExchange


@dataclass(frozen=True, eq=False, slots=True)
class Call:
    """A request, who asked whom, and what came back; contents are read when they are asked for."""

    exchange: RecordedExchange
    source: MessageSource

    @property
    def number(self) -> int:
        """The number of the request."""
        return self.exchange.request.number

    @property
    def answered_at(self) -> int | None:
        """The number of the final response; None without one."""
        return None if self.exchange.final is None else self.exchange.final.number

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the request and of its final response."""
        return (self.number,) if self.answered_at is None else (self.number, self.answered_at)

    @property
    def service(self) -> str:
        """The DIMSE service, e.g. ``"N-SET"``."""
        return self.exchange.service

    @property
    def sender(self) -> str:
        """The AE title of who asked."""
        return self.exchange.request.sender

    @property
    def receiver(self) -> str:
        """The AE title of who was asked."""
        return self.exchange.request.receiver

    @property
    def sop_class_uid(self) -> str:
        """The Affected or Requested SOP Class UID of the request."""
        return self.exchange.request.sop_class_uid

    @property
    def uid(self) -> str:
        """The SOP instance; for an N-CREATE without one, that which the SCP assigned."""
        final = self.exchange.final
        return self.exchange.request.sop_instance_uid or (final.sop_instance_uid if final else "")

    @property
    def status(self) -> int | None:
        """The final status; None without a final response."""
        return self.exchange.status

    @property
    def is_accepted(self) -> bool:
        """Whether it was answered with success or a warning."""
        return self.status is not None and not self.exchange.failed and not self.exchange.canceled

    @property
    def is_refused(self) -> bool:
        """Whether it was answered with a failure."""
        return self.status is not None and is_failure(self.status)

    @property
    def answer_words(self) -> str:
        """The final status as a sentence says it."""
        if self.status is None:
            return "no answer"
        return f"{self.status:04X}H {status_words(self.status)}"

    @property
    def context_uid(self) -> str:
        """The abstract syntax of the presentation context; empty if it is not known."""
        return self.source.message(self.number).context_uid

    @property
    def command(self) -> Dataset:
        """The command set of the request."""
        return self.source.message(self.number).command

    @property
    def dataset(self) -> Dataset:
        """The data set of the request; empty where it has none."""
        return _dataset_of(self.source, self.number)

    @property
    def answer(self) -> Dataset:
        """The data set of the final response; empty where it has none."""
        return Dataset() if self.answered_at is None else _dataset_of(self.source, self.answered_at)

    @property
    def matches(self) -> tuple[tuple[int, Dataset], ...]:
        """The data sets of the pending responses, each with its number."""
        return tuple(
            (response.number, _dataset_of(self.source, response.number))
            for response in self.exchange.responses
            if response.status is not None and is_pending(response.status)
        )

    @property
    def action(self) -> ActionType | None:
        """The action of an N-ACTION on a UPS; None where it is none of those."""
        number = tolerant.number(self.command, "ActionTypeID")
        return ActionType(int(number)) if number in set(ActionType) else None

    @property
    def event(self) -> EventType | None:
        """The event of an N-EVENT-REPORT on a UPS; None where it is none of those."""
        number = tolerant.number(self.command, "EventTypeID")
        return EventType(int(number)) if number in set(EventType) else None

    def text(self, keyword: str) -> str:
        """Return an attribute of the request's data set as text; empty where it is missing."""
        return tolerant.text(self.dataset, keyword)

    def overlaps(self, other: Call) -> bool:
        """Whether it was not answered yet when the other one was asked, or the reverse."""
        return _until(self) > other.number and _until(other) > self.number


def _until(call: Call) -> float:
    return float("inf") if call.answered_at is None else call.answered_at


def _dataset_of(source: MessageSource, number: int) -> Dataset:
    dataset = source.message(number).dataset
    return Dataset() if dataset is None else dataset
