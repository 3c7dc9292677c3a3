"""`tdwii run`: play scenarios, with our actors or with other systems in their places."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tdwii_gui.actors.suite import Role
from tdwii_gui.app.console import complain, say, say_table
from tdwii_gui.app.desktop import has_screen, run_suite
from tdwii_gui.app.options import add_common_options, context, peer
from tdwii_gui.app.recording_options import add_recording_options
from tdwii_gui.app.verdict_list import say_verdicts
from tdwii_gui.dicom.errors import ConfigError
from tdwii_gui.judging.judge import REQUIREMENTS, judge
from tdwii_gui.judging.verdict import Outcome
from tdwii_gui.recording.reading import Recording
from tdwii_gui.recording.switch import RecordingSwitch
from tdwii_gui.scenario.library import find_scenario, shipped, shipped_names
from tdwii_gui.scenario.reference import scenario_reference
from tdwii_gui.scenario.results import StepOutcome
from tdwii_gui.scenario.run import ScenarioRun

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from tdwii_gui.app.options import Context
    from tdwii_gui.config.ae_directory import ApplicationEntity
    from tdwii_gui.judging.verdict import Verdict
    from tdwii_gui.scenario.document import Scenario
    from tdwii_gui.scenario.results import ScenarioResult

_ALL = "all"


def add_arguments(parser: argparse.ArgumentParser, _command: str) -> None:
    """Add the options."""
    parser.add_argument(
        "scenarios",
        nargs="*",
        metavar="SCENARIO",
        help="the name of a shipped one, the path of a .toml file, or 'all'",
    )
    parser.add_argument("--list", action="store_true", help="list the shipped scenarios")
    parser.add_argument("--markdown", action="store_true", help="with --list: describe them")
    parser.add_argument(
        "--headless",
        action="store_true",
        help="without windows; so are several scenarios, other systems, recordings and reports, and"
        " a machine without a display",
    )
    parser.add_argument(
        "--external",
        action="append",
        default=[],
        metavar="ROLE=AE@host:port",
        help="another system in the place of an actor (tms, tdd, ost, ppvs, creator); it is judged",
    )
    parser.add_argument("--report", type=Path, metavar="DIR", help="write the evidence there")
    add_recording_options(parser)
    add_common_options(parser)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the options stand for."""

    given: Context
    external: Mapping[Role, ApplicationEntity]
    report: Path | None
    record: Path | None
    patient_data: bool


def run(options: argparse.Namespace) -> int:
    """Play; 0 only if all have passed, and the other systems have met what was seen of them."""
    if options.list:
        return _list(markdown=options.markdown)
    if not options.scenarios:
        raise ConfigError("name a scenario, or 'all' (tdwii run --list)")
    names = [
        name
        for wanted in options.scenarios
        for name in (shipped_names() if wanted == _ALL else [wanted])
    ]
    scenarios = [find_scenario(name) for name in names]
    given = context(options)
    if len(scenarios) == 1 and has_screen() and not _is_headless(options):
        return run_suite(given.settings, given.directory, given.data_folder, scenario=scenarios[0])
    wanted = _Wanted(
        given,
        dict(_external(text, given) for text in options.external),
        options.report,
        options.record,
        options.record_patient_data,
    )
    failed = [scenario.name for scenario in scenarios if not _play(scenario, wanted)]
    if len(scenarios) > 1:
        say(f"{len(scenarios) - len(failed)} of {len(scenarios)} scenarios have passed")
        for name in failed:
            complain(f"{name} has failed")
    return 1 if failed else 0


def _is_headless(options: argparse.Namespace) -> bool:
    """Whether there are to be no windows, or something is asked for that has none."""
    return bool(options.headless or options.external or options.report or options.record)


def _list(*, markdown: bool) -> int:
    if markdown:
        sys.stdout.write(scenario_reference(shipped()))
    else:
        say_table(("NAME", "TITLE", "STEPS"), [(s.name, s.title, len(s.steps)) for s in shipped()])
    return 0


def _external(text: str, given: Context) -> tuple[Role, ApplicationEntity]:
    role, _, address = text.partition("=")
    if role.lower() not in set(Role):
        raise ConfigError(f"--external {text}: ROLE is one of {', '.join(Role)}")
    return Role(role.lower()), peer(address, given)


def _play(scenario: Scenario, wanted: _Wanted) -> bool:
    """Play a scenario, judge and report what travelled; return whether all is as it should be."""
    say(f"{scenario.name}: {scenario.title}")
    with tempfile.TemporaryDirectory(prefix="tdwii-run-") as name:
        folder = Path(name)
        switch = RecordingSwitch()
        played = ScenarioRun(
            scenario,
            wanted.given.settings,
            folder / "data",
            external=wanted.external,
            directory=wanted.given.directory if _has_others(scenario, wanted) else None,
            recording=switch,
            on_changed=_say_step,
        )
        if played.external or wanted.report or wanted.record:
            recorder = switch.begin(
                wanted.record or folder / "recording", patient_data=wanted.patient_data
            )
            if wanted.record:
                say(f"  recording to {recorder.folder}")
        try:
            with played:
                _say_addresses(played)
                result = played.run()
        finally:
            recorded = switch.end()
        words = "passed" if result.passed else "FAILED"
        say(f"  {words} in {result.seconds:.1f} s")
        verdicts = _judged(recorded, played) if recorded else []
        if recorded and wanted.report:
            _report(wanted, recorded, result, verdicts)
    judged = {entity.ae_title for entity in played.external.values()}
    theirs = [verdict for verdict in verdicts if verdict.ae_title in judged]
    say_verdicts(theirs)
    return result.passed and all(one.outcome is not Outcome.NOT_MET for one in theirs)


def _has_others(scenario: Scenario, wanted: _Wanted) -> bool:
    return bool(wanted.external) or any(actor.external for actor in scenario.actors)


def _say_addresses(played: ScenarioRun) -> None:
    """Print where our actors listen, where another system has to know it."""
    if not played.external:
        return
    for actor in played.stage.actors.values():
        if actor.listening:
            say(f"  {actor.ae_title} listens on port {actor.port}")
    for entity in played.external.values():
        say(f"  {entity} is not ours")
    for note in played.stage.suite.notes:
        complain(note)


def _say_step(played: ScenarioRun) -> None:
    if played.busy:
        return
    result = played.results[-1]
    mark = "" if result.outcome is StepOutcome.PASSED else f": {result.words}"
    say(f"  {result.outcome:<7} {result.seconds:6.2f} s  {result.title}{mark}")


def _judged(recorded: Path, played: ScenarioRun) -> list[Verdict]:
    others = {entity.ae_title for entity in played.external.values()}
    return judge(
        Recording(recorded),
        {title: role for title, role in played.roles.items() if role in REQUIREMENTS},
        recorded=set(played.roles) - others,
    )


def _report(
    wanted: _Wanted, recorded: Path, result: ScenarioResult, verdicts: Sequence[Verdict]
) -> None:
    from tdwii_gui.app.evidence import write_evidence
    from tdwii_gui.config.settings import settings_toml

    assert wanted.report is not None
    pack = write_evidence(
        wanted.report,
        Recording(recorded),
        result,
        verdicts,
        configuration=settings_toml(wanted.given.settings),
    )
    say(f"  evidence in {pack}")
