"""What a step of a scenario can do: its verb, its arguments, and what stands for it on the wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from tdwii_gui.dicom.errors import ConfigError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from tdwii_gui.actors.suite import Role
    from tdwii_gui.dicom.net.exchange import Exchange
    from tdwii_gui.scenario.stage import Stage

Call = Callable[["Stage", str, Mapping[str, Any]], "Sequence[Dataset] | None"]
"""Does it: the stage, the actor's name, the arguments; the data sets that it brings, if any."""


_MOST: Final = 1_000_000


class Kind(StrEnum):
    """What an argument is."""

    TEXT = "text"
    WHOLE = "whole number"
    NUMBER = "number"
    SWITCH = "true or false"
    LIST = "list of texts"

    def accepts(self, value: object) -> bool:
        """Return whether a value of a TOML file is of this kind."""
        match self:
            case Kind.TEXT:
                return isinstance(value, str)
            case Kind.WHOLE:
                return isinstance(value, int) and not isinstance(value, bool) and _is_small(value)
            case Kind.NUMBER:
                return (
                    isinstance(value, int | float)
                    and not isinstance(value, bool)
                    and _is_small(value)
                )
            case Kind.SWITCH:
                return isinstance(value, bool)
            case _:
                return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is_small(number: float) -> bool:
    return abs(number) < _MOST


@dataclass(frozen=True, slots=True)
class Parameter:
    """An argument that an operation takes.

    Parameters
    ----------
    default : Any
        What is taken where a step does not say it; None for nothing.
    choices : tuple[str, ...]
        The texts that are allowed; empty for any.
    """

    name: str
    kind: Kind
    text: str
    default: Any = None
    choices: tuple[str, ...] = ()
    required: bool = False

    def check(self, value: object) -> None:
        """Raise `ConfigError` if a value cannot be this argument."""
        if not self.kind.accepts(value):
            raise ConfigError(f"{self.name} must be a {self.kind}, not {value!r}")
        if self.choices and value not in self.choices:
            raise ConfigError(f"{self.name} {value!r} is none of {', '.join(self.choices)}")


@dataclass(frozen=True, slots=True)
class Awaited:
    """What another system in the actor's place is awaited to do.

    Parameters
    ----------
    messages : tuple[str, ...]
        The service by which our actors see it, one of these; empty where nothing of it travels.
    accept : Callable[[Exchange], bool]
        Whether an exchange is it.
    text : str
        In words, e.g. ``"queries the worklist"``.
    makes_step : bool
        Whether it makes a procedure step.
    """

    messages: tuple[str, ...]
    text: str
    accept: Callable[[Exchange], bool] = lambda _exchange: True
    makes_step: bool = False


def _no_check(_arguments: Mapping[str, Any]) -> None:
    """Take arguments as they are."""


def _named(arguments: Mapping[str, Any]) -> list[str]:
    """Return the name that a step gives to the procedure step that it makes."""
    name = arguments.get("name")
    return [name] if name else []


@dataclass(frozen=True, slots=True)
class Operation:
    """Something that a step can do.

    Parameters
    ----------
    verb : str
        What the file calls it, after the actor's name and a point.
    text : str
        What it does, in a sentence.
    call : Call
        Does it.
    roles : frozenset[Role]
        Who can do it; empty if it is nobody's.
    parameters : tuple[Parameter, ...]
        Its arguments.
    awaited : Awaited or None
        What is awaited of another system in the actor's place; None if it cannot be asked of one.
    check : Callable[[Mapping[str, Any]], None]
        Raises `ConfigError` if arguments do not fit together.
    observes : bool
        Whether it only looks at what the actor has: then it can be done with another system, too.
    ours : tuple[str, ...]
        The arguments by which actors are named that have to be ours.
    makes : Callable[[Mapping[str, Any]], list[str]]
        Returns the names by which later steps call the procedure steps that it makes.
    """

    verb: str
    text: str
    call: Call
    roles: frozenset[Role] = frozenset()
    parameters: tuple[Parameter, ...] = ()
    awaited: Awaited | None = None
    check: Callable[[Mapping[str, Any]], None] = _no_check
    observes: bool = False
    ours: tuple[str, ...] = ()
    makes: Callable[[Mapping[str, Any]], list[str]] = _named

    def complete(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments with those that were not given.

        Raises
        ------
        ConfigError
            If one is not known, missing, or cannot be what is given.
        """
        known = {parameter.name: parameter for parameter in self.parameters}
        for name, value in given.items():
            if name not in known:
                raise ConfigError(f"{name} is no argument of {self.verb} ({_list(known)})")
            known[name].check(value)
        for parameter in self.parameters:
            if parameter.required and parameter.name not in given:
                raise ConfigError(f"{self.verb} needs {parameter.name}: {parameter.text}")
        arguments = {name: given.get(name, known[name].default) for name in known}
        self.check(arguments)
        return arguments


def _list(names: Mapping[str, object]) -> str:
    return f"known: {', '.join(names)}" if names else "it takes none"
