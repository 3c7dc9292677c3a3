"""How the UPS service refuses: with the status and comment of the answer."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tdwii_gui.dicom.errors import DatasetError, DimseStatusError, StoreError
from tdwii_gui.dicom.status import Status, is_failure
from tdwii_gui.dicom.store.attribute_lists import without_command_elements
from tdwii_gui.dicom.store.database import StoreFull
from tdwii_gui.dicom.ups.mode import ServiceMode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.iod.requirements import Violation
    from tdwii_gui.dicom.store.ups_transaction import Step

logger = logging.getLogger(__name__)


@contextmanager
def failures_as_statuses() -> Iterator[None]:
    """Turn the errors of store and data sets into statuses; their details stay in the log."""
    try:
        yield
    except StoreError as error:
        logger.warning("answered with a failure: %s", error)
        full = isinstance(error, StoreFull)
        status = Status.RESOURCE_LIMITATION if full else Status.PROCESSING_FAILURE
        raise DimseStatusError(status, "the worklist cannot be used") from error
    except DatasetError as error:
        raise DimseStatusError(Status.INVALID_ATTRIBUTE_VALUE, str(error)) from error


def own_elements(
    dataset: Dataset,
    mode: ServiceMode,
    what: str,
    *,
    status: Status = Status.NO_SUCH_ATTRIBUTE,
    with_uids: bool = True,
) -> Dataset:
    """Return a copy of a data set without elements that belong into the command (PS3.4 5.4.2.3).

    Parameters
    ----------
    dataset : Dataset
        What came with a request.
    mode : ServiceMode
        Only a lenient service leaves them out, and logs it.
    what : str
        The request, for the log.
    status : Status
        How it is refused otherwise.
    with_uids : bool
        Whether the SOP Class and Instance UID are among these elements.

    Raises
    ------
    DimseStatusError
        With the status, if there is such an element and the service is not lenient.
    """
    remaining, foreign = without_command_elements(dataset, with_uids=with_uids)
    if foreign and mode is not ServiceMode.LENIENT:
        raise DimseStatusError(status, f"{foreign[0]} is not allowed in the data set")
    if foreign:
        logger.info("%s: left out %s", what, ", ".join(foreign))
    return remaining


def heed_foreign(foreign: Sequence[str], mode: ServiceMode, what: str) -> None:
    """Log which attributes of an N-SET the step does not have; a strict service refuses (0105)."""
    if foreign and mode is ServiceMode.STRICT:
        raise DimseStatusError(Status.NO_SUCH_ATTRIBUTE, f"{foreign[0]} was not created")
    if foreign:
        logger.info("%s: not set, as not created: %s", what, ", ".join(foreign))


def known(step: Step | None) -> Step:
    """Return a step; C307 if there is none."""
    if step is None:
        raise DimseStatusError(Status.UPS_UNKNOWN)
    return step


def refuse(violations: Sequence[Violation]) -> None:
    """Refuse with the first of some violations, if there is any."""
    if violations:
        raise DimseStatusError(violations[0].status, violations[0].text)


def refuse_failure(status: Status) -> None:
    """Refuse with a status if it is a failure."""
    if is_failure(status):
        raise DimseStatusError(status)
