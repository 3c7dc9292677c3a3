"""`tdwii judge`: what a recorded system has met of the profile."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tdwii_gui.app.console import complain, say_json
from tdwii_gui.app.options import add_common_options
from tdwii_gui.app.verdict_list import say_verdicts
from tdwii_gui.dicom.errors import ConfigError
from tdwii_gui.judging.judge import REQUIREMENTS, judge, roles_of_others
from tdwii_gui.judging.reference import requirements_reference
from tdwii_gui.judging.verdict import Outcome
from tdwii_gui.recording.lines import Info
from tdwii_gui.recording.reading import Recording, find_recording

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

    from tdwii_gui.judging.verdict import Verdict


def add_arguments(parser: argparse.ArgumentParser, _command: str) -> None:
    """Add the options."""
    parser.add_argument(
        "recording",
        nargs="?",
        type=Path,
        metavar="RECORDING",
        help="a recording or an evidence pack, or a folder of recordings: then the newest",
    )
    parser.add_argument(
        "--role",
        action="append",
        default=[],
        metavar="AE=ROLE",
        help=f"whom to judge as what ({', '.join(REQUIREMENTS)}); by default all others than our "
        "actors, as what their messages show",
    )
    parser.add_argument("--json", action="store_true", help="print the verdicts as JSON")
    parser.add_argument(
        "--markdown", action="store_true", help="print what is required, and judge nobody"
    )
    add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Judge; 0 only if everything that was seen is as required."""
    if options.markdown:
        sys.stdout.write(requirements_reference())
        return 0
    if options.recording is None:
        raise ConfigError("name the folder of a recording")
    recording = Recording(find_recording(options.recording))
    for problem in recording.problems:
        complain(problem)
    own = recording.info.get(Info.ACTORS) or {}
    roles = _roles(options.role) or roles_of_others(recording.messages, own)
    if not roles:
        raise ConfigError("only our own actors are in the recording; judge one by --role AE=ROLE")
    verdicts = judge(recording, roles, recorded=set(own))
    _check_named(roles, recording)
    if options.json:
        say_json([_json(verdict) for verdict in verdicts])
    else:
        say_verdicts(verdicts)
    return _code(verdicts)


def _code(verdicts: Sequence[Verdict]) -> int:
    return int(any(verdict.outcome is Outcome.NOT_MET for verdict in verdicts))


def _roles(given: Iterable[str]) -> dict[str, str]:
    roles = {}
    for text in given:
        ae_title, separator, role = text.rpartition("=")
        if not (ae_title and separator):
            raise ConfigError(f"--role {text!r} is not of the form AE=ROLE")
        roles[ae_title] = role.lower()
    return roles


def _check_named(ae_titles: Iterable[str], recording: Recording) -> None:
    """Refuse an AE title that is nowhere in the recording: all would be "not seen"."""
    seen = {title for one in recording.messages for title in (one.sender, one.receiver)}
    for event in recording.associations():
        seen |= {event.calling_ae, event.called_ae}
    for ae_title in ae_titles:
        if ae_title not in seen:
            known = ", ".join(sorted(seen)) or "nobody"
            raise ConfigError(f"{ae_title!r} is not in the recording, but {known}")


def _json(verdict: Verdict) -> dict[str, Any]:
    requirement = verdict.requirement
    return {
        "ae_title": verdict.ae_title,
        "role": requirement.role,
        "requirement": requirement.key,
        "transaction": requirement.transaction,
        "clause": requirement.clause,
        "text": requirement.text,
        "outcome": verdict.outcome.value,
        "words": verdict.words,
        "messages": list(verdict.messages),
    }
