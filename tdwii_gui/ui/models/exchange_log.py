"""The record of all exchanges, and the arrows of the ladder that they become."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication

from tdwii_gui.dicom.iod.message_kind import transaction_of
from tdwii_gui.ui import texts
from tdwii_gui.ui.models import exchange_words
from tdwii_gui.ui.models.arrow import LIMIT, Arrow, ArrowChange, Lane

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tdwii_gui.actors.events import ExchangeMade

_DATA_SETS: Final = 2000
"""So many of the newest exchanges keep their data sets, which are most of the memory."""

_RUN_LENGTH: Final = 1000
_RUN_PAUSE: Final = timedelta(seconds=1)
_FOREIGN_LANES: Final = 6
_OTHERS: Final = "others"


@dataclass(slots=True)
class LoggedExchange:
    """An exchange, or a run of equal C-STOREs, under the key of its arrow.

    Parameters
    ----------
    arrow : Arrow
        How the ladder shows it.
    events : list[ExchangeMade]
        The exchanges of the run, in order; only the last one may have data sets.
    forgotten : bool
        Whether the data sets that it had are no longer kept.
    """

    arrow: Arrow
    events: list[ExchangeMade] = field(default_factory=list)
    forgotten: bool = False

    @property
    def event(self) -> ExchangeMade:
        """The last exchange."""
        return self.events[-1]


class ExchangeLog:
    """Keeps exchanges by key and makes arrows of them.

    An exchange between two of our actors is told by both: what the SCU tells counts, what the SCP
    tells only where the caller is none of ours.

    Parameters
    ----------
    lane_of : Callable[[str], str]
        Returns the lane of an AE title, empty if it has none: then it gets one.
    is_ours : Callable[[str], bool]
        Tells whether an AE title is one of our running actors, which tells its own requests.
    lanes : Sequence[Lane]
        The lanes that are always there.
    limit : int
        How many exchanges are kept; the oldest go.

    Attributes
    ----------
    lanes : list[Lane]
        All lanes; those of AE titles that turned up stand at the end.
    """

    def __init__(
        self,
        lane_of: Callable[[str], str],
        is_ours: Callable[[str], bool],
        lanes: Sequence[Lane] = (),
        *,
        limit: int = LIMIT,
    ) -> None:
        self.lanes = list(lanes)
        self._own_lanes = len(self.lanes)
        self._lane_of = lane_of
        self._is_ours = is_ours
        self._limit = limit
        self._next_key = 1
        self._kept: OrderedDict[int, LoggedExchange] = OrderedDict()
        self._with_data: OrderedDict[int, LoggedExchange] = OrderedDict()
        self._runs: dict[tuple[str, ...], LoggedExchange] = {}
        self._foreign: dict[str, str] = {}
        self._problems = 0

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def problems(self) -> int:
        """How many failures and warnings there have been since the last `clear`."""
        return self._problems

    def entry(self, key: int) -> LoggedExchange | None:
        """Return what is kept under the key of an arrow."""
        return self._kept.get(key)

    def entries(self) -> list[LoggedExchange]:
        """Return all that is kept, the oldest first."""
        return list(self._kept.values())

    def add(self, event: ExchangeMade) -> list[ArrowChange]:
        """Record an exchange; return the arrow that it adds or changes, if any."""
        exchange = event.exchange
        if exchange.role == "scp":
            if self._is_ours(exchange.calling_ae):
                return []
            if not event.transaction:
                event = replace(event, transaction=transaction_of(exchange))
        if exchange_words.is_failed(event) or exchange_words.is_doubtful(event):
            self._problems += 1
        run = self._run_of(event)
        if run is not None:
            run.events.append(event)
            run.arrow = self._arrow(run.arrow.key, run.events)
            return [ArrowChange(run.arrow, is_new=False)]
        entry = LoggedExchange(self._arrow(self._next_key, [event]), [event])
        self._next_key += 1
        self._keep(entry)
        if exchange.message == "C-STORE":
            self._runs[_kind(event)] = entry
        return [ArrowChange(entry.arrow, is_new=True)]

    def add_all(self, events: Iterable[ExchangeMade]) -> list[ArrowChange]:
        """Record exchanges; return each arrow once, as it is after the last of them."""
        changes: dict[int, ArrowChange] = {}
        for event in events:
            for change in self.add(event):
                key = change.arrow.key
                known = changes.get(key)
                is_new = change.is_new or (known is not None and known.is_new)
                changes[key] = ArrowChange(change.arrow, is_new)
        return list(changes.values())

    def clear(self) -> None:
        """Forget all exchanges, and the lanes that turned up; keys go on."""
        self._kept.clear()
        self._with_data.clear()
        self._runs.clear()
        self._foreign.clear()
        del self.lanes[self._own_lanes :]
        self._problems = 0

    def _keep(self, entry: LoggedExchange) -> None:
        key, exchange = entry.arrow.key, entry.event.exchange
        self._kept[key] = entry
        if len(self._kept) > self._limit:
            oldest, _ = self._kept.popitem(last=False)
            self._with_data.pop(oldest, None)
        if exchange.request is not None or exchange.response is not None:
            self._with_data[key] = entry
        if len(self._with_data) > _DATA_SETS:
            _, forgetting = self._with_data.popitem(last=False)
            bare = replace(forgetting.event.exchange, request=None, response=None)
            forgetting.events[-1] = replace(forgetting.event, exchange=bare)
            forgetting.forgotten = True

    def _run_of(self, event: ExchangeMade) -> LoggedExchange | None:
        """Return the run that a C-STORE continues; other messages between the two end theirs."""
        exchange = event.exchange
        ends = (exchange.calling_ae, exchange.called_ae)
        if exchange.message != "C-STORE":
            self._runs = {key: run for key, run in self._runs.items() if key[:2] != ends}
            return None
        run = self._runs.get(_kind(event))
        if run is not None and len(run.events) < _RUN_LENGTH:
            last = run.event.exchange
            ended = last.at + timedelta(milliseconds=last.milliseconds)
            if exchange.at - ended <= _RUN_PAUSE:
                return run
        return None

    def _arrow(self, key: int, events: list[ExchangeMade]) -> Arrow:
        event = events[-1]
        exchange = event.exchange
        milliseconds = sum(each.exchange.milliseconds for each in events)
        return Arrow(
            key=key,
            from_lane=self._lane(exchange.calling_ae),
            to_lane=self._lane(exchange.called_ae),
            title=exchange_words.title(event, len(events)),
            outcome=exchange_words.outcome(event),
            failed=exchange_words.is_failed(event),
            warning=exchange_words.is_doubtful(event),
            canceled=exchange_words.is_canceled(event),
            transaction=event.transaction,
            at=events[0].exchange.at,
            milliseconds=milliseconds,
        )

    def _lane(self, ae_title: str) -> str:
        """Return the lane of an AE; the first few unknown ones get their own, then one for all."""
        known = self._lane_of(ae_title) or self._foreign.get(ae_title)
        if known:
            return known
        if len(self._foreign) < _FOREIGN_LANES:
            key = f"ae:{ae_title}"
            self._foreign[ae_title] = key
            self.lanes.append(Lane(key, texts.plain(ae_title, 16)))
            return key
        if all(lane.key != _OTHERS for lane in self.lanes):
            self.lanes.append(Lane(_OTHERS, QCoreApplication.translate("Exchange", "Others")))
        return _OTHERS


def _kind(event: ExchangeMade) -> tuple[str, ...]:
    """Return what the C-STOREs of a run have in common, the two AE titles first."""
    exchange = event.exchange
    ends = (exchange.calling_ae, exchange.called_ae)
    return (*ends, exchange.sop_class_uid, str(exchange.status), event.transaction)
