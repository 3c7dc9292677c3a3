"""An archive that a retrieval asks: queries, and retrievals to our own AE."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pydicom.dataset import Dataset

from tdwii_gui.dicom.errors import Aborted, DimseStatusError, NotAccepted, TdwiiError
from tdwii_gui.dicom.net.get_scu import GetScu
from tdwii_gui.dicom.net.retrieve_scu import RetrieveScu
from tdwii_gui.dicom.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tdwii_gui.actors.running_request import RunningRequest
    from tdwii_gui.config.ae_directory import AeDirectory, ApplicationEntity
    from tdwii_gui.dicom.iod.references import InputReference
    from tdwii_gui.dicom.net.retrieve_scu import MoveResult
    from tdwii_gui.dicom.net.session import LocalAe

# What archives answer that do not know our AE or cannot reach it; Orthanc says C000.
_CANNOT_SEND: Final = (
    Status.MOVE_DESTINATION_UNKNOWN,
    Status.CANNOT_PERFORM_SUBOPERATIONS,
    Status.CANNOT_UNDERSTAND,
)


class InputArchive:
    """An archive, and the association on which it is asked.

    The association is opened by the first request, and again after it was lost.

    Parameters
    ----------
    local : LocalAe
        Who asks, and the destination of C-MOVE.
    running : RunningRequest
        By which a request is canceled.
    keep : Callable[[bytes, str], int]
        Stores the Part 10 bytes of an instance that comes by C-GET from an AE, by its title, and
        returns the status.
    by_get : bool
        Whether instances are fetched by C-GET alone.
    """

    def __init__(
        self,
        local: LocalAe,
        peer: ApplicationEntity,
        running: RunningRequest,
        keep: Callable[[bytes, str], int],
        by_get: bool = False,
    ) -> None:
        self._local = local
        self._peer = peer
        self._running = running
        self._keep = keep
        self._by_get = by_get
        self._scu: RetrieveScu | None = None

    def find(self, identifier: Dataset) -> Iterator[Dataset]:
        """Return the matches of a query (C-FIND, Study Root).

        Raises
        ------
        AssociationError, DimseStatusError
            If it cannot be asked, or says no.
        """
        with self._asking() as scu:
            yield from scu.c_find(identifier)

    def retrieve(self, series: Sequence[InputReference]) -> MoveResult:
        """Fetch instances of one series: by C-MOVE, or by C-GET where it does not know us.

        Raises
        ------
        AssociationError, DimseStatusError
            If it cannot be asked, or sends nothing.
        """
        identifier = move_identifier(series)
        if self._by_get:
            return self._get(identifier, series)
        try:
            with self._asking() as scu:
                return scu.c_move(identifier, self._local.ae_title)
        except (DimseStatusError, NotAccepted) as refusal:
            if isinstance(refusal, DimseStatusError) and refusal.status not in _CANNOT_SEND:
                raise
            return self._get_instead(identifier, series, refusal)

    def close(self) -> None:
        """Release the association."""
        scu, self._scu = self._scu, None
        if scu is not None:
            scu.release()

    def _get_instead(
        self, identifier: Dataset, series: Sequence[InputReference], refusal: TdwiiError
    ) -> MoveResult:
        self._by_get = True
        try:
            return self._get(identifier, series)
        except (NotAccepted, DimseStatusError):
            self._by_get = False
            raise refusal from None

    def _get(self, identifier: Dataset, series: Sequence[InputReference]) -> MoveResult:
        classes = {reference.sop_class_uid for reference in series}
        scu = GetScu(self._local, self._peer, () if "" in classes else sorted(classes))
        with self._running.of(scu):
            self._check_canceled()
            return scu.c_get(
                identifier, lambda part10, _uid: self._keep(part10, self._peer.ae_title)
            )

    @contextmanager
    def _asking(self) -> Iterator[RetrieveScu]:
        """Use the association for a request; one that fails on it closes it."""
        if self._scu is None or not self._scu.is_open:
            self._scu = RetrieveScu(self._local, self._peer)
        with self._running.asking(self._scu) as scu:
            self._check_canceled()
            try:
                if not scu.is_open:
                    scu.open()
                yield scu
            except (DimseStatusError, NotAccepted):
                raise
            except TdwiiError:
                self._scu = None
                scu.abort()
                raise

    def _check_canceled(self) -> None:
        if self._running.canceled():
            raise Aborted("canceled before it was asked")


@dataclass(slots=True)
class InputArchives:
    """The archives of one retrieval by AE title; `close` releases their associations.

    Parameters
    ----------
    directory : AeDirectory
        Where they are.
    local, running, keep, by_get
        As of `InputArchive`.
    """

    local: LocalAe
    directory: AeDirectory
    running: RunningRequest
    keep: Callable[[bytes, str], int]
    by_get: bool = False
    _archives: dict[str, InputArchive] = field(default_factory=dict, init=False)

    def lookup(self, ae_title: str) -> InputArchive:
        """Return an archive.

        Raises
        ------
        ConfigError
            If it is not in the AE directory.
        """
        if ae_title not in self._archives:
            peer = self.directory.lookup(ae_title)
            self._archives[ae_title] = InputArchive(
                self.local, peer, self.running, self.keep, self.by_get
            )
        return self._archives[ae_title]

    def close(self) -> None:
        """Release the associations with all."""
        for archive in self._archives.values():
            archive.close()


def move_identifier(series: Sequence[InputReference]) -> Dataset:
    """Return the C-MOVE identifier, Study Root at IMAGE level, of instances of one series."""
    identifier = Dataset()
    identifier.QueryRetrieveLevel = "IMAGE"
    identifier.StudyInstanceUID = series[0].study_instance_uid
    identifier.SeriesInstanceUID = series[0].series_instance_uid
    identifier.SOPInstanceUID = [reference.sop_instance_uid for reference in series]
    return identifier
