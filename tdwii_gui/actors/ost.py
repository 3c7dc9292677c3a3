"""The Object Storage: the archive that all actors use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tdwii_gui.actors.actor import Actor, Surroundings
from tdwii_gui.actors.events import InstanceReceived
from tdwii_gui.actors.worker import task
from tdwii_gui.dicom.errors import AssociationError, NotAccepted, TdwiiError
from tdwii_gui.dicom.net.query_retrieve_scp import QueryRetrieveScp
from tdwii_gui.dicom.net.storage_scp import StorageScp
from tdwii_gui.dicom.net.storage_scu import StorageScu
from tdwii_gui.dicom.store.instance_store import InstanceStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from tdwii_gui.config.settings import OstSettings
    from tdwii_gui.dicom.store.instance_store import AddOutcome, StoredInstance


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of the files of an import.

    Parameters
    ----------
    stored, present : int
        How many are new here, and how many were here before with the same content.
    failed : tuple[tuple[Path, str], ...]
        The rest, with the reasons.
    canceled : bool
        Whether the import was ended early; further files were not looked at.
    """

    stored: int
    present: int
    failed: tuple[tuple[Path, str], ...]
    canceled: bool = False


@dataclass(frozen=True, slots=True)
class SendResult:
    """What became of the instances that were to be sent.

    Parameters
    ----------
    sent : int
        How many the peer has stored.
    failed : tuple[tuple[str, str], ...]
        SOP Instance UIDs of those it has not, with the reasons.
    canceled : bool
        Whether the sending was ended early; further instances were not sent.
    """

    sent: int
    failed: tuple[tuple[str, str], ...]
    canceled: bool = False


def no_progress(_done: int, _total: int) -> None:
    """Take no notice of how far it is."""


class Ost(Actor):
    """Answers storage and query/retrieve (RO-59, RO-63) from its instance store.

    Attributes
    ----------
    instances : InstanceStore
        What it keeps.
    """

    def __init__(self, settings: OstSettings, surroundings: Surroundings) -> None:
        super().__init__(settings, surroundings)
        self.instances = InstanceStore(surroundings.data_folder / "ost")
        self.serve(
            StorageScp(self.instances, self._on_stored),
            QueryRetrieveScp(self.instances, self.directory, self.local),
        )

    @task()
    def import_files(
        self,
        paths: Iterable[Path],
        on_progress: Callable[[int, int], None] = no_progress,
    ) -> ImportResult:
        """Store DICOM files, those of folders with all below them.

        A file that cannot be stored does not keep the others back. `on_progress` is called on the
        worker's thread with how many files are done, and of how many; `cancel_request` ends it.
        """
        stored = present = 0
        failed: list[tuple[Path, str]] = []
        files = list(_files(paths))
        on_progress(0, len(files))
        for number, path in enumerate(files, start=1):
            if self.running.canceled():
                break
            try:
                outcome = self.instances.add_file(path)
            except TdwiiError as error:
                failed.append((path, _reason(error, path)))
            else:
                new = outcome.added or outcome.replaced
                stored, present = stored + new, present + (not new)
                if new:
                    self._on_stored(outcome)
            on_progress(number, len(files))
        return ImportResult(stored, present, tuple(failed), self.running.canceled())

    @task()
    def send(
        self,
        sop_instance_uids: Sequence[str],
        ae_title: str,
        on_progress: Callable[[int, int], None] = no_progress,
    ) -> SendResult:
        """Send stored instances to a peer (C-STORE); one that is refused does not end the rest.

        `on_progress` is called on the worker's thread with how many are done, and of how many;
        `cancel_request` ends it.

        Raises
        ------
        ConfigError, AssociationError
            If the peer is unknown, cannot be reached, or is lost.
        """
        found = {uid: self.instances.get(uid) for uid in sop_instance_uids}
        failed = [(uid, "is not stored here") for uid, one in found.items() if one is None]
        instances = [one for one in found.values() if one is not None]
        sent = 0
        on_progress(len(failed), len(found))
        for number, reason in enumerate(self._send(instances, ae_title), start=1):
            if reason:
                failed.append((instances[number - 1].sop_instance_uid, reason))
            else:
                sent += 1
            on_progress(len(found) - len(instances) + number, len(found))
        return SendResult(sent, tuple(failed), self.running.canceled())

    def close(self) -> None:
        """Close the instance store."""
        self.instances.close()

    def _send(self, instances: Sequence[StoredInstance], ae_title: str) -> Iterator[str]:
        """Send instances until canceled, and yield for each why it was not stored, or nothing."""
        if not instances:
            return
        peer = self.directory.lookup(ae_title)
        with self.running.of(StorageScu(self.local, peer, [one.path for one in instances])) as scu:
            for instance in instances:
                if self.running.canceled():
                    return
                try:
                    scu.c_store(instance.path)
                except NotAccepted as error:
                    yield str(error)
                except AssociationError:
                    raise
                except TdwiiError as error:
                    yield str(error)
                else:
                    yield ""

    def _on_stored(self, outcome: AddOutcome) -> None:
        self.emit(InstanceReceived(self.ae_title, outcome.instance))


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(one for one in path.rglob("*") if one.is_file())
        else:
            yield path


def _reason(error: TdwiiError, path: Path) -> str:
    """Return an error's words without the file that they begin with."""
    return str(error).removeprefix(f"{path}: ")
