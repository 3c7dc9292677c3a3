"""The associations of a recording as rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from tdwii_gui.recording.message import AssociationChange
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.row_model import Column, RowModel
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from tdwii_gui.recording.message import AssociationEvent, MessageSummary

_BEGINNINGS = (AssociationChange.REQUESTED, AssociationChange.ACCEPTED)
_PROBLEMS = (
    AssociationChange.REJECTED,
    AssociationChange.ABORTED,
    AssociationChange.CLOSED,
)


@dataclass(frozen=True, slots=True)
class RecordedAssociation:
    """An association from its request to its end.

    Parameters
    ----------
    change : AssociationChange
        The last that happened to it.
    ended : datetime or None
        None if its end was not recorded.
    by_requestor : bool
        Whether the requestor ended it.
    """

    number: int
    calling_ae: str
    called_ae: str
    begun: datetime
    change: AssociationChange
    ended: datetime | None = None
    by_requestor: bool = True
    detail: str = ""
    messages: int = 0

    @property
    def is_problem(self) -> bool:
        """Whether it ended otherwise than by a release."""
        return self.change in _PROBLEMS


def recorded_associations(
    events: Iterable[AssociationEvent], messages: Iterable[MessageSummary]
) -> list[RecordedAssociation]:
    """Return the associations in the order of their requests."""
    counts = Counter(message.association for message in messages)
    found: dict[int, RecordedAssociation] = {}
    for event in events:
        known = found.get(event.association) or RecordedAssociation(
            event.association,
            event.calling_ae,
            event.called_ae,
            event.at,
            event.change,
            messages=counts[event.association],
        )
        is_end = event.change not in _BEGINNINGS
        found[event.association] = replace(
            known,
            change=event.change,
            ended=event.at if is_end else None,
            by_requestor=event.by_requestor,
            detail=event.detail,
        )
    return list(found.values())


def association_model() -> RowModel[RecordedAssociation]:
    """Return an empty model of recorded associations."""
    columns: list[Column[RecordedAssociation]] = [
        Column(_tr("No."), lambda row: str(row.number), key=lambda row: row.number, right=True),
        Column(_tr("Begun"), lambda row: texts.clock(row.begun), key=lambda row: row.begun),
        Column(_tr("Calling AE"), lambda row: texts.plain(row.calling_ae, 16), share=1),
        Column(_tr("Called AE"), lambda row: texts.plain(row.called_ae, 16), share=1),
        Column(
            _tr("Messages"), lambda row: str(row.messages), key=lambda row: row.messages, right=True
        ),
        Column(_tr("ms"), _took, key=_milliseconds, right=True),
        Column(
            _tr("End"),
            _end,
            tooltip=lambda row: texts.tooltip(_end(row)),
            tone=lambda row: Tone.FAULT if row.is_problem else None,
            share=2,
        ),
    ]
    return RowModel(columns, key=lambda row: row.number)


def _milliseconds(row: RecordedAssociation) -> float:
    return (row.ended - row.begun).total_seconds() * 1000 if row.ended else -1.0


def _took(row: RecordedAssociation) -> str:
    return texts.number(_milliseconds(row) if row.ended else None, 0)


def _end(row: RecordedAssociation) -> str:
    who = row.calling_ae if row.by_requestor else row.called_ae
    words = {
        AssociationChange.REQUESTED: _tr("not answered"),
        AssociationChange.ACCEPTED: _tr("still open"),
        AssociationChange.REJECTED: _tr("✕ rejected by {0}"),
        AssociationChange.RELEASED: _tr("✓ released by {0}"),
        AssociationChange.ABORTED: _tr("✕ aborted by {0}"),
        AssociationChange.CLOSED: _tr("✕ connection lost"),
    }[row.change].format(who)
    return texts.plain(f"{words}: {row.detail}" if row.detail else words)


def _tr(text: str) -> str:
    return QCoreApplication.translate("RecordedAssociations", text)
