"""Which objects of which steps are here, kept up as instances come; plain data."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.iod.related import Kind, kind_of
from tdwii_gui.ui.models.collection_rows import PHOTO, KindRow, MissingRow
from tdwii_gui.ui.models.step_input_rows import StepInputRow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tdwii_gui.actors.inputs import RetrievalResult
    from tdwii_gui.actors.retrieval_progress import KindCount
    from tdwii_gui.dicom.iod.references import InputReference
    from tdwii_gui.ui.models.step_input_rows import StepReading

_ALWAYS: Final = (Kind.PLAN, Kind.RTBDI, Kind.STRUCTURE_SET, Kind.IMAGE, Kind.DOSE)
"""Kinds that are looked for with every step."""


@dataclass(slots=True)
class _Collection:
    """What is known of the objects of one step."""

    references: tuple[InputReference, ...] | None = None
    photos: tuple[InputReference, ...] = ()
    followed: dict[Kind, tuple[int, int]] = field(default_factory=dict)
    missing: tuple[MissingRow, ...] = ()


class StepInputs:
    """The collections of the steps that a PPVS knows; for the GUI thread.

    Each change returns the rows that follow from it.
    """

    def __init__(self) -> None:
        self._rows: dict[str, StepInputRow] = {}
        self._collections: defaultdict[str, _Collection] = defaultdict(_Collection)
        self._steps_of: defaultdict[str, set[str]] = defaultdict(set)
        self._here: set[str] = set()

    def keep_only(self, uids: Iterable[str]) -> None:
        """Forget all steps but these."""
        for gone in self._rows.keys() - set(uids):
            del self._rows[gone]
            known = self._collections.pop(gone, _Collection())
            for reference in (*(known.references or ()), *known.photos):
                self._steps_of[reference.sop_instance_uid].discard(gone)

    def row(self, uid: str) -> StepInputRow | None:
        """Return the row of a step, or None."""
        return self._rows.get(uid)

    def named(self, uid: str) -> tuple[tuple[InputReference, ...], tuple[InputReference, ...]]:
        """Return what a step names: its inputs, and the photographs of its patient."""
        if uid not in self._rows:
            return (), ()
        known = self._collections[uid]
        return known.references or (), known.photos

    def kinds(self, uid: str) -> list[KindRow]:
        """Return how far each kind of objects of a step is; photographs come last."""
        row = self._rows.get(uid)
        if row is None or self._collections[uid].references is None:
            return []
        known = self._collections[uid]
        rows = [self._kind(known, kind, is_coming=row.is_retrieving) for kind in Kind]
        photos = [one.sop_instance_uid for one in known.photos]
        if photos:
            archives = _archives(known.photos)
            rows.append(KindRow(PHOTO, len(self._here.intersection(photos)), len(photos), archives))
        return [one for one in rows if one.expected or one.key in _ALWAYS]

    def missing(self, uid: str) -> tuple[MissingRow, ...]:
        """Return what of a step could not be had, as it was when last asked for."""
        missing = self._collections[uid].missing if uid in self._rows else ()
        return tuple(one for one in missing if one.sop_instance_uid not in self._here)

    def put(self, reading: StepReading) -> StepInputRow:
        """Take what was read of a step."""
        uid = reading.row.uid
        before = self._rows.get(uid)
        self._rows[uid] = replace(before, step=reading.row) if before else StepInputRow(reading.row)
        if reading.references is None:
            return self._rows[uid]
        known = self._collections[uid]
        if (known.references, known.photos) != (reading.references, reading.photos):
            known.references, known.photos = reading.references, reading.photos
            for reference in (*reading.references, *reading.photos):
                self._steps_of[reference.sop_instance_uid].add(uid)
        self._here |= reading.here
        return self._counted(uid)

    def receive(self, sop_instance_uid: str) -> list[StepInputRow]:
        """Count an instance that has come, for the steps that name it."""
        if sop_instance_uid in self._here:
            return []
        steps = self._steps_of.get(sop_instance_uid, set())
        if steps:
            self._here.add(sop_instance_uid)
        return [self._counted(uid) for uid in steps if uid in self._rows]

    def begin(self, uid: str) -> StepInputRow | None:
        """Note that a step's objects are asked for."""
        if uid in self._rows:
            self._collections[uid].missing = ()
        return self._retrieving(uid, is_so=True)

    def end(self, uid: str) -> StepInputRow | None:
        """Note that they are asked for no more."""
        return self._retrieving(uid, is_so=False)

    def end_all(self) -> list[StepInputRow]:
        """Note that nothing is asked for any more."""
        running = [uid for uid, row in self._rows.items() if row.is_retrieving]
        return [row for uid in running if (row := self._retrieving(uid, is_so=False))]

    def count(
        self, uid: str, counts: Iterable[KindCount], *, is_least: bool = False
    ) -> StepInputRow | None:
        """Take over how much of each kind is here, what was found by reference too.

        With `is_least`, more may be known already: who looks only at what is here cannot follow
        what is not.
        """
        told = {count.kind: (count.present, count.expected) for count in counts}
        before = self._collections[uid].followed if is_least else {}
        for kind, (present, expected) in before.items():
            least = told.get(kind, (0, 0))
            told[kind] = (max(least[0], present), max(least[1], expected))
        self._collections[uid].followed = told
        return self._counted(uid) if uid in self._rows else None

    def settle(self, uid: str, result: RetrievalResult) -> StepInputRow | None:
        """Take over the outcome of a retrieval, which may be known before its step is."""
        known = self._collections[uid]
        known.missing = (
            *(MissingRow.of(each, is_required=True) for each in result.missing),
            *(MissingRow.of(each, is_required=False) for each in result.unresolved),
        )
        self._here.update(result.present)
        self.count(uid, result.counts)
        return self._retrieving(uid, is_so=False)

    def _kind(self, known: _Collection, kind: Kind, *, is_coming: bool) -> KindRow:
        """Return a kind's row: what the step names and, where that is more, what was followed."""
        named = [one for one in known.references or () if kind_of(one.sop_class_uid) is kind]
        uids = {one.sop_instance_uid for one in named}
        present, expected = known.followed.get(kind, (0, 0))
        reasons = dict.fromkeys(
            one.reason
            for one in known.missing
            if one.kind is kind and one.sop_instance_uid not in self._here
        )
        return KindRow(
            key=kind,
            here=max(len(uids & self._here), present),
            expected=max(len(uids), expected),
            archives=_archives(named),
            reason="; ".join(reasons),
            is_coming=is_coming,
        )

    def _retrieving(self, uid: str, *, is_so: bool) -> StepInputRow | None:
        row = self._rows.get(uid)
        if row is None:
            return None
        self._rows[uid] = replace(row, is_retrieving=is_so)
        return self._counted(uid)

    def _counted(self, uid: str) -> StepInputRow:
        row = self._rows[uid]
        if self._collections[uid].references is None:
            return row
        kinds = [kind for kind in self.kinds(uid) if kind.key != PHOTO]
        missing = self.missing(uid)
        self._rows[uid] = replace(
            row,
            here=sum(kind.here for kind in kinds),
            expected=sum(kind.expected for kind in kinds),
            missing=sum(one.is_required for one in missing),
            unresolved=sum(not one.is_required for one in missing),
        )
        return self._rows[uid]


def _archives(references: Iterable[InputReference]) -> str:
    return ", ".join(dict.fromkeys(filter(None, (one.retrieve_ae_title for one in references))))
