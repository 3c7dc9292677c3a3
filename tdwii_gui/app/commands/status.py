"""`tdwii status`: what of a query has arrived in the local index, and what is missing."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from tdwii_gui.app.console import say, say_table
from tdwii_gui.app.options import add_calling_option, add_common_options, context
from tdwii_gui.app.tools.found import text
from tdwii_gui.app.tools.query import add_query_options
from tdwii_gui.app.tools.selecting import select
from tdwii_gui.app.tools.sources import add_index_option, local_index, peer_source
from tdwii_gui.app.tools.steps import Outcome, alone
from tdwii_gui.dicom.net.exchange import counted
from tdwii_gui.dicom.store.instance_index import Level

if TYPE_CHECKING:
    import argparse

    from tdwii_gui.app.options import Context
    from tdwii_gui.app.tools.found import Found


def add_arguments(parser: argparse.ArgumentParser, _command: str) -> None:
    """Add the options."""
    parser.add_argument("ae", metavar="AE", help="peer: of the AE directory, or AE@host:port")
    add_step_arguments(parser)
    add_query_options(parser)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    add_index_option(parser)
    add_calling_option(parser)
    add_common_options(parser)


def add_step_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what is printed."""
    parser.add_argument(
        "--missing", action="store_true", help="print the UID of each object that is missing"
    )


def run(options: argparse.Namespace) -> int:
    """Find what is asked for, and say what of it is here; 1 if anything is missing."""
    given = context(options)
    found = select(peer_source(options, given), options)
    return alone(perform(found, options, given), options)


def perform(found: Found, options: argparse.Namespace, given: Context) -> Outcome:
    """Compare what was found with the local index, series by series."""
    expected: dict[str, list[str]] = defaultdict(list)
    for instance in found.at(Level.IMAGE):
        expected[text(instance, "SeriesInstanceUID")].append(str(instance.SOPInstanceUID))
    series = found.at(Level.SERIES)
    with local_index(options, given, make=True) as index:
        here = index.store.present(uid for uids in expected.values() for uid in uids)
    rows = [_row(one, expected[text(one, "SeriesInstanceUID")], here) for one in series]
    total = sum(len(uids) for uids in expected.values())
    if not options.json:
        _say(rows, show_missing=options.missing)
        say(f"{len(here)} of {counted(total, 'object', 'objects')} are in {index}")
    return Outcome(rows, 0 if len(here) == total else 1)


def _row(series: Any, uids: list[str], here: set[str]) -> dict[str, Any]:
    missing = [uid for uid in uids if uid not in here]
    state = "complete" if not missing else "partial" if len(missing) < len(uids) else "missing"
    return {
        "state": state,
        "present": len(uids) - len(missing),
        "expected": len(uids),
        "patient_id": text(series, "PatientID"),
        "modality": text(series, "Modality"),
        "series_description": text(series, "SeriesDescription"),
        "study_instance_uid": text(series, "StudyInstanceUID"),
        "series_instance_uid": text(series, "SeriesInstanceUID"),
        "missing": missing,
    }


def _say(rows: list[dict[str, Any]], *, show_missing: bool) -> None:
    heads = ("STATE", "HERE", "OF", "PATIENT ID", "MODALITY", "SERIES", "SERIES UID")
    names = ("state", "present", "expected", "patient_id", "modality", "series_description")
    say_table(heads, [[row[name] for name in (*names, "series_instance_uid")] for row in rows])
    for uid in (uid for row in rows for uid in row["missing"]):
        if show_missing:
            say(f"missing: {uid}")
