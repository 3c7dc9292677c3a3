"""`tdwii ups ...`: work on one Unified Procedure Step by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tdwii_gui.actors.tdd import Tdd
from tdwii_gui.app.console import complain, say, say_json
from tdwii_gui.app.options import (
    add_calling_option,
    add_common_options,
    add_tms_option,
    caller,
    context,
    tms,
)
from tdwii_gui.dicom.iod.codes import (
    DISCONTINUATION_REASONS,
    UNSPECIFIED_REASON,
    discontinuation_reason,
)
from tdwii_gui.dicom.iod.dcmdump import format_dcmdump, read_dataset
from tdwii_gui.dicom.iod.part10 import read_part10
from tdwii_gui.dicom.iod.ups import Cancellation, ProcedureStepState, Ups
from tdwii_gui.dicom.iod.ups_create import as_attribute_list
from tdwii_gui.dicom.iod.ups_update import FinalUpdate, cancel_request
from tdwii_gui.dicom.net.ups_scu import UpsScu
from tdwii_gui.dicom.status import Status, status_words

if TYPE_CHECKING:
    import argparse

    from pydicom.dataset import Dataset

    from tdwii_gui.app.options import Context


def add_arguments(parser: argparse.ArgumentParser, _command: str) -> None:
    """Add a sub-command for each service."""
    verbs = parser.add_subparsers(title="services", metavar="SERVICE", required=True)

    def add(name: str, line: str, service: object) -> argparse.ArgumentParser:
        verb = verbs.add_parser(name, help=line, description=f"{line[0].upper()}{line[1:]}.")
        verb.set_defaults(service=service)
        if name != "create":
            verb.add_argument("uid", metavar="UID", help="SOP Instance UID of the step")
        return verb

    get = add("get", "show a step (N-GET)", _get)
    get.add_argument("--json", action="store_true", help="as DICOM JSON instead of dcmdump text")
    create = add("create", "create a step (N-CREATE)", _create)
    create.add_argument(
        "file", metavar="FILE", type=Path, help="its attributes: DICOM file or dcmdump text"
    )
    create.add_argument("--uid", metavar="UID", help="default: the file's, else the TMS assigns")
    add("claim", "start a step: IN PROGRESS under a new Transaction UID (RO-60)", _claim)
    progress = add("progress", "report progress of a claimed step (RO-62)", _progress)
    progress.add_argument("percent", metavar="PERCENT", type=float, help="0 to 100")
    progress.add_argument("--beam", type=int, default=1, metavar="N", help="beam number (1)")
    progress.add_argument("--description", default="", metavar="TEXT", help="in words")
    complete = add("complete", "final update and COMPLETED (RO-64, RO-65)", _complete)
    cancel = add("cancel", "final update and CANCELED of a claimed step (RO-64, RO-65)", _cancel)
    for verb in (complete, cancel):
        verb.add_argument(
            "--record",
            dest="records",
            type=Path,
            metavar="FILE",
            action="append",
            default=[],
            help="treatment record that is in the OST; may be repeated",
        )
        verb.add_argument("--ost", metavar="AE", help="the OST that has the records")
    request = add("request-cancel", "ask the TMS to have a step canceled", _request_cancel)
    request.add_argument("--contact-name", default="", metavar="TEXT", help="whom to ask back")
    request.add_argument("--contact-uri", default="", metavar="URI", help="how to reach them")
    for verb in (cancel, request):
        verb.add_argument(
            "--reason",
            metavar="CODE",
            default=UNSPECIFIED_REASON.value,
            choices=[code.value for code in DISCONTINUATION_REASONS],
            help="discontinuation reason (CID 9300): "
            + ", ".join(f"{code.value} {code.meaning}" for code in DISCONTINUATION_REASONS),
        )
        verb.add_argument("--text", default="", metavar="TEXT", help="the reason in words")
    for verb in verbs.choices.values():
        add_tms_option(verb)
        add_calling_option(verb, "TDD")
        add_common_options(verb)


def run(options: argparse.Namespace) -> int:
    """Perform the chosen service."""
    code: int = options.service(options, context(options))
    return code


def _get(options: argparse.Namespace, given: Context) -> int:
    step = _attributes(options, given)
    if options.json:
        say_json(step.to_json_dict())
    else:
        for line in format_dcmdump(step).splitlines():
            say(line)
    return 0


def _create(options: argparse.Namespace, given: Context) -> int:
    attributes = read_dataset(options.file)
    uid = options.uid or attributes.get("SOPInstanceUID")
    with UpsScu(caller(options, given), tms(options, given)) as scu:
        created, _, status = scu.n_create(uid, as_attribute_list(attributes))
    _warn(status)
    say(created)
    return 0


def _claim(options: argparse.Namespace, given: Context) -> int:
    tdd = _tdd(options, given)
    try:
        claim = tdd.start_procedure(options.uid).result()
    finally:
        tdd.stop()
    say(f"{claim.sop_instance_uid} IN PROGRESS, Transaction UID {claim.transaction_uid}")
    return 0


def _progress(options: argparse.Namespace, given: Context) -> int:
    tdd = _tdd(options, given)
    try:
        status = tdd.update_progress(
            options.uid, options.percent, options.beam, options.description
        ).result()
    finally:
        tdd.stop()
    _warn(status)
    say(f"{options.uid} {options.percent:g} %, beam {options.beam}")
    return 0


def _complete(options: argparse.Namespace, given: Context) -> int:
    return _finish(options, given, ProcedureStepState.COMPLETED)


def _cancel(options: argparse.Namespace, given: Context) -> int:
    return _finish(options, given, ProcedureStepState.CANCELED)


def _finish(options: argparse.Namespace, given: Context, state: ProcedureStepState) -> int:
    """Send the final update with what is known, then change the state."""
    records = [read_part10(path) for path in options.records]
    tdd = _tdd(options, given)
    try:
        claim = tdd.claims.get(options.uid)
        step = Ups(_attributes(options, given))
        treated = state is ProcedureStepState.COMPLETED or bool(records)
        update = FinalUpdate(
            machine=step.machine,
            started=claim.claimed_at if claim and treated else None,
            ended=datetime.now().astimezone() if treated else None,
            outputs=records,
            static_ae=tdd.ost_ae_title,
            percent=step.progress.percent,
            beam_number=step.progress.beam_number,
            cancellation=_cancellation(options) if state is ProcedureStepState.CANCELED else None,
        )
        tdd.send_final_update(options.uid, update).result()
        status = tdd.finish_procedure(options.uid, state).result()
    finally:
        tdd.stop()
    _warn(status)
    say(f"{options.uid} {state}")
    return 0


def _request_cancel(options: argparse.Namespace, given: Context) -> int:
    information = cancel_request(
        reason=options.text,
        reason_code=discontinuation_reason(options.reason),
        contact_name=options.contact_name,
        contact_uri=options.contact_uri,
    )
    with UpsScu(caller(options, given), tms(options, given)) as scu:
        _warn(scu.request_cancel(options.uid, information))
    say(f"{options.uid}: the request to cancel is accepted")
    return 0


def _attributes(options: argparse.Namespace, given: Context) -> Dataset:
    with UpsScu(caller(options, given), tms(options, given)) as scu:
        return scu.n_get(options.uid)


def _tdd(options: argparse.Namespace, given: Context) -> Tdd:
    settings = replace(
        given.settings.tdd,
        ae_title=options.ae_title,
        tms_ae_title=options.tms or given.settings.tdd.tms_ae_title,
        ost_ae_title=getattr(options, "ost", None) or given.settings.tdd.ost_ae_title,
    )
    return Tdd(settings, given.surroundings())


def _cancellation(options: argparse.Namespace) -> Cancellation:
    return Cancellation(discontinuation_reason(options.reason), options.text)


def _warn(status: int) -> None:
    if status != Status.SUCCESS:
        complain(f"{status:04X}H {status_words(status)}")
