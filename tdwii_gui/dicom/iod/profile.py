"""Checks of UPS messages against the rules of IHE-RO TDW-II (content of creation, RO-62, RO-64)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from pydicom.uid import UID

from tdwii_gui.dicom.errors import Finding
from tdwii_gui.dicom.iod import codes, tolerant
from tdwii_gui.dicom.iod.references import read_references
from tdwii_gui.dicom.iod.requirements import ProfileRule, ups_requirements
from tdwii_gui.dicom.iod.rtbdi import TreatmentDeliveryType
from tdwii_gui.dicom.iod.ups import Ups

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.iod.codes import Code

_NUMERIC: Final = ("NUMERIC", "NUM")


def check_profile(
    dataset: Dataset, message: Literal["create", "progress", "final"]
) -> list[Finding]:
    """Return what a UPS message lacks of the TDW-II profile.

    Parameters
    ----------
    dataset : Dataset
        The attribute list of an N-CREATE, or the modification list of RO-62 or RO-64.
    message : str
        Which of them it is.
    """
    rules = ups_requirements().profile[message]
    return [finding for rule in rules for finding in _check(dataset, rule)]


def _check(dataset: Dataset, rule: ProfileRule) -> Iterator[Finding]:
    holder, keyword = _holder(dataset, rule.path)
    found = tolerant.element(holder, keyword)
    if found is None or found.is_empty:
        yield Finding(rule.path, f"has no value ({rule.usage})")
        return
    if rule.code:
        wanted: Code = getattr(codes, rule.code)
        code = tolerant.code(holder, keyword)
        if code is None or not _same(code, wanted):
            yield Finding(rule.path, f"is not ({wanted.value}, {wanted.scheme})")
    for name, value_type, values in rule.items:
        yield from _check_content(holder, rule, getattr(codes, name), (value_type, values))
    yield from _check_references(dataset, holder, rule)


def _holder(dataset: Dataset, path: str) -> tuple[Dataset, str]:
    """Return the (first) item that holds an attribute, and its keyword."""
    *sequences, keyword = path.split(".")
    for sequence in sequences:
        dataset = tolerant.first_item(dataset, sequence)
    return dataset, keyword


def _check_content(
    holder: Dataset, rule: ProfileRule, concept: Code, wanted: tuple[str, tuple[str, ...]]
) -> Iterator[Finding]:
    value_type, values = wanted
    keyword = rule.path.rpartition(".")[2]
    for item in tolerant.items(holder, keyword):
        name = tolerant.code(item, "ConceptNameCodeSequence")
        if name is None or not _same(name, concept):
            continue
        accepted = _NUMERIC if value_type == "NUMERIC" else (value_type,)
        if tolerant.text(item, "ValueType") not in accepted:
            yield Finding(rule.path, f"has a {concept.meaning} that is not {value_type}")
        value = tolerant.text(item, "NumericValue" if value_type == "NUMERIC" else "TextValue")
        if not value or (values and value not in values):
            yield Finding(rule.path, f"has a {concept.meaning} without a legal value")
        return
    yield Finding(rule.path, f"lacks the {concept.meaning}")


def _check_references(dataset: Dataset, holder: Dataset, rule: ProfileRule) -> Iterator[Finding]:
    groups = rule.classes
    if Ups(dataset).delivery_type == TreatmentDeliveryType.CONTINUATION:
        groups += rule.classes_for_continuation
    keyword = rule.path.rpartition(".")[2]
    present = {UID(each.sop_class_uid).keyword for each in read_references(holder, keyword)}
    for group in groups:
        if present.isdisjoint(group):
            yield Finding(rule.path, f"refers to no {' or '.join(group)}")


def _same(code: Code, wanted: Code) -> bool:
    return (code.value, code.scheme) == (wanted.value, wanted.scheme)
