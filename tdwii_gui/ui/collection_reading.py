"""What is here of a step's collection: counted, and ready to be looked at; off the GUI thread."""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydicom.dataset import Dataset

from tdwii_gui.actors.retrieval_progress import KindCount
from tdwii_gui.dicom.errors import TdwiiError
from tdwii_gui.dicom.iod.contours import Structure, read_structures
from tdwii_gui.dicom.iod.isocenter import read_isocenters
from tdwii_gui.dicom.iod.references import InputReference
from tdwii_gui.dicom.iod.related import MODALITIES, Kind, kind_of, related_objects
from tdwii_gui.dicom.store.instance_index import Root
from tdwii_gui.ui.photo_image import decode_photo
from tdwii_gui.ui.slice_marks import Anatomy
from tdwii_gui.ui.step_images import in_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from PySide6.QtGui import QImage

    from tdwii_gui.dicom.store.instance_store import InstanceStore

_FOLLOWED: Final = (Kind.PLAN, Kind.STRUCTURE_SET, Kind.DOSE)
_KEPT: Final = 32


@dataclass(frozen=True, slots=True, eq=False)
class CollectionReading:
    """What is here of a step.

    Parameters
    ----------
    counts : tuple[KindCount, ...]
        Of what the step names and what that refers to, as far as it is here to be followed.
    images : tuple[str, ...]
        SOP Instance UIDs of the images, series after series, slice after slice.
    anatomy : Anatomy
        The structures and isocenters over them.
    photo : QImage or None
        The patient's photograph.
    """

    counts: tuple[KindCount, ...]
    images: tuple[str, ...]
    anatomy: Anatomy
    photo: QImage | None


class CollectionReader:
    """Reads collections one after the other; what it has read of a file is kept for a while.

    For one thread, which is not the GUI's.
    """

    def __init__(self, store: InstanceStore) -> None:
        self._store = store
        self._read: OrderedDict[str, Any] = OrderedDict()
        self._anatomy: tuple[tuple[str, ...], Anatomy] = ((), Anatomy())

    def read(
        self, named: Sequence[InputReference], photos: Sequence[InputReference]
    ) -> CollectionReading:
        """Read what is here of the objects that a step names."""
        wanted, here = self._follow(named)
        counted = Counter(kind_of(one.sop_class_uid) for one in wanted.values())
        present = Counter(kind_of(wanted[uid].sop_class_uid) for uid in here)
        images = (uid for uid in here if kind_of(wanted[uid].sop_class_uid) is Kind.IMAGE)
        return CollectionReading(
            counts=tuple(
                KindCount(kind, present[kind], counted[kind]) for kind in Kind if counted[kind]
            ),
            images=tuple(one.sop_instance_uid for one in in_order(self._store.summaries(images))),
            anatomy=self._known_anatomy(
                [uid for uid in here if kind_of(wanted[uid].sop_class_uid) in _FOLLOWED]
            ),
            photo=self._photo(photos),
        )

    def _follow(
        self, named: Iterable[InputReference]
    ) -> tuple[dict[str, InputReference], list[str]]:
        """Return all objects that belong to a step by UID, and which of them are here."""
        wanted: dict[str, InputReference] = {}
        here: dict[str, None] = {}
        found = list(named)
        while found:
            new = {one.sop_instance_uid: one for one in found if one.sop_instance_uid not in wanted}
            wanted |= new
            present = self._store.present(new)
            here |= dict.fromkeys(uid for uid in new if uid in present)
            found = [
                each
                for uid in new
                if uid in present and kind_of(new[uid].sop_class_uid) in _FOLLOWED
                for each in self._related(uid)
            ]
        return wanted, list(here)

    def _related(self, uid: str) -> list[InputReference]:
        """Return what an object refers to; the doses that refer to a plan belong to it too."""

        def read(dataset: Dataset) -> list[InputReference]:
            return related_objects(dataset)

        related: list[InputReference] = self._of_file(uid, "related", read, [])
        stored = self._store.get(uid)
        if stored is None or kind_of(stored.sop_class_uid) is not Kind.PLAN:
            return related
        doses = (
            one
            for one in self._doses(stored.study_instance_uid)
            if any(
                each.sop_instance_uid == uid
                for each in self._of_file(one.sop_instance_uid, "related", read, [])
            )
        )
        return [*related, *doses]

    def _doses(self, study_uid: str) -> Iterator[InputReference]:
        """Yield the doses of a study that are here."""
        for series in self._find("SERIES", study_uid, Modality=MODALITIES[Kind.DOSE]):
            series_uid = str(series.SeriesInstanceUID)
            images = self._find("IMAGE", study_uid, SeriesInstanceUID=series_uid, SOPClassUID="")
            for image in images:
                yield InputReference(
                    str(image.SOPClassUID), str(image.SOPInstanceUID), study_uid, series_uid, ""
                )

    def _find(self, level: str, study_uid: str, **keys: str) -> Iterator[Dataset]:
        identifier = Dataset()
        identifier.QueryRetrieveLevel = level
        identifier.StudyInstanceUID = study_uid
        identifier.SeriesInstanceUID = ""
        if level == "IMAGE":
            identifier.SOPInstanceUID = ""
        for keyword, value in keys.items():
            setattr(identifier, keyword, value)
        yield from self._store.find(identifier, Root.STUDY)

    def _known_anatomy(self, uids: Iterable[str]) -> Anatomy:
        """Return structures and isocenters; the same object as before where they are the same."""
        stored = [one for uid in uids if (one := self._store.get(uid)) is not None]
        key = tuple(one.digest for one in stored)
        if key == self._anatomy[0]:
            return self._anatomy[1]
        structures: tuple[Structure, ...] = ()
        isocenters = []
        for one in stored:
            match kind_of(one.sop_class_uid):
                case Kind.STRUCTURE_SET:
                    uid = one.sop_instance_uid
                    structures = structures or self._of_file(uid, "structures", read_structures, ())
                case Kind.PLAN:
                    uid = one.sop_instance_uid
                    isocenters += self._of_file(uid, "isocenters", read_isocenters, ())
        self._anatomy = (key, Anatomy(structures, tuple(isocenters)))
        return self._anatomy[1]

    def _photo(self, photos: Iterable[InputReference]) -> QImage | None:
        for reference in photos:
            image: QImage | None = self._of_file(
                reference.sop_instance_uid, "photo", decode_photo, None
            )
            if image is not None:
                return image
        return None

    def _of_file(self, uid: str, what: str, read: Any, without: Any) -> Any:
        """Return what is read of an instance, from before if its content is the same."""
        stored = self._store.get(uid)
        if stored is None:
            return without
        key = f"{what} {stored.digest}"
        if key in self._read:
            self._read.move_to_end(key)
            return self._read[key]
        try:
            self._read[key] = found = read(self._store.read(uid))
        except TdwiiError:
            return without
        while len(self._read) > _KEPT:
            self._read.popitem(last=False)
        return found
