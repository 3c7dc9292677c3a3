"""Who is subscribed to the events of a TMS, and how the last delivery to each went."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from PySide6.QtCore import QCoreApplication

from tdwii_gui.dicom.status import is_failure, status_words
from tdwii_gui.dicom.uids import UPS_FILTERED_GLOBAL_SUBSCRIPTION, UPS_GLOBAL_SUBSCRIPTION
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.outbox_rows import reason_words
from tdwii_gui.ui.models.row_model import Column, RowModel
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from tdwii_gui.actors.tms import SubscriptionInfo

_SINGLE_ROWS: Final = 20
_ALL: Final = frozenset({"", UPS_GLOBAL_SUBSCRIPTION, UPS_FILTERED_GLOBAL_SUBSCRIPTION})


class Delivery(Protocol):
    """The last attempt to deliver an event to a receiver, as an `EventSender` tells it."""

    @property
    def at(self) -> datetime:
        """When it was."""

    @property
    def status(self) -> int | None:
        """The status of the answer; None if there was none."""

    @property
    def reason(self) -> str:
        """Why it was no success."""

    @property
    def delivered(self) -> int:
        """How many events the receiver has answered."""


@dataclass(frozen=True, slots=True)
class SubscriptionRow:
    """A subscription; single steps of one receiver are counted in one row when they are many.

    Parameters
    ----------
    sop_instance_uid : str
        The step; empty for all or several.
    scope : str
        What it is about, in words; a filter with its keys.
    delivery : str
        The last event that was sent to the receiver, in words.
    """

    receiver: str
    sop_instance_uid: str
    scope: str
    deletion_lock: bool
    delivery: str = ""
    tone: Tone | None = None


def subscription_rows(
    infos: Iterable[SubscriptionInfo],
    step_name: Callable[[str], str],
    deliveries: Mapping[str, Delivery],
) -> list[SubscriptionRow]:
    """Return the rows of all subscriptions.

    Parameters
    ----------
    infos : Iterable of SubscriptionInfo
        What the TMS has.
    step_name : Callable
        Tells the patient of a step.
    deliveries : Mapping
        The last attempt for each receiver.
    """
    by_receiver: dict[str, list[SubscriptionInfo]] = defaultdict(list)
    for info in infos:
        by_receiver[info.receiving_ae].append(info)
    rows = []
    for receiver in sorted(by_receiver):
        for scope, uid, lock in _scopes(by_receiver[receiver], step_name):
            delivery, tone = delivery_words(receiver, deliveries.get(receiver))
            rows.append(SubscriptionRow(receiver, uid, scope, lock, delivery, tone))
    return rows


def delivery_words(receiver: str, last: Delivery | None) -> tuple[str, Tone | None]:
    """Return in words how the last delivery went, and its tone."""
    if last is None:
        return "", None
    at = texts.clock(last.at).partition(".")[0]
    if last.reason or last.status is None:
        return f"✕ {at} {reason_words(receiver, last.reason) or _tr('no answer')}", Tone.FAULT
    if is_failure(last.status):
        return f"✕ {at} {status_words(last.status)}", Tone.FAULT
    number = texts.counted(last.delivered, _tr("{0} event"), _tr("{0} events"))
    return f"✓ {at} {status_words(last.status)} · {number}", Tone.DONE


def subscription_model() -> RowModel[SubscriptionRow]:
    """Return an empty model of subscriptions."""
    columns: list[Column[SubscriptionRow]] = [
        Column(_tr("Receiver"), lambda row: texts.plain(row.receiver, 18)),
        Column(
            _tr("Scope"),
            lambda row: row.scope,
            tooltip=lambda row: texts.tooltip(row.sop_instance_uid or row.scope),
            share=2,
        ),
        Column(
            _tr("Lock"),
            lambda row: _tr("Yes") if row.deletion_lock else _tr("No"),
            tooltip=lambda row: texts.tooltip(
                _tr("Final steps stay until it unsubscribes") if row.deletion_lock else ""
            ),
        ),
        Column(
            _tr("Last delivery"),
            lambda row: row.delivery or _tr("none yet"),
            tooltip=lambda row: texts.tooltip(row.delivery),
            tone=lambda row: row.tone,
            share=2,
        ),
    ]
    return RowModel(columns, key=lambda row: (row.receiver, row.sop_instance_uid, row.scope))


def _scopes(
    infos: Sequence[SubscriptionInfo], step_name: Callable[[str], str]
) -> list[tuple[str, str, bool]]:
    """Return scope in words, step and lock of each row of a receiver."""
    for info in infos:
        if info.sop_instance_uid in _ALL:
            # The TMS also notes each step for a global subscriber; these rows would say nothing.
            words = _tr("All steps (global)")
            if info.filter:
                words = _tr("Filtered: {0}").format(texts.plain(info.filter, 200))
            return [(words, "", info.deletion_lock)]
    if len(infos) > _SINGLE_ROWS:
        locked = any(info.deletion_lock for info in infos)
        return [(_tr("{0} single steps").format(len(infos)), "", locked)]
    return [
        (
            _tr("One step: {0}").format(texts.plain(step_name(info.sop_instance_uid), 60)),
            info.sop_instance_uid,
            info.deletion_lock,
        )
        for info in infos
    ]


def _tr(text: str) -> str:
    return QCoreApplication.translate("Subscriptions", text)
