"""An archive of bare pynetdicom, with the habits and faults that a test gives it."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pynetdicom import AE, AllStoragePresentationContexts, build_context, evt
from pynetdicom.sop_class import (
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
)

from tdwii_gui.config.ae_directory import ApplicationEntity
from tdwii_gui.dicom.net.local_ae import send_at_once
from tests.integration.bare_ae import served
from tests.integration.net.keeps_responses import KEEPS_RESPONSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pynetdicom.association import Association

LEVELS = {
    "STUDY": ("StudyInstanceUID",),
    "SERIES": ("StudyInstanceUID", "SeriesInstanceUID"),
    "IMAGE": ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"),
}


@dataclass
class BareArchive:
    """What it holds, how it behaves, what it was asked for, has sent, and was sent.

    Attributes
    ----------
    knows : Callable
        Returns the port of a move destination, or None.
    gets : bool
        Whether it answers C-GET with anything but a refusal.
    is_strict : bool
        Whether queries and retrievals need the keys of the levels above (PS3.4 C.4.1.2.1).
    breaks_after : int
        After how many objects of a retrieval it aborts the association to the destination and, if
        `breaks` is "request", that on which it was asked.
    """

    ae_title: str = "BARE"
    knows: Callable[[str], int | None] = lambda _title: None
    gets: bool = True
    is_strict: bool = False
    breaks_after: int = 10**6
    breaks: str = "request"
    objects: dict[str, Dataset] = field(default_factory=dict)
    sent: Counter[str] = field(default_factory=Counter)
    stored: list[str] = field(default_factory=list)
    requests: list[tuple[str, Dataset]] = field(default_factory=list)
    port: int = 0
    on_sending: Callable[[int], None] = lambda _number: None

    def add(self, datasets: Iterable[Dataset]) -> None:
        self.objects |= {str(one.SOPInstanceUID): one for one in datasets}

    @property
    def entity(self) -> ApplicationEntity:
        return ApplicationEntity(self.ae_title, "127.0.0.1", self.port)

    @contextmanager
    def listening(self) -> Iterator[BareArchive]:
        ae = AE(self.ae_title)
        # pynetdicom's own thread of an association may take the answer to its release.
        ae.acse_timeout = 2
        ae.add_supported_context(StudyRootQueryRetrieveInformationModelFind)
        ae.add_supported_context(StudyRootQueryRetrieveInformationModelMove)
        ae.add_supported_context(StudyRootQueryRetrieveInformationModelGet)
        for context in AllStoragePresentationContexts:
            ae.add_supported_context(context.abstract_syntax, scu_role=True, scp_role=True)
        handlers = [
            (evt.EVT_C_FIND, self._on_find),
            (evt.EVT_C_MOVE, self._on_move),
            (evt.EVT_C_GET, self._on_get),
            (evt.EVT_C_STORE, self._on_store),
            (evt.EVT_DIMSE_SENT, self._on_sent),
            (evt.EVT_CONN_OPEN, send_at_once),
        ]
        with served(ae, handlers) as self.port:
            yield self

    def _on_find(self, event: evt.Event) -> Iterator[tuple[int, Dataset | None]]:
        keys = event.identifier
        self.requests.append(("C-FIND", keys))
        level = LEVELS[keys.QueryRetrieveLevel]
        if self._refuses(keys):
            yield 0xA900, None
            return
        told = set()
        for one in self._matches(keys, (*LEVELS["IMAGE"], "PatientID", "Modality")):
            answer = Dataset()
            answer.QueryRetrieveLevel = keys.QueryRetrieveLevel
            for keyword in (*level, "PatientID", "Modality", "SOPClassUID"):
                setattr(answer, keyword, one.get(keyword, ""))
            this = tuple(str(answer[keyword].value) for keyword in level)
            if this not in told:
                told.add(this)
                yield 0xFF00, answer

    def _on_move(self, event: evt.Event) -> Iterator[object]:
        keys = event.identifier
        self.requests.append(("C-MOVE", keys))
        port = self.knows(event.move_destination)
        if port is None:
            yield None, None
            return
        storing: list[Association] = []
        found = [] if self._refuses(keys) else list(self._matches(keys, LEVELS["IMAGE"]))
        handlers = [
            KEEPS_RESPONSES,
            (evt.EVT_CONN_OPEN, send_at_once),
            (evt.EVT_ESTABLISHED, lambda established: storing.append(established.assoc)),
            (evt.EVT_DIMSE_SENT, self._on_sent),
        ]
        classes = sorted({str(one.SOPClassUID) for one in found})
        contexts = [build_context(uid) for uid in classes]
        yield "127.0.0.1", port, {"contexts": contexts, "evt_handlers": handlers}
        yield len(found)
        yield from self._send(event, found, storing)

    def _on_get(self, event: evt.Event) -> Iterator[object]:
        keys = event.identifier
        self.requests.append(("C-GET", keys))
        found = list(self._matches(keys, LEVELS["IMAGE"]))
        yield len(found)
        if self.gets:
            yield from self._send(event, found, [event.assoc])
        else:
            yield 0xA900, None

    def _on_store(self, event: evt.Event) -> int:
        self.stored.append(str(event.request.AffectedSOPInstanceUID))
        return 0x0000

    def _send(
        self, event: evt.Event, found: list[Dataset], storing: list[Association]
    ) -> Iterator[tuple[int, Dataset | None]]:
        for number, one in enumerate(found):
            self.on_sending(number)
            if event.is_cancelled:
                yield 0xFE00, None
                return
            if number == self.breaks_after:
                storing[0].abort()
                if self.breaks == "request":
                    event.assoc.abort()
            yield 0xFF00, one

    def _on_sent(self, event: evt.Event) -> None:
        command = event.message.command_set
        if command.get("CommandField") == 0x0001:
            self.sent[str(command.AffectedSOPInstanceUID)] += 1

    def _refuses(self, keys: Dataset) -> bool:
        above = LEVELS[keys.QueryRetrieveLevel][:-1]
        return self.is_strict and not all(keys.get(keyword) for keyword in above)

    def _matches(self, keys: Dataset, keywords: Iterable[str]) -> Iterator[Dataset]:
        for one in self.objects.values():
            if all(_accepts(keys.get(word), one.get(word, "")) for word in keywords):
                yield one


def _accepts(key: object, value: object) -> bool:
    if not key:
        return True
    return str(value) in ([str(one) for one in key] if isinstance(key, MultiValue) else [str(key)])
