"""An exchange in words: what it is about, what came of it, and what its status means."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.dicom.iod.message_kind import (
    PERFORMED,
    PROGRESS,
    UPS_CLASSES,
    action_type,
    event_type,
)
from tdwii_gui.dicom.iod.ups import read_progress
from tdwii_gui.dicom.status import Status, is_failure, is_warning, status_words
from tdwii_gui.ui import texts
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from tdwii_gui.actors.events import ExchangeMade

_NUMBERS: Final = re.compile(r"\d+")
_READABLE: Final = 50
_STORED: Final = re.compile(r"\s*\bStorage$")

_MEANINGS: Final = {
    0x0000: QT_TRANSLATE_NOOP("Exchange", "The request was carried out."),
    0x0105: QT_TRANSLATE_NOOP(
        "Exchange", "The data set holds an attribute that this message must not hold."
    ),
    0x0106: QT_TRANSLATE_NOOP("Exchange", "An attribute has a value that is not allowed here."),
    0x0110: QT_TRANSLATE_NOOP("Exchange", "The peer met an error of its own; its log tells more."),
    0x0111: QT_TRANSLATE_NOOP(
        "Exchange", "There is an instance with this SOP Instance UID already."
    ),
    0x0112: QT_TRANSLATE_NOOP("Exchange", "The peer does not know this SOP Instance UID."),
    0x0117: QT_TRANSLATE_NOOP("Exchange", "The instance is not what the message takes it for."),
    0x0120: QT_TRANSLATE_NOOP(
        "Exchange", "The data set lacks an attribute that the standard requires."
    ),
    0x0121: QT_TRANSLATE_NOOP("Exchange", "A type 1 attribute is there, but without a value."),
    0x0122: QT_TRANSLATE_NOOP(
        "Exchange", "The peer does not offer this service for this SOP class."
    ),
    0xA700: QT_TRANSLATE_NOOP(
        "Exchange", "The peer has no room or memory left; nothing was stored."
    ),
    0xA702: QT_TRANSLATE_NOOP("Exchange", "No object could be sent to the move destination."),
    0xA801: QT_TRANSLATE_NOOP(
        "Exchange", "The archive does not know the AE title that the objects should go to."
    ),
    0xA900: QT_TRANSLATE_NOOP(
        "Exchange", "The peer refuses the data set: it does not fit its SOP class."
    ),
    0xB000: QT_TRANSLATE_NOOP("Exchange", "Some objects could not be sent; the others were."),
    0xB300: QT_TRANSLATE_NOOP("Exchange", "The TMS has accepted the step, with values of its own."),
    0xB304: QT_TRANSLATE_NOOP(
        "Exchange", "Nothing was changed: the step had been canceled before."
    ),
    0xB306: QT_TRANSLATE_NOOP(
        "Exchange", "Nothing was changed: the step had been completed before."
    ),
    0xC300: QT_TRANSLATE_NOOP(
        "Exchange", "A step that is COMPLETED or CANCELED cannot be changed any more."
    ),
    0xC301: QT_TRANSLATE_NOOP(
        "Exchange", "Only who knows the step's Transaction UID may change it: its owner."
    ),
    0xC302: QT_TRANSLATE_NOOP("Exchange", "Another device was faster and owns the step."),
    0xC304: QT_TRANSLATE_NOOP(
        "Exchange", "What the final state requires was not set before; see RO-64."
    ),
    0xC307: QT_TRANSLATE_NOOP("Exchange", "The TMS has no step with this SOP Instance UID."),
    0xC308: QT_TRANSLATE_NOOP("Exchange", "Enter the Receiving AE in the TMS, with host and port."),
    0xC309: QT_TRANSLATE_NOOP("Exchange", "A new step must be SCHEDULED."),
    0xC310: QT_TRANSLATE_NOOP(
        "Exchange", "The step must be claimed (IN PROGRESS) first; see RO-60."
    ),
    0xC311: QT_TRANSLATE_NOOP("Exchange", "The step is COMPLETED; it cannot be canceled any more."),
    0xC312: QT_TRANSLATE_NOOP(
        "Exchange", "Nobody who performs the step listens for the request to cancel."
    ),
    0xC313: QT_TRANSLATE_NOOP("Exchange", "The performer does not want to cancel."),
    0xFE00: QT_TRANSLATE_NOOP("Exchange", "Who asked has ended the request early (C-CANCEL)."),
}
"""What to say of a status; translated when it is said."""


def class_name(sop_class_uid: str) -> str:
    """Return a short name of a SOP class, e.g. ``"RT Plan"``, ``"UPS"``, ``"RTBDI"``."""
    if sop_class_uid in UPS_CLASSES:
        return "UPS"
    if sop_class_uid == uids.RT_BEAMS_DELIVERY_INSTRUCTION:
        return "RTBDI"
    return texts.plain(_STORED.sub("", uids.uid_name(sop_class_uid)), 60)


def title(event: ExchangeMade, count: int = 1) -> str:
    """Return the message and what it is about, e.g. ``"C-STORE ×30 CT Image"``."""
    message = texts.plain(event.exchange.message, 20)
    times = f" ×{count}" if count > 1 else ""
    return f"{message}{times} {_about(event)}".strip()


def _about(event: ExchangeMade) -> str:
    exchange = event.exchange
    is_ups = exchange.sop_class_uid in UPS_CLASSES
    match exchange.message:
        case "C-ECHO" | "A-ASSOCIATE":
            return ""
        case "C-FIND" if is_ups:
            return QCoreApplication.translate("Exchange", "worklist")
        case "C-FIND" | "C-MOVE" | "C-GET":
            return _level(event)
        case "N-ACTION" if is_ups:
            return _action(event)
        case "N-EVENT-REPORT" if is_ups:
            return _event(event)
        case "N-SET" if is_ups:
            return _modification(event)
    return class_name(exchange.sop_class_uid)


def _level(event: ExchangeMade) -> str:
    inputs = {
        "RO-59": QCoreApplication.translate("Exchange", "static inputs"),
        "RO-61": QCoreApplication.translate("Exchange", "dynamic inputs"),
    }
    if event.transaction in inputs:
        return inputs[event.transaction]
    request = event.exchange.request
    level = tolerant.text(request, "QueryRetrieveLevel") if request is not None else ""
    return (
        QCoreApplication.translate("Exchange", "{0} level").format(texts.plain(level.lower(), 20))
        if level
        else ""
    )


def _action(event: ExchangeMade) -> str:
    action = action_type(event.exchange)
    request = event.exchange.request
    state = tolerant.text(request, "ProcedureStepState") if request is not None else ""
    if state:
        return texts.plain(state, 30)
    return action.title if action else "UPS"


def _event(event: ExchangeMade) -> str:
    kind = event_type(event.exchange)
    if kind is None:
        return "UPS"
    request = event.exchange.request
    state = tolerant.text(request, "ProcedureStepState") if request is not None else ""
    return f"{kind.title} · {texts.plain(state, 30)}" if state else kind.title


def _modification(event: ExchangeMade) -> str:
    request = event.exchange.request
    if request is None:
        return "UPS"
    if event.transaction == "RO-64" or PERFORMED in request:
        return QCoreApplication.translate("Exchange", "final update")
    if PROGRESS not in request:
        return "UPS"
    item = tolerant.first_item(request, PROGRESS)
    # A peer may have sent thousands of parameters; titles are made on the GUI thread.
    if len(tolerant.items(item, "ProcedureStepProgressParametersSequence")) > _READABLE:
        return QCoreApplication.translate("Exchange", "progress")
    progress = read_progress(request)
    parts = []
    if progress.percent is not None:
        parts.append(
            QCoreApplication.translate("Exchange", "progress {0} %").format(
                texts.number(progress.percent, 0)
            )
        )
    if progress.beam_number is not None:
        parts.append(
            QCoreApplication.translate("Exchange", "beam {0}").format(progress.beam_number)
        )
    return ", ".join(parts) or QCoreApplication.translate("Exchange", "progress")


def outcome(event: ExchangeMade) -> str:
    """Return what came of an exchange, e.g. ``"Success"``, ``"3 matches"``."""
    exchange = event.exchange
    if exchange.status is None:
        comment = texts.plain(exchange.comment, 120)
        return comment or no_answer()
    if exchange.status == Status.SUCCESS:
        return _counted(event) or status_title(exchange.status)
    counted = _counted(event)
    words = f"{status_title(exchange.status)} ({exchange.status:04X})"
    if exchange.status == Status.MOVE_DESTINATION_UNKNOWN:
        # Which AE to enter where, if it is entered here.
        counted = texts.plain(exchange.detail, 200)
    return f"{words}, {counted}" if counted else words


def no_answer() -> str:
    """Return the words for a request without an answer."""
    return QCoreApplication.translate("Exchange", "No answer")


def _counted(event: ExchangeMade) -> str:
    """Return how many matches or objects there were, which the status does not say."""
    if event.exchange.status == Status.MOVE_DESTINATION_UNKNOWN:
        return ""
    numbers = _NUMBERS.findall(event.exchange.detail)
    match event.exchange.message, numbers:
        case "C-FIND", [count]:
            one = count == "1"
            return (
                QCoreApplication.translate("Exchange", "{0} match")
                if one
                else QCoreApplication.translate("Exchange", "{0} matches")
            ).format(count)
        case "C-MOVE" | "C-GET", [done, total]:
            words = (
                QCoreApplication.translate("Exchange", "{0} of {1} object")
                if total == "1"
                else QCoreApplication.translate("Exchange", "{0} of {1} objects")
            )
            return words.format(done, total)
    return ""


def status_title(status: int) -> str:
    """Return a status in words with a capital letter."""
    words = QCoreApplication.translate("Exchange", status_words(status))
    return words[:1].upper() + words[1:]


def status_chip(event: ExchangeMade) -> tuple[Tone, str, str]:
    """Return tone, glyph and words for the class of an exchange's status, with its code."""
    status = event.exchange.status
    if status is None:
        return Tone.FAULT, "✕", no_answer()
    if is_failed(event):
        shown = Tone.FAULT, "✕", QCoreApplication.translate("Exchange", "Failure ({0})")
    elif is_doubtful(event):
        shown = Tone.PROGRESS, "⚠", QCoreApplication.translate("Exchange", "Warning ({0})")
    elif is_canceled(event):
        shown = Tone.NEUTRAL, "⊘", QCoreApplication.translate("Exchange", "Canceled ({0})")
    else:
        shown = Tone.DONE, "✓", QCoreApplication.translate("Exchange", "Success ({0})")
    tone, glyph, words = shown
    return tone, glyph, words.format(f"{status:04X}")


def sentences(status: int | None) -> str:
    """Return a status in words, and what it means."""
    if status is None:
        return meaning(status)
    return " ".join(filter(None, (f"{status_title(status)}.", meaning(status))))


def is_canceled(event: ExchangeMade) -> bool:
    """Return whether who asked has canceled the request."""
    return event.exchange.status == Status.CANCELLED


def is_failed(event: ExchangeMade) -> bool:
    """Return whether an exchange failed or had no answer."""
    return event.exchange.status is None or is_failure(event.exchange.status)


def is_doubtful(event: ExchangeMade) -> bool:
    """Return whether the answer is a warning."""
    return event.exchange.status is not None and is_warning(event.exchange.status)


def meaning(status: int | None) -> str:
    """Return in a sentence what a status means and what to look at; empty where nothing helps."""
    if status is None:
        return QCoreApplication.translate(
            "Exchange",
            "There was no answer: the association was refused, rejected, lost, or timed out.",
        )
    sentence = _MEANINGS.get(status)
    return QCoreApplication.translate("Exchange", str(sentence)) if sentence else ""
