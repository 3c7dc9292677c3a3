"""The messages about each step, kept within bounds, and the rows that show those of one step."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.iod import message_kind, tolerant
from tdwii_gui.dicom.iod.ups import read_progress
from tdwii_gui.dicom.iod.ups_action import ActionType
from tdwii_gui.dicom.iod.ups_event import EventType
from tdwii_gui.dicom.status import is_failure, is_warning, status_words
from tdwii_gui.dicom.store.ups_history import OPERATION
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.row_model import Column
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable
    from datetime import datetime

    from pydicom.dataset import Dataset

    from tdwii_gui.actors.events import ExchangeMade
    from tdwii_gui.actors.tms import PendingEvent
    from tdwii_gui.dicom.store.ups_history import HistoryEntry

_PER_STEP: Final = 200
_IN_ALL: Final = 50_000
_TEN: Final = 10
_NO_STEPS: Final = frozenset(
    {"", uids.UPS_GLOBAL_SUBSCRIPTION, uids.UPS_FILTERED_GLOBAL_SUBSCRIPTION}
)


class StepHistory:
    """The latest messages about each step; the steps that were quiet longest are forgotten first.

    Parameters
    ----------
    per_step, in_all : int
        How many messages are kept.
    """

    def __init__(self, per_step: int = _PER_STEP, in_all: int = _IN_ALL) -> None:
        self._per_step = per_step
        self._in_all = in_all
        self._count = 0
        self._number = 0
        self._steps: OrderedDict[str, deque[HistoryRow]] = OrderedDict()

    def __len__(self) -> int:
        return self._count

    def add(self, made: ExchangeMade) -> HistoryRow | None:
        """Keep an exchange if it is about a step; return its row then."""
        uid = step_of(made)
        if not uid:
            return None
        self._number += 1
        row = HistoryRow.of_exchange(self._number, uid, made)
        kept = self._steps.setdefault(uid, deque())
        self._steps.move_to_end(uid)
        kept.append(row)
        self._count += 1
        if len(kept) > self._per_step:
            kept.popleft()
            self._count -= 1
        while self._count > self._in_all:
            self._forget_one()
        return row

    def of(self, sop_instance_uid: str) -> list[HistoryRow]:
        """Return what is known about a step, the oldest first."""
        return list(self._steps.get(sop_instance_uid, ()))

    def _forget_one(self) -> None:
        uid, kept = next(iter(self._steps.items()))
        kept.popleft()
        self._count -= 1
        if not kept:
            del self._steps[uid]


@dataclass(frozen=True, slots=True, eq=False)
class HistoryRow:
    """What touched a step: a message, an operation, or an event that is still due.

    Parameters
    ----------
    number : Hashable
        By which it is found.
    at : datetime or None
        When it was sent; None for an event that no attempt has been made for.
    calling_ae, called_ae : str
        From whom to whom.
    message : str
        The DIMSE service, with the profile's transaction where it is known.
    what : str
        What it says.
    outcome : str
        The status in words.
    milliseconds : float or None
        How long it took, where that is known.
    made : ExchangeMade or None
        The exchange with its data sets, if it was made since the window was opened.
    """

    number: Hashable
    uid: str
    at: datetime | None
    calling_ae: str
    called_ae: str
    message: str
    what: str
    outcome: str
    tone: Tone | None
    milliseconds: float | None = None
    made: ExchangeMade | None = None

    @classmethod
    def of_exchange(cls, number: int, uid: str, made: ExchangeMade) -> HistoryRow:
        """Return the row of an exchange."""
        exchange = made.exchange
        transaction = made.transaction or message_kind.transaction_of(exchange)
        return cls(
            number=number,
            uid=uid,
            at=exchange.at,
            calling_ae=exchange.calling_ae,
            called_ae=exchange.called_ae,
            message=" ".join(filter(None, (exchange.message, transaction))),
            what=exchange.detail or _content(made),
            outcome=outcome_words(exchange.status, exchange.comment),
            tone=status_tone(exchange.status),
            milliseconds=exchange.milliseconds,
            made=made,
        )

    @classmethod
    def of_entry(cls, number: int, entry: HistoryEntry) -> HistoryRow:
        """Return the row of what the TMS remembers, of this run or an earlier one."""
        is_operation = entry.message == OPERATION
        return cls(
            number=("kept", number),
            uid=entry.sop_instance_uid,
            at=entry.at,
            calling_ae=entry.calling_ae,
            called_ae=entry.called_ae,
            message=_tr("Operator") if is_operation else entry.message,
            what=entry.what,
            outcome=f"✓ {entry.comment}" if is_operation else _kept_outcome(entry),
            tone=None if is_operation else status_tone(entry.status),
        )

    @classmethod
    def of_due(cls, number: int, sender: str, event: PendingEvent) -> HistoryRow:
        """Return the row of an event that was raised and is not delivered yet."""
        words = _tr("⚠ waiting")
        if event.last_error:
            words = f"{words}: {texts.plain(event.last_error)}"
        return cls(
            number=("due", event.receiving_ae, event.event_type, number),
            uid=event.sop_instance_uid,
            at=event.since,
            calling_ae=sender,
            called_ae=event.receiving_ae,
            message="N-EVENT-REPORT",
            what=EventType(event.event_type).title
            if event.event_type in set(EventType)
            else str(event.event_type),
            outcome=words,
            tone=Tone.PROGRESS,
        )

    @property
    def route(self) -> str:
        """From whom to whom."""
        calling, called = texts.plain(self.calling_ae, 20), texts.plain(self.called_ae, 20)
        return f"{calling} → {called}" if calling != called else calling


def merged(kept: Iterable[HistoryEntry], live: Iterable[HistoryRow]) -> list[HistoryRow]:
    """Return what the TMS remembers and what was seen here, in order, each message once."""
    rows = list(live)
    seen = {_same(row.at, row.calling_ae, row.called_ae, row.message) for row in rows}
    rows += [
        HistoryRow.of_entry(number, entry)
        for number, entry in enumerate(kept)
        if _same(entry.at, entry.calling_ae, entry.called_ae, entry.message) not in seen
    ]
    return sorted(rows, key=_order)


def _same(at: datetime | None, calling: str, called: str, message: str) -> tuple[object, ...]:
    return at.timestamp() if at else 0.0, calling, called, message.partition(" ")[0]


def _order(row: HistoryRow) -> tuple[bool, float]:
    """Sort by time, with what is still due at the end."""
    return row.at is None, row.at.timestamp() if row.at else 0.0


def _kept_outcome(entry: HistoryEntry) -> str:
    said = outcome_words(entry.status, entry.comment)
    return _tr("✓ done") if entry.status == 0 and not entry.comment else said


def step_of(made: ExchangeMade) -> str:
    """Return the step that an exchange is about; empty if it is about none."""
    exchange = made.exchange
    if not exchange.message.startswith("N-"):
        return ""
    uid = exchange.sop_instance_uid
    if not uid and exchange.response is not None:
        # The TMS may give the UID itself (PS3.4 CC.2.5.3).
        uid = tolerant.text(exchange.response, "AffectedSOPInstanceUID")
    return "" if uid in _NO_STEPS else uid


def status_tone(status: int | None) -> Tone | None:
    """Return the tone of a DIMSE status; None for success."""
    if status is None or is_failure(status):
        return Tone.FAULT
    return Tone.PROGRESS if is_warning(status) else None


def outcome_words(status: int | None, comment: str) -> str:
    """Return a DIMSE status with a mark, in words."""
    if status is None:
        return "✕ " + (texts.plain(comment) or _tr("no answer"))
    mark = "✕" if is_failure(status) else "✓"
    said = [f"{mark} {status_words(status)}"]
    if status:
        said.append(f"({status:04X}H)")
    if comment:
        said.append(texts.plain(comment))
    return " ".join(said)


def short_words(what: str) -> str:
    """Return the standard's name of an action or event without the words that all have."""
    short = what.removeprefix("UPS ").replace(" Report", "", 1)
    for lead in (f"{ActionType.CHANGE_STATE.title}: ", f"{ActionType.CHANGE_STATE.title} to "):
        short = short.replace(lead, "→ ", 1)
    return short


def status_cell(tone: Tone | None, outcome: str, milliseconds: float | None) -> str:
    """Return the time of a success, which says all, or what went wrong."""
    if milliseconds is None:
        return outcome
    decimals = 0 if milliseconds >= _TEN else 1
    return outcome if tone else _tr("✓ {0} ms").format(texts.number(milliseconds, decimals))


def history_columns() -> list[Column[HistoryRow]]:
    """Return the columns of a step's history."""
    return [
        Column(
            _tr("Time"),
            lambda row: texts.clock(row.at).partition(".")[0],
            key=_order,
            tooltip=lambda row: texts.tooltip(f"{texts.moment(row.at)} ({texts.clock(row.at)})"),
        ),
        Column(
            _tr("From → to"),
            lambda row: row.route,
            tooltip=lambda row: texts.tooltip(row.route),
            share=2,
        ),
        Column(_tr("Message"), lambda row: row.message),
        Column(
            _tr("What"),
            lambda row: texts.plain(short_words(row.what), 120),
            tooltip=lambda row: texts.tooltip(row.what),
            share=2,
        ),
        Column(
            _tr("Status"),
            lambda row: status_cell(row.tone, row.outcome, row.milliseconds),
            tooltip=lambda row: texts.tooltip(row.outcome),
            tone=lambda row: row.tone or Tone.DONE,
            share=1,
        ),
    ]


def _content(made: ExchangeMade) -> str:
    """Return what a request says whose exchange does not tell it."""
    exchange = made.exchange
    request = exchange.request
    if request is None:
        return ""
    match exchange.message:
        case "N-ACTION":
            return _action(made, request)
        case "N-SET":
            return _update(request)
        case "N-EVENT-REPORT":
            kind = message_kind.event_type(exchange)
            return kind.title if kind else ""
        case "N-CREATE":
            return _tr("new step, {0}").format(_quoted(request, "ProcedureStepState"))
        case _:
            return ""


def _action(made: ExchangeMade, request: Dataset) -> str:
    kind = message_kind.action_type(made.exchange) or ActionType.REQUEST_CANCEL
    match kind:
        case ActionType.CHANGE_STATE:
            said = _quoted(request, "ProcedureStepState")
        case ActionType.REQUEST_CANCEL:
            said = _quoted(request, "ReasonForCancellation")
        case _:
            said = _quoted(request, "ReceivingAE")
    return _tr("{0}: {1}").format(kind.title, said) if said else kind.title


def _update(request: Dataset) -> str:
    progress = read_progress(request)
    if progress.percent is not None:
        percent = texts.number(progress.percent, 0)
        if progress.beam_number is None:
            return _tr("progress {0} %").format(percent)
        return _tr("progress {0} %, beam {1}").format(percent, progress.beam_number)
    if "UnifiedProcedureStepPerformedProcedureSequence" in request:
        return _tr("what was performed")
    return ", ".join(_names(request))


def _names(request: Dataset) -> Iterable[str]:
    return (element.name for element in list(request)[:4] if element.keyword != "TransactionUID")


def _quoted(dataset: Dataset, keyword: str) -> str:
    return texts.plain(tolerant.text(dataset, keyword), 40)


def _tr(text: str) -> str:
    return QCoreApplication.translate("History", text)
