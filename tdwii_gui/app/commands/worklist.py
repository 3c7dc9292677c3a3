"""`tdwii worklist`: query the TMS (RO-58)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tdwii_gui.app.console import say, say_json, say_table
from tdwii_gui.app.options import (
    add_calling_option,
    add_common_options,
    add_tms_option,
    caller,
    context,
    date_time,
    tms,
)
from tdwii_gui.dicom.iod.dcmdump import read_dataset
from tdwii_gui.dicom.iod.ups import ProcedureStepState, Ups
from tdwii_gui.dicom.iod.ups_query import WorklistKeys, worklist_query
from tdwii_gui.dicom.net.ups_scu import UpsScu

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from pydicom.dataset import Dataset


def add_arguments(parser: argparse.ArgumentParser, _command: str) -> None:
    """Add the options."""
    parser.add_argument("--machine", metavar="M", help="treatment machine")
    parser.add_argument(
        "--state",
        type=_state,
        metavar="S",
        help="SCHEDULED, 'IN PROGRESS', COMPLETED or CANCELED",
    )
    parser.add_argument("--from", dest="start_from", type=date_time, metavar="DT", help="start")
    parser.add_argument("--to", dest="start_to", type=date_time, metavar="DT", help="end")
    parser.add_argument(
        "--query", type=Path, metavar="FILE", help="the identifier as DICOM file or dcmdump text"
    )
    parser.add_argument("--json", action="store_true", help="print the steps as DICOM JSON")
    add_tms_option(parser)
    add_calling_option(parser, "TDD")
    add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Query and print what matches."""
    given = context(options)
    with UpsScu(caller(options, given), tms(options, given)) as scu:
        answers = list(scu.c_find(_identifier(options)))
    if options.json:
        say_json([answer.to_json_dict() for answer in answers])
    else:
        _say_steps([Ups(answer) for answer in answers])
    return 0


def _identifier(options: argparse.Namespace) -> Dataset:
    if options.query:
        return read_dataset(options.query)
    return worklist_query(
        WorklistKeys(
            machine=options.machine or "",
            state=options.state,
            start_from=options.start_from,
            start_to=options.start_to,
        )
    )


def _state(text: str) -> ProcedureStepState:
    return ProcedureStepState(text.upper().replace("_", " "))


def _say_steps(steps: Sequence[Ups]) -> None:
    if not steps:
        say("no step matches")
        return
    say_table(
        ("STATE", "START", "MACHINE", "FRACTION", "PATIENT ID", "PATIENT", "UPS"),
        [
            (
                step.state or "",
                step.start.isoformat(" ", "minutes") if step.start else "",
                step.machine,
                f"{step.fraction_number or '?'} of {step.fractions_planned or '?'}",
                step.patient_id,
                step.patient_name,
                step.sop_instance_uid,
            )
            for step in steps
        ],
    )
