"""Who is connected to a listening AE, and what arrives on each association."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Final, cast

from pynetdicom import evt

from tdwii_gui.dicom.net.object_intake import received_object

if TYPE_CHECKING:
    from collections.abc import Callable

    from pynetdicom.association import Association
    from pynetdicom.events import Event

    from tdwii_gui.dicom.net.message_reader import ArrivingMessage

_TELL_SECONDS: Final = 0.3


@dataclass(frozen=True, slots=True)
class OpenAssociation:
    """An association that a peer has requested and that was accepted.

    Parameters
    ----------
    calling_ae, host, port : str, str, int
        The peer's AE title, and the address it connected from.
    since : datetime
        When it was accepted, with its time zone.
    received_objects, received_bytes : int
        What came by C-STORE so far, the sub-operations of a C-MOVE among it.
    """

    calling_ae: str
    host: str
    port: int
    since: datetime
    received_objects: int = 0
    received_bytes: int = 0


def no_associations(_associations: tuple[OpenAssociation, ...]) -> None:
    """Take no notice of the open associations."""


class OpenAssociations:
    """The open associations of a host, in the order of their acceptance.

    Parameters
    ----------
    on_change : Callable[[tuple[OpenAssociation, ...]], None]
        Is called with all of them when one is accepted or ends, and while objects arrive, at most
        every 0.3 s, the last ones before the end; on the threads of the associations.
    """

    def __init__(self, on_change: Callable[[tuple[OpenAssociation, ...]], None]) -> None:
        self._on_change = on_change
        self._lock = Lock()
        self._open: dict[Association, OpenAssociation] = {}
        self._told = 0.0
        self._untold = False

    @property
    def bindings(self) -> list[evt.EventHandlerType]:
        """What is bound to the association server."""
        ends = (evt.EVT_RELEASED, evt.EVT_ABORTED, evt.EVT_CONN_CLOSE)
        return [
            (evt.EVT_ESTABLISHED, self._on_accepted),
            *((end, self._on_end) for end in ends),
            (evt.EVT_DIMSE_RECV, self._on_message),
        ]

    def all(self) -> tuple[OpenAssociation, ...]:
        """Return the open associations."""
        with self._lock:
            return tuple(self._open.values())

    def clear(self) -> None:
        """Forget all of them: the host has ended what was left."""
        with self._lock:
            was_open = bool(self._open)
            self._open.clear()
        if was_open:
            self._tell()

    def _on_accepted(self, event: Event) -> None:
        requestor = event.assoc.requestor
        accepted = OpenAssociation(
            str(requestor.ae_title), str(requestor.address), requestor.port or 0, datetime.now(UTC)
        )
        with self._lock:
            self._open[event.assoc] = accepted
        self._tell()

    def _on_end(self, event: Event) -> None:
        # An end has several events: the release or abort, and the end of the connection.
        if self._untold:
            self._tell()
        with self._lock:
            ended = self._open.pop(event.assoc, None)
        if ended is not None:
            self._tell()

    def _on_message(self, event: Event) -> None:
        message = cast("ArrivingMessage", event.message)
        if not message.is_object:
            return
        held = message.data_set.getbuffer().nbytes
        received = received_object(message)
        size = held if received is None else received.size
        with self._lock:
            known = self._open.get(event.assoc)
            if known is None:
                return
            self._open[event.assoc] = replace(
                known,
                received_objects=known.received_objects + 1,
                received_bytes=known.received_bytes + size,
            )
            if time.monotonic() - self._told < _TELL_SECONDS:
                self._untold = True
                return
        self._tell()

    def _tell(self) -> None:
        with self._lock:
            self._told = time.monotonic()
            self._untold = False
            associations = tuple(self._open.values())
        self._on_change(associations)
