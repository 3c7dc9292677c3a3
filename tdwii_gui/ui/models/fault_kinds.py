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
                _peer(),
                _nth(_tr("&From the")),
                _times(),
            ),
        ),
        KindOfFault(
            "abort",
            _tr("Abort after messages"),
            _tr("Sends A-ABORT when the nth message that fits has come (PS3.8 9.3.8)."),
            (_message(), _peer(), _nth(_tr("A&fter message")), _times()),
        ),
        KindOfFault(
            "delay",
            _tr("Delay answers"),
            _tr("Waits before it answers. Time limits of peers can be tried with it."),
            (_seconds(_tr("&Delay"), 3.0), _message(), _peer(), _nth(), _times()),
        ),
        KindOfFault(
            "close-port",
            _tr("Close the port"),
            _tr("Stops listening for a while, as a system that is down: connections are refused."),
            (_seconds(_tr("&Closed for"), 10.0),),
        ),
    )


def _of_answers() -> tuple[KindOfFault, ...]:
    return (
        KindOfFault(
            "answer-status",
            _tr("Answer with a status"),
            _tr("Answers requests with this status, and does not do what they ask for."),
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
                _message(),
                _peer(),
                _nth(),
                _times(),
            ),
        ),
        KindOfFault(
            "out-of-resources",
            _tr("Out of resources"),
            _tr("Answers with the failure for lack of resources that the service knows."),
            (_message(), _peer(), _nth(), _times()),
        ),
        KindOfFault(
            "fail-sub-operation",
            _tr("Fail a sub-operation"),
            _tr("Lets the kth C-STORE of a retrieval fail; the C-MOVE or C-GET goes on."),
            (_nth(_tr("&Sub-operation")), _times(), _peer()),
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
    filters = (_message(), _peer(), _nth(), _times())
    return (
        KindOfFault(
            "alter-attribute",
            _tr("Alter an attribute"),
            _tr("Puts another value into data sets that the actor sends."),
            (path, value, *filters),
        ),
        KindOfFault(
            "remove-attribute",
            _tr("Remove an attribute"),
            _tr("Leaves an attribute out of data sets that the actor sends."),
            (path, *filters),
        ),
    )


def _of_events() -> tuple[KindOfFault, ...]:
    fields = (_nth(_tr("The &nth event")), _peer(), _times())
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
            _tr("Restarts the worklist manager: steps and subscriptions stay (PS3.4 CC.2.4.3)."),
            (),
            roles=("tms",),
        ),
        KindOfFault(
            "restart-cold",
            _tr("Restart cold"),
            _tr("Restarts the worklist manager: steps and subscriptions are lost (PS3.4 CC.2.4.3)."),
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


def _message() -> FaultField:
    choices = (("", _tr("Any message")), *((name, name) for name in _MESSAGES))
    return FaultField("message", _tr("&Message"), FieldKind.CHOICE, choices=choices)


def _peer() -> FaultField:
    return FaultField("peer", _tr("&Peer"), FieldKind.PEER, hint=_tr("Any AE title"))


def _nth(title: str = "") -> FaultField:
    return FaultField("nth", title or _tr("From the &nth"), FieldKind.NUMBER, 1, lowest=1)


def _times() -> FaultField:
    return FaultField("times", _tr("&How often"), FieldKind.NUMBER, 1, zero=_tr("always"))


def _seconds(title: str, initial: float, *, lowest: float = 0.1) -> FaultField:
    return FaultField("seconds", title, FieldKind.SECONDS, initial, lowest=lowest, highest=86_400)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Faults", text)
