"""Scenarios as documents: what they say is read, and what cannot be is refused where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tdwii_gui.actors.suite import Role
from tdwii_gui.config.ae_directory import ApplicationEntity
from tdwii_gui.dicom.errors import ConfigError
from tdwii_gui.scenario.library import find_scenario, shipped
from tdwii_gui.scenario.reading import read_scenario, scenario_of

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """title = "A title"
purpose = "A purpose"
clauses = ["RO-58"]
"""
STEP = """
[[step]]
title = "Scheduled"
do = "creator.schedule"
with = { fraction = 2, name = "first" }
"""


def scenario(text: str):
    return scenario_of(text, "mine", "mine.toml")


def test_a_scenario_is_read_with_its_actors_steps_and_lines() -> None:
    read = scenario(
        HEAD
        + """
[actors.tdd]
machine = "LINAC 7"

[actors.tdd2]
role = "tdd"
"""
        + STEP
        + """
[[step]]
title = "Refused"
do = "tdd2.claim"
with = { step = "first" }
transaction = "RO-60"
status = ["C301", "0000"]
within = 5
assert = [{ of = "step", path = "ProcedureStepState", equals = "SCHEDULED" }]
"""
    )
    others = [actor for actor in read.actors if actor.settings]
    assert [(one.name, one.role, dict(one.settings)) for one in others] == [
        ("tdd", Role.TDD, {"machine": "LINAC 7"}),
        ("tdd2", Role.TDD, {"ae_title": "TDD2"}),
    ]
    first, second = read.steps
    assert (first.name, first.arguments["fraction"], first.line) == ("creator.schedule", 2, 11)
    assert first.arguments["readiness"] == "READY"
    assert (second.name, second.transactions) == ("tdd2.claim", ("RO-60",))
    assert (second.statuses, second.seconds, second.line) == ({0xC301}, 5.0, 16)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("title = \n", 1, "is no TOML"),
        ('title = "x"\npurpose = """y\n\n', 3, "is no TOML: Unterminated string"),
        ('title = "x"\npurpose = "y"\nclauses = []\nsteps = 1\n', 4, "unknown key 'steps'"),
        (HEAD, 1, r"there is no \[\[step\]\]"),
        (HEAD.replace('"A title"', "7") + STEP, 1, "title must be a text, not 7"),
        (f'{HEAD}plan = "xray"{STEP}', 4, "plan 'xray' is none of photon"),
        (f'{HEAD}[actors.tdd]\nmachin = "X"{STEP}', 5, "unknown key 'machin'"),
        (f"{HEAD}[actors.tdd]\nsubscribe = 1{STEP}", 5, "subscribe must be a bool"),
        (f'{HEAD}[actors.tms2]\nrole = "tms"{STEP}', 5, "cannot be another tms"),
        (f'{HEAD}[actors.x]\nmachine = "M"{STEP}', 4, "'x' is no actor"),
        (f'{HEAD}[actors.tms]\nexternal = "TMS2"{STEP}', 5, "'TMS2' is no AE@host:port"),
        (
            f'{HEAD}[actors.tdd2]\nrole = "tdd"\nexternal = "A@h:1"{STEP}',
            5,
            "only the first may be external",
        ),
        (HEAD + STEP.replace("creator.schedule", "creator.shedule"), 7, "unknown step"),
        (HEAD + STEP.replace("creator.schedule", "tms.schedule"), 7, "is done by creator"),
        (HEAD + STEP.replace("creator.schedule", "tdd9.schedule"), 7, "no actor 'tdd9'"),
        (HEAD + STEP.replace("fraction = 2", "fraktion = 2"), 8, "fraktion is no argument"),
        (HEAD + STEP.replace("fraction = 2", 'fraction = "2"'), 8, "must be a whole number"),
        (f"{HEAD}{STEP}status = 'C3'\n", 9, "has not four hexadecimal digits"),
        (f"{HEAD}{STEP}within = 0\n", 9, "within must be a number of seconds"),
        (f"{HEAD}{STEP}expect = 'C301'\n", 9, "unknown key 'expect'"),
        (f"{HEAD}{STEP}fails = '{{nobody}}'\n", 9, "nothing is called {nobody}"),
        (
            f"{HEAD}{STEP}{STEP.replace('creator.schedule', 'tdd.claim')}",
            13,
            "fraction is no argument of claim",
        ),
        (
            f'{HEAD}{STEP}[[step]]\ntitle = "x"\ndo = "tdd.claim"\nwith = {{ step = "other" }}\n',
            12,
            "has made the procedure step 'other'",
        ),
        (
            f'{HEAD}[[step]]\ntitle = "x"\ndo = "tdd.hears"\nwith = {{ event = "news" }}\n',
            7,
            "event 'news' is none of state report",
        ),
        (f'{HEAD}[[step]]\ntitle = "x"\ndo = "tdd.hears"\n', 4, "hears needs event"),
        (
            f'{HEAD}[[step]]\ntitle = "x"\ndo = "tdd.treat"\nwith = {{ interrupt_at = "1" }}\n',
            7,
            "is no BEAM:METERSET",
        ),
        (
            f'{HEAD}[[step]]\ntitle = "x"\ndo = "fault"\nwith = {{ at = "ost", kind = "fire" }}\n',
            7,
            "fire",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_line_and_reason(text: str, line: int, reason: str) -> None:
    with pytest.raises(ConfigError, match=rf"^mine\.toml, line {line}: .*{reason}"):
        scenario(text)


@pytest.mark.parametrize(
    ("assertion", "reason"),
    [
        ('of = "step", path = "ProcedureStepStat", equals = "X"', "no attribute of the dictionary"),
        ('of = "step", path = "PatientID.PatientName", equals = "X"', "PatientID is no sequence"),
        ('of = "step", path = "BeamSequence.BeamName", equals = "X"', "which item of BeamSequence"),
        ('of = "step", path = "BeamSequence[0]", equals = "X"', "ends with an item"),
        ('of = "step", path = "BeamSequence", equals = "X"', "BeamSequence is a sequence"),
        ('of = "step", path = "PatientID", above = 1', "PatientID is no number"),
        ('of = "step", path = "BeamNumber", above = "1"', "above needs a number"),
        ('of = "step", path = "PatientID", count = 1', "count needs a sequence"),
        ('of = "step", path = "PatientID", matches = "("', "is no regular expression"),
        ('of = "step", path = "PatientID", present = 1', "present can only be true"),
        ('of = "step", path = "PatientID", one_of = []', "one_of needs a list"),
        ('of = "step", path = "PatientID"', "an assertion has one of equals"),
        ('of = "step", path = "PatientID", equals = "X", not = "Y"', "an assertion has one of"),
        ('of = "step", path = "PatientID", equals = "{x}"', "nothing is called {x}"),
        ('of = "stop", path = "PatientID", equals = "X"', "there is no data set 'stop'"),
        ('of = "C-STORE request", path = "PatientID", equals = "X"', "there is no data set"),
    ],
)
def test_an_assertion_that_cannot_be_is_refused_at_its_line(assertion: str, reason: str) -> None:
    text = f"{HEAD}{STEP}assert = [\n  # the one below\n  {{ {assertion} }},\n]\n"
    with pytest.raises(ConfigError, match=rf"^mine\.toml, line 11: .*{reason}"):
        scenario(text)


def test_a_scenario_may_name_another_system() -> None:
    read = scenario(f'{HEAD}[actors.tms]\nexternal = "TMS2@192.168.1.7:104"{STEP}')
    (other,) = [actor.external for actor in read.actors if actor.external]
    assert other == ApplicationEntity("TMS2", "192.168.1.7", 104)


def test_what_a_long_text_holds_is_no_table(tmp_path: Path) -> None:
    text = HEAD.replace('"A purpose"', '"""\n[[step]]\nin words"""') + "\n[[step]]\nnothing = 1\n"
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"line 8: unknown key 'nothing'"):
        read_scenario(path)


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    with pytest.raises(ConfigError, match=r"mine\.toml: cannot be read"):
        find_scenario(str(path))
    path.write_bytes(b"title = '\xff'")
    with pytest.raises(ConfigError, match="is no UTF-8"):
        find_scenario(str(path))
    with pytest.raises(ConfigError, match="there is no scenario 'x'"):
        find_scenario("x")


def test_shipped_scenarios_say_what_they_are_for() -> None:
    scenarios = shipped()
    assert len(scenarios) >= 21
    assert len({one.title for one in scenarios}) == len(scenarios)
    for one in scenarios:
        assert one.purpose
        assert one.clauses
        assert len({step.title for step in one.steps}) > 1
