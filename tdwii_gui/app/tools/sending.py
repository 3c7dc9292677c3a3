"""Sending files to a peer, with a reason for each that it does not store (C-STORE)."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from tdwii_gui.app.console import complain, say
from tdwii_gui.app.tools.canceling import ProgressLine, cancelable
from tdwii_gui.app.tools.steps import Outcome
from tdwii_gui.dicom.errors import (
    AssociationError,
    DatasetError,
    DimseStatusError,
    NotAccepted,
)
from tdwii_gui.dicom.iod.part10 import read_part10
from tdwii_gui.dicom.net.storage_scu import StorageScu

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tdwii_gui.actors.running_request import RunningRequest
    from tdwii_gui.config.ae_directory import ApplicationEntity
    from tdwii_gui.dicom.net.session import LocalAe

# Each kind of object needs up to two presentation contexts, of 128 that an association can have.
_KINDS: Final = 60
CANCELED: Final = "canceled"


def send(
    local: LocalAe, entity: ApplicationEntity, files: Sequence[Path], *, as_json: bool
) -> Outcome:
    """Send files; one that is refused or unreadable does not keep the rest back.

    Ctrl-C ends it after the object that is under way.

    Raises
    ------
    AssociationError
        If the peer cannot be reached, or is lost before it has stored anything.
    """
    sending = _Sending(len(files), ProgressLine(f"sending to {entity.ae_title}:"))
    kinds: dict[Path, tuple[str, str]] = {}
    for path in files:
        try:
            meta = read_part10(path).file_meta
            kinds[path] = (str(meta.MediaStorageSOPClassUID), str(meta.TransferSyntaxUID))
        except DatasetError as error:
            sending.note(path, str(error).removeprefix(f"{path}: "))
    with cancelable() as running:
        for part in _parts(kinds):
            if running.canceled():
                break
            try:
                with running.of(StorageScu(local, entity, part)) as scu:
                    _send_part(scu, part, sending, running)
            except NotAccepted as error:
                for path in part:
                    sending.note(path, str(error))
            except AssociationError as error:
                if not sending.stored:
                    raise
                complain(str(error))
                break
        canceled = running.canceled()
        sending.line.end()
    if not as_json:
        begin = "canceled: " if canceled else ""
        say(f"{begin}{sending.stored} of {len(files)} files stored to {entity}")
    otherwise = CANCELED if canceled else "not sent"
    reasons = {path: sending.reasons.get(path, otherwise) for path in files}
    return Outcome(
        {
            "peer": entity.ae_title,
            "stored": sending.stored,
            "canceled": canceled,
            "failed": [
                {"file": str(path), "reason": reason} for path, reason in reasons.items() if reason
            ],
        },
        0 if sending.stored == len(files) else 1,
        canceled,
    )


@dataclass(slots=True)
class _Sending:
    """What became of the files so far: why each is not stored, or nothing."""

    total: int
    line: ProgressLine
    reasons: dict[Path, str] = field(default_factory=dict)

    @property
    def stored(self) -> int:
        """How many the peer has stored."""
        return sum(not reason for reason in self.reasons.values())

    def note(self, path: Path, reason: str) -> None:
        """Note what became of a file."""
        self.reasons[path] = reason
        self.line.show(len(self.reasons), self.total)
        if reason:
            self.line.end()
            complain(f"{path}: {reason}")


def _send_part(
    scu: StorageScu, part: Sequence[Path], sending: _Sending, running: RunningRequest
) -> None:
    """Send what one association has presentation contexts for, until canceled."""
    for path, following in zip_longest(part, part[1:]):
        if running.canceled():
            return
        try:
            scu.c_store(path, following=following)
        except (DimseStatusError, DatasetError, NotAccepted) as error:
            sending.note(path, str(error))
        else:
            sending.note(path, "")


def _parts(kinds: dict[Path, tuple[str, str]]) -> Iterator[list[Path]]:
    """Yield the files in parts for which one association has presentation contexts enough."""
    part: list[Path] = []
    held: set[tuple[str, str]] = set()
    for path, kind in kinds.items():
        if kind not in held and len(held) == _KINDS:
            yield part
            part, held = [], set()
        part.append(path)
        held.add(kind)
    if part:
        yield part
