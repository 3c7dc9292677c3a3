"""What a TMS finds in requests that TDW-II does not allow (creation, RO-62, RO-64, RO-65)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from pydicom.tag import Tag

from tdwii_gui.dicom.errors import DatasetError, DimseStatusError
from tdwii_gui.dicom.iod.profile import check_profile
from tdwii_gui.dicom.ups.mode import ServiceMode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.iod.attributes import Attributes
    from tdwii_gui.dicom.iod.profile import ProfileFinding

logger = logging.getLogger(__name__)

_COMMENT_CHARACTERS: Final = 64
_KNOWN: Final = 1000
_PROGRESS: Final = int(Tag("ProcedureStepProgressInformationSequence"))
_PERFORMED: Final = int(Tag("UnifiedProcedureStepPerformedProcedureSequence"))
_END: Final = int(Tag("PerformedProcedureStepEndDateTime"))
_CANCELLATION: Final = tuple(
    int(Tag(keyword))
    for keyword in (
        "ProcedureStepCancellationDateTime",
        "ReasonForCancellation",
        "ProcedureStepDiscontinuationReasonCodeSequence",
    )
)


def of_creation(attribute_list: Attributes) -> list[ProfileFinding]:
    """Return what an N-CREATE lacks."""
    return check_profile(attribute_list, "create")


def of_modification(modifications: Attributes) -> list[ProfileFinding]:
    """Return what the N-SET of a performer lacks.

    One that ends the performed procedure is a final update (RO-64), any other with progress is a
    progress update (RO-62) unless it tells of a cancellation. The rest is none of the profile's.
    """
    performed = _first_item(modifications, _PERFORMED)
    if performed is not None and performed.is_valued(_END):
        return check_profile(modifications, "final")
    progress = _first_item(modifications, _PROGRESS)
    if progress is None or performed is not None or any(tag in progress for tag in _CANCELLATION):
        return []
    return check_profile(modifications, "progress")


def of_completion(ups: Dataset) -> list[ProfileFinding]:
    """Return what a step lacks that is to become COMPLETED (RO-65)."""
    return check_profile(ups, "completed")


class ProfileLog:
    """Logs findings by the names of their attributes, or refuses what has any.

    What an AE does again is not warned of again: a device may do it with each progress update.
    """

    def __init__(self) -> None:
        self._known: set[tuple[str, ...]] = set()

    def heed(
        self,
        findings: Iterable[ProfileFinding],
        mode: ServiceMode,
        what: str,
        calling_ae: str,
    ) -> tuple[ProfileFinding, ...]:
        """Return findings after they have been logged.

        Parameters
        ----------
        findings : Iterable of ProfileFinding
            What was found.
        mode : ServiceMode
            A strict service refuses.
        what, calling_ae : str
            What was asked for, in words, and by whom.

        Raises
        ------
        DimseStatusError
            With the status of the first finding, if there is one and the service is strict.
        """
        found = tuple(findings)
        if not found:
            return found
        if mode is ServiceMode.STRICT:
            keyword = found[0].attribute.rpartition(".")[2]
            comment = f"TDW-II: {keyword} {found[0].text}"[:_COMMENT_CHARACTERS]
            raise DimseStatusError(found[0].status, comment)
        names = tuple(dict.fromkeys(each.attribute for each in found))
        key = (calling_ae, *names)
        level = logging.INFO if key in self._known else logging.WARNING
        if len(self._known) < _KNOWN:
            self._known.add(key)
        logger.log(
            level, "%s by %r is not as TDW-II wants it in %s", what, calling_ae, ", ".join(names)
        )
        return found


def _first_item(given: Attributes, sequence: int) -> Attributes | None:
    try:
        return next(iter(given.items(sequence)), None)
    except DatasetError:
        return None
