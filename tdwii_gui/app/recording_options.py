"""The options by which commands record what travels, and what they stand for.

What records is imported where it is used: the launcher is shown before that.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tdwii_gui.app.console import complain, say

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from tdwii_gui.config.settings import Settings
    from tdwii_gui.recording.switch import RecordingSwitch


def add_recording_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of commands that run actors."""
    group = parser.add_argument_group("recording")
    group.add_argument(
        "--record",
        type=Path,
        metavar="DIR",
        help="record all associations into a new folder there: messages, packets, objects",
    )
    group.add_argument(
        "--record-patient-data",
        action="store_true",
        help="with names, IDs and dates as they are; else they become pseudonyms",
    )


@contextmanager
def recording(options: argparse.Namespace, settings: Settings) -> Iterator[RecordingSwitch | None]:
    """Yield what actors are to be tapped with, which records until the end of the block.

    None if no recording is asked for.

    Raises
    ------
    StoreError
        If the folder cannot be made.
    """
    if options.record is None:
        yield None
        return
    from tdwii_gui.recording.switch import RecordingSwitch

    switch = RecordingSwitch()
    switch.actors = lambda: _roles(settings)
    recorder = switch.begin(
        options.record, patient_data=options.record_patient_data, on_ended=_complain
    )
    say(f"recording to {recorder.folder}")
    try:
        yield switch
    finally:
        switch.end()
        say(f"recorded {recorder.message_count} messages in {recorder.folder}")


def _complain(reason: str) -> None:
    complain(f"the recording has ended: {reason}")


def _roles(settings: Settings) -> dict[str, str]:
    return {
        settings.ost.ae_title: "ost",
        settings.tms.ae_title: "tms",
        settings.ppvs.ae_title: "ppvs",
        settings.tdd.ae_title: "tdd",
        settings.creator.ae_title: "creator",
    }
