"""`tdwii collection`: a plan with its structure set, images and dose, to an AE or into a folder."""

from __future__ import annotations

import os
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tdwii_gui.actors.actor import Actor
from tdwii_gui.actors.inputs import InputRetriever
from tdwii_gui.app.console import complain, say, say_json, say_table
from tdwii_gui.app.options import add_calling_option, add_common_options, caller, context, peer
from tdwii_gui.app.tools.canceling import ProgressLine, cancelable
from tdwii_gui.app.tools.folders import PeopleFolders, Placed
from tdwii_gui.app.tools.receiver import add_receiver_options
from tdwii_gui.app.tools.sending import send
from tdwii_gui.app.tools.sources import add_index_option, local_index
from tdwii_gui.app.tools.steps import Outcome
from tdwii_gui.config.settings import ActorSettings
from tdwii_gui.dicom.errors import ConfigError, TdwiiError
from tdwii_gui.dicom.iod.references import InputReference
from tdwii_gui.dicom.iod.related import Kind, kind_of
from tdwii_gui.dicom.net.exchange import counted
from tdwii_gui.dicom.net.storage_scp import StorageScp
from tdwii_gui.dicom.uids import is_valid_uid, uid_name

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from tdwii_gui.actors.inputs import MissingInput, RetrievalProgress, RetrievalResult
    from tdwii_gui.app.options import Context
    from tdwii_gui.config.ae_directory import ApplicationEntity
    from tdwii_gui.dicom.store.instance_store import InstanceStore, StoredInstance

_NAMED_EACH: Final = 3
"""So many objects with one reason are named each."""


def add_arguments(parser: argparse.ArgumentParser, _command: str) -> None:
    """Add the options."""
    parser.add_argument(
        "uid",
        metavar="PLAN-UID",
        help="SOP Instance UID of the plan; that of a dose, structure set or treatment record "
        "leads to its plan",
    )
    parser.add_argument(
        "--from",
        dest="archive",
        required=True,
        metavar="AE",
        help="archive: of the AE directory, or AE@host:port",
    )
    parser.add_argument(
        "--to",
        metavar="AE|DIR",
        help="an AE that it is sent to, or a folder (with a path separator, or one that is there); "
        "default: it stays in the local index",
    )
    parser.add_argument(
        "--patient-id",
        default="",
        metavar="ID",
        help="whose studies an archive is searched for that cannot find the UID alone; default: "
        "all patients'",
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    add_index_option(parser)
    add_receiver_options(parser)
    add_calling_option(parser)
    add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Retrieve into the local index what is not there yet, then hand it on."""
    given = context(options)
    if not is_valid_uid(options.uid):
        raise ConfigError(f"{options.uid!r} is no UID")
    archive = peer(options.archive, given)
    given.directory.register(archive)
    target = _target(options.to, given)
    with local_index(options, given, make=True) as index:
        result = _retrieve(options, given, archive.ae_title, index.store)
        instances = _instances(result, index.store)
        if not options.json:
            _say(result)
        incomplete = bool(result.missing or result.unresolved or not instances)
        if not instances:
            handed_on = Outcome(None)
        elif target is None:
            handed_on = Outcome({"folder": str(index), "stored": len(instances), "failed": []})
            if not options.json:
                say(f"{counted(len(instances), 'object', 'objects')}, in {index}")
        elif isinstance(target, Path):
            handed_on = _put(instances, target, as_json=options.json)
        else:
            paths = [one.path for one in instances]
            handed_on = send(caller(options, given), target, paths, as_json=options.json)
    if options.json:
        say_json(_value(result, instances) | {"to": handed_on.value})
    return max(handed_on.code, int(incomplete))


def _target(text: str | None, given: Context) -> ApplicationEntity | Path | None:
    """Return the AE or folder that a text names.

    Raises
    ------
    ConfigError
        If it is neither.
    """
    if text is None:
        return None
    folder = Path(text)
    if text not in given.directory and (folder.is_dir() or os.sep in text or "/" in text):
        return folder
    try:
        return peer(text, given)
    except ConfigError as error:
        raise ConfigError(f"{error}; a new folder is written .{os.sep}{text}") from error


def _retrieve(
    options: argparse.Namespace, given: Context, archive: str, store: InstanceStore
) -> RetrievalResult:
    reference = InputReference("", options.uid, "", "", archive)
    line = ProgressLine("retrieving:")

    def on_progress(progress: RetrievalProgress) -> None:
        line.show(progress.present, progress.expected)

    with cancelable() as running:
        retriever = InputRetriever(caller(options, given), given.directory, store, running)
        with _receiving(options, given, retriever):
            result = retriever.retrieve(
                [reference],
                archive,
                follow=True,
                find_plans=True,
                patient_id=options.patient_id,
                on_progress=on_progress,
            )
    line.end()
    return result


@contextmanager
def _receiving(
    options: argparse.Namespace, given: Context, retriever: InputRetriever
) -> Iterator[None]:
    """Listen where the archive may know us; nobody can send to an AE without a port."""
    if options.port is None and options.ae_title not in given.directory:
        retriever.by_get = True
        yield
        return
    actor = Actor(ActorSettings(options.ae_title, options.bind, options.port), given.surroundings())
    actor.serve(
        StorageScp(retriever.store, lambda it: retriever.arrived(it.instance.sop_instance_uid))
    )
    try:
        actor.start()
        yield
    finally:
        actor.stop()


def _instances(result: RetrievalResult, store: InstanceStore) -> list[StoredInstance]:
    uids = (*result.present, *(one.sop_instance_uid for one in result.followed))
    found = [one for one in map(store.get, uids) if one is not None]
    order = list(Kind)
    return sorted(found, key=lambda one: order.index(kind_of(one.sop_class_uid)))


def _put(instances: Sequence[StoredInstance], folder: Path, *, as_json: bool) -> Outcome:
    """Put the objects into a folder."""
    folders = PeopleFolders(folder)
    failed: list[dict[str, str]] = []
    for one in instances:
        try:
            path, placed = folders.put(one.path.read_bytes(), str(one.path))
            reason = f"{path} holds another content" if placed is Placed.COLLISION else ""
        except TdwiiError as error:
            reason = str(error)
        if reason:
            complain(reason)
            failed.append({"sop_instance_uid": one.sop_instance_uid, "reason": reason})
    done = len(instances) - len(failed)
    if not as_json:
        say(f"{done} of {counted(len(instances), 'object', 'objects')}, in {folder}")
    value = {"folder": str(folder), "stored": done, "failed": failed}
    return Outcome(value, 1 if failed else 0)


def _say(result: RetrievalResult) -> None:
    rows = [(one.kind, one.present, one.expected) for one in result.counts]
    say_table(("KIND", "HERE", "OF"), rows)
    groups: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for one in (*result.missing, *result.unresolved):
        reference = one.reference
        name = uid_name(reference.sop_class_uid) or "object"
        groups[name, one.reason].append(reference.sop_instance_uid)
    for (name, reason), uids in groups.items():
        if len(uids) > _NAMED_EACH:
            complain(f"{len(uids)} x {name} {uids[0]} ...: {reason}")
        else:
            for uid in uids:
                complain(f"{name} {uid}: {reason}")


def _value(result: RetrievalResult, instances: Sequence[StoredInstance]) -> dict[str, Any]:
    return {
        "complete": not (result.missing or result.unresolved),
        "counts": [
            {"kind": one.kind, "present": one.present, "expected": one.expected}
            for one in result.counts
        ],
        "objects": [
            {
                "kind": kind_of(one.sop_class_uid),
                "sop_class_uid": one.sop_class_uid,
                "sop_instance_uid": one.sop_instance_uid,
                "study_instance_uid": one.study_instance_uid,
                "series_instance_uid": one.series_instance_uid,
            }
            for one in instances
        ],
        "missing": [_missing(one) for one in (*result.missing, *result.unresolved)],
    }


def _missing(one: MissingInput) -> dict[str, str]:
    return {
        "sop_class_uid": one.reference.sop_class_uid,
        "sop_instance_uid": one.reference.sop_instance_uid,
        "reason": one.reason,
    }
