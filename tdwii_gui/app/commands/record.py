"""`tdwii record check`: a treatment record against its plan, instruction and earlier records."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tdwii_gui.app.console import complain, say, say_json, say_table
from tdwii_gui.app.options import add_common_options, meterset
from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod.part10 import read_part10
from tdwii_gui.dicom.iod.plan import read_plan
from tdwii_gui.dicom.iod.record_check import DEFAULT_SHARE, Verdict, check_record, require_met
from tdwii_gui.dicom.iod.rtbdi import RtBeamsDeliveryInstruction

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from tdwii_gui.dicom.iod.record_finding import RecordFinding


def add_arguments(parser: argparse.ArgumentParser, _command: str) -> None:
    """Add the sub-command and its options."""
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    line = "compare treatment records with what they are the records of"
    check = verbs.add_parser("check", help=line, description=f"{line[0].upper()}{line[1:]}.")
    check.add_argument(
        "records", metavar="RECORD", type=Path, nargs="+", help="file of a treatment record"
    )
    check.add_argument(
        "--plan", required=True, type=Path, metavar="FILE", help="RT Plan or RT Ion Plan"
    )
    check.add_argument(
        "--rtbdi", type=Path, metavar="FILE", help="RT Beams Delivery Instruction of the session"
    )
    check.add_argument(
        "--prior",
        type=Path,
        metavar="RECORD",
        action="append",
        default=[],
        help="an earlier record of the same fraction; may be repeated",
    )
    check.add_argument(
        "--meterset", type=meterset, metavar="N", help="for plans without any Beam Meterset"
    )
    check.add_argument(
        "--tolerance",
        type=meterset,
        metavar="PERCENT",
        default=100 * DEFAULT_SHARE,
        help="by how much of a beam's meterset metersets may differ (default "
        f"{100 * DEFAULT_SHARE:g})",
    )
    check.add_argument("--json", action="store_true", help="print JSON instead of tables")
    add_common_options(check)


def run(options: argparse.Namespace) -> int:
    """Check each record; 1 if something of one is not met."""
    plan = read_plan(options.plan, meterset=options.meterset)
    rtbdi = None
    if options.rtbdi:
        dataset = read_part10(options.rtbdi)
        rtbdi = RtBeamsDeliveryInstruction.from_dataset(dataset, source=str(options.rtbdi))
    prior = [read_part10(path) for path in options.prior]
    found = {
        path: check_record(read_part10(path), plan, rtbdi, prior, share=options.tolerance / 100)
        for path in options.records
    }
    if options.json:
        say_json([_as_json(path, findings) for path, findings in found.items()])
    for path, findings in found.items():
        if not options.json:
            _show(path, findings)
    met = [_is_met(path, findings) for path, findings in found.items()]
    return 0 if all(met) else 1


def _show(path: Path, findings: Sequence[RecordFinding]) -> None:
    say(f"# {path}")
    say_table(("VERDICT", "ATTRIBUTE", "FOUND"), [(f.verdict, f.subject, f.text) for f in findings])
    counts = ", ".join(
        f"{sum(finding.verdict is verdict for finding in findings)} {verdict}"
        for verdict in Verdict
    )
    say(f"{len(findings)} comparisons: {counts}")


def _is_met(path: Path, findings: Sequence[RecordFinding]) -> bool:
    """Return whether all is met; what is not is told as one sentence."""
    try:
        require_met(findings, str(path))
    except DatasetError as error:
        complain(str(error))
        return False
    return True


def _as_json(path: Path, findings: Sequence[RecordFinding]) -> dict[str, Any]:
    return {
        "file": str(path),
        "met": all(finding.verdict is not Verdict.NOT_MET for finding in findings),
        "findings": [
            {"attribute": f.subject, "found": f.text, "verdict": f.verdict} for f in findings
        ],
    }
