"""One DIMSE request and its final response, as an actor shows and records it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime

    from pydicom.dataset import Dataset


@dataclass(frozen=True, slots=True)
class Request:
    """A DIMSE request: the service, and UIDs and data set as they travel."""

    message: str
    sop_class_uid: str
    sop_instance_uid: str = ""
    dataset: Dataset | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """The final response to a request that did not fail; `command` holds its status elements."""

    status: int
    command: Dataset
    dataset: Dataset | None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One DIMSE request and its final response.

    Parameters
    ----------
    message : str
        The service, e.g. ``"N-ACTION"``; ``"A-ASSOCIATE"`` for an association that failed.
    sop_class_uid, sop_instance_uid : str
        Those of the request's command set; empty if it has none.
    status : int or None
        The final status; None if there was no response.
    comment : str
        The Error Comment, or in words why there was no response.
    detail : str
        What a status does not say, e.g. ``"3 matches"``, ``"31 of 31 objects"``.
    role : str
        Whether this AE asked (``"scu"``) or answered (``"scp"``).
    request, response : Dataset or None
        The data sets, not to be changed; None where there are none, and for stored objects.
    at : datetime
        When the request began, with its time zone.
    """

    calling_ae: str
    called_ae: str
    message: str
    sop_class_uid: str
    sop_instance_uid: str
    status: int | None
    comment: str
    milliseconds: float
    detail: str
    role: Literal["scu", "scp"]
    request: Dataset | None
    response: Dataset | None
    at: datetime


def ignore(_exchange: Exchange) -> None:
    """Take no notice of an exchange."""


def counted(number: int, one: str, many: str) -> str:
    """Return a number with its noun, e.g. ``"1 match"``, ``"3 matches"``."""
    return f"{number} {one if number == 1 else many}"
