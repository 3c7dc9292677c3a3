"""What an SCP of MPPS refuses (PS3.4 F.7.2), by the table of attribute requirements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydicom.datadict import keyword_for_tag, tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from tdwii_gui.dicom.errors import DimseStatusError, FailureDetails
from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.dicom.iod.mpps_reader import Mpps, MppsEvent, MppsStatus
from tdwii_gui.dicom.iod.requirements import check_usage
from tdwii_gui.dicom.status import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tdwii_gui.dicom.iod.requirements import Violation

NO_LONGER_UPDATED: Final = "Performed Procedure Step Object may no longer be updated"
NO_LONGER_UPDATED_ID: Final = 0xA710
"""Error ID (0000,0903) of an N-SET after the end (PS3.4 Table F.7.2-2)."""

_STATUS: Final = "PerformedProcedureStepStatus"
_CHARACTER_SET: Final = Tag("SpecificCharacterSet")


def refuse_creation(attributes: Dataset) -> None:
    """Refuse an N-CREATE that the standard does not allow (PS3.4 F.7.2.1).

    Raises
    ------
    DimseStatusError
        0106 for a status other than IN PROGRESS or another illegal value, with these attributes;
        0120 for missing attributes, 0121 for ones without a value, 0105 for ones that are not
        allowed, with their tags.
    """
    violations = check_usage(attributes, "mpps", "n_create")
    if tolerant.text(attributes, _STATUS) not in ("", MppsStatus.IN_PROGRESS):
        raise _invalid(attributes, [_STATUS], f"{_STATUS} is not {MppsStatus.IN_PROGRESS}")
    _refuse(attributes, violations)


def refuse_modification(stored: Dataset, modifications: Dataset) -> None:
    """Refuse an N-SET that the standard does not allow (PS3.4 F.7.2.2).

    Raises
    ------
    DimseStatusError
        0110 with Error ID A710 if the step is COMPLETED or DISCONTINUED; 0105 for attributes that
        an N-SET must not change or that were not created; others as in `refuse_creation`.
    """
    status = Mpps(stored).status
    if status is not None and status.is_final:
        details = FailureDetails(error_id=NO_LONGER_UPDATED_ID)
        raise DimseStatusError(Status.PROCESSING_FAILURE, NO_LONGER_UPDATED, details=details)
    _refuse(modifications, check_usage(modifications, "mpps", "n_set"))
    foreign = [
        tag for tag in list(modifications.keys()) if tag not in stored and tag != _CHARACTER_SET
    ]
    if foreign:
        name = keyword_for_tag(foreign[0]) or str(foreign[0])
        raise _with_tags(Status.NO_SUCH_ATTRIBUTE, foreign, f"{name} was not created")


def refuse_final_state(dataset: Dataset) -> None:
    """Refuse to end a step that lacks what its final state requires (PS3.4 Table F.7.2-1).

    Raises
    ------
    DimseStatusError
        0120 for missing attributes, 0121 for ones without a value; with their tags.
    """
    status = Mpps(dataset).status
    if status is not None and status.is_final:
        _refuse(dataset, check_usage(dataset, "mpps", "final"))


def event_of(before: Mpps, after: Mpps) -> MppsEvent:
    """Return the event that tells of a modification (PS3.4 Table F.9.2-1)."""
    if after.status is before.status or after.status is None:
        return MppsEvent.UPDATED
    return MppsEvent[after.status.name]


def _refuse(dataset: Dataset, violations: Sequence[Violation]) -> None:
    """Refuse with the first of some violations, and the attributes of all of its kind."""
    if not violations:
        return
    first = violations[0]
    alike = [each for each in violations if each.status == first.status]
    if first.status == Status.INVALID_ATTRIBUTE_VALUE:
        names = [each.attribute.partition(".")[0].partition("[")[0] for each in alike]
        raise _invalid(dataset, names, first.text)
    tags = [tag_for_keyword(each.attribute.rpartition(".")[2]) for each in alike]
    raise _with_tags(first.status, [tag for tag in tags if tag is not None], first.text)


def _with_tags(status: Status, tags: Sequence[int], comment: str) -> DimseStatusError:
    details = FailureDetails(tags=tuple(dict.fromkeys(map(int, tags))))
    return DimseStatusError(status, comment, details=details)


def _invalid(dataset: Dataset, keywords: Iterable[str], comment: str) -> DimseStatusError:
    """Return the error whose response tells which values are invalid (PS3.7 C.5)."""
    invalid = Dataset()
    for keyword in dict.fromkeys(keywords):
        element = tolerant.element(dataset, keyword)
        if element is not None:
            invalid.add(element)
    details = FailureDetails(attributes=invalid)
    return DimseStatusError(Status.INVALID_ATTRIBUTE_VALUE, comment, details=details)
