"""The reference of scenarios in Markdown: those that are shipped, and what a file can say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdwii_gui.actors.suite import Role
from tdwii_gui.scenario.assertions import SUBJECTS, Operator
from tdwii_gui.scenario.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tdwii_gui.scenario.document import Scenario, ScenarioStep
    from tdwii_gui.scenario.operation import Operation, Parameter

_HEAD: Final = """# Scenarios

A scenario is a TOML file: who takes part, what is done, what is expected, and what is broken on
purpose. `tdwii run NAME` plays a shipped one with all actors in one process, `tdwii run FILE.toml`
one of yours, `tdwii run all` all that are shipped; the exit code is 0 if all have passed, 1 if not,
2 if a file cannot be played. `--external TMS=AE@host:port` puts another system in the place of an
actor: its steps are awaited then, and it is judged. This page is made by
`tdwii run --list --markdown`.
"""

_FILE: Final = """## What a file says

```toml
title = "Record store refused"
purpose = "What it is for, in a sentence or two."
clauses = ["RO-63", "PS3.4 B.2.3"]          # what of the standards it exercises
plan = "photon"                             # or "ion", "electron", "FILE.dcm" beside the scenario

[actors.tdd]                                # settings of an actor, as in settings.toml
machine = "DEMO-LINAC"

[actors.tms]                                # another system in the place of our actor
external = "TMS2@192.168.1.7:104"

[actors.tdd2]                               # another device (or PPVS); its AE title is TDD2
role = "tdd"

[[step]]
title = "The record is refused"
do = "tdd.store_records"                    # actor.verb, or one of the verbs that need no actor
with = { step = "first" }                   # the verb's arguments
transaction = "RO-63"                       # has to be seen; one, or a list
status = "A700"                             # final statuses that have to come; all others are 0000
fails = "out of resources"                  # what the error says with which the step has to end
within = 10                                 # seconds; 30 where nothing is said
assert = [
  { of = "step", path = "ProcedureStepState", equals = "IN PROGRESS" },
]
```

A step fails if what it does fails, if a status other than success comes that it does not name, if
a transaction is not seen, or if an assertion does not hold. The steps after it are skipped. What a
file says is checked before anything starts; what cannot be is refused with line and reason.

Names in braces stand for values of the run: `{plan}` and `{step}` for SOP Instance UIDs,
`{machine}` and `{patient_id}` of the plan, `{today}` for the date, the name of an actor for its AE
title, and the name of a procedure step for its SOP Instance UID.
"""

_DOING: Final = """## What steps do

The argument `step` names the procedure step that is meant; without it that is the one that was
scheduled last.
"""
_STEP: Final = "step"
_MOST_CHOICES: Final = 8

_WORDS: Final = {
    Operator.EQUALS: "the value, or the list of values",
    Operator.NOT: "any other value; an absent one, too",
    Operator.PRESENT: "`true`: it is there with a value",
    Operator.ABSENT: "`true`: it is not there, or empty",
    Operator.MATCHES: "a regular expression for the whole value",
    Operator.ONE_OF: "a list of values, one of which it is",
    Operator.BELOW: "a number that is larger",
    Operator.ABOVE: "a number that is smaller",
    Operator.COUNT: "how many items a sequence has",
}
_SUBJECT_WORDS: Final = {
    "result": "what the step has brought, the first of several",
    "step": "the procedure step as the TMS has it now",
    "event": "the information of the event report that was last waited for",
    "record": "the treatment record that was made last",
    "instruction": "the RT Beams Delivery Instruction of the procedure step",
    "plan": "the plan",
}


def scenario_reference(scenarios: Sequence[Scenario]) -> str:
    """Return the reference, with a section for each scenario."""
    blocks = [_HEAD, "## Shipped scenarios\n", _overview(scenarios)]
    blocks += [_described(scenario) for scenario in scenarios]
    blocks += [_FILE, _DOING, *_operations(), _assertions()]
    return "\n".join(blocks).rstrip() + "\n"


def _overview(scenarios: Sequence[Scenario]) -> str:
    rows = [
        (f"[`{one.name}`](#{_anchor(one)})", one.title, ", ".join(one.clauses)) for one in scenarios
    ]
    return _table(("name", "title", "clauses"), rows)


def _anchor(scenario: Scenario) -> str:
    kept = "".join(c for c in scenario.title.lower() if c.isalnum() or c in " -")
    return kept.replace(" ", "-")


def _described(scenario: Scenario) -> str:
    own = [actor for actor in scenario.actors if actor.settings]
    lines = [f"### {scenario.title}\n", f"`tdwii run {scenario.name}`: {scenario.purpose}\n"]
    if own:
        said = "; ".join(
            f"{actor.name}: {', '.join(f'{key} {value}' for key, value in actor.settings.items())}"
            for actor in own
        )
        lines.append(f"Plan: {scenario.plan}. Settings: {said}.\n")
    rows = [(number, *_row(step)) for number, step in enumerate(scenario.steps, start=1)]
    lines.append(_table(("", "step", "does", "expects"), rows))
    return "\n".join(lines)


def _row(step: ScenarioStep) -> tuple[str, str, str]:
    defaults = {one.name: one.default for one in step.operation.parameters}
    told = {name: value for name, value in step.arguments.items() if value != defaults.get(name)}
    said = ", ".join(f"{name} = {_shown(value)}" for name, value in told.items())
    expects = list(step.transactions)
    expects += [f"{status:04X}H" for status in sorted(step.statuses)]
    expects += [f"fails: {step.fails}"] if step.fails else []
    expects += [
        f"{each.of}: `{each.path}` {each.operator} {_shown(each.expected)}"
        for each in step.assertions
    ]
    return step.title, f"`{step.name}`" + (f" {said}" if said else ""), "; ".join(expects)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)


def _operations() -> Iterable[str]:
    for role in (*Role, None):
        mine = [one for one in OPERATIONS if (role in one.roles if role else not one.roles)]
        title = f"`{role.value}`" if role else "without an actor"
        rows = [(f"`{one.verb}`", one.text, _parameters(one)) for one in mine]
        yield f"### Verbs of {title}\n" if role else f"### Verbs {title}\n"
        yield _table(("verb", "what it does", "arguments"), rows)


def _parameters(operation: Operation) -> str:
    return "; ".join(map(_parameter, operation.parameters))


def _parameter(parameter: Parameter) -> str:
    if parameter.name == _STEP:
        return f"`{_STEP}`"
    choices = [f"`{choice}`" for choice in parameter.choices if choice]
    told = [parameter.kind.value]
    told += ["required"] if parameter.required else []
    is_usual = parameter.default not in (None, "", False, -1)
    told += [f"by default {_shown(parameter.default)}"] if is_usual else []
    known = f" ({', '.join(choices)})" if 0 < len(choices) <= _MOST_CHOICES else ""
    return f"`{parameter.name}` ({', '.join(told)}): {parameter.text}{known}"


def _assertions() -> str:
    subjects = [(f"`{name}`", _SUBJECT_WORDS[name]) for name in SUBJECTS]
    subjects.append(("`N-SET request`", "a message of the step's actor, or `... response`"))
    return "\n".join(
        [
            "## What steps assert\n",
            "Paths are keywords of the dictionary, with the item of each sequence from 0 (`[-1]`",
            "is the last): `BeamTaskSequence[0].TreatmentDeliveryType`.\n",
            _table(("`of`", "data set"), subjects),
            _table(("operator", "needs"), [(f"`{one}`", words) for one, words in _WORDS.items()]),
        ]
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def _cell(value: object) -> str:
    return " ".join(str(value).replace("|", "\\|").split())
