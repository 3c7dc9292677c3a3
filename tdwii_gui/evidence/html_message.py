"""A message in the report: a line, and what is in it when it is opened."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.status import is_failure, is_pending, is_warning, status_words
from tdwii_gui.dicom.uids import is_valid_uid, uid_name
from tdwii_gui.evidence.attribute_lines import attribute_lines
from tdwii_gui.evidence.html_parts import chip
from tdwii_gui.evidence.markup import Markup, element, shortened
from tdwii_gui.evidence.palette import DONE, FAILED, UNSEEN, WARNED
from tdwii_gui.evidence.words import clock, size
from tdwii_gui.recording.exchanges import class_name

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from tdwii_gui.evidence.attribute_lines import AttributeLine
    from tdwii_gui.evidence.markup import Content
    from tdwii_gui.evidence.palette import Mark
    from tdwii_gui.recording.exchanges import RecordedExchange
    from tdwii_gui.recording.message import MessageSummary, RecordedMessage

_LINES: Final = 200
_LINES_OF_OBJECT: Final = 40
"""An object is in a file of its own; here are its first attributes."""

_LONGEST_VALUE: Final = 240
_LONGEST_TITLE: Final = 100


def message_block(
    message: RecordedMessage, exchange: RecordedExchange | None, *, is_open: bool
) -> Markup:
    """Return a message; a link leads to it by ``m`` and its number.

    Parameters
    ----------
    exchange : RecordedExchange or None
        The one that the message requests, where it is known.
    """
    summary = message.summary
    line = element(
        "summary",
        element("span", f"#{summary.number}", class_="muted"),
        element("span", clock(summary.at), class_="muted wide"),
        element("span", f"{summary.sender} → {summary.receiver}", class_="who wide"),
        _title(summary, exchange),
        _status(summary),
    )
    return element(
        "details",
        line,
        element("div", _content(message), class_="content"),
        class_="message",
        id=f"m{summary.number}",
        open=is_open,
    )


def _title(summary: MessageSummary, exchange: RecordedExchange | None) -> Markup:
    if not summary.is_request:
        return element("span", f"{summary.service} response", class_="response")
    about = class_name(summary.sop_class_uid)
    if exchange is not None:
        about = " ".join(filter(None, (exchange.about, exchange.amount)))
    parts: list[Content] = [element("b", summary.service), " ", shortened(about, _LONGEST_TITLE)]
    if exchange is not None and exchange.transaction:
        parts += (" ", element("span", exchange.transaction, class_="chip neutral"))
    return element("span", parts)


def _status(summary: MessageSummary) -> Markup:
    if summary.status is None:
        weight = size(summary.dataset_bytes) if summary.dataset_bytes else ""
        return element("span", weight, class_="muted")
    return chip(status_mark(summary.status), f"{summary.status:04X}")


def status_mark(status: int) -> Mark:
    """Return how a status is shown."""
    if is_failure(status):
        return FAILED
    if is_warning(status):
        return WARNED
    return UNSEEN if is_pending(status) else DONE


def _content(message: RecordedMessage) -> list[Content]:
    summary = message.summary
    parts: list[Content] = []
    if summary.status is not None:
        comment = f" – {summary.comment}" if summary.comment else ""
        parts.append(element("p", f"{summary.status:04X}H {status_words(summary.status)}{comment}"))
    context = " · ".join(
        filter(None, (uid_name(message.context_uid), uid_name(message.transfer_syntax_uid)))
    )
    where = f"Association {summary.association}, packet {summary.frame} of capture.pcap"
    parts.append(element("p", " · ".join(filter(None, (where, context))), class_="muted"))
    parts.append(_lines(message.command, _LINES))
    if message.object_file:
        name = message.object_file
        parts.append(element("p", "Object: ", element("a", name, href=name)))
    if message.note:
        parts.append(element("p", "Data set: ", message.note))
    if message.dataset is not None:
        parts.append(element("h3", "Data set"))
        most = _LINES_OF_OBJECT if message.object_file else _LINES
        parts.append(_lines(message.dataset, most))
    return parts


def _uid_name(line: AttributeLine) -> Markup | None:
    """Return what a UID stands for, where it is a registered one."""
    name = uid_name(line.value) if line.vr == "UI" and is_valid_uid(line.value) else line.value
    return element("span", f"  {name}", class_="muted") if name != line.value else None


def _lines(dataset: Dataset, most: int) -> list[Content]:
    lines = list(islice(attribute_lines(dataset), most + 1))
    rows = [
        element(
            "tr",
            element("td", line.tag, class_="tag"),
            element("td", "\u2007" * 2 * line.depth, line.name, class_="name"),
            element("td", line.vr, class_="tag"),
            element("td", shortened(line.value, _LONGEST_VALUE), _uid_name(line), class_="value"),
        )
        for line in lines[:most]
    ]
    parts: list[Content] = [element("table", element("tbody", rows))]
    if len(lines) > most:
        parts.append(element("p", f"The first {most} attributes; all are in the file.",
                             class_="muted"))  # fmt: skip
    return parts
