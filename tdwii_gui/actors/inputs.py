"""Retrieval of a step's inputs from the archives that it names (RO-59, RO-61)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tdwii_gui.actors.collection import CANCELED, Collection
from tdwii_gui.actors.input_archive import InputArchives
from tdwii_gui.actors.retrieval_progress import (
    KindCount,
    RetrievalProgress,
    RetrievalTally,
    no_progress,
)
from tdwii_gui.actors.running_request import RunningRequest
from tdwii_gui.dicom.errors import InputsMissing
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.uids import uid_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tdwii_gui.config.ae_directory import AeDirectory
    from tdwii_gui.dicom.iod.references import InputReference
    from tdwii_gui.dicom.net.session import LocalAe
    from tdwii_gui.dicom.store.instance_store import AddOutcome, InstanceStore

__all__ = [
    "CANCELED",
    "InputRetriever",
    "KindCount",
    "MissingInput",
    "RetrievalProgress",
    "RetrievalResult",
]


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
        SOP Instance UIDs, of those that were asked for, that are here now, whether they came or
        were here before.
    missing : tuple[MissingInput, ...]
        The rest of what was asked for.
    counts : tuple[KindCount, ...]
        How many objects of each kind are here, those that were followed included.
    unresolved : tuple[MissingInput, ...]
        What the objects refer to, and could not be had; a treatment does not depend on it.
    followed : tuple[InputReference, ...]
        What the objects refer to, and is here.
    """

    present: tuple[str, ...]
    missing: tuple[MissingInput, ...]
    counts: tuple[KindCount, ...] = ()
    unresolved: tuple[MissingInput, ...] = ()
    followed: tuple[InputReference, ...] = ()

    def require_complete(self) -> None:
        """Raise if anything is missing that was asked for.

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


def _no_notice(_outcome: AddOutcome) -> None:
    """Take no notice of an instance that has come by C-GET."""


@dataclass(slots=True)
class InputRetriever:
    """Fetches referenced instances into a store: by C-MOVE to its own AE, else by C-GET.

    Parameters
    ----------
    local : LocalAe
        Who asks, and the move destination.
    directory : AeDirectory
        Where the archives are.
    store : InstanceStore
        Where the instances arrive.
    running : RunningRequest
        By which a retrieval is canceled, between and within its requests.
    on_stored : Callable[[AddOutcome], None]
        Is called after each instance that has come by C-GET; the service that stores what comes
        by C-MOVE has a notice of its own.
    by_get : bool
        Whether archives are asked by C-GET alone, because nobody could send to our AE.
    """

    local: LocalAe
    directory: AeDirectory
    store: InstanceStore
    running: RunningRequest = field(default_factory=RunningRequest)
    on_stored: Callable[[AddOutcome], None] = _no_notice
    by_get: bool = False
    _tally: RetrievalTally = field(default_factory=RetrievalTally, init=False, repr=False)

    def retrieve(
        self,
        references: Iterable[InputReference],
        fallback_ae: str = "",
        *,
        follow: bool = False,
        find_plans: bool = False,
        patient_id: str | None = None,
        on_progress: Callable[[RetrievalProgress], None] = no_progress,
    ) -> RetrievalResult:
        """Fetch what is not in the store yet.

        An archive that cannot deliver is no error here: what is missing, and why, is the result.

        Parameters
        ----------
        fallback_ae : str
            The archive for references that name none.
        follow : bool
            Whether the structure sets and doses of the plans, and the images of the structure
            sets, are fetched too: from the archive of what refers to them, else from `fallback_ae`.
        find_plans : bool
            Whether the plans of structure sets, doses and records are fetched before that.
        patient_id : str or None
            Whose studies are searched for references that name neither study nor series, in an
            archive that cannot find them otherwise; empty for all patients', None for none.
        on_progress : Callable[[RetrievalProgress], None]
            Is told at most every 0.1 s, on the thread on which something arrives (see `arrived`)
            or on the calling one, and at the end.
        """
        named = list(references)
        tally = self._tally = RetrievalTally(on_progress)
        archives = InputArchives(self.local, self.directory, self.running, self._keep, self.by_get)
        collection = Collection(archives, self.store, tally, fallback_ae, patient_id)
        try:
            collection.fetch(named)
            if find_plans:
                collection.find_plans()
            if follow:
                collection.follow()
        finally:
            archives.close()
        tally.tell()
        return self._result(dict.fromkeys(one.sop_instance_uid for one in named), collection)

    def arrived(self, sop_instance_uid: str) -> None:
        """Count an instance that has come for the retrieval under way, if any; from any thread."""
        self._tally.arrived(sop_instance_uid)

    def _keep(self, part10: bytes, ae_title: str) -> int:
        """Store an instance that comes by C-GET."""
        outcome = self.store.add(part10, ae_title)
        self.on_stored(outcome)
        self.arrived(outcome.instance.sop_instance_uid)
        return Status.SUCCESS

    def _result(self, named: Iterable[str], collection: Collection) -> RetrievalResult:
        references = collection.references
        here = self.store.present(references)
        asked_for = dict.fromkeys(named)
        absent = [
            MissingInput(reference, collection.reasons.get(uid, "it was removed meanwhile"))
            for uid, reference in references.items()
            if uid not in here
        ]
        return RetrievalResult(
            present=tuple(uid for uid in asked_for if uid in here),
            missing=tuple(one for one in absent if one.reference.sop_instance_uid in asked_for),
            counts=self._tally.progress().counts,
            unresolved=tuple(
                one for one in absent if one.reference.sop_instance_uid not in asked_for
            ),
            followed=tuple(
                one for uid, one in references.items() if uid in here and uid not in asked_for
            ),
        )
