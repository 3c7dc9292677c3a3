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
from tdwii_gui.dicom.status import is_failure, is_warning, status_words
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.row_model import Column
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from pydicom.dataset import Dataset

    from tdwii_gui.actors.events import ExchangeMade

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
        row = HistoryRow(self._number, uid, made)
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
    """A message about a step: the exchange, with a number by which it is found."""

    number: int
    uid: str
    made: ExchangeMade

    @property
    def at(self) -> datetime:
        """When it was sent."""
        return self.made.exchange.at

    @property
    def route(self) -> str:
        """From whom to whom."""
        exchange = self.made.exchange
        return f"{texts.plain(exchange.calling_ae, 20)} → {texts.plain(exchange.called_ae, 20)}"

    @property
    def message(self) -> str:
        """The DIMSE service, with the profile's transaction where it is known."""
        exchange = self.made.exchange
        transaction = self.made.transaction or message_kind.transaction_of(exchange)
        return " ".join(filter(None, (exchange.message, transaction)))

    @property
    def what(self) -> str:
        """What the message says."""
        return self.made.exchange.detail or _content(self.made)

    @property
    def tone(self) -> Tone | None:
        """Whether it went wrong."""
        return status_tone(self.made.exchange.status)

    @property
    def outcome(self) -> str:
        """The status in words."""
        return outcome_words(self.made.exchange.status, self.made.exchange.comment)


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


def status_cell(tone: Tone | None, outcome: str, milliseconds: float) -> str:
    """Return the time of a success, which says all, or what went wrong."""
    decimals = 0 if milliseconds >= _TEN else 1
    return outcome if tone else _tr("✓ {0} ms").format(texts.number(milliseconds, decimals))


def history_columns() -> list[Column[HistoryRow]]:
    """Return the columns of a step's history."""
    return [
        Column(
            _tr("Time"),
            lambda row: texts.clock(row.at).partition(".")[0],
            key=lambda row: row.at,
            tooltip=lambda row: texts.tooltip(f"{texts.moment(row.at)} ({texts.clock(row.at)})"),
        ),
        Column(
            _tr("From → to"),
            lambda row: row.route,
            tooltip=lambda row: texts.tooltip(row.route),
            share=1,
        ),
        Column(_tr("Message"), lambda row: row.message),
        Column(
            _tr("What"),
            lambda row: texts.plain(short_words(row.what), 120),
            tooltip=lambda row: texts.tooltip(row.what),
            share=1,
        ),
        Column(
            _tr("Status"),
            lambda row: status_cell(row.tone, row.outcome, row.made.exchange.milliseconds),
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
