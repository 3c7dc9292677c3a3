"""`tdwii settings`: the settings in use and where they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdwii_gui.app.console import say
from tdwii_gui.app.options import add_common_options, context
from tdwii_gui.config.settings import settings_toml

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser, _command: str) -> None:
    """Add the options."""
    add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Print a TOML file that says what holds now, to be kept and changed."""
    given = context(options)
    say(f"# settings: {given.settings.source or 'built-in defaults'}")
    say(f"# AE directory: {given.directory.source}")
    say(f"# data: {given.data_folder}")
    for line in settings_toml(given.settings).splitlines():
        say(line)
    return 0
