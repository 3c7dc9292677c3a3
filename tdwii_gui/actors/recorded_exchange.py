"""Recorded messages as the events of actors that they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdwii_gui.actors.events import ExchangeMade
from tdwii_gui.dicom.net.exchange import Exchange
from tdwii_gui.recording.exchanges import type_title

if TYPE_CHECKING:
    from tdwii_gui.recording.message import RecordedMessage


def exchange_made(
    request: RecordedMessage | None, response: RecordedMessage | None, transaction: str
) -> ExchangeMade:
    """Return a request and one of its responses as an exchange, told by who asked.

    Parameters
    ----------
    request, response : RecordedMessage or None
        None for one that was not recorded; one of them is there.

    Raises
    ------
    ValueError
        If neither is there.
    """
    known = request or response
    if known is None:
        raise ValueError("an exchange has a request or a response")
    summary = known.summary
    ends = (summary.sender, summary.receiver)
    calling, called = ends if request is not None else reversed(ends)
    milliseconds = 0.0
    if request is not None and response is not None:
        milliseconds = (response.summary.at - request.summary.at).total_seconds() * 1000
    exchange = Exchange(
        calling_ae=calling,
        called_ae=called,
        message=summary.service,
        sop_class_uid=summary.sop_class_uid,
        sop_instance_uid=summary.sop_instance_uid,
        status=response.summary.status if response is not None else None,
        comment=response.summary.comment if response is not None else "",
        milliseconds=milliseconds,
        detail=type_title(request) if request is not None else "",
        role="scu",
        request=request.dataset if request is not None else None,
        response=response.dataset if response is not None else None,
        at=summary.at,
    )
    return ExchangeMade(summary.sender, exchange, transaction)
