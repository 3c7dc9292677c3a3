"""`tdwii report`: what a peer or the local index holds, as a table, CSV or JSON."""

from __future__ import annotations

import csv
import sys
from typing import TYPE_CHECKING, Any, Final

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
    from collections.abc import Callable, Iterable, Mapping

    from pydicom.dataset import Dataset

    from tdwii_gui.app.options import Context
    from tdwii_gui.app.tools.found import Found

    Row = dict[str, Any]

# With one of these at its beginning a cell is a formula to a spreadsheet.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def add_arguments(parser: argparse.ArgumentParser, _command: str) -> None:
    """Add the options."""
    parser.add_argument(
        "ae",
        metavar="AE",
        nargs="?",
        help="peer: of the AE directory, or AE@host:port; default: the local index",
    )
    add_step_arguments(parser)
    add_query_options(parser)
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    add_index_option(parser)
    add_calling_option(parser)
    add_common_options(parser)


def add_step_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the form of the report."""
    parser.add_argument(
        "--by", choices=list(_ROWS), default="series", help="a line for each; default: series"
    )
    parser.add_argument("--csv", action="store_true", help="print the rows as CSV")


def run(options: argparse.Namespace) -> int:
    """Find what is asked for, and report it."""
    given = context(options)
    if options.ae:
        found = select(peer_source(options, given), options)
        return alone(perform(found, options, given), options)
    with local_index(options, given) as index:
        return alone(perform(select(index, options), options, given), options)


def perform(found: Found, options: argparse.Namespace, _given: Context) -> Outcome:
    """Report what was found."""
    studies = {text(one, "StudyInstanceUID"): one for one in found.at(Level.STUDY)}
    series = found.at(Level.SERIES)
    rows = _ROWS[options.by](studies, series)
    if options.csv and not options.json:
        _say_csv(rows)
    elif not options.json:
        _say(rows, options.by)
    return Outcome(rows)


def _by_series(studies: Mapping[str, Dataset], series: list[Dataset]) -> list[Row]:
    return [
        _study_columns(studies[text(one, "StudyInstanceUID")])
        | {
            "modality": text(one, "Modality"),
            "series_number": text(one, "SeriesNumber"),
            "series_description": text(one, "SeriesDescription"),
            "objects": _objects(one),
            "study_instance_uid": text(one, "StudyInstanceUID"),
            "series_instance_uid": text(one, "SeriesInstanceUID"),
        }
        for one in series
        if text(one, "StudyInstanceUID") in studies
    ]


def _by_study(studies: Mapping[str, Dataset], series: list[Dataset]) -> list[Row]:
    return [
        _study_columns(study) | _totals(series, {uid}) | {"study_instance_uid": uid}
        for uid, study in studies.items()
    ]


def _by_patient(studies: Mapping[str, Dataset], series: list[Dataset]) -> list[Row]:
    patients: dict[str, list[Dataset]] = {}
    for study in studies.values():
        patients.setdefault(text(study, "PatientID"), []).append(study)
    rows = []
    for patient_id, of_patient in patients.items():
        dates = sorted(filter(None, (text(one, "StudyDate") for one in of_patient)))
        rows.append(
            {
                "patient_id": patient_id,
                "patient_name": text(of_patient[0], "PatientName"),
                "first_date": dates[0] if dates else "",
                "last_date": dates[-1] if dates else "",
                "studies": len(of_patient),
            }
            | _totals(series, {text(one, "StudyInstanceUID") for one in of_patient})
        )
    return rows


_ROWS: Final[Mapping[str, Callable[[Mapping[str, Dataset], list[Dataset]], list[Row]]]] = {
    "patient": _by_patient,
    "study": _by_study,
    "series": _by_series,
}


def _study_columns(study: Dataset) -> Row:
    return {
        "patient_id": text(study, "PatientID"),
        "patient_name": text(study, "PatientName"),
        "study_date": text(study, "StudyDate"),
        "study_description": text(study, "StudyDescription"),
    }


def _totals(series: list[Dataset], studies: set[str]) -> Row:
    inside = [one for one in series if text(one, "StudyInstanceUID") in studies]
    return {
        "modalities": "\\".join(sorted({text(one, "Modality") for one in inside})),
        "series": len(inside),
        "objects": _sum(_objects(one) for one in inside),
    }


def _objects(series: Dataset) -> int | None:
    """Return how many instances a series has; None where the archive does not count them."""
    value = text(series, "NumberOfSeriesRelatedInstances").strip()
    return int(value) if value.isascii() and value.isdigit() else None


def _sum(numbers: Iterable[int | None]) -> int | None:
    known = list(numbers)
    return None if None in known else sum(filter(None, known))


def _say(rows: list[Row], by: str) -> None:
    if not rows:
        say("nothing matches")
        return
    if by != "series":
        say_table([_head(name) for name in rows[0]], [_cells(row.values()) for row in rows])
        return
    shown = ("modality", "series_number", "objects", "series_description", "series_instance_uid")
    for uid in dict.fromkeys(row["study_instance_uid"] for row in rows):
        inside = [row for row in rows if row["study_instance_uid"] == uid]
        first = inside[0]
        about = (first["patient_id"], first["patient_name"], first["study_date"])
        say("  ".join(filter(None, (*about, first["study_description"]))))
        say(f"study {uid}")
        say_table(
            [f"  {_head(shown[0])}", *map(_head, shown[1:])],
            [[f"  {row[shown[0]]}", *_cells(row[name] for name in shown[1:])] for row in inside],
        )
        say()
    total = _sum(row["objects"] for row in rows)
    objects = "" if total is None else f", {counted(total, 'object', 'objects')}"
    studies = len({row["study_instance_uid"] for row in rows})
    say(f"{counted(studies, 'study', 'studies')}, {len(rows)} series{objects}")


def _cells(values: Iterable[object]) -> list[object]:
    return ["" if value is None else value for value in values]


def _head(name: str) -> str:
    return name.replace("_", " ").upper()


def _say_csv(rows: list[Row]) -> None:
    if not rows:
        return
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(rows[0])
    for row in rows:
        writer.writerow([_csv_cell(value) for value in _cells(row.values())])


def _csv_cell(value: object) -> str:
    cell = "".join(c if c.isprintable() else " " for c in str(value))
    return f"'{cell}" if str(value).startswith(_FORMULA) else cell
