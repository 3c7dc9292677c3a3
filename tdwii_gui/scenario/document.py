"""A scenario as a document: who takes part, and what is done and expected in which order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tdwii_gui.actors.suite import Role
    from tdwii_gui.config.ae_directory import ApplicationEntity
    from tdwii_gui.scenario.assertions import Assertion
    from tdwii_gui.scenario.operation import Operation

SECONDS = 30.0
"""How long a step may take that does not say its own limit."""


@dataclass(frozen=True, slots=True)
class ScenarioActor:
    """An actor of a scenario.

    Parameters
    ----------
    name : str
        As the steps call it: its role, or another name where a role is there twice.
    role : Role
        What it is.
    settings : Mapping[str, Any]
        What differs from the settings of who runs the scenario.
    external : ApplicationEntity or None
        The other system that is in its place.
    """

    name: str
    role: Role
    settings: Mapping[str, Any] = field(default_factory=dict)
    external: ApplicationEntity | None = None


@dataclass(frozen=True, slots=True)
class ScenarioStep:
    """A step of a scenario.

    Parameters
    ----------
    title : str
        What is done, for people.
    actor : str
        The name of the actor that does it; empty if none does.
    operation : Operation
        What it does.
    arguments : Mapping[str, Any]
        With what; complete and checked.
    transactions : tuple[str, ...]
        The profile's transactions that have to be seen, e.g. ``("RO-60", "RO-61")``.
    statuses : frozenset[int]
        The final statuses other than success that the actor has to be answered with; all others
        are success.
    fails : str
        What the error says with which the step has to end; empty if it has to succeed.
    seconds : float
        How long it may take.
    assertions : tuple[Assertion, ...]
        What is checked afterwards.
    line : int
        Where it begins in the file, from 1.
    """

    title: str
    actor: str
    operation: Operation
    arguments: Mapping[str, Any]
    transactions: tuple[str, ...] = ()
    statuses: frozenset[int] = frozenset()
    fails: str = ""
    seconds: float = SECONDS
    assertions: tuple[Assertion, ...] = ()
    line: int = 0

    @property
    def name(self) -> str:
        """The operation as the file names it, e.g. ``"tdd.start"``."""
        return f"{self.actor}.{self.operation.verb}" if self.actor else self.operation.verb


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario.

    Parameters
    ----------
    name : str
        The file's name without its ending.
    title, purpose : str
        What it is, and what it is for.
    clauses : tuple[str, ...]
        What of the standards it exercises, e.g. ``("RO-60", "PS3.4 CC.2.1.3")``.
    plan : str
        ``"photon"``, ``"ion"`` or ``"electron"`` of the demo patient, or the path of a file.
    actors : tuple[ScenarioActor, ...]
        Who takes part.
    steps : tuple[ScenarioStep, ...]
        In their order.
    source, text : str
        The file it was read from, and what that says.
    """

    name: str
    title: str
    purpose: str
    clauses: tuple[str, ...]
    plan: str
    actors: tuple[ScenarioActor, ...]
    steps: tuple[ScenarioStep, ...]
    source: str = ""
    text: str = field(default="", repr=False)
