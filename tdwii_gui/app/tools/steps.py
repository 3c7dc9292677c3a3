"""Steps that work on what a query has found: commands of their own, and links of a chain."""

from __future__ import annotations

import argparse
import copy
import importlib
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn, Protocol, cast

from tdwii_gui.app.console import say, say_json
from tdwii_gui.dicom.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tdwii_gui.app.options import Context
    from tdwii_gui.app.tools.found import Found

STEPS: Final[Mapping[str, str]] = {
    "report": "report",
    "move": "move",
    "get": "get",
    "status": "status",
    "repack": "repack",
    "push": "store",
    "echo": "echo",
}
"""The steps, and their modules below `tdwii_gui.app.commands`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a step ended.

    Parameters
    ----------
    value : Any
        What it has to tell, for JSON; people were told already unless they asked for JSON.
    code : int
        The exit code: 0, or 1 where something was refused or is missing.
    canceled : bool
        Whether it was ended early; nothing follows then.
    """

    value: Any
    code: int = 0
    canceled: bool = False


class Step(Protocol):
    """The module of a step."""

    def add_step_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add what the step needs besides what was found."""

    def perform(self, found: Found, options: argparse.Namespace, given: Context) -> Outcome:
        """Do the step, and print for people unless ``options.json``."""


@dataclass(frozen=True, slots=True)
class Link:
    """A step of a chain with its options."""

    name: str
    step: Step
    options: argparse.Namespace


def add_chain_option(parser: argparse.ArgumentParser) -> None:
    """Add the option that chains steps on the results of a query."""
    parser.add_argument(
        "--then",
        metavar="'STEP [OPTIONS]'",
        action="append",
        default=[],
        help=f"what to do with the results: {', '.join(STEPS)}, with the options of that command; "
        "may be repeated, each step follows the one before",
    )


def chain(options: argparse.Namespace) -> list[Link]:
    """Return the steps that `--then` names.

    Raises
    ------
    ConfigError
        If one of them, or its options, are not known; before anything is asked.
    """
    return [_link(text, options) for text in options.then]


def follow(links: Sequence[Link], found: Found, given: Context) -> tuple[list[Any], int]:
    """Do the steps of a chain; return their results for JSON, and the exit code."""
    values: list[Any] = []
    code = 0
    for link in links:
        if not link.options.json:
            say()
        outcome = link.step.perform(found, link.options, given)
        values.append({"step": link.name, "result": outcome.value})
        code = max(code, outcome.code)
        if outcome.canceled:
            break
    return values, code


def alone(outcome: Outcome, options: argparse.Namespace) -> int:
    """Print the result of a step that is a command of its own; return the exit code."""
    if options.json:
        say_json(outcome.value)
    return outcome.code


class _StepParser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{self.prog}: {message}")


def _link(text: str, options: argparse.Namespace) -> Link:
    try:
        name, *arguments = shlex.split(text)
    except ValueError as error:
        raise ConfigError(f"--then {text!r}: {error}") from error
    if name not in STEPS:
        raise ConfigError(f"--then {text!r}: the steps are {', '.join(STEPS)}")
    step = cast("Step", importlib.import_module(f"tdwii_gui.app.commands.{STEPS[name]}"))
    parser = _StepParser(prog=f"--then {name}", add_help=False)
    step.add_step_arguments(parser)
    return Link(name, step, parser.parse_args(arguments, copy.copy(options)))
