"""The attributes of the objects that actors make, found in those made of the bundled plans."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from pydicom.datadict import keyword_for_tag

from tdwii_gui.config.resources import resource_path
from tdwii_gui.dicom.iod.plan import read_plan
from tdwii_gui.dicom.iod.rtbdi import build_rtbdi
from tdwii_gui.dicom.iod.treatment_record import SessionInfo, build_treatment_records
from tdwii_gui.dicom.iod.treatment_record_beam import DeliveredBeam
from tdwii_gui.dicom.uids import (
    RT_BEAMS_DELIVERY_INSTRUCTION,
    RT_BEAMS_TREATMENT_RECORD,
    RT_ION_BEAMS_TREATMENT_RECORD,
    uid_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pydicom.dataset import Dataset

    from tdwii_gui.app.conformance.markdown import Document

_PLANS: Final = ("photon_plan.dcm", "electron_plan.dcm", "ion_plan.dcm")
_DELIVERED: Final = datetime(2026, 1, 5, 9).astimezone()
_MADE: Final = (
    (RT_BEAMS_DELIVERY_INSTRUCTION, "creator, TMS"),
    (RT_BEAMS_TREATMENT_RECORD, "TDD"),
    (RT_ION_BEAMS_TREATMENT_RECORD, "TDD"),
)


@dataclass(frozen=True, slots=True)
class CreatedAttribute:
    """An attribute of the objects of a SOP class.

    Parameters
    ----------
    depth : int
        In how many sequences it is.
    presence : str
        ALWAYS, VNAP (its value is not always present), ANAP (itself is not) or EMPTY, as
        PS3.2 A.8.1 has it.
    """

    depth: int
    keyword: str
    tag: str
    vr: str
    presence: str


def add_created_objects(document: Document) -> None:
    """Add the attributes of instructions and treatment records."""
    document.text(
        "As they are made of the bundled photon, electron and ion plans, delivered as a whole; "
        "other plans, adjusted positions, continuations and interruptions bring more. ALWAYS: "
        "with a value. VNAP: value not always present. ANAP: attribute not always present. EMPTY: "
        "without a value. `>` is an attribute of an item."
    )
    objects = list(_objects())
    for sop_class_uid, makers in _MADE:
        own = [one for one in objects if sop_class_uid == one.SOPClassUID]
        document.heading(3, uid_name(sop_class_uid))
        document.text(f"Made by: {makers}.")
        document.table(
            ("Attribute", "Tag", "VR", "Presence of value"),
            [
                (f"{'>' * one.depth} {one.keyword}", one.tag, one.vr, one.presence)
                for one in created_attributes(own)
            ],
        )


def created_attributes(objects: Sequence[Dataset], depth: int = 0) -> Iterator[CreatedAttribute]:
    """Yield the attributes of some data sets, those of items behind their sequence."""
    for tag in sorted(set().union(*(one.keys() for one in objects))):
        having = [one[tag] for one in objects if tag in one]
        yield CreatedAttribute(
            depth,
            keyword_for_tag(tag),
            str(tag).replace(", ", ","),
            having[0].VR,
            _presence(len(having) < len(objects), [not each.is_empty for each in having]),
        )
        if having[0].VR == "SQ":
            items = [item for each in having for item in each.value]
            yield from created_attributes(items, depth + 1)


def _presence(is_absent: bool, valued: Iterable[bool]) -> str:
    values = set(valued)
    if values == {False}:
        return "EMPTY"
    if is_absent:
        return "ANAP"
    return "ALWAYS" if values == {True} else "VNAP"


def _objects() -> Iterator[Dataset]:
    for name in _PLANS:
        plan = read_plan(resource_path("demo_patient", name))
        for group in plan.fraction_groups:
            yield build_rtbdi(plan, group, 1)
            beams = [
                DeliveredBeam(beam.number, beam.meterset, _DELIVERED, _DELIVERED)
                for beam in group.beams
            ]
            yield from build_treatment_records(plan, group, beams, SessionInfo(1))
