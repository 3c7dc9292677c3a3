"""The evidence pack: a folder and a zip with all that proves a run.

Names of files are ours; a peer's text gets into files only as escaped text or as DICOM JSON.
"""

from __future__ import annotations

import json
import re
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from tdwii_gui import __version__
from tdwii_gui.evidence.html import write_html
from tdwii_gui.evidence.ladder import Ladder
from tdwii_gui.evidence.merging import merge_parts
from tdwii_gui.evidence.report import Background, make_report
from tdwii_gui.evidence.rungs import lanes_of, rungs_of
from tdwii_gui.evidence.verdict_file import verdict_json
from tdwii_gui.evidence.words import rungs_left_out
from tdwii_gui.recording import lines
from tdwii_gui.recording.reading import Recording

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from tdwii_gui.evidence.report import Report
    from tdwii_gui.judging.verdict import Verdict
    from tdwii_gui.scenario.results import ScenarioResult

_UNSAFE: Final = re.compile(r"[^a-z0-9]+")
_LONGEST_NAME: Final = 60
_PASSWORD: Final = re.compile(r"(://[^:/@\s\"']*:)[^\s\"']*@")
"""That of a database in its URL: evidence is handed on."""

REPORT: Final = "report.html"
PDF: Final = "report.pdf"
LADDER: Final = "ladder.svg"
CONFIGURATION: Final = "config.toml"
VERSIONS: Final = "versions.json"
SCENARIO: Final = "scenario.toml"
VERDICT: Final = "verdict.json"

_CONTENTS: Final[Mapping[str, str]] = {
    PDF: "this report for those who file it",
    LADDER: "the ladder, for a slide or a ticket",
    VERDICT: "the verdicts for programs",
    lines.MESSAGES: "every DIMSE message, a line of JSON each",
    lines.CAPTURE: "the bytes as packets; Wireshark opens them as DICOM",
    lines.OBJECTS: "the stored objects as DICOM files",
    lines.ASSOCIATIONS: "what happened to each association, a line of JSON each",
    lines.RECORDING: "facts of the recording",
    SCENARIO: "the scenario that was played",
    CONFIGURATION: "the settings",
    VERSIONS: "the versions of program, libraries and system",
}


def write_pack(
    folder: Path,
    recording: Recording,
    result: ScenarioResult | None,
    verdicts: Sequence[Verdict],
    *,
    configuration: str,
    write_pdf: Callable[[Path, Report], None] | None = None,
) -> Path:
    """Write the evidence of a run to a new folder, and a zip of it beside that.

    Parameters
    ----------
    folder : Path
        Where the new folder is made.
    recording : Recording
        What travelled; it has ended.
    result : ScenarioResult or None
        The run of a scenario; None for a mere recording.
    verdicts : Sequence[Verdict]
        Of the systems that were judged; may be empty.
    configuration : str
        The settings as TOML.
    write_pdf : Callable[[Path, Report], None] or None
        Writes the report as PDF; None where that cannot be done, which the report says.

    Returns
    -------
    Path
        The new folder, named after the day, the time and the scenario.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    pack = _new_folder(folder, _moment(recording, result), result)
    merge_parts(recording.folder, recording.parts, pack)
    merged = Recording(pack)
    background = _background(recording.info, result, configuration)
    report = make_report(merged, result, verdicts, background, merged.associations())
    _write(pack / VERDICT, _json(verdict_json(report)))
    _write(pack / VERSIONS, _json(dict(report.background.versions)))
    _write(pack / CONFIGURATION, background.configuration)
    if result is not None:
        _write(pack / SCENARIO, result.scenario.text)
    picture = Ladder(lanes_of(report), REPORT).draw(rungs_of(report), rungs_left_out(report))
    _write(pack / LADDER, picture)
    if write_pdf is not None:
        write_pdf(pack / PDF, report)
    else:
        notes = (*report.background.notes, "There is no report.pdf: Qt cannot be loaded here.")
        report = replace(report, background=replace(report.background, notes=notes))
    write_html(pack / REPORT, report, _contents(pack))
    zip_folder(pack)
    return pack


def zip_folder(pack: Path) -> Path:
    """Write a zip of a folder beside it, and return its path.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    path = pack.with_name(f"{pack.name}.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as file:
        for each in sorted(pack.rglob("*")):
            if each.is_file():
                file.write(each, each.relative_to(pack.parent))
    return path


def _moment(recording: Recording, result: ScenarioResult | None) -> datetime | None:
    if result is not None:
        return result.started
    return recording.messages[0].at if recording.messages else None


def _background(
    info: Mapping[str, Any], result: ScenarioResult | None, configuration: str
) -> Background:
    places = result.environment.values() if result else ()
    roles = {str(ae): str(role) for ae, role in info.get(lines.Info.ACTORS, {}).items()}
    for actor in result.scenario.actors if result else ():
        # E.g. "TMS", or "TMS@host:11112, not ours".
        ae_title = result.environment.get(actor.name, "").partition("@")[0] if result else ""
        if ae_title:
            roles[ae_title] = actor.role
    return Background(
        roles=roles,
        # The environment tells the address of a system that is not ours.
        external=frozenset(ae for ae in roles if any(one.startswith(f"{ae}@") for one in places)),
        configuration=_PASSWORD.sub(r"\1…@", configuration),
        versions={"tdwii_gui": __version__, **info.get(lines.Info.VERSIONS, {})},
        patient_data=bool(info.get(lines.Info.PATIENT_DATA)),
        notes=_notes(info),
    )


def _notes(info: Mapping[str, Any]) -> tuple[str, ...]:
    notes = [str(note) for note in info.get(lines.Info.NOTES, ())]
    if reason := info.get(lines.Info.REASON):
        notes.append(f"The recording ended early: {reason}")
    if removed := info.get(lines.Info.REMOVED_PARTS):
        notes.append(f"The oldest {removed} parts of the recording are gone: it became too large.")
    return tuple(notes)


def _new_folder(folder: Path, began: datetime | None, result: ScenarioResult | None) -> Path:
    stamp = began.astimezone().strftime("%Y-%m-%dT%H%M") if began else "empty"
    told = result.scenario.name if result else "recording"
    name = _UNSAFE.sub("-", told.lower()).strip("-")[:_LONGEST_NAME] or "scenario"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, 10_000):
        again = f"_{number}" if number > 1 else ""
        pack = folder / f"{stamp}_{name}{again}"
        try:
            pack.mkdir()
        except FileExistsError:
            continue
        return pack
    raise FileExistsError(f"{folder}: too many packs of {name}")


def _contents(pack: Path) -> dict[str, str]:
    """Return the files that are there, and what is in each."""
    return {
        f"{name}/" if (pack / name).is_dir() else name: words
        for name, words in _CONTENTS.items()
        if (pack / name).exists()
    }


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _json(content: object) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
