"""`tdwii suite`: the launcher with all actors in one process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdwii_gui.app.desktop import run_suite
from tdwii_gui.app.options import add_common_options, context
from tdwii_gui.app.recording_options import add_recording_options, recording

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser, _command: str) -> None:
    """Add the options."""
    add_recording_options(parser)
    add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Show the launcher until it is closed."""
    given = context(options)
    with recording(options, given.settings) as switch:
        return run_suite(given.settings, given.directory, given.data_folder, recording=switch)
