"""`tdwii inspect`: the messages of a recording, in a window or as a list."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tdwii_gui.app.console import complain, say, say_json_array
from tdwii_gui.app.desktop import has_screen, make_application, run_window
from tdwii_gui.app.options import add_common_options
from tdwii_gui.dicom.status import is_failure, is_pending, is_warning, status_words
from tdwii_gui.recording.exchanges import exchanges
from tdwii_gui.recording.lines import Info
from tdwii_gui.recording.reading import Recording, find_recording

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from tdwii_gui.recording.exchanges import RecordedExchange
    from tdwii_gui.recording.message import MessageSummary


def add_arguments(parser: argparse.ArgumentParser, _command: str) -> None:
    """Add the options."""
    parser.add_argument(
        "folder",
        metavar="DIR",
        type=Path,
        help="a recording or an evidence pack, or a folder of recordings: then the newest",
    )
    parser.add_argument(
        "--headless",
        action="store_true",
        help="list the messages instead of a window; so does a machine without a display",
    )
    parser.add_argument("--json", action="store_true", help="list the messages as JSON")
    parser.add_argument(
        "--problems", action="store_true", help="list failures, warnings and what had no answer"
    )
    add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Show the recording."""
    folder = find_recording(options.folder)
    if not (options.headless or options.json or options.problems) and has_screen():
        return _show(folder)
    recording = Recording(folder)
    for problem in recording.problems:
        complain(problem)
    rows = list(_rows(recording, only_problems=options.problems))
    if options.json:
        say_json_array(_as_json(message, exchange) for message, exchange in rows)
        return 0
    for message, exchange in rows:
        say(_line(message, exchange))
    patient_data = "" if recording.info.get(Info.PATIENT_DATA) is False else ", with patient data"
    count = f"{len(rows)} problems among " if options.problems else ""
    say(f"{count}{len(recording.messages)} messages in {folder}{patient_data}")
    return 0


def _show(folder: Path) -> int:
    """Show the recording's window until it is closed."""
    application = make_application()
    from shiboken6 import delete

    from tdwii_gui.ui.recording_window import RecordingWindow

    window = RecordingWindow(folder)
    window.show()
    try:
        return run_window(application, window)
    finally:
        window.close()
        delete(window)


def _rows(
    recording: Recording, *, only_problems: bool
) -> Iterator[tuple[MessageSummary, RecordedExchange | None]]:
    roles = recording.info.get(Info.ACTORS)
    known = {str(ae): str(role) for ae, role in roles.items()} if isinstance(roles, dict) else {}
    found = {
        number: exchange for exchange in exchanges(recording, known) for number in exchange.numbers
    }
    for message in recording.messages:
        exchange = found.get(message.number)
        if not only_problems or _is_problem(message, exchange):
            yield message, exchange


def _is_problem(message: MessageSummary, exchange: RecordedExchange | None) -> bool:
    if message.status is not None:
        return is_failure(message.status) or is_warning(message.status)
    return exchange is not None and exchange.needs_response and exchange.final is None


def _line(message: MessageSummary, exchange: RecordedExchange | None) -> str:
    about = exchange.title.removeprefix(exchange.service) if exchange else ""
    status = message.status
    outcome = ""
    if status is not None:
        words = "pending" if is_pending(status) else status_words(status)
        outcome = ": ".join(filter(None, (f"{status:04X} {words}", message.comment)))
    parts = (
        f"{message.number:>6}",
        message.at.astimezone().strftime("%H:%M:%S.%f")[:-3],
        f"{exchange.transaction if exchange else '':5}",
        f"{message.sender:>16} -> {message.receiver:16}",
        f"{message.kind}{about}",
        outcome,
    )
    return "  ".join(parts).rstrip()


def _as_json(message: MessageSummary, exchange: RecordedExchange | None) -> dict[str, Any]:
    return {
        "number": message.number,
        "at": message.at.isoformat(),
        "association": message.association,
        "sender": message.sender,
        "receiver": message.receiver,
        "kind": message.kind,
        "transaction": exchange.transaction if exchange else "",
        "about": exchange.about if exchange else "",
        "sop_class_uid": message.sop_class_uid,
        "sop_instance_uid": message.sop_instance_uid,
        "status": None if message.status is None else f"{message.status:04X}",
        "comment": message.comment,
        "dataset_bytes": message.dataset_bytes,
        "request": exchange.request.number if exchange else None,
    }
