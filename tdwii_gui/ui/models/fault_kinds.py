"""What can be broken on purpose: the kinds of faults in words, and the fields of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication

from tdwii_gui.dicom.status import Status, status_words

if TYPE_CHECKING:
    from collections.abc import Sequence

_EVERYBODY: Final = ("creator", "tms", "ost", "tdd", "ppvs")
_MESSAGES: Final = (
    "C-ECHO",
    "C-STORE",
    "C-FIND",
    "C-MOVE",
    "C-GET",
    "N-CREATE",
    "N-SET",
    "N-GET",
    "N-ACTION",
    "N-EVENT-REPORT",
)
_STATUSES: Final = (
    Status.OUT_OF_RESOURCES,
    Status.PROCESSING_FAILURE,
    Status.RESOURCE_LIMITATION,
    Status.DATASET_MISMATCH,
    Status.CANNOT_UNDERSTAND,
    Status.NO_SUCH_SOP_INSTANCE,
    Status.NOT_AUTHORIZED,
    Status.MOVE_DESTINATION_UNKNOWN,
    Status.UPS_FINAL,
    Status.UPS_TRANSACTION_UID_WRONG,
    Status.UPS_ALREADY_IN_PROGRESS,
    Status.UPS_UNKNOWN,
    Status.UPS_RECEIVING_AE_UNKNOWN,
    Status.UPS_NOT_IN_PROGRESS,
    Status.UPS_ACTION_NOT_APPROPRIATE,
    Status.COERCION,
)
_USER, _ACSE, _PRESENTATION = 1, 2, 3


class FieldKind(Enum):
    """How a field is filled in."""

    CHOICE = "choice"
    NUMBER = "number"
    SECONDS = "seconds"
    TEXT = "text"
    PEER = "peer"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class FaultField:
    """A parameter of a fault.

    Parameters
    ----------
    name : str
        As `actors.faults.Fault.from_mapping` knows it.
    title : str
        Translated, with the mnemonic that leads to it.
    initial : str or int or float
        What it begins with.
    choices : Sequence[tuple[str, str]]
        Value and words of each.
    lowest, highest : float
        Of a number.
    zero : str
        What 0 means, in words; empty if it has no meaning of its own.
    hint : str
        An example.
    """

    name: str
    title: str
    kind: FieldKind
    initial: str | int | float = ""
    choices: Sequence[tuple[str, str]] = ()
    lowest: float = 0
    highest: float = 10_000
    zero: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class KindOfFault:
    """A kind of fault.

    Parameters
    ----------
    value : str
        That of `actors.faults.FaultKind`.
    title, explanation : str
        What it is called, and what it does, translated.
    fields : Sequence[FaultField]
        Its parameters.
    roles : Sequence[str]
        The actors at which it makes sense.
    """

    value: str
    title: str
    explanation: str
    fields: Sequence[FaultField]
    roles: Sequence[str] = _EVERYBODY


def kinds_of_faults(role: str) -> list[KindOfFault]:
    """Return what can be broken at the actor of a role."""
    every = (*_of_associations(), *_of_answers(), *_of_data(), *_of_events(), *_of_the_system())
    return [kind for kind in every if role in kind.roles]


def rejection_reasons(source: str) -> list[tuple[str, str]]:
    """Return the reasons that a source of a rejection may give (PS3.8 9.3.4)."""
    return {
        str(_USER): [
            ("1", _tr("1 – no reason given")),
            ("2", _tr("2 – application context not supported")),
            ("3", _tr("3 – calling AE title not recognized")),
            ("7", _tr("7 – called AE title not recognized")),
        ],
        str(_ACSE): [
            ("1", _tr("1 – no reason given")),
            ("2", _tr("2 – protocol version not supported")),
        ],
        str(_PRESENTATION): [
            ("1", _tr("1 – temporary congestion")),
            ("2", _tr("2 – local limit exceeded")),
        ],
    }[source]


def types_of(message: str) -> list[tuple[str, str]]:
    """Return the types that a message may have: none but for actions and events of a UPS."""
    types = {
        "N-ACTION": (
            _tr("1 – change the state"),
            _tr("2 – request to cancel"),
            _tr("3 – subscribe"),
            _tr("4 – unsubscribe"),
            _tr("5 – suspend"),
        ),
        "N-EVENT-REPORT": (
            _tr("1 – state"),
            _tr("2 – cancel requested"),
            _tr("3 – progress"),
            _tr("4 – SCP status change"),
            _tr("5 – assigned"),
        ),
    }.get(message, ())
    numbered = [(str(number), words) for number, words in enumerate(types, start=1)]
    return [("", _tr("Any type")), *numbered] if numbered else []


def _of_associations() -> tuple[KindOfFault, ...]:
    return (
        KindOfFault(
            "refuse-association",
            _tr("Refuse associations"),
            _tr("Answers A-ASSOCIATE-RQ with A-ASSOCIATE-RJ (PS3.8 9.3.4)."),
            (
                FaultField(
                    "result",
                    _tr("&Result"),
                    FieldKind.CHOICE,
                    choices=(("1", _tr("1 – permanent")), ("2", _tr("2 – transient"))),
                ),
                FaultField(
                    "source",
                    _tr("&Source"),
                    FieldKind.CHOICE,
                    choices=(
                        (str(_USER), _tr("1 – service user")),
                        (str(_ACSE), _tr("2 – service provider, ACSE")),
                        (str(_PRESENTATION), _tr("3 – service provider, presentation")),
                    ),
                ),
                FaultField(
                    "reason",
                    _tr("R&eason"),
                    FieldKind.CHOICE,
                    choices=tuple(rejection_reasons(str(_USER))),
                ),
                *_occasions(),
            ),
        ),
        KindOfFault(
            "abort",
            _tr("Abort an association"),
            _tr("Sends A-ABORT in the place of the nth message that fits (PS3.8 9.3.8)."),
            _of_messages(),
        ),
        KindOfFault(
            "delay",
            _tr("Delay messages"),
            _tr("Waits before it sends: tries the time limits of peers."),
            (_seconds(_tr("&Delay"), 3.0), *_of_messages()),
        ),
        KindOfFault(
            "close-port",
            _tr("Close the port"),
            _tr("Stops listening, as a system that is down; connections are refused."),
            (_seconds(_tr("&Closed for"), 10.0, zero=_tr("until it is removed")),),
        ),
    )


def _of_answers() -> tuple[KindOfFault, ...]:
    return (
        KindOfFault(
            "answer-status",
            _tr("Answer with a status"),
            _tr("Answers requests with this status; what is answered by a failure is not done."),
            (
                FaultField(
                    "status",
                    _tr("&Status"),
                    FieldKind.STATUS,
                    choices=tuple(
                        (f"{status:04X}", f"{status:04X}H – {status_words(status)}")
                        for status in _STATUSES
                    ),
                ),
                *_of_messages(),
            ),
        ),
        KindOfFault(
            "out-of-resources",
            _tr("Out of resources"),
            _tr("Answers with the failure that the service has for a lack of resources."),
            _of_messages(),
        ),
        KindOfFault(
            "fail-sub-operation",
            _tr("Fail a sub-operation"),
            _tr("Lets the nth C-STORE of a retrieval fail; the C-MOVE or C-GET goes on."),
            (_message(("C-MOVE", "C-GET")), *_occasions(_tr("&Sub-operation"))),
            roles=("ost",),
        ),
    )


def _of_data() -> tuple[KindOfFault, ...]:
    path = FaultField(
        "path",
        _tr("&Attribute"),
        FieldKind.TEXT,
        hint=_tr("ScheduledStationNameCodeSequence[0].CodeValue"),
    )
    value = FaultField("value", _tr("&Value"), FieldKind.TEXT, hint=_tr("The wrong value"))
    return (
        KindOfFault(
            "alter-attribute",
            _tr("Alter an attribute"),
            _tr("Puts another value into data sets that the actor sends."),
            (path, value, *_of_messages()),
        ),
        KindOfFault(
            "remove-attribute",
            _tr("Remove an attribute"),
            _tr("Leaves an attribute out of data sets that the actor sends."),
            (path, *_of_messages()),
        ),
    )


def _of_events() -> tuple[KindOfFault, ...]:
    fields = (_type("N-EVENT-REPORT"), *_occasions(_tr("At the &nth event")))
    return tuple(
        KindOfFault(value, title, explanation, fields, roles=("tms",))
        for value, title, explanation in (
            (
                "drop-event",
                _tr("Drop an event"),
                _tr("Does not send an event report; the subscriber misses a change."),
            ),
            ("double-event", _tr("Double an event"), _tr("Sends an event report twice.")),
            (
                "reorder-event",
                _tr("Reorder events"),
                _tr("Sends an event report only after the one that follows it."),
            ),
        )
    )


def _of_the_system() -> tuple[KindOfFault, ...]:
    return (
        KindOfFault(
            "restart-warm",
            _tr("Restart warm"),
            _tr("Stops listening and starts again at once, with all that it has."),
            (),
        ),
        KindOfFault(
            "restart-cold",
            _tr("Restart cold"),
            _tr("Restarts the TMS with an empty worklist; subscribers are told."),
            (),
            roles=("tms",),
        ),
        KindOfFault(
            "clock-skew",
            _tr("Clock skew"),
            _tr("Has the actor's clock go before or after the others'."),
            (_seconds(_tr("&Ahead by"), 300.0, lowest=-86_400),),
        ),
    )


def _of_messages() -> tuple[FaultField, ...]:
    """Return the fields that choose messages, and those that choose occasions."""
    return (_message(), _type(""), *_occasions())


def _occasions(title: str = "") -> tuple[FaultField, ...]:
    return (
        FaultField("peer", _tr("&Peer"), FieldKind.PEER, hint=_tr("Any AE title")),
        FaultField("nth", title or _tr("At the &nth"), FieldKind.NUMBER, 1, lowest=1),
        FaultField("times", _tr("&How often"), FieldKind.NUMBER, 1, zero=_tr("always")),
    )


def _message(names: Sequence[str] = _MESSAGES) -> FaultField:
    choices = (("", _tr("Any message")), *((name, name) for name in names))
    return FaultField("message", _tr("&Message"), FieldKind.CHOICE, choices=choices)


def _type(message: str) -> FaultField:
    return FaultField("type_id", _tr("&Type"), FieldKind.CHOICE, choices=types_of(message))


def _seconds(title: str, initial: float, *, lowest: float = 0, zero: str = "") -> FaultField:
    return FaultField(
        "seconds", title, FieldKind.SECONDS, initial, lowest=lowest, highest=86_400, zero=zero
    )


def _tr(text: str) -> str:
    return QCoreApplication.translate("Faults", text)
