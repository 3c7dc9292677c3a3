"""Finding plans and treatment records in an archive, level by level (PS3.4 C.4.1.3)."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from pydicom.dataset import Dataset

from tdwii_gui.dicom.errors import InputsMissing
from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.dicom.iod.references import InputReference
from tdwii_gui.dicom.iod.related import MODALITIES, Kind
from tdwii_gui.dicom.net.retrieve_scu import RetrieveScu

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date
    from pathlib import Path

    from tdwii_gui.actors.inputs import InputRetriever

MOST_OBJECTS: Final = 500
"""After so many, who asks has to ask for less."""

_PATIENT_KEYS: Final = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex")
_STUDY_KEYS: Final = ("StudyDate", "StudyDescription", "StudyInstanceUID", "ModalitiesInStudy")
_SERIES_KEYS: Final = ("SeriesInstanceUID", "SeriesDescription", "SeriesDate")
_OBJECT_KEYS: Final = {
    Kind.PLAN: ("RTPlanLabel", "RTPlanDate"),
    Kind.RECORD: ("TreatmentDate", "CurrentFractionNumber"),
}


@dataclass(frozen=True, slots=True)
class ObjectQuery:
    """What is looked for; what is empty is not asked for.

    Parameters
    ----------
    patient_id : str
        The whole Patient ID, or with wildcards.
    patient_name : str
        The beginning of the name, or with wildcards.
    label : str
        A part of the label or description of the plan or record, or with wildcards.
    first, last : date or None
        The days of the study.
    """

    patient_id: str = ""
    patient_name: str = ""
    label: str = ""
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class FoundObject:
    """A plan or record that an archive has told of; its texts are the archive's.

    Parameters
    ----------
    reference : InputReference
        By which it is retrieved, from that archive.
    label : str
        The plan's label, or what the series is called where the archive does not tell it.
    date : str
        Of the plan or treatment, else of the series or study (DA).
    """

    reference: InputReference
    patient_name: str
    patient_id: str
    patient_birth_date: str
    label: str
    date: str


def no_notice(_found: FoundObject) -> None:
    """Take no notice of what was found."""


@dataclass(frozen=True, slots=True)
class ArchiveSearch:
    """Finds objects in archives, and has them come into a store.

    Parameters
    ----------
    retriever : InputRetriever
        Fetches them, and says for whom, where, and how that is canceled.
    """

    retriever: InputRetriever

    def find(
        self,
        archive: str,
        kind: Kind,
        query: ObjectQuery,
        on_found: Callable[[FoundObject], None] = no_notice,
    ) -> list[FoundObject]:
        """Return the plans or records that match, at most 500; `on_found` hears of each at once.

        A cancellation of the task that runs ends it with what was found until then.

        Raises
        ------
        ConfigError, AssociationError, DimseStatusError
            If the archive is unknown, cannot be reached, or refuses the query.
        """
        own, running = self.retriever, self.retriever.running
        found: list[FoundObject] = []
        with running.of(RetrieveScu(own.local, own.directory.lookup(archive))) as scu:
            for one in _matches(kind, query, scu):
                if running.canceled():
                    break
                found.append(one)
                on_found(one)
                if len(found) >= MOST_OBJECTS:
                    break
        return found

    def fetch(self, found: FoundObject) -> Path:
        """Fetch an object, unless it is here already; return its file.

        Raises
        ------
        InputsMissing
            If it cannot be had, with the reason.
        """
        reference = found.reference
        self.retriever.retrieve([reference]).require_complete()
        stored = self.retriever.store.get(reference.sop_instance_uid)
        if stored is None:
            raise InputsMissing(f"{reference.sop_instance_uid} is gone from the store")
        return stored.path


def _matches(kind: Kind, query: ObjectQuery, scu: RetrieveScu) -> Iterator[FoundObject]:
    for study in _studies(kind, query, scu):
        for series in _find(scu, "SERIES", study, _SERIES_KEYS, Modality=MODALITIES[kind]):
            keys = ("SOPInstanceUID", "SOPClassUID", *_OBJECT_KEYS[kind])
            for instance in _find(scu, "IMAGE", _joined(study, series), keys):
                one = _object(_joined(study, series, instance), scu.peer.ae_title)
                if one is not None and _is_labelled(one, query.label):
                    yield one


def _studies(kind: Kind, query: ObjectQuery, scu: RetrieveScu) -> Iterator[Dataset]:
    identifier = Dataset()
    identifier.PatientName = _beginning(query.patient_name)
    identifier.PatientID = query.patient_id
    if query.first or query.last:
        days = (f"{day:%Y%m%d}" if day else "" for day in (query.first, query.last))
        identifier.StudyDate = "-".join(days)
    found = _find(scu, "STUDY", identifier, (*_PATIENT_KEYS, *_STUDY_KEYS))
    # An archive need not tell the modalities of a study (PS3.4 C.6.2.1.3).
    modality = MODALITIES[kind]
    for study in found:
        modalities = tolerant.text(study, "ModalitiesInStudy")
        if not modalities or modality in modalities.split("\\"):
            yield study


def _find(
    scu: RetrieveScu, level: str, above: Dataset, keys: tuple[str, ...], **matching: str
) -> list[Dataset]:
    """Return the answers of a query below what is known; whole, for one follows the other."""
    identifier = Dataset()
    identifier.QueryRetrieveLevel = level
    for keyword in keys:
        setattr(identifier, keyword, "")
    if level == "STUDY":
        identifier.update(above)
    else:
        identifier.StudyInstanceUID = tolerant.text(above, "StudyInstanceUID")
    if level == "IMAGE":
        identifier.SeriesInstanceUID = tolerant.text(above, "SeriesInstanceUID")
    for keyword, value in matching.items():
        setattr(identifier, keyword, value)
    if not all(tolerant.text(identifier, key).isascii() for key in ("PatientName", "PatientID")):
        identifier.SpecificCharacterSet = "ISO_IR 192"
    return list(scu.c_find(identifier))


def _joined(*levels: Dataset) -> Dataset:
    joined = Dataset()
    for level in levels:
        joined.update(level)
    return joined


def _object(told: Dataset, archive: str) -> FoundObject | None:
    reference = InputReference(
        sop_class_uid=tolerant.text(told, "SOPClassUID"),
        sop_instance_uid=tolerant.text(told, "SOPInstanceUID"),
        study_instance_uid=tolerant.text(told, "StudyInstanceUID"),
        series_instance_uid=tolerant.text(told, "SeriesInstanceUID"),
        retrieve_ae_title=archive,
    )
    if not reference.sop_instance_uid:
        return None
    return FoundObject(
        reference=reference,
        patient_name=tolerant.text(told, "PatientName"),
        patient_id=tolerant.text(told, "PatientID"),
        patient_birth_date=tolerant.text(told, "PatientBirthDate"),
        label=_first(told, "RTPlanLabel", "SeriesDescription", "StudyDescription"),
        date=_first(told, "RTPlanDate", "TreatmentDate", "SeriesDate", "StudyDate"),
    )


def _is_labelled(found: FoundObject, label: str) -> bool:
    """Whether a label is as it was asked for; one that nobody tells is not held against it."""
    wanted = label.strip().casefold()
    pattern = wanted if set(wanted) & set("*?") else f"*{wanted}*"
    return not found.label or fnmatchcase(found.label.casefold(), pattern.replace("[", "[[]"))


def _beginning(name: str) -> str:
    """Return the matching key for a name that begins so."""
    text = name.strip()
    return text if not text or set(text) & set("*?") else f"{text}*"


def _first(dataset: Dataset, *keywords: str) -> str:
    return next(filter(None, (tolerant.text(dataset, each) for each in keywords)), "")
