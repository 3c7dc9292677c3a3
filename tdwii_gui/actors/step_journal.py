"""Writes what touches each step into the history, and hears what other processes wrote there."""

from __future__ import annotations

import logging
from collections import deque
from itertools import islice
from threading import Event, Thread
from typing import TYPE_CHECKING, Final

from pydicom.datadict import keyword_for_tag
from pydicom.tag import Tag

from tdwii_gui.dicom.errors import StoreError
from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.dicom.iod.message_kind import action_type
from tdwii_gui.dicom.iod.ups_action import ActionType
from tdwii_gui.dicom.status import is_failure
from tdwii_gui.dicom.store.ups_history import HistoryEntry
from tdwii_gui.dicom.uids import UPS_FILTERED_GLOBAL_SUBSCRIPTION, UPS_GLOBAL_SUBSCRIPTION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.net.exchange import Exchange
    from tdwii_gui.dicom.store.ups_history import UpsHistory

logger = logging.getLogger(__name__)

_SECONDS: Final = 1.0
_WAITING: Final = 10_000
_PORTION: Final = 64  # in one transaction, as answers to peers wait for its end
_NAMES: Final = 12
_TRANSACTION_UID: Final = Tag("TransactionUID")
_NO_STEPS: Final = frozenset({UPS_GLOBAL_SUBSCRIPTION, UPS_FILTERED_GLOBAL_SUBSCRIPTION})


class StepJournal:
    """Keeps the messages about steps: in memory for a second, then in the database.

    An answer does not wait for it, so that a crash may lose the last second of the history (and
    nothing else).

    Parameters
    ----------
    history : UpsHistory
        Where entries are kept.
    name : str
        Name of the thread.
    on_others : Callable
        Called on the thread with each entry that another process wrote.
    """

    def __init__(
        self, history: UpsHistory, name: str, on_others: Callable[[HistoryEntry], None]
    ) -> None:
        self._history = history
        self._name = name
        self._on_others = on_others
        self._waiting: deque[Exchange] = deque(maxlen=_WAITING)
        self._last = history.last_number()
        self._stopping = Event()
        self._thread: Thread | None = None

    def hear(self, exchange: Exchange) -> None:
        """Take a message, if it is about a step."""
        if exchange.message.startswith("N-"):
            self._waiting.append(exchange)

    def start(self) -> None:
        """Begin to write, once a second."""
        self._stopping.clear()
        self._thread = Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what is left, and end."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stopping.set()
            thread.join()

    def flush(self) -> None:
        """Write what waits, on the calling thread.

        Raises
        ------
        StoreError
            If it cannot be written; it is lost then.
        """
        while entries := list(islice(self._taken(), _PORTION)):
            self._history.add(entries)

    def _taken(self) -> Iterator[HistoryEntry]:
        """Take what waits, one after the other."""
        while self._waiting:
            try:
                exchange = self._waiting.popleft()
            except IndexError:  # another thread took the last one
                return
            if uid := _step_of(exchange):
                yield _entry(exchange, uid)

    def _run(self) -> None:
        ended = False
        while not ended:
            ended = self._stopping.wait(_SECONDS)
            try:
                self.flush()
                self._last, others = self._history.of_others_since(self._last)
                for entry in filter(_changes, others):
                    self._on_others(entry)
            except StoreError as error:
                logger.warning("the history of the steps is not kept: %s", error)


def _changes(entry: HistoryEntry) -> bool:
    """Return whether something was changed: not by an event, nor by what was refused."""
    done = entry.status is not None and not is_failure(entry.status)
    return done and entry.message not in ("N-EVENT-REPORT", "N-GET")


def _step_of(exchange: Exchange) -> str:
    """Return the step that a message is about; empty if it is about none."""
    uid = exchange.sop_instance_uid
    if not uid and exchange.response is not None:
        # The TMS may give the UID itself (PS3.4 CC.2.5.3).
        uid = tolerant.text(exchange.response, "AffectedSOPInstanceUID")
    return "" if uid in _NO_STEPS else uid


def _entry(exchange: Exchange, sop_instance_uid: str) -> HistoryEntry:
    return HistoryEntry(
        at=exchange.at,
        sop_instance_uid=sop_instance_uid,
        calling_ae=exchange.calling_ae,
        called_ae=exchange.called_ae,
        message=exchange.message,
        what=_what(exchange),
        status=exchange.status,
        comment=exchange.comment,
    )


def _what(exchange: Exchange) -> str:
    """Return what a message says, without values of the patient."""
    request = exchange.request
    match exchange.message:
        case "N-ACTION" if request is not None:
            return _action(exchange, request)
        case "N-SET" if request is not None:
            return _changed(request)
        case _:
            return exchange.detail


def _action(exchange: Exchange, request: Dataset) -> str:
    kind = action_type(exchange) or ActionType.REQUEST_CANCEL
    keyword = {
        ActionType.CHANGE_STATE: "ProcedureStepState",
        ActionType.REQUEST_CANCEL: "",
    }.get(kind, "ReceivingAE")
    said = tolerant.text(request, keyword) if keyword else ""
    return f"{kind.title}: {said}" if said else kind.title


def _changed(request: Dataset) -> str:
    tags = [tag for tag in sorted(request.keys()) if tag != _TRANSACTION_UID]
    more = f" and {len(tags) - _NAMES} more" if len(tags) > _NAMES else ""
    return ", ".join(keyword_for_tag(tag) or str(tag) for tag in tags[:_NAMES]) + more
