"""Makes the pictures of evidence in `docs/screenshots`: of a nominal run, and of one that fails.

Plays the scenarios, writes their packs to a temporary folder, and takes pictures of the reports
with a browser (Chromium or Chrome) and Poppler. Start it from the project's folder:
``PYTHONPATH=. python docs/evidence.py``.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tdwii_gui.app.evidence import write_evidence
from tdwii_gui.config.settings import Settings, settings_toml
from tdwii_gui.judging.judge import REQUIREMENTS, judge
from tdwii_gui.recording.reading import Recording
from tdwii_gui.recording.switch import RecordingSwitch
from tdwii_gui.scenario.library import shipped_scenario
from tdwii_gui.scenario.reading import scenario_of
from tdwii_gui.scenario.run import ScenarioRun

if TYPE_CHECKING:
    from tdwii_gui.scenario.document import Scenario

FOLDER: Final = Path(__file__).parent / "screenshots"
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "chrome")
WIDTH: Final = 1366

_HEAD: Final = """
title = "Photon fraction with a final update that is not complete"
purpose = "What the evidence shows of a device that does not say which station performed the step."
"""
_FAULT: Final = """
[[step]]
title = "From now on the device's updates lack the station that performed"
do = "fault"
[step.with]
at = "tdd"
kind = "remove-attribute"
message = "N-SET"
path = "UnifiedProcedureStepPerformedProcedureSequence[0].PerformedStationNameCodeSequence"
times = 0

"""
_BEFORE: Final = '[[step]]\ntitle = "The final update names the record"'


def failing_scenario() -> Scenario:
    """Return the nominal fraction with a device whose final update is not complete."""
    text = shipped_scenario("nominal_photon").text
    text = _HEAD + text[text.index("clauses") :].replace(_BEFORE, _FAULT + _BEFORE)
    return scenario_of(text, "failing_photon", "failing_photon.toml")


def pack_of(scenario: Scenario, folder: Path) -> Path:
    """Play a scenario, and return the evidence of it."""
    switch = RecordingSwitch()
    with tempfile.TemporaryDirectory(dir=folder) as data:
        switch.begin(folder / "recordings")
        with ScenarioRun(scenario, Settings(), Path(data), recording=switch) as run:
            result = run.run()
        path = switch.end()
    if path is None:
        raise RuntimeError("nothing was recorded")
    recording = Recording(path)
    roles = {
        result.environment[actor.name]: actor.role
        for actor in scenario.actors
        if actor.role in REQUIREMENTS
    }
    verdicts = judge(recording, roles, recorded=tuple(roles))
    return write_evidence(
        folder, recording, result, verdicts, configuration=settings_toml(Settings())
    )


class Camera:
    """Takes pictures of reports with a browser that shows no window."""

    def __init__(self, browser: str, folder: Path) -> None:
        self._browser = browser
        self._folder = folder

    def take(self, pack: Path, name: str, height: int, style: str = "") -> None:
        """Save what a report shows; the style may leave out what stands before."""
        report = (pack / "report.html").read_text(encoding="utf-8")
        page = pack / "picture.html"
        page.write_text(report.replace("</style>", f"{style}</style>"), encoding="utf-8")
        _run(
            self._browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            f"--window-size={WIDTH},{height}", f"--screenshot={self._folder / name}.png",
            page.resolve().as_uri(),
        )  # fmt: skip


def main() -> int:
    """Make the packs and the pictures."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None or shutil.which("pdftoppm") is None:
        sys.stderr.write(
            "a Chromium and Poppler are needed: apt-get install chromium poppler-utils\n"
        )
        return 1
    FOLDER.mkdir(exist_ok=True)
    camera = Camera(browser, FOLDER)
    with tempfile.TemporaryDirectory(prefix="tdwii-evidence-") as folder:
        nominal = pack_of(shipped_scenario("nominal_photon"), Path(folder))
        failing = pack_of(failing_scenario(), Path(folder))
        camera.take(nominal, "report-nominal", 1500)
        camera.take(nominal, "report-nominal-ladder", 1500, _only("ladder"))
        camera.take(failing, "report-failing", 1500)
        camera.take(failing, "report-failing-message", 1100, _only("messages") + _around(failing))
        shutil.copyfile(nominal / "ladder.svg", FOLDER / "ladder-nominal.svg")
        page = FOLDER / "report-failing-pdf"
        _run("pdftoppm", "-r", "100", "-png", "-singlefile", failing / "report.pdf", page)
    return 0


def _only(section: str) -> str:
    return (
        f"header, nav, section:not(#{section}) {{ display: none; }} main {{ padding-top: 20px; }}"
    )


def _around(pack: Path) -> str:
    """Return a style that shows the messages around the one that proves the first finding."""
    verdict = json.loads((pack / "verdict.json").read_text(encoding="utf-8"))
    proof = next(one for one in verdict["requirements"] if one["outcome"] == "not met")
    middle = proof["messages"][0]
    shown = "".join(f":not(#m{number})" for number in range(middle - 4, middle + 8))
    return f"details.message{shown} {{ display: none; }}"


def _run(*command: object) -> None:
    subprocess.run([str(part) for part in command], check=True, capture_output=True, timeout=60)


if __name__ == "__main__":
    sys.exit(main())
