"""What the launcher's tiles say of each actor, put together from its events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication

from tdwii_gui.actors.events import (
    DeliveryProgressed,
    ExchangeMade,
    InputsRetrieved,
    InstanceReceived,
    SessionChanged,
    StepChanged,
)
from tdwii_gui.ui import texts
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from tdwii_gui.actors.events import ActorEvent

_SUCCESS: Final = 0
_BEAM_STATES: Final = frozenset({"BEAM_ON", "PAUSED"})


def _tr(text: str) -> str:
    return QCoreApplication.translate("LiveLines", text)


def _count(number: int, one: str, many: str) -> str:
    return one if number == 1 else many.format(number)


class LiveLines:
    """Keeps what matters of each actor and says it in a line."""

    def __init__(self) -> None:
        self._steps: int | None = None
        self._subscribers: int | None = None
        self._objects: int | None = None
        self._scheduled = 0
        self._beam = ""
        self._session = ""
        self._inputs = ""
        self._subscribed = False

    def hear(self, role: str, event: ActorEvent) -> bool:
        """Take an event of the actor of a role; return whether its line may be another one."""
        match role:
            case "creator":
                return self._hear_creator(event)
            case "tdd":
                return self._hear_tdd(event)
            case "ppvs":
                return self._hear_ppvs(event)
            case _:
                return False

    def is_old(self, role: str, event: ActorEvent) -> bool:
        """Whether an event makes the numbers of the TMS or the OST old."""
        match event:
            case InstanceReceived():
                return role == "ost"
            case ExchangeMade(exchange=exchange):
                return role == "tms" and exchange.message == "N-ACTION"
            case _:
                return isinstance(event, StepChanged)

    def take_numbers(self, role: str, numbers: tuple[int, ...]) -> None:
        """Take what was counted: steps and subscribers of the TMS, objects of the OST."""
        if role == "tms":
            self._steps, self._subscribers = numbers
        else:
            (self._objects,) = numbers

    def line(self, role: str) -> str:
        """Return what there is to say of the actor of a role."""
        match role:
            case "creator":
                return self._scheduled_words()
            case "tms":
                return self._worklist_words()
            case "ost":
                return self._store_words()
            case "tdd":
                return self._beam or _tr("No session")
            case _:
                return self._inputs or (
                    _tr("Subscribed") if self._subscribed else _tr("Not subscribed")
                )

    def activity(self, role: str) -> tuple[Tone, str, str] | None:
        """Return tone, glyph and word where a listening actor does something more."""
        if role != "tdd" or self._session not in _BEAM_STATES:
            return None
        if self._session == "PAUSED":
            return Tone.PROGRESS, "‖", _tr("Paused")
        return Tone.PROGRESS, "▶", _tr("Beam on")

    def _hear_creator(self, event: ActorEvent) -> bool:
        match event:
            case ExchangeMade(exchange=exchange) if exchange.message == "N-CREATE":
                self._scheduled += exchange.status == _SUCCESS
                return True
            case _:
                return False

    def _hear_tdd(self, event: ActorEvent) -> bool:
        match event:
            case SessionChanged():
                self._session = event.state.name
                if self._session not in _BEAM_STATES:
                    self._beam = _session_words(event.state.name)
            case DeliveryProgressed(progress=progress):
                self._beam = _tr("Beam {0} {1} · {2} %").format(
                    progress.beam_number,
                    texts.plain(progress.beam_name, 20),
                    texts.number(progress.percent, 0),
                )
            case _:
                return False
        return True

    def _hear_ppvs(self, event: ActorEvent) -> bool:
        match event:
            case ExchangeMade(exchange=exchange) if (
                exchange.message == "N-ACTION"
                and exchange.role == "scu"
                and exchange.status == _SUCCESS
            ):
                self._subscribed = "Unsubscribe" not in exchange.detail
            case InputsRetrieved(result=result):
                present, missing = len(result.present), len(result.missing)
                self._inputs = _tr("{0} of {1} inputs of the last step").format(
                    present, present + missing
                )
            case _:
                return False
        return True

    def _scheduled_words(self) -> str:
        if not self._scheduled:
            return _tr("Nothing scheduled yet")
        return _count(self._scheduled, _tr("1 step scheduled"), _tr("{0} steps scheduled"))

    def _store_words(self) -> str:
        if self._objects is None:
            return ""
        return _count(self._objects, _tr("1 object"), _tr("{0} objects"))

    def _worklist_words(self) -> str:
        if self._steps is None or self._subscribers is None:
            return ""
        steps = _count(self._steps, _tr("1 step"), _tr("{0} steps"))
        subscribers = _count(self._subscribers, _tr("1 subscriber"), _tr("{0} subscribers"))
        return f"{steps} · {subscribers}"


def _session_words(state: str) -> str:
    """Return the state of a session in words."""
    return {
        "SELECTED": _tr("Patient selected"),
        "INPUTS_READY": _tr("Inputs are here"),
        "CONFIRMED": _tr("Patient confirmed"),
        "CLAIMED": _tr("Session claimed"),
        "READY": _tr("Ready for the beam"),
        "DELIVERED": _tr("All beams delivered"),
        "STOPPED": _tr("Stopped"),
        "RECORDED": _tr("Record stored"),
        "UPDATED": _tr("Final update sent"),
        "COMPLETED": _tr("Session completed"),
        "CANCELED": _tr("Session canceled"),
    }.get(state, "")
