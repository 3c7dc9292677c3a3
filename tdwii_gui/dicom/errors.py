"""The errors of the suite.

::

    TdwiiError
    ├── ConfigError            a settings file, AE directory or argument is not usable
    ├── ListenError            a port cannot be bound
    ├── AssociationError       no association with a peer, or it was lost
    │   ├── Refused            no TCP connection: dead host, closed port
    │   ├── Rejected           A-ASSOCIATE-RJ, with the decoded reason
    │   ├── NotAccepted        the peer accepts none of the presentation contexts needed
    │   ├── Aborted            the association was aborted or the connection lost
    │   └── TimedOut           no answer within the time limit
    ├── DimseStatusError       a DIMSE response whose status is a failure
    ├── DatasetError           a data set or file that cannot be used, with its findings
    ├── InputsMissing          referenced instances that no archive delivered
    ├── ActionNotAllowed       what the state of a treatment session or a step does not allow
    └── StoreError             a database or object store that cannot be used

Every message is one line in words a user can act on. No message carries patient data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tdwii_gui.dicom.status import status_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydicom.dataset import Dataset


class TdwiiError(Exception):
    """Base of all errors that this package raises on purpose."""


class ConfigError(TdwiiError):
    """A settings file, AE directory or argument is not usable; the message names file and entry."""


class ListenError(TdwiiError):
    """A port cannot be bound; the message gives address, port and reason."""


class AssociationError(TdwiiError):
    """No association with a peer, or it was lost."""


class Refused(AssociationError):
    """No TCP connection could be made: the host is dead or nothing listens on the port."""


class Rejected(AssociationError):
    """The peer answered A-ASSOCIATE-RJ; the message holds its reason in words (PS3.8 9.3.4)."""


class NotAccepted(AssociationError):
    """The peer accepts none of the presentation contexts that a service needs."""


class Aborted(AssociationError):
    """The association was aborted, or its connection was lost."""


class TimedOut(AssociationError):
    """The peer did not answer within the time limit."""


@dataclass(frozen=True, slots=True)
class FailureDetails:
    """What a response that fails tells besides its status and comment (PS3.7 C.5).

    Parameters
    ----------
    error_id : int or None
        The Error ID (0000,0903).
    tags : tuple[int, ...]
        The Attribute Identifier List (0000,1005): what is missing or not allowed.
    attributes : Dataset or None
        The attributes whose values are invalid, as the response's data set.
    """

    error_id: int | None = None
    tags: tuple[int, ...] = ()
    attributes: Dataset | None = None


class DimseStatusError(TdwiiError):
    """A DIMSE response with a failure status.

    Raised by the services (an SCP handler's wrapper turns it into the response) and by the SCUs
    (a peer's failure status).

    Parameters
    ----------
    status : int
        The status code (PS3.7 Annex C, PS3.4 CC.2).
    comment : str
        The Error Comment (0000,0902); at most 64 characters travel.
    message : str
        What was asked of whom, e.g. ``"N-ACTION to TMS"``; empty on the SCP side.
    advice : str
        What the operator can do about it; it is shown here, and does not travel.
    details : FailureDetails or None
        What else the response tells.
    """

    def __init__(
        self,
        status: int,
        comment: str = "",
        message: str = "",
        *,
        advice: str = "",
        details: FailureDetails | None = None,
    ) -> None:
        self.status = status
        self.comment = comment
        self.message = message
        self.advice = advice
        self.details = details or FailureDetails()
        words = f"{status:04X}H {status_words(status)}"
        text = f"{message}: {words}" if message else words
        super().__init__(f"{text} ({comment})" if comment else text)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a data set.

    Parameters
    ----------
    attribute : str
        The attribute's path in keywords, e.g. ``"BeamSequence[2].BeamName"``; may be empty.
    text : str
        What is wrong with it, e.g. ``"is missing"``.
    """

    attribute: str
    text: str

    def __str__(self) -> str:
        return f"{self.attribute} {self.text}".strip()


class DatasetError(TdwiiError):
    """A data set or file that cannot be used.

    Parameters
    ----------
    findings : Sequence[Finding] or str
        What is wrong; a plain text counts as one finding without an attribute.
    source : str
        The file or object that is meant, e.g. a path; may be empty.
    """

    def __init__(self, findings: Sequence[Finding] | str, source: str = "") -> None:
        self.findings = (Finding("", findings),) if isinstance(findings, str) else tuple(findings)
        self.source = source
        text = "; ".join(str(finding) for finding in self.findings)
        super().__init__(f"{source}: {text}" if source else text)


class InputsMissing(TdwiiError):
    """Referenced instances that no archive delivered; the message says which, and why."""


class ActionNotAllowed(TdwiiError):
    """What the state of a treatment session or of a step does not allow; the message says why."""


class StoreError(TdwiiError):
    """A database or object store that cannot be used; the message names the file."""


class NoRecording(StoreError):
    """A folder in which no recording can be read; the message names it."""
