"""`tdwii inject`: a folder of files to an AE, what is referenced before what refers to it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tdwii_gui.app.console import complain, say, say_json, say_table
from tdwii_gui.app.options import add_calling_option, add_common_options, caller, context, peer
from tdwii_gui.dicom.errors import (
    AssociationError,
    ConfigError,
    DatasetError,
    DimseStatusError,
    NotAccepted,
)
from tdwii_gui.dicom.iod.part10 import read_part10
from tdwii_gui.dicom.iod.related import Kind, kind_of
from tdwii_gui.dicom.net.storage_scu import StorageScu
from tdwii_gui.dicom.status import Status, status_words

if TYPE_CHECKING:
    import argparse

    from tdwii_gui.config.ae_directory import ApplicationEntity
    from tdwii_gui.dicom.net.session import LocalAe

ORDER: Final = (
    Kind.IMAGE,
    Kind.STRUCTURE_SET,
    Kind.PLAN,
    Kind.DOSE,
    Kind.RTBDI,
    Kind.RECORD,
    Kind.OTHER,
)
"""Kinds of objects, none of which refers to a later one."""


@dataclass(slots=True)
class _Injection:
    """What became of the objects of a folder.

    Parameters
    ----------
    objects : dict[Kind, list[Path]]
        The files of each kind.
    faults : list[tuple[Path, str]]
        Those that are refused or no objects, each with the reason.
    """

    objects: dict[Kind, list[Path]]
    faults: list[tuple[Path, str]]
    stored: dict[Kind, int] = field(default_factory=lambda: dict.fromkeys(ORDER, 0))
    refused: dict[Kind, int] = field(default_factory=lambda: dict.fromkeys(ORDER, 0))

    @property
    def kinds(self) -> list[Kind]:
        """The kinds there are, in order."""
        return [kind for kind in ORDER if self.objects[kind]]

    def left(self, kind: Kind) -> int:
        """Return how many objects of a kind were not sent."""
        return len(self.objects[kind]) - self.stored[kind] - self.refused[kind]

    @property
    def is_whole(self) -> bool:
        """Whether everything is stored."""
        return not self.faults and not any(map(self.left, self.kinds))

    def refuse(self, kind: Kind, path: Path, reason: str) -> None:
        """Note that an object is not stored."""
        self.refused[kind] += 1
        self.note(path, reason)

    def note(self, path: Path, reason: str) -> None:
        """Note a fault, and say it."""
        self.faults.append((path, reason))
        complain(f"{path}: {reason}")


def add_arguments(parser: argparse.ArgumentParser, _command: str) -> None:
    """Add the options."""
    parser.add_argument("folder", metavar="DIR", type=Path, help="folder; its folders count")
    parser.add_argument("--to", required=True, metavar="AE", help="who stores: AE or AE@host:port")
    parser.add_argument(
        "--keep-going", action="store_true", help="send the rest after a refusal, too"
    )
    parser.add_argument("--json", action="store_true", help="print what was done as JSON")
    add_calling_option(parser)
    add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Send all objects of the folder: images, structure sets, plans, doses, records, the rest.

    What is sent ends at the first refusal, for what follows may refer to it.
    """
    given = context(options)
    to = peer(options.to, given)
    local = caller(options, given)
    injection = _read(options.folder)
    try:
        for kind in injection.kinds:
            if not _sent(injection, kind, local, to, keep_going=options.keep_going):
                break
    except AssociationError as error:
        complain(str(error))
    _say(injection, to, as_json=options.json)
    return 0 if injection.is_whole else 1


def _read(folder: Path) -> _Injection:
    """Read all files of a folder whole, before anything is sent."""
    if not folder.is_dir():
        raise ConfigError(f"{folder}: is no folder")
    injection = _Injection({kind: [] for kind in ORDER}, [])
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.name == "DICOMDIR":
            continue
        try:
            sop_class = str(read_part10(path).file_meta.MediaStorageSOPClassUID)
        except DatasetError as error:
            injection.note(path, _without(str(error), path))
        else:
            injection.objects[kind_of(sop_class)].append(path)
    if not injection.kinds:
        raise ConfigError(f"{folder}: holds no DICOM object")
    return injection


def _sent(
    injection: _Injection, kind: Kind, local: LocalAe, to: ApplicationEntity, *, keep_going: bool
) -> bool:
    """Send the objects of a kind by one association; return whether the next may follow.

    Raises
    ------
    AssociationError
        If the peer cannot be reached, or the association is lost.
    """
    paths = injection.objects[kind]
    try:
        with StorageScu(local, to, paths) as scu:
            for path, following in itertools.zip_longest(paths, paths[1:]):
                reason = _refusal(scu, path, following)
                if not reason:
                    injection.stored[kind] += 1
                    continue
                injection.refuse(kind, path, reason)
                if not keep_going:
                    return False
    except NotAccepted as error:  # no class of this kind: there is no association
        for path in paths if keep_going else paths[:1]:
            injection.refuse(kind, path, str(error))
        return keep_going
    return True


def _refusal(scu: StorageScu, path: Path, following: Path | None) -> str:
    """Store a file; return why the peer has not, empty if it has."""
    try:
        status = scu.c_store(path, following=following)
    except (DimseStatusError, NotAccepted) as error:
        return str(error)
    except DatasetError as error:
        return _without(str(error), path)
    if status != Status.SUCCESS:
        complain(f"{path}: stored with a warning: {status:04X}H {status_words(status)}")
    return ""


def _without(message: str, path: Path) -> str:
    return message.removeprefix(f"{path}: ")


def _say(injection: _Injection, to: ApplicationEntity, *, as_json: bool) -> None:
    if as_json:
        say_json(
            {
                "to": to.ae_title,
                "kinds": [
                    {
                        "kind": kind.value,
                        "files": len(injection.objects[kind]),
                        "stored": injection.stored[kind],
                        "refused": injection.refused[kind],
                        "not_sent": injection.left(kind),
                    }
                    for kind in injection.kinds
                ],
                "faults": [{"file": str(p), "reason": reason} for p, reason in injection.faults],
            }
        )
        return
    say_table(
        ("KIND", "FILES", "STORED", "REFUSED", "NOT SENT"),
        [
            (
                kind.value,
                len(injection.objects[kind]),
                injection.stored[kind],
                injection.refused[kind],
                injection.left(kind),
            )
            for kind in injection.kinds
        ],
    )
    total = sum(len(injection.objects[kind]) for kind in injection.kinds)
    say(f"{sum(injection.stored.values())} of {total} objects stored to {to}")
