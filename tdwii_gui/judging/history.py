"""All that a recording tells: the calls in order, the objects, and what was told of each step."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Final, TypeAlias

from pydicom.dataset import Dataset

from tdwii_gui.dicom.errors import StoreError
from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.dicom.iod.message_kind import UPS_CLASSES
from tdwii_gui.dicom.iod.ups import Ups
from tdwii_gui.judging.call import Call
from tdwii_gui.recording.exchanges import paired
from tdwii_gui.recording.message import RecordedMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from pydicom.dataelem import DataElement

    from tdwii_gui.recording.exchanges import MessageSource
    from tdwii_gui.recording.message import MessageSummary

_ByService: TypeAlias = "Mapping[str, list[Call]]"

_REMEMBERED: Final = 1024
"""Messages in memory, of which a recording may have a hundred thousand."""


@dataclass(frozen=True, slots=True)
class StepContent:
    """What one message told of a step.

    Parameters
    ----------
    number : int
        The message.
    told_to : str
        The AE title of who was told, or who told it.
    dataset : Dataset
        The attributes in it.
    """

    number: int
    told_to: str
    dataset: Dataset


class History:
    """The calls of a recording, and what follows from them.

    Parameters
    ----------
    source : MessageSource
        Where the messages are read from.
    recorded : Collection[str]
        AE titles whose every association was recorded, whether they had one or not.

    Attributes
    ----------
    calls : tuple[Call, ...]
        All requests, in their order.
    ae_titles : frozenset[str]
        Who took part, and who was recorded.
    """

    def __init__(self, source: MessageSource, recorded: Collection[str] = ()) -> None:
        remembering = _Remembering(source)
        self.calls = tuple(Call(exchange, remembering) for exchange in paired(source.messages))
        self.recorded = frozenset(recorded)
        taking_part = {ae for call in self.calls for ae in (call.sender, call.receiver)}
        self.ae_titles = frozenset(taking_part | set(recorded))

    def sent_by(self, ae_title: str, *services: str) -> list[Call]:
        """Return the requests of an AE, all or those of some services."""
        return _of_services(self._sent.get(ae_title, {}), services)

    def received_by(self, ae_title: str, *services: str) -> list[Call]:
        """Return the requests to an AE, all or those of some services."""
        return _of_services(self._received.get(ae_title, {}), services)

    def on_instance(self, sop_instance_uid: str, service: str) -> list[Call]:
        """Return the requests of a service on an instance, whoever sent them."""
        return self._on_instances.get((sop_instance_uid, service), [])

    def stores_of(self, sop_instance_uid: str) -> list[Call]:
        """Return the C-STOREs of an instance that were accepted."""
        return self._stores.get(sop_instance_uid, [])

    def object(self, sop_instance_uid: str) -> Dataset | None:
        """Return an instance as it was last stored anywhere, or None where it never was."""
        stores = self.stores_of(sop_instance_uid)
        return stores[-1].dataset if stores else None

    def told_of(self, uid: str) -> list[StepContent]:
        """Return what messages told of a step, in their order."""
        return self._steps.get(uid, [])

    def step(self, uid: str, before: int) -> Ups:
        """Return a step as far as the messages before one told of it."""
        return Ups(_merged(c.dataset for c in self.told_of(uid) if c.number < before))

    def step_told_to(self, ae_title: str, uid: str, before: int) -> Ups:
        """Return a step as an AE knew it when a message was sent."""
        parts = (c for c in self.told_of(uid) if c.number < before and c.told_to == ae_title)
        return Ups(_merged(c.dataset for c in parts))

    @cached_property
    def _sent(self) -> Mapping[str, _ByService]:
        return _by_ae_and_service(self.calls, lambda call: call.sender)

    @cached_property
    def _received(self) -> Mapping[str, _ByService]:
        return _by_ae_and_service(self.calls, lambda call: call.receiver)

    @cached_property
    def _on_instances(self) -> Mapping[tuple[str, str], list[Call]]:
        found: dict[tuple[str, str], list[Call]] = defaultdict(list)
        for call in self.calls:
            found[call.uid, call.service].append(call)
        return found

    @cached_property
    def _stores(self) -> Mapping[str, list[Call]]:
        found: dict[str, list[Call]] = defaultdict(list)
        for call in self.calls:
            if call.service == "C-STORE" and call.is_accepted:
                found[call.uid].append(call)
        return found

    @cached_property
    def _steps(self) -> Mapping[str, list[StepContent]]:
        on_steps = [call for call in self.calls if call.sop_class_uid in UPS_CLASSES]
        # A worklist may hold thousands of steps with which nobody does anything.
        found: dict[str, list[StepContent]] = {
            call.uid: [] for call in on_steps if call.service in ("N-ACTION", "N-SET")
        }
        for call in on_steps:
            if call.service == "C-FIND" or call.uid in found:
                for uid, content in _contents(call):
                    if uid in found:
                        found[uid].append(content)
        for contents in found.values():
            contents.sort(key=lambda content: content.number)
        return found


class _Remembering:
    """A source that reads a message once, as long as it is asked for now and then."""

    def __init__(self, source: MessageSource) -> None:
        self._source = source
        self._read = lru_cache(maxsize=_REMEMBERED)(self._read_or_empty)

    @property
    def messages(self) -> Sequence[MessageSummary]:
        """All messages in the order of their numbers."""
        return self._source.messages

    def message(self, number: int) -> RecordedMessage:
        """Return a message with its content."""
        return self._read(number)

    def _read_or_empty(self, number: int) -> RecordedMessage:
        """Return a message; of one that is damaged, what the index tells."""
        try:
            return self._source.message(number)
        except StoreError:
            place = bisect_left(self.messages, number, key=lambda summary: summary.number)
            return RecordedMessage(self.messages[place], Dataset(), None, "", "")


def _by_ae_and_service(
    calls: Iterable[Call], ae_title_of: Callable[[Call], str]
) -> Mapping[str, _ByService]:
    found: dict[str, dict[str, list[Call]]] = defaultdict(lambda: defaultdict(list))
    for call in calls:
        found[ae_title_of(call)][call.service].append(call)
    return found


def _of_services(calls: _ByService, services: tuple[str, ...]) -> list[Call]:
    if len(services) == 1:
        return calls.get(services[0], [])
    wanted = [calls.get(service, []) for service in services or calls]
    return sorted(chain.from_iterable(wanted), key=lambda call: call.number)


def _contents(call: Call) -> Iterator[tuple[str, StepContent]]:
    """Yield what a call tells of steps; what was refused tells nothing."""
    if call.service == "C-FIND":
        for number, dataset in call.matches:
            uid = tolerant.text(dataset, "SOPInstanceUID")
            yield uid, StepContent(number, call.sender, dataset)
    elif call.service == "N-EVENT-REPORT":
        yield call.uid, StepContent(call.number, call.receiver, call.dataset)
    elif call.answered_at is not None and call.is_accepted:
        if call.service in ("N-CREATE", "N-SET"):
            yield call.uid, StepContent(call.answered_at, call.sender, call.dataset)
        elif call.service == "N-GET":
            yield call.uid, StepContent(call.answered_at, call.sender, call.answer)


def _merged(parts: Iterator[Dataset]) -> Dataset:
    """Return the attributes of all parts; a later value replaces an earlier one."""
    merged = Dataset()
    for part in parts:
        for element in _readable(part):
            if element.keyword not in merged or not element.is_empty:
                merged.add(element)
    return merged


def _readable(part: Dataset) -> Iterator[DataElement]:
    for tag in tuple(part.keys()):
        element = tolerant.element(part, tag)
        if element is not None and element.keyword:
            yield element
