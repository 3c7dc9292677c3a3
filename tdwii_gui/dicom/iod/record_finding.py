"""What a comparison of a treatment record with its plan and instruction finds, line by line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from pydicom.dataset import Dataset

from tdwii_gui.dicom.errors import DatasetError, Finding
from tdwii_gui.dicom.iod.values import copy_legal, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


_TOLD: Final = 3
"""So many findings make one sentence; more would not be read."""


class Verdict(StrEnum):
    """What a comparison came to."""

    MET = "met"
    NOT_MET = "not met"
    NOT_TOLD = "not told"


@dataclass(frozen=True, slots=True)
class RecordFinding:
    """One comparison and its outcome.

    Parameters
    ----------
    subject : str
        The attribute, with its beam and control point, e.g. ``"Beam 2 DeliveredPrimaryMeterset"``.
    text : str
        What was found, as the rest of a sentence that begins with the subject; no patient data.
    verdict : Verdict
        Whether it is as it should be; not told where the record, or the plan, says nothing.
    """

    subject: str
    text: str
    verdict: Verdict

    def __str__(self) -> str:
        return f"{self.subject} {self.text}"


def met(subject: str, words: str) -> RecordFinding:
    """Return a finding of what is as it should be."""
    return RecordFinding(subject, words, Verdict.MET)


def not_met(subject: str, words: str) -> RecordFinding:
    """Return a finding of what is not."""
    return RecordFinding(subject, words, Verdict.NOT_MET)


def not_told(subject: str, words: str) -> RecordFinding:
    """Return a finding of what nobody says."""
    return RecordFinding(subject, words, Verdict.NOT_TOLD)


def judged(subject: str, words: str, *, is_met: bool) -> RecordFinding:
    """Return a finding of what is as it should be, or not."""
    return met(subject, words) if is_met else not_met(subject, words)


def missing(subject: str, *, required: bool) -> RecordFinding:
    """Return the finding of an attribute without a value; one that is required is not met."""
    return not_met(subject, "is missing") if required else not_told(subject, "is not told")


def same_value(
    subject: str, found: object, expected: object, *, required: bool = False
) -> RecordFinding:
    """Compare a value with what it should be; empty ones are not told.

    Parameters
    ----------
    subject : str
        The attribute.
    found, expected : object
        The values; None or an empty text where there is none.
    required : bool
        Whether a missing one is an error.
    """
    if found in (None, ""):
        return missing(subject, required=required)
    if expected in (None, ""):
        return not_told(subject, f"is {found}, of which the plan says nothing")
    if found == expected:
        return met(subject, f"is {found}")
    return not_met(subject, f"is {found}, not {expected}")


def same_number(
    subject: str, found: float | None, expected: float | None, tolerance: float = 0.0
) -> RecordFinding:
    """Compare numbers; empty ones are not told."""
    if found is None:
        return missing(subject, required=False)
    if expected is None:
        return not_told(subject, f"is {found:.10g}, of which the plan says nothing")
    if abs(found - expected) <= tolerance:
        return met(subject, f"is {found:.10g}")
    return not_met(subject, f"is {found:.10g}, not {expected:.10g}")


def same_private(record: Dataset, plan: Dataset, keyword: str) -> RecordFinding:
    """Compare an attribute of the patient, whose value is told to nobody.

    Values count in the legal form that objects made from the plan have.
    """
    found, expected = _legal_text(record, keyword), _legal_text(plan, keyword)
    if not found:
        return missing(keyword, required=False)
    if not expected:
        return not_told(keyword, "is told, but not by the plan")
    words = "is that of the plan" if found == expected else "is not that of the plan"
    return judged(keyword, words, is_met=found == expected)


def guarded(findings: Iterator[RecordFinding], prefix: str = "") -> Iterator[RecordFinding]:
    """Yield findings; what cannot be read is one itself, and ends them."""
    try:
        yield from findings
    except DatasetError as error:
        for finding in error.findings:
            attribute = finding.attribute
            is_whole = attribute.startswith(prefix)
            subject = attribute if is_whole else f"{prefix} {attribute}".strip()
            yield not_met(subject, finding.text)


def require_met(findings: Iterable[RecordFinding], source: str) -> None:
    """Raise if a finding is not met.

    Parameters
    ----------
    findings : Iterable[RecordFinding]
        What a check has found.
    source : str
        The record's file or name, for the message.

    Raises
    ------
    DatasetError
        In one sentence: the source, and the first subjects with what is wrong with them.
    """
    failed = [finding for finding in findings if finding.verdict is Verdict.NOT_MET]
    if not failed:
        return
    told = [Finding(finding.subject, finding.text) for finding in failed[:_TOLD]]
    if len(failed) > _TOLD:
        told.append(Finding("", f"and {len(failed) - _TOLD} more"))
    raise DatasetError(told, source)


def _legal_text(dataset: Dataset, keyword: str) -> str:
    legal_form = Dataset()
    copy_legal(dataset, legal_form, [keyword])
    return text(legal_form, keyword)
