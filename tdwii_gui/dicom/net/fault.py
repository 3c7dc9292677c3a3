"""What can be broken on purpose: the kinds of faults, and one fault with its parameters."""

from __future__ import annotations

import re
import shlex
from contextlib import suppress
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Self

from tdwii_gui.config.ae_directory import check_ae_title
from tdwii_gui.dicom.errors import ConfigError
from tdwii_gui.dicom.iod.attribute_change import AttributeChange
from tdwii_gui.dicom.net.rejection import rejection
from tdwii_gui.dicom.status import status_words

if TYPE_CHECKING:
    from collections.abc import Mapping

MESSAGES: Final = (
    "C-ECHO",
    "C-STORE",
    "C-FIND",
    "C-MOVE",
    "C-GET",
    "N-EVENT-REPORT",
    "N-GET",
    "N-SET",
    "N-ACTION",
    "N-CREATE",
    "N-DELETE",
)
"""The services by which a fault may choose messages."""

_NUMBERS: Final = {
    "type_id": range(0x10000),
    "nth": range(1, 1_000_000),
    "times": range(1_000_000),
    "result": range(1, 3),
    "source": range(1, 4),
    "reason": range(1, 256),
}
_MOST_SECONDS: Final = 86_400.0
_MOST_SKEW_SECONDS: Final = 100 * 365 * 86_400.0
_STATUS: Final = re.compile(r"(?:0[xX])?([0-9A-Fa-f]{4})[hH]?")


class FaultKind(StrEnum):
    """What a fault does."""

    REFUSE_ASSOCIATION = "refuse-association"
    ABORT = "abort"
    DELAY = "delay"
    ANSWER_STATUS = "answer-status"
    OUT_OF_RESOURCES = "out-of-resources"
    ALTER_ATTRIBUTE = "alter-attribute"
    REMOVE_ATTRIBUTE = "remove-attribute"
    DROP_EVENT = "drop-event"
    DOUBLE_EVENT = "double-event"
    REORDER_EVENT = "reorder-event"
    FAIL_SUB_OPERATION = "fail-sub-operation"
    CLOSE_PORT = "close-port"
    RESTART_WARM = "restart-warm"
    RESTART_COLD = "restart-cold"
    CLOCK_SKEW = "clock-skew"

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the parameters that a fault of the kind has."""
        return _PARAMETERS[self]

    @property
    def is_lasting(self) -> bool:
        """Whether it is no matter of occasions: it lasts until it is removed."""
        return self in (FaultKind.CLOCK_SKEW, FaultKind.CLOSE_PORT)


_OCCASION: Final = ("peer", "nth", "times")
_MESSAGE: Final = ("message", "type_id", *_OCCASION)
_PARAMETERS: Final[Mapping[FaultKind, tuple[str, ...]]] = {
    FaultKind.REFUSE_ASSOCIATION: ("result", "source", "reason", *_OCCASION),
    FaultKind.ABORT: _MESSAGE,
    FaultKind.DELAY: ("seconds", *_MESSAGE),
    FaultKind.ANSWER_STATUS: ("status", *_MESSAGE),
    FaultKind.OUT_OF_RESOURCES: _MESSAGE,
    FaultKind.ALTER_ATTRIBUTE: ("path", "value", *_MESSAGE),
    FaultKind.REMOVE_ATTRIBUTE: ("path", *_MESSAGE),
    FaultKind.DROP_EVENT: ("type_id", *_OCCASION),
    FaultKind.DOUBLE_EVENT: ("type_id", *_OCCASION),
    FaultKind.REORDER_EVENT: ("type_id", *_OCCASION),
    FaultKind.FAIL_SUB_OPERATION: ("message", *_OCCASION),
    FaultKind.CLOSE_PORT: ("seconds",),
    FaultKind.RESTART_WARM: (),
    FaultKind.RESTART_COLD: (),
    FaultKind.CLOCK_SKEW: ("seconds",),
}
_RETRIEVALS: Final = ("C-MOVE", "C-GET")
_REQUIRED: Final = {
    FaultKind.DELAY: "seconds",
    FaultKind.CLOCK_SKEW: "seconds",
    FaultKind.ANSWER_STATUS: "status",
    FaultKind.ALTER_ATTRIBUTE: "path",
    FaultKind.REMOVE_ATTRIBUTE: "path",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is to go wrong at an actor, and when.

    Each message, event, association or sub-operation that the fault is about is an occasion; it
    strikes at the `nth` one since it was set, and `times` in a row.

    Parameters
    ----------
    message : str
        The service, e.g. ``"C-STORE"``; empty for any.
    type_id : int
        The Action or Event Type ID of the message; 0 for any.
    peer : str
        The AE title at the other end; empty for any.
    times : int
        0 for always.
    status : int or None
        What to answer. A request that is answered by a failure is not carried out.
    path, value : str
        The attribute as in `AttributePath`, and what it is to be; values apart by backslash.
    seconds : float
        The delay; how long the port is closed, 0 until the fault is removed; how much the clock is
        fast, or slow if negative.
    result, source, reason : int
        Of the A-ASSOCIATE-RJ (PS3.8 9.3.4).

    Raises
    ------
    ConfigError
        If a parameter is missing or cannot be.
    """

    kind: FaultKind
    message: str = ""
    type_id: int = 0
    peer: str = ""
    nth: int = 1
    times: int = 1
    status: int | None = None
    path: str = ""
    value: str = ""
    seconds: float = 0.0
    result: int = 1
    source: int = 1
    reason: int = 1

    def __post_init__(self) -> None:
        for name, allowed in _NUMBERS.items():
            if getattr(self, name) not in allowed:
                self._refuse(name, f"is not from {allowed[0]} to {allowed[-1]}")
        messages = _RETRIEVALS if self.kind is FaultKind.FAIL_SUB_OPERATION else MESSAGES
        if self.message and self.message not in messages:
            self._refuse("message", f"is none of {', '.join(messages)}")
        if self.peer:
            check_ae_title(self.peer)
        required = _REQUIRED.get(self.kind)
        if required is not None and getattr(self, required) in ("", None, 0):
            raise ConfigError(f"{self.kind}: {required} is missing")
        if self.status is not None and not 0 <= self.status <= 0xFFFF:
            self._refuse("status", "is no status")
        is_skew = self.kind is FaultKind.CLOCK_SKEW
        lowest, highest = (
            (-_MOST_SKEW_SECONDS, _MOST_SKEW_SECONDS) if is_skew else (0, _MOST_SECONDS)
        )
        if not lowest <= self.seconds <= highest:
            self._refuse("seconds", f"is not from {lowest:.0f} to {highest:.0f}")
        if self.path:
            _ = self.change  # says what is wrong with it

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any]) -> Self:
        """Return the fault that a mapping says: ``kind`` and its parameters, texts or numbers.

        Raises
        ------
        ConfigError
            If there is no such kind, or it has no such parameter or value.
        """
        said = dict(given)
        kind = _kind(said.pop("kind", ""))
        for name in said:
            if name not in kind.parameters:
                known = ", ".join(kind.parameters) or "no parameters"
                raise ConfigError(f"{kind} has no {name!r}; it has {known}")
        return cls(kind, **{name: _value(kind, name, value) for name, value in said.items()})

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the fault of a line such as ``answer-status message=C-STORE status=A700 nth=2``.

        Raises
        ------
        ConfigError
            As `from_mapping`, or if it is no such line.
        """
        try:
            kind, *rest = shlex.split(text) or [""]
        except ValueError as error:
            raise ConfigError(f"fault {text!r}: {str(error).lower()}") from error
        said = {"kind": kind}
        for part in rest:
            name, sign, value = part.partition("=")
            if not sign or name in said:
                raise ConfigError(f"fault {text!r}: {part!r} is no new parameter=value")
            said[name] = value
        return cls.from_mapping(said)

    @property
    def change(self) -> AttributeChange:
        """What it does to a data set."""
        is_removal = self.kind is FaultKind.REMOVE_ATTRIBUTE
        return AttributeChange.parse(self.path, None if is_removal else self.value)

    def fits(self, message: str, peer: str, type_id: int) -> bool:
        """Return whether it is about such a message; whether it strikes is another question."""
        return (
            self.message in ("", message)
            and self.peer in ("", peer)
            and self.type_id in (0, type_id)
        )

    def describe(self) -> str:
        """Return what it does in words, e.g. ``"answers A700H (out of resources), ..."``."""
        return ", ".join(part for part in (self._words(), *self._conditions()) if part)

    def __str__(self) -> str:
        """Return it as `from_text` reads it."""
        parts = [str(self.kind)]
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in self.kind.parameters and value != field.default:
                text = f"{value:04X}" if field.name == "status" else _plain(value)
                parts.append(f"{field.name}={shlex.quote(text)}")
        return " ".join(parts)

    def _refuse(self, name: str, why: str) -> None:
        raise ConfigError(f"{self.kind}: {name} {getattr(self, name)!r} {why}")

    def _words(self) -> str:
        match self.kind:
            case FaultKind.REFUSE_ASSOCIATION:
                return f"rejects associations {rejection(self.result, self.source, self.reason)}"
            case FaultKind.ABORT:
                return "aborts instead of sending a message"
            case FaultKind.DELAY:
                return f"sends {_plain(self.seconds)} s late"
            case FaultKind.ANSWER_STATUS:
                status = self.status or 0
                return f"answers {status:04X}H ({status_words(status)})"
            case FaultKind.OUT_OF_RESOURCES:
                return "has no resources to answer"
            case FaultKind.ALTER_ATTRIBUTE:
                return f"sends {self.path} = {self.value!r}"
            case FaultKind.REMOVE_ATTRIBUTE:
                return f"sends no {self.path}"
            case FaultKind.CLOSE_PORT:
                time = f"for {_plain(self.seconds)} s" if self.seconds else "until it is removed"
                return f"closes the port {time}"
            case FaultKind.CLOCK_SKEW:
                where = "fast" if self.seconds > 0 else "slow"
                return f"its clock is {_plain(abs(self.seconds))} s {where}"
            case _:
                return _PLAIN_WORDS[self.kind]

    def _conditions(self) -> list[str]:
        """Return in words which occasions it is about, and at which of them it strikes."""
        known = self.kind.parameters
        of = f"{self.message or 'any message'}" if "message" in known else ""
        if self.type_id:
            of = f"{of} type {self.type_id}".strip()
        conditions = [of, f"peer {self.peer}" if self.peer else ""]
        if "nth" in known:
            nth = f"number {self.nth}"
            if self.times == 0:
                nth = "always" if self.nth == 1 else f"from {nth} on"
            elif self.times > 1:
                nth = f"{nth} to {self.nth + self.times - 1}"
            conditions.append(nth)
        return conditions


_PLAIN_WORDS: Final = {
    FaultKind.DROP_EVENT: "loses an event report",
    FaultKind.DOUBLE_EVENT: "sends an event report twice",
    FaultKind.REORDER_EVENT: "sends an event report after the next one",
    FaultKind.FAIL_SUB_OPERATION: "fails in a sub-operation",
    FaultKind.RESTART_WARM: "restarts and keeps what it has",
    FaultKind.RESTART_COLD: "restarts with an empty worklist",
}


def _kind(name: object) -> FaultKind:
    try:
        return FaultKind(str(name))
    except ValueError as error:
        raise ConfigError(f"{name!r} is no fault; these are: {', '.join(FaultKind)}") from error


def _value(kind: FaultKind, name: str, value: object) -> Any:
    """Return a parameter as a fault keeps it."""
    if name == "status":
        return _status(kind, value)
    if name in _NUMBERS:
        return _number(kind, name, value, int)
    if name == "seconds":
        return _number(kind, name, value, float)
    if isinstance(value, str):
        return value
    if name == "value" and isinstance(value, int | float):
        return _plain(value)
    raise ConfigError(f"{kind}: {name} {value!r} is no text")


def _number(kind: FaultKind, name: str, value: object, wanted: type[int] | type[float]) -> float:
    if isinstance(value, (str, int, wanted)) and not isinstance(value, bool):
        with suppress(ValueError):
            return wanted(value)
    raise ConfigError(f"{kind}: {name} {value!r} is no number")


def _status(kind: FaultKind, value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = _STATUS.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ConfigError(f"{kind}: status {value!r} is no status such as A700")
    return int(found[1], 16)


def _plain(value: object) -> str:
    return f"{value:.15g}" if isinstance(value, float) else str(value)
