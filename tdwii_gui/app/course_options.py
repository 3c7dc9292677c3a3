"""Options of the commands that look at a whole course, and what they stand for."""

from __future__ import annotations

import argparse
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tdwii_gui.actors.rtbdi_creator import RtbdiCreator
from tdwii_gui.dicom.errors import ConfigError, ListenError
from tdwii_gui.dicom.iod.course import CourseRules, holidays, read_holidays
from tdwii_gui.dicom.iod.part10 import read_part10

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from pydicom.dataset import Dataset

    from tdwii_gui.app.options import Context
    from tdwii_gui.config.settings import CreatorSettings


def add_peer_options(parser: argparse.ArgumentParser) -> None:
    """Add the options for TMS, OST and the records in files."""
    parser.add_argument("--tms", metavar="AE", help="TMS, for RTBDI and UPS")
    parser.add_argument(
        "--ost", metavar="AE", help="OST, for plan and records; may be the same AE as the TMS"
    )
    parser.add_argument(
        "--records",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="treatment records; default: those that the OST has",
    )


def add_rule_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say on which days a course is treated."""
    group = parser.add_argument_group("treatment days of a course")
    group.add_argument(
        "--holidays", type=Path, metavar="FILE", help="text file, a day or FIRST..LAST a line"
    )
    group.add_argument(
        "--holiday",
        type=_days,
        action="append",
        metavar="DAY",
        help="one more, e.g. 2026-12-25 or 2026-12-24..2027-01-01; may be repeated",
    )
    group.add_argument("--per-day", type=int, metavar="N", help="fractions a day (default 1)")
    group.add_argument(
        "--interval",
        type=float,
        metavar="HOURS",
        help="between the beginnings of two fractions, at least (default 6)",
    )


def course_rules(options: argparse.Namespace, settings: CreatorSettings) -> CourseRules:
    """Return what options and settings say of the treatment days.

    Raises
    ------
    ConfigError
        If a file cannot be read, or a value is not usable.
    """
    file = options.holidays or settings.holidays_path
    days: set[date] = set(read_holidays(Path(file))) if file else set()
    days.update(*(options.holiday or ()))
    hours = settings.minimum_interval_hours if options.interval is None else options.interval
    per_day = settings.fractions_per_day if options.per_day is None else options.per_day
    try:
        interval = timedelta(hours=hours)
    except (OverflowError, ValueError) as error:
        raise ConfigError(f"{hours} is no number of hours") from error
    return CourseRules(frozenset(days), per_day, interval)


def given_records(options: argparse.Namespace) -> list[Dataset] | None:
    """Return the records in the files that were named; None if none were.

    Raises
    ------
    DatasetError
        If a file cannot be read.
    """
    return None if options.records is None else [read_part10(path) for path in options.records]


@contextmanager
def open_creator(
    options: argparse.Namespace, given: Context, *, fetches: bool
) -> Iterator[RtbdiCreator]:
    """Run a creator while a block runs; one that `fetches` receives records.

    For that it listens where the AE directory has a place for it and that is free; else an OST is
    asked to send on our association (C-GET).
    """
    settings = given.settings.creator
    settings = replace(
        settings,
        tms_ae_title=options.tms or settings.tms_ae_title,
        ost_ae_title=options.ost or settings.ost_ae_title,
    )
    creator = RtbdiCreator(settings, given.surroundings())
    try:
        creator.retriever.by_get = fetches and not _listens(creator)
        yield creator
    finally:
        creator.stop()


def _listens(creator: RtbdiCreator) -> bool:
    if creator.ae_title not in creator.directory:
        return False
    try:
        creator.start()
    except ListenError:
        return False
    return True


def _days(text: str) -> frozenset[date]:
    try:
        return holidays(text)
    except ConfigError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
