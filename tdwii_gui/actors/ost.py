"""The Object Storage: the archive that all actors use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tdwii_gui.actors.actor import Actor, Surroundings
from tdwii_gui.actors.events import (
    CommitmentChanged,
    ImportFailed,
    InstanceReceived,
    InstancesRemoved,
    MppsChanged,
    Reindexed,
)
from tdwii_gui.actors.performed_steps import PerformedSteps
from tdwii_gui.actors.worker import task
from tdwii_gui.config.settings import ae_titles
from tdwii_gui.dicom.errors import (
    AssociationError,
    ConfigError,
    DimseStatusError,
    NotAccepted,
    TdwiiError,
)
from tdwii_gui.dicom.net.commitment_scp import CommitmentScp
from tdwii_gui.dicom.net.query_retrieve_scp import QueryRetrieveScp
from tdwii_gui.dicom.net.storage_scp import StorageScp
from tdwii_gui.dicom.net.storage_scu import StorageScu
from tdwii_gui.dicom.store.commitment_store import CommitmentStore
from tdwii_gui.dicom.store.database import open_database
from tdwii_gui.dicom.store.failed_imports import FailedImports
from tdwii_gui.dicom.store.instance_store import Conflict, InstanceStore
from tdwii_gui.dicom.store.traffic import TrafficFolder
from tdwii_gui.dicom.uids import is_valid_uid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from tdwii_gui.config.settings import OstSettings
    from tdwii_gui.dicom.iod.commitment import Commitment
    from tdwii_gui.dicom.iod.mpps import Mpps
    from tdwii_gui.dicom.store.failed_imports import FailedImport
    from tdwii_gui.dicom.store.instance_store import AddOutcome, StoredInstance
    from tdwii_gui.dicom.store.reindex import ReindexResult


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

    It commits to what it keeps (storage commitment), and keeps performed procedure steps (MPPS).

    Attributes
    ----------
    instances : InstanceStore
        What it keeps.
    """

    def __init__(self, settings: OstSettings, surroundings: Surroundings) -> None:
        private_sop_classes = _uids(settings.private_sop_classes)
        super().__init__(settings, surroundings)
        folder = surroundings.data_folder / "ost"
        self.instances = InstanceStore(folder, on_conflict=Conflict(settings.on_conflict))
        self._failed = FailedImports(folder / "failed") if settings.keep_failed else None
        self._traffic = (
            TrafficFolder(folder / "traffic", settings.keep_traffic_megabytes)
            if settings.keep_traffic
            else None
        )
        storage = StorageScp(
            self.instances,
            self._on_stored,
            private_sop_classes=private_sop_classes,
            failed=self._failed,
            on_failed=self._on_failed,
            on_received=self._keep_incoming,
        )
        self._database = open_database(folder / "services.sqlite")
        self._performed = PerformedSteps(
            self, self._database, ae_titles(settings.mpps_receivers), self._on_performed
        )
        self._commitments = CommitmentStore(self._database)
        self._commitment = CommitmentScp(
            self._commitments,
            self.instances,
            self.directory,
            self.local,
            is_supported={str(one.abstract_syntax) for one in storage.contexts}.__contains__,
            on_change=self._on_commitment,
            let_answers_leave=self.let_answers_leave,
        )
        self.serve(
            storage,
            QueryRetrieveScp(
                self.instances,
                self.directory,
                self.local,
                private_sop_classes=_uids(settings.private_sop_classes),
                on_sent=self._keep_outgoing,
            ),
            self._performed.scp,
            self._commitment,
        )

    def start(self) -> None:
        """Listen, and report what is due: commitments and notifications."""
        if self.listening:
            return
        super().start()
        self._commitment.start()
        self._performed.start()

    def stop_listening(self) -> None:
        """Stop answering and reporting; what is due waits for the next start."""
        self._commitment.stop()
        self._performed.stop()
        super().stop_listening()

    @task()
    def commitments(self) -> list[Commitment]:
        """Return the storage commitment transactions, the oldest first."""
        return self._commitments.all()

    @task()
    def mpps(self) -> list[Mpps]:
        """Return the performed procedure steps in the order of their creation."""
        return self._performed.all()

    @task()
    def delete_mpps(self, sop_instance_uid: str) -> None:
        """Delete a performed procedure step, in whatever state it is."""
        self._performed.delete(sop_instance_uid)

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

    @task()
    def reindex(self, on_progress: Callable[[int, int], None] = no_progress) -> ReindexResult:
        """Rebuild the index of the instances from their files; they may be used meanwhile.

        `on_progress` is called on the worker's thread with how many files are done, and of how
        many; `cancel_request` ends it.

        Raises
        ------
        StoreError
            If the index cannot be used.
        """
        result = self.instances.reindex(on_progress, self.running.canceled)
        self.emit(Reindexed(self.ae_title, result))
        return result

    @task()
    def remove(self, sop_instance_uids: Iterable[str]) -> list[str]:
        """Remove instances from the disk for good; return the UIDs of those that were here.

        Raises
        ------
        StoreError
            If the index cannot be written, or a file cannot be removed.
        """
        removed = self.instances.remove(sop_instance_uids)
        if removed:
            self.emit(InstancesRemoved(self.ae_title, tuple(removed)))
        return removed

    def failed_imports(self) -> list[FailedImport]:
        """Return the objects that were received and could not be stored, the oldest first."""
        return self._failed.all() if self._failed is not None else []

    @property
    def failed_folder(self) -> Path:
        """Where those objects are kept; where none are kept, the folder of all instances."""
        return self._failed.folder if self._failed is not None else self.instances.folder

    @task()
    def import_again(
        self,
        failed: Sequence[FailedImport],
        on_progress: Callable[[int, int], None] = no_progress,
    ) -> ImportResult:
        """Store objects that could not be stored when they came; what is stored is kept once.

        See `import_files`.
        """
        result = self.import_files([one.path for one in failed], on_progress).result()
        tried = failed[: result.stored + result.present + len(result.failed)]
        still = {path for path, _reason in result.failed}
        for one in tried:
            if self._failed is not None and one.path not in still:
                self._failed.discard(one)
        return result

    def close(self) -> None:
        """Close the instance store."""
        self.instances.close()
        self._database.dispose()

    def _send(self, instances: Sequence[StoredInstance], ae_title: str) -> Iterator[str]:
        """Send instances until canceled, and yield for each why it was not stored, or nothing."""
        if not instances:
            return
        peer = self.directory.lookup(ae_title)
        with self.running.of(StorageScu(self.local, peer, instances)) as scu:
            for instance, following in zip(instances, [*instances[1:], None], strict=True):
                if self.running.canceled():
                    return
                try:
                    scu.c_store(instance, following=following)
                except NotAccepted as error:
                    yield str(error)
                except AssociationError:
                    raise
                except DimseStatusError as error:
                    self._keep_outgoing(instance, ae_title)
                    yield str(error)
                except TdwiiError as error:
                    yield str(error)
                else:
                    self._keep_outgoing(instance, ae_title)
                    yield ""

    def _keep_incoming(self, file: Path, sop_instance_uid: str, ae_title: str) -> None:
        if self._traffic is not None:
            self._traffic.keep_incoming(file, sop_instance_uid, ae_title)

    def _keep_outgoing(self, instance: StoredInstance, ae_title: str) -> None:
        if self._traffic is not None:
            self._traffic.keep_outgoing(instance.path, instance.sop_instance_uid, ae_title)

    def _on_performed(self, mpps: Mpps, deleted: bool) -> None:
        self.emit(MppsChanged(self.ae_title, mpps, deleted))

    def _on_commitment(self, commitment: Commitment) -> None:
        self.emit(CommitmentChanged(self.ae_title, commitment))

    def _on_failed(self, failed: FailedImport) -> None:
        self.emit(ImportFailed(self.ae_title, failed))

    def _on_stored(self, outcome: AddOutcome) -> None:
        is_new = outcome.added or outcome.replaced
        self.emit(InstanceReceived(self.ae_title, outcome.instance, is_new))


def _uids(text: str) -> list[str]:
    """Return the UIDs of a list that is divided by spaces."""
    uids = text.split()
    for uid in uids:
        if not is_valid_uid(uid):
            raise ConfigError(f"private_sop_classes: {uid!r} is no UID")
    return uids


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(one for one in path.rglob("*") if one.is_file())
        else:
            yield path


def _reason(error: TdwiiError, path: Path) -> str:
    """Return an error's words without the file that they begin with."""
    return str(error).removeprefix(f"{path}: ")
