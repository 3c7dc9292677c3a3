"""Retrieval of a step's inputs from the archives that it names (RO-59, RO-61)."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset

from tdwii_gui.actors.running_request import RunningRequest
from tdwii_gui.dicom.errors import InputsMissing, TdwiiError
from tdwii_gui.dicom.net.retrieve_scu import RetrieveScu
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.uids import uid_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tdwii_gui.config.ae_directory import AeDirectory
    from tdwii_gui.dicom.iod.references import InputReference
    from tdwii_gui.dicom.net.session import LocalAe
    from tdwii_gui.dicom.store.instance_store import InstanceStore

CANCELED = "canceled"
"""The reason for inputs that are missing because the retrieval was canceled."""


@dataclass(frozen=True, slots=True)
class MissingInput:
    """A referenced instance that could not be had, and why."""

    reference: InputReference
    reason: str


@dataclass(frozen=True, slots=True)
class RetrievalResult:
    """The outcome of a retrieval.

    Parameters
    ----------
    present : tuple[str, ...]
        SOP Instance UIDs that are here now, whether they came or were here before.
    missing : tuple[MissingInput, ...]
        The rest.
    """

    present: tuple[str, ...]
    missing: tuple[MissingInput, ...]

    def require_complete(self) -> None:
        """Raise if anything is missing.

        Raises
        ------
        InputsMissing
            With the reason for each missing instance.
        """
        if self.missing:
            reasons = [
                f"{uid_name(missing.reference.sop_class_uid)} "
                f"{missing.reference.sop_instance_uid} is missing: {missing.reason}"
                for missing in self.missing
            ]
            raise InputsMissing("; ".join(reasons))


@dataclass(frozen=True, slots=True)
class InputRetriever:
    """Fetches referenced instances into a store by C-MOVE to its own AE.

    Parameters
    ----------
    local : LocalAe
        Who asks, and the move destination.
    directory : AeDirectory
        Where the archives are.
    store : InstanceStore
        Where the instances arrive.
    running : RunningRequest
        By which a retrieval is canceled, between and within its C-MOVEs.
    """

    local: LocalAe
    directory: AeDirectory
    store: InstanceStore
    running: RunningRequest = field(default_factory=RunningRequest)

    def retrieve(
        self, references: Iterable[InputReference], fallback_ae: str = ""
    ) -> RetrievalResult:
        """Fetch what is not in the store yet.

        An archive that cannot deliver is no error here: what is missing, and why, is the result.

        Parameters
        ----------
        fallback_ae : str
            The archive for references that name none.
        """
        wanted = {reference.sop_instance_uid: reference for reference in references}
        here = self.store.present(wanted)
        reasons: dict[str, str] = {}
        absent = (reference for uid, reference in wanted.items() if uid not in here)
        for archive, series in by_archive_and_series(absent, fallback_ae):
            reason = self._move(archive, series)
            reasons |= {reference.sop_instance_uid: reason for reference in series}
        here = self.store.present(wanted)
        return RetrievalResult(
            present=tuple(uid for uid in wanted if uid in here),
            missing=tuple(
                MissingInput(reference, reasons[uid])
                for uid, reference in wanted.items()
                if uid not in here
            ),
        )

    def _move(self, archive: str, series: Sequence[InputReference]) -> str:
        """Ask an archive for instances of one series; return why any may be missing."""
        if self.running.canceled():
            return CANCELED
        if not archive:
            return "the step names no Retrieve AE Title for it"
        try:
            scu = RetrieveScu(self.local, self.directory.lookup(archive))
            with self.running.of(scu):
                if self.running.canceled():
                    return CANCELED
                result = scu.c_move(
                    move_identifier(series),
                    self.local.ae_title,
                    on_progress=lambda _progress: self.running.heed(),
                )
        except TdwiiError as error:
            return CANCELED if self.running.canceled() else str(error)
        if result.status == Status.CANCELLED:
            return CANCELED
        sent = result.completed + result.warning
        reason = f"{archive} sent {sent} of {len(series)} objects to {self.local.ae_title}"
        if sent == len(series):
            reason += ", which keeps them in another data folder"
        return reason


def by_archive_and_series(
    references: Iterable[InputReference], fallback_ae: str
) -> Iterator[tuple[str, list[InputReference]]]:
    """Yield references that one C-MOVE can ask for, with the AE title of their archive.

    The archive is the Retrieve AE Title, else `fallback_ae`.
    """

    def key(reference: InputReference) -> tuple[str, str, str]:
        archive = reference.retrieve_ae_title or fallback_ae
        return archive, reference.study_instance_uid, reference.series_instance_uid

    for (archive, _, _), series in groupby(sorted(references, key=key), key):
        yield archive, list(series)


def move_identifier(series: Sequence[InputReference]) -> Dataset:
    """Return the C-MOVE identifier, Study Root at IMAGE level, of instances of one series."""
    identifier = Dataset()
    identifier.QueryRetrieveLevel = "IMAGE"
    identifier.StudyInstanceUID = series[0].study_instance_uid
    identifier.SeriesInstanceUID = series[0].series_instance_uid
    identifier.SOPInstanceUID = [reference.sop_instance_uid for reference in series]
    return identifier
