"""What follows if instances are removed from an archive, in words, before it is done."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.errors import TdwiiError
from tdwii_gui.dicom.iod.related import Kind, kind_of, related_objects
from tdwii_gui.dicom.ups.consequences import Consequences, counted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from tdwii_gui.dicom.store.instance_store import InstanceStore
    from tdwii_gui.dicom.store.instance_summary import InstanceSummary

_REFERRING: Final = {
    Kind.STRUCTURE_SET: "structure set",
    Kind.PLAN: "plan",
    Kind.DOSE: "dose",
    Kind.RECORD: "treatment record",
    Kind.RTBDI: "delivery instruction",
}
_MOST_READ: Final = 200


def removal_consequences(store: InstanceStore, sop_instance_uids: Collection[str]) -> Consequences:
    """Return what is lost with instances, and what that stays refers to them.

    Objects of the same studies and patients are looked through, 200 at most.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    gone = set(sop_instance_uids)
    removed = store.summaries(gone)
    patients = {one.patient_id for one in removed}
    studies = {one.study_instance_uid for one in removed}
    octets = sum(one.size for one in removed)
    effect = (
        f"removes {counted(len(removed), 'instance')}, {octets / 1e6:.1f} MB, of "
        f"{counted(len(patients), 'patient')} from the disk for good"
    )
    stay = [
        one
        for one in store.summaries()
        if one.sop_instance_uid not in gone
        and (one.patient_id in patients or one.study_instance_uid in studies)
    ]
    notes = [f"{words}: these references will lead nowhere" for words in _left(store, stay, gone)]
    if any(kind_of(one.sop_class_uid) is Kind.RECORD for one in removed):
        notes.append("treatment records are among them: what was delivered is known by these alone")
    notes.append("a step of a TMS may name them: its inputs could not be retrieved any more")
    return Consequences(effect, (), tuple(notes))


def _left(store: InstanceStore, stay: Iterable[InstanceSummary], gone: set[str]) -> Iterator[str]:
    """Yield in words what stays and refers to what goes."""
    named = (one for one in stay if kind_of(one.sop_class_uid) in _REFERRING)
    referring: Counter[Kind] = Counter()
    for one in islice(named, _MOST_READ):
        try:
            related = related_objects(store.read(one.sop_instance_uid))
        except TdwiiError:
            continue
        if any(each.sop_instance_uid in gone for each in related):
            referring[kind_of(one.sop_class_uid)] += 1
    for kind, count in referring.items():
        verbs = "stays and refers" if count == 1 else "stay and refer"
        yield f"{counted(count, _REFERRING[kind])} {verbs} to them"
