"""Options that several commands share, and what they stand for.

What brings DICOM is imported where it is used: the launcher is shown before that.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tdwii_gui.config.ae_directory import (
    check_ae_title,
    find_ae_directory,
    load_ae_directory,
    parse_entity,
)
from tdwii_gui.config.paths import user_data_folder
from tdwii_gui.config.settings import Settings, find_settings, load_settings

if TYPE_CHECKING:
    from tdwii_gui.actors.actor import Surroundings
    from tdwii_gui.actors.events import Listener
    from tdwii_gui.config.ae_directory import AeDirectory, ApplicationEntity
    from tdwii_gui.dicom.net.session import LocalAe
    from tdwii_gui.dicom.net.tap import Tap


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that every command has."""
    group = parser.add_argument_group("general")
    group.add_argument(
        "--ae-config", type=Path, metavar="FILE", help="AE directory (ApplicationEntities.json)"
    )
    group.add_argument("--config", type=Path, metavar="FILE", help="settings (TOML)")
    group.add_argument(
        "--data-dir", type=Path, metavar="DIR", help="folder for databases and objects"
    )
    group.add_argument(
        "-v", "--verbose", action="count", default=0, help="log each exchange; -vv logs everything"
    )


@dataclass(frozen=True, slots=True)
class Context:
    """What the common options stand for."""

    settings: Settings
    directory: AeDirectory
    data_folder: Path

    def surroundings(
        self, listener: Listener | None = None, tap: Tap | None = None
    ) -> Surroundings:
        """Return what an actor is given; without a listener nobody hears its events."""
        from tdwii_gui.actors.actor import Surroundings
        from tdwii_gui.actors.events import ignore
        from tdwii_gui.dicom.net.tap import NO_TAP

        return Surroundings(
            self.directory,
            self.data_folder,
            self.settings.network,
            listener or ignore,
            tap or NO_TAP,
        )


def context(options: argparse.Namespace) -> Context:
    """Read settings and AE directory as the options say.

    Raises
    ------
    ConfigError
        If one of the files is not usable.
    """
    return Context(
        settings=load_settings(find_settings(options.config)),
        directory=load_ae_directory(find_ae_directory(options.ae_config)),
        data_folder=options.data_dir or user_data_folder(),
    )


def date_time(text: str) -> datetime:
    """Return a moment given as ISO 8601 or as a DICOM DT value; without a zone it is local."""
    from tdwii_gui.dicom.iod.macros import from_dt

    try:
        is_iso = text[4:5] == "-"
        return datetime.fromisoformat(text).astimezone() if is_iso else from_dt(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no date and time (2026-11-21T14:30 or 20261121143000)"
        ) from error


def add_calling_option(parser: argparse.ArgumentParser, default: str = "TDWII") -> None:
    """Add the option for the own AE title of a command that only asks."""
    parser.add_argument(
        "--ae-title",
        metavar="T",
        default=default,
        help=f"own (calling) AE title (default {default})",
    )


def caller(options: argparse.Namespace, given: Context) -> LocalAe:
    """Return the AE that asks."""
    from tdwii_gui.actors.actor import timeouts
    from tdwii_gui.dicom.net.session import LocalAe

    return LocalAe(check_ae_title(options.ae_title), timeouts(given.settings.network))


def peer(text: str, given: Context) -> ApplicationEntity:
    """Return the peer that a text names: a title of the AE directory, or ``AE@host:port``.

    Raises
    ------
    ConfigError
        If it is neither.
    """
    if text in given.directory:
        return given.directory.lookup(text)
    return parse_entity(text) or given.directory.lookup(text)


def add_tms_option(parser: argparse.ArgumentParser) -> None:
    """Add the option for the TMS that is asked."""
    parser.add_argument("--tms", metavar="AE", help="the TMS (default: of the settings, TMS)")


def tms(options: argparse.Namespace, given: Context) -> ApplicationEntity:
    """Return the TMS that is asked.

    Raises
    ------
    ConfigError
        If it is not in the AE directory.
    """
    return given.directory.lookup(options.tms or given.settings.tdd.tms_ae_title)


def speed(text: str) -> float:
    """Return a speed: 1 is real time."""
    return _positive(text)


def meterset(text: str) -> float:
    """Return a meterset for plans that name none, in the plan's dosimeter unit."""
    return _positive(text)


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text} must be more than 0")
    return number
