"""Evidence packs with all that this machine can make: the PDF needs Qt, nothing else does."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from tdwii_gui.evidence.pack import write_pack

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tdwii_gui.judging.verdict import Verdict
    from tdwii_gui.recording.reading import Recording
    from tdwii_gui.scenario.results import ScenarioResult


def write_evidence(
    folder: Path,
    recording: Recording,
    result: ScenarioResult | None,
    verdicts: Sequence[Verdict],
    *,
    configuration: str,
) -> Path:
    """Write an evidence pack, see `write_pack`; with ``report.pdf`` where Qt can be loaded.

    To be called on the main thread, unless windows are open.

    Raises
    ------
    OSError
        If a file cannot be written.
    StoreError
        If the recording cannot be read.
    """
    try:
        from PySide6.QtGui import QGuiApplication

        from tdwii_gui.ui.report_pdf import write_pdf
    except ImportError:
        return write_pack(folder, recording, result, verdicts, configuration=configuration)
    # Fonts belong to an application; without windows it needs no display.
    application = QGuiApplication.instance() or QGuiApplication(_arguments())
    pack = write_pack(
        folder, recording, result, verdicts, configuration=configuration, write_pdf=write_pdf
    )
    del application
    return pack


def _arguments() -> list[str]:
    is_told = bool(os.environ.get("QT_QPA_PLATFORM"))
    if is_told or sys.platform in ("win32", "darwin"):
        return ["tdwii"]
    return ["tdwii", "-platform", "offscreen"]
