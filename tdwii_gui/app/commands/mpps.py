"""`tdwii mpps ...`: one Modality Performed Procedure Step by hand, at any peer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset

from tdwii_gui.app.console import say, say_json, say_table
from tdwii_gui.app.options import add_calling_option, add_common_options, caller, context, peer
from tdwii_gui.app.tools.answers import value_text
from tdwii_gui.app.tools.folders import files_below
from tdwii_gui.dicom.errors import ConfigError
from tdwii_gui.dicom.iod.codes import (
    DISCONTINUATION_REASONS,
    UNSPECIFIED_REASON,
    discontinuation_reason,
)
from tdwii_gui.dicom.iod.dcmdump import read_dataset
from tdwii_gui.dicom.iod.mpps import (
    IMAGING,
    Mpps,
    MppsStatus,
    PerformedSeries,
    imaging_ended,
    imaging_started,
    performed_series,
)
from tdwii_gui.dicom.iod.part10 import read_part10
from tdwii_gui.dicom.iod.query_keys import add_keys, parse_key
from tdwii_gui.dicom.iod.tolerant import element
from tdwii_gui.dicom.iod.ups import Ups
from tdwii_gui.dicom.net.mpps_scu import MppsScu
from tdwii_gui.dicom.status import Status, status_words

if TYPE_CHECKING:
    import argparse

    from tdwii_gui.app.options import Context


def add_arguments(parser: argparse.ArgumentParser, _command: str) -> None:
    """Add a sub-command for each service."""
    verbs = parser.add_subparsers(title="services", metavar="SERVICE", required=True)

    def add(name: str, line: str, service: object) -> argparse.ArgumentParser:
        verb = verbs.add_parser(name, help=line, description=f"{line[0].upper()}{line[1:]}.")
        verb.set_defaults(service=service)
        verb.add_argument("ae", metavar="AE", help="peer: of the AE directory, or AE@host:port")
        if name != "create":
            verb.add_argument("uid", metavar="UID", help="SOP Instance UID of the performed step")
        return verb

    create = add("create", "begin a performed procedure step (N-CREATE)", _create)
    _add_file(create)
    create.add_argument("--uid", metavar="UID", help="its SOP Instance UID; default: the peer's")
    create.add_argument("--step", type=Path, metavar="FILE", help="the UPS it is about")
    create.add_argument("--modality", default=IMAGING, metavar="M", help=f"default {IMAGING}")
    create.add_argument("--station", metavar="AE", help="AE title of the device; default: ours")
    change = add("set", "change attributes of a performed procedure step (N-SET)", _set)
    _add_file(change)
    complete = add("complete", "end it as COMPLETED (N-SET)", _complete)
    discontinue = add("discontinue", "end it as DISCONTINUED (N-SET)", _discontinue)
    discontinue.add_argument(
        "--reason",
        metavar="CODE",
        default=UNSPECIFIED_REASON.value,
        choices=[code.value for code in DISCONTINUATION_REASONS],
        help="why: "
        + ", ".join(f"{each.value} {each.meaning}" for each in DISCONTINUATION_REASONS),
    )
    for verb in (complete, discontinue):
        _add_results(verb)
    add("get", "show a performed procedure step (N-GET)", _get)
    for name, verb in verbs.choices.items():
        only_name = name == "get"
        verb.add_argument(
            "-k",
            dest="keys",
            metavar="KEYWORD" if only_name else "KEYWORD=VALUE",
            action="append",
            default=[],
            help="show this alone" if only_name else "an attribute; may be repeated",
        )
        verb.add_argument("--json", action="store_true", help="print JSON instead of a table")
        add_calling_option(verb)
        add_common_options(verb)


def run(options: argparse.Namespace) -> int:
    """Perform the chosen service."""
    code: int = options.service(options, context(options))
    return code


def _add_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", metavar="FILE", type=Path, nargs="?", help="attributes: DICOM file or dcmdump text"
    )


def _add_results(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", metavar="PATH", type=Path, nargs="*", help="files and folders with what was made"
    )
    parser.add_argument("--series", metavar="UID", help="instead: a series without instances")
    parser.add_argument("--protocol", default="RT", metavar="TEXT", help="Protocol Name (RT)")
    parser.add_argument("--retrieve-ae", default="", metavar="AE", help="who has the instances")


def _create(options: argparse.Namespace, given: Context) -> int:
    if options.file:
        attributes = read_dataset(options.file)
    else:
        attributes = imaging_started(
            Ups(read_dataset(options.step)) if options.step else None,
            station_ae_title=options.station or options.ae_title,
            modality=options.modality,
        )
    _add_keys(attributes, options)
    with _scu(options, given) as scu:
        uid = scu.n_create(attributes, options.uid or "")
    return _say(uid, attributes, Status.SUCCESS, options)


def _set(options: argparse.Namespace, given: Context) -> int:
    return _change(read_dataset(options.file) if options.file else None, options, given)


def _complete(options: argparse.Namespace, given: Context) -> int:
    return _change(imaging_ended(MppsStatus.COMPLETED, _series(options)), options, given)


def _discontinue(options: argparse.Namespace, given: Context) -> int:
    reason = discontinuation_reason(options.reason)
    ended = imaging_ended(MppsStatus.DISCONTINUED, _series(options), reason=reason)
    return _change(ended, options, given)


def _change(given_set: Dataset | None, options: argparse.Namespace, given: Context) -> int:
    modifications = _add_keys(given_set, options)
    with _scu(options, given) as scu:
        status = scu.n_set(options.uid, modifications)
    return _say(options.uid, modifications, status, options)


def _get(options: argparse.Namespace, given: Context) -> int:
    with _scu(options, given) as scu:
        found = scu.n_get(options.uid, options.keys)
    if options.json:
        say_json(found.to_json_dict())
        return 0
    single = (element(found, tag) for tag in sorted(found.keys()))
    rows = [(one.keyword or one.tag, value_text(one)) for one in single if one is not None]
    say_table(("ATTRIBUTE", "VALUE"), rows)
    if series := Mpps(found).series:
        say()
        say_table(
            ("SERIES", "PROTOCOL", "IMAGES", "OTHERS", "RETRIEVE"),
            [
                (
                    each.series_instance_uid,
                    each.protocol_name,
                    len(each.images),
                    len(each.others),
                    each.retrieve_ae_title,
                )
                for each in series
            ],
        )
    return 0


def _series(options: argparse.Namespace) -> list[PerformedSeries]:
    if options.series:
        return [PerformedSeries(options.series, options.protocol)]
    instances = [read_part10(path) for path in files_below(options.paths)] if options.paths else []
    if not instances:
        raise ConfigError("say what was made: files, folders, or --series UID")
    return performed_series(instances, options.protocol, options.retrieve_ae)


def _add_keys(dataset: Dataset | None, options: argparse.Namespace) -> Dataset:
    result = Dataset() if dataset is None else dataset
    add_keys(result, [parse_key(key) for key in options.keys])
    if not result:
        raise ConfigError("say what is to be set: a file, or -k KEYWORD=VALUE")
    return result


def _scu(options: argparse.Namespace, given: Context) -> MppsScu:
    return MppsScu(caller(options, given), peer(options.ae, given))


def _say(uid: str, attributes: Dataset, status: int, options: argparse.Namespace) -> int:
    performed = Mpps(attributes).status
    answer = f"{status:04X}H {status_words(status)}"
    if options.json:
        say_json({"sop_instance_uid": uid, "performed": performed, "answer": answer})
    else:
        say_table(("MPPS", "PERFORMED", "ANSWER"), [(uid, performed or "", answer)])
    return 0
