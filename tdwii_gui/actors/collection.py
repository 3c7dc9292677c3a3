"""The objects that a retrieval brings together: those that are named, and those they refer to."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tdwii_gui.actors.input_location import locate, referring_in_study
from tdwii_gui.dicom.errors import Aborted, DimseStatusError, TdwiiError
from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.dicom.iod.references import by_archive_and_series
from tdwii_gui.dicom.iod.related import Kind, kind_of, related_objects
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.uids import is_valid_uid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from pydicom.dataset import Dataset

    from tdwii_gui.actors.input_archive import InputArchive, InputArchives
    from tdwii_gui.actors.retrieval_progress import RetrievalTally
    from tdwii_gui.dicom.iod.references import InputReference
    from tdwii_gui.dicom.net.retrieve_scu import MoveResult
    from tdwii_gui.dicom.store.instance_store import InstanceStore

logger = logging.getLogger(__name__)

CANCELED: Final = "canceled"
"""The reason for inputs that are missing because the retrieval was canceled."""

_ATTEMPTS: Final = 100
_FRUITLESS: Final = 3
_PAUSE_SECONDS: Final = 0.1

_LEADS_TO: Final = {
    Kind.PLAN: frozenset({Kind.STRUCTURE_SET, Kind.DOSE}),
    Kind.STRUCTURE_SET: frozenset({Kind.IMAGE, Kind.OTHER}),
}
"""What is followed: from the plan down, for a dose of two plans is no reason to fetch the other."""

_REFERRED_BY: Final = {
    Kind.PLAN: (Kind.DOSE, "ReferencedRTPlanSequence"),
    Kind.STRUCTURE_SET: (Kind.PLAN, "ReferencedStructureSetSequence"),
}
"""What is looked for by a query, for a plan need not name its doses, and no other its plans."""

_ORDER: Final = tuple(Kind)


class Collection:
    """One retrieval: what is wanted, what has come, and why the rest has not.

    Parameters
    ----------
    archives : InputArchives
        Who is asked.
    store : InstanceStore
        Where the instances arrive.
    tally : RetrievalTally
        Counts them.
    fallback_ae : str
        The archive for references that name none.
    patient_id : str or None
        In whose studies instances are looked for, until one of them tells; see `locate`.
    """

    def __init__(
        self,
        archives: InputArchives,
        store: InstanceStore,
        tally: RetrievalTally,
        fallback_ae: str,
        patient_id: str | None = None,
    ) -> None:
        self.references: dict[str, InputReference] = {}
        self.reasons: dict[str, str] = {}
        self._archives = archives
        self._store = store
        self._tally = tally
        self._fallback_ae = fallback_ae
        self._running = archives.running
        self._ae_title = archives.local.ae_title
        self._patient_id = patient_id
        self._presumed: dict[str, str] = {}

    def fetch(self, references: Iterable[InputReference]) -> None:
        """Have references here, each from the archive that it names; note why any is not."""
        wanted = self._expect(references)
        for ae_title, series in by_archive_and_series(self._absent(wanted), self._fallback_ae):
            self._fetch_from(ae_title, series)
        self._expect(self._classified(wanted))

    def find_plans(self) -> None:
        """Fetch the plans of the structure sets, doses and records that are here."""
        for reference in list(self.references.values()):
            if _kind(reference) is Kind.PLAN:
                continue
            plans = self._led_to(reference, {Kind.PLAN}, Kind.PLAN)
            self._fetch_followed(plans)
            self._drop_presumed(plans)

    def follow(self) -> None:
        """Fetch what the plans that are here lead to: structure sets, their images, then doses."""
        unread = deque(self.references.values())
        pending: list[InputReference] = []
        while unread or pending:
            while unread:
                reference = unread.popleft()
                kinds = _LEADS_TO.get(_kind(reference), frozenset())
                pending += self._led_to(reference, kinds, Kind.DOSE)
            if pending:
                first = min(_ORDER.index(_kind(one)) for one in pending)
                now = [one for one in pending if _ORDER.index(_kind(one)) == first]
                pending = [one for one in pending if _ORDER.index(_kind(one)) != first]
                self._fetch_followed(now)
                self._drop_presumed(now)
                known = (self.references.get(one.sop_instance_uid) for one in now)
                unread.extend(one for one in known if one is not None)

    def is_here(self, sop_instance_uid: str) -> bool:
        """Whether an instance is in the store."""
        return bool(self._store.present([sop_instance_uid]))

    def _fetch_followed(self, references: Sequence[InputReference]) -> None:
        """Fetch from the archive of what referred to them, else from the configured one."""
        self.fetch(references)
        fallback = self._fallback_ae
        absent = [one for one in self._absent(references) if one.retrieve_ae_title != fallback]
        if absent and fallback and not self._running.canceled():
            before = dict(self.reasons)
            self.fetch(replace(one, retrieve_ae_title=fallback) for one in absent)
            for uid in (one.sop_instance_uid for one in self._absent(absent)):
                self.reasons[uid] = f"{before[uid]}; {self.reasons[uid]}"

    def _led_to(
        self, reference: InputReference, kinds: AbstractSet[Kind], queried: Kind
    ) -> list[InputReference]:
        """Return what an instance leads to, if it is here, and is not known yet."""
        if not kinds or not self.is_here(reference.sop_instance_uid):
            return []
        try:
            dataset = self._store.read(reference.sop_instance_uid)
        except TdwiiError as error:
            logger.warning("%s cannot be followed: %s", reference.sop_instance_uid, error)
            return []
        self._patient_id = tolerant.text(dataset, "PatientID") or self._patient_id
        archive = reference.retrieve_ae_title or self._fallback_ae
        found = self._expect(
            replace(one, retrieve_ae_title=archive)
            for one in related_objects(dataset)
            if _kind(one) in kinds and one.sop_instance_uid not in self.references
        )
        for ae_title in dict.fromkeys((archive, self._fallback_ae)):
            found += self._expect(self._referring(dataset, ae_title, queried))
        return found

    def _referring(self, dataset: Dataset, ae_title: str, wanted: Kind) -> list[InputReference]:
        """Return what an archive has of a kind in the study of an instance that refers to it."""
        this_kind = kind_of(tolerant.text(dataset, "SOPClassUID"))
        kind, keyword = _REFERRED_BY.get(this_kind, (None, ""))
        found: list[InputReference] = []
        if kind is not wanted or not ae_title or self._running.canceled():
            return found
        this = tolerant.text(dataset, "SOPInstanceUID")
        study_uid = tolerant.text(dataset, "StudyInstanceUID")
        try:
            find = self._archives.lookup(ae_title).find
            for one, referred in referring_in_study(find, study_uid, wanted, keyword):
                if one.sop_instance_uid in self.references or (referred and this not in referred):
                    continue
                if not referred:
                    self._presumed[one.sop_instance_uid] = this
                found.append(replace(one, retrieve_ae_title=ae_title))
        except TdwiiError as error:
            logger.info("%s is not asked for %ss of %s: %s", ae_title, wanted, this, error)
        return found

    def _drop_presumed(self, references: Iterable[InputReference]) -> None:
        """Forget instances of a study that turn out not to refer to what they were fetched for."""
        for uid in (one.sop_instance_uid for one in references):
            referred = self._presumed.pop(uid, "")
            if referred and self.is_here(uid) and referred not in self._referred_to(uid):
                del self.references[uid]
                self._tally.forget(uid)

    def _referred_to(self, sop_instance_uid: str) -> set[str]:
        try:
            found = related_objects(self._store.read(sop_instance_uid))
        except TdwiiError as error:
            logger.warning("%s cannot be read: %s", sop_instance_uid, error)
            return set()
        return {one.sop_instance_uid for one in found}

    def _fetch_from(self, ae_title: str, series: Sequence[InputReference]) -> None:
        """Fetch instances of one series, or of an unknown one, from an archive."""
        usable = [one for one in series if is_valid_uid(one.sop_instance_uid)]
        self._note(series, "its SOP Instance UID is no UID")
        self._note(usable, "no Retrieve AE Title is named for it")
        if not ae_title or not usable:
            return
        try:
            archive = self._archives.lookup(ae_title)
        except TdwiiError as error:
            self._note(usable, str(error))
            return
        unknown = usable
        if all(map(is_valid_uid, (usable[0].study_instance_uid, usable[0].series_instance_uid))):
            unknown = self._retrieve(archive, ae_title, usable)
        else:
            self._note(usable, f"{ae_title} cannot be asked for it: its series is not known")
        if unknown:
            self._fetch_located(archive, ae_title, unknown)

    def _fetch_located(
        self, archive: InputArchive, ae_title: str, references: Sequence[InputReference]
    ) -> None:
        """Fetch what the archive turns out to have, there or in another series."""
        if self._running.canceled():
            self._note(references, CANCELED)
            return
        try:
            found = locate(archive.find, references, self._patient_id)
        except TdwiiError as error:
            logger.info("%s cannot be queried: %s", ae_title, error)
            if self._running.canceled():
                self._note(references, CANCELED)
            return
        self._note(
            (one for one in references if one.sop_instance_uid not in found),
            f"{ae_title} has no such instance",
        )
        if list(found.values()) != list(references):
            for _, series in by_archive_and_series(found.values(), ae_title):
                self._retrieve(archive, ae_title, series)

    def _retrieve(
        self, archive: InputArchive, ae_title: str, series: Sequence[InputReference]
    ) -> list[InputReference]:
        """Fetch instances of one series; return those that the archive may not have there.

        What is missing after the association was lost, or after some of the instances failed, is
        asked for again while that brings anything.
        """
        wanted = list(series)
        fruitless = 0
        for _ in range(_ATTEMPTS):
            lost = answered = False
            unknown: list[InputReference] = []
            if self._running.canceled():
                self._note(wanted, CANCELED)
                return []
            try:
                result = archive.retrieve(wanted)
            except TdwiiError as error:
                self._note(wanted, CANCELED if self._running.canceled() else str(error))
                lost = isinstance(error, Aborted)
                unknown = wanted if isinstance(error, DimseStatusError) else []
            else:
                answered = not result.failed
                unknown = self._note_result(wanted, ae_title, result)
            absent = self._absent(wanted)
            fruitless = fruitless + 1 if len(absent) == len(wanted) else 0
            given_up = fruitless and (not lost or fruitless >= _FRUITLESS)
            if not absent or answered or given_up or self._running.canceled():
                break
            wanted = self._settled(absent, _PAUSE_SECONDS * 2**fruitless)
            if not wanted:
                break
        return self._absent(unknown)

    def _settled(
        self, references: Sequence[InputReference], seconds: float
    ) -> list[InputReference]:
        """Return what is absent when nothing arrives any more; some may have been on its way."""
        absent = list(references)
        while absent:
            before = len(absent)
            self._running.pause(seconds)
            absent = self._absent(absent)
            if len(absent) == before:
                break
        return absent

    def _note_result(
        self, series: Sequence[InputReference], ae_title: str, result: MoveResult
    ) -> list[InputReference]:
        """Note why instances may be missing; return those that the archive does not know."""
        if result.status == Status.CANCELLED:
            self._note(series, CANCELED)
            return []
        sent = result.completed + result.warning
        counts = f"{ae_title} sent {sent} of {len(series)} objects to {self._ae_title}"
        if sent == len(series):
            self._note(series, f"{counts}, which keeps them in another data folder")
            return []
        failed = set(result.failed_uids)
        if result.failed and not failed:
            self._note(series, f"{counts}, and failed with others")
            return []
        unknown = [one for one in series if one.sop_instance_uid not in failed]
        self._note(series, f"{counts}, but failed with this one")
        self._note(unknown, f"{counts}, and not this one")
        return unknown

    def _classified(self, references: Iterable[InputReference]) -> Iterator[InputReference]:
        """Yield those of which only the instance itself has told the SOP class."""
        for one in references:
            here = None if one.sop_class_uid else self._store.get(one.sop_instance_uid)
            if here is not None:
                yield replace(one, sop_class_uid=here.sop_class_uid)

    def _absent(self, references: Iterable[InputReference]) -> list[InputReference]:
        """Return what is not in the store; the rest counts as arrived."""
        wanted = list(references)
        here = self._store.present(one.sop_instance_uid for one in wanted)
        self._tally.arrived(*here)
        return [one for one in wanted if one.sop_instance_uid not in here]

    def _expect(self, references: Iterable[InputReference]) -> list[InputReference]:
        wanted = {one.sop_instance_uid: one for one in references}
        self.references |= wanted
        self._tally.expect(wanted.values())
        return list(wanted.values())

    def _note(self, references: Iterable[InputReference], reason: str) -> None:
        self.reasons.update((one.sop_instance_uid, reason) for one in references)


def _kind(reference: InputReference) -> Kind:
    return kind_of(reference.sop_class_uid)
