"""What the service itself changes in the data sets that it is sent (PS3.4 CC.2.5.3, CC.2.6.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.iod import codes
from tdwii_gui.dicom.iod.macros import code_item, to_dt
from tdwii_gui.dicom.store.encoding import duplicate, part, put

if TYPE_CHECKING:
    from datetime import datetime

WORKLIST_LABEL: Final = "Treatment Delivery"
"""Worklist Label of a step whose creator gave none."""

_UTF_8: Final = "ISO_IR 192"
_OF_THE_COMMAND: Final = (int(Tag("SOPClassUID")), int(Tag("SOPInstanceUID")))
_TRANSACTION_UID: Final = Tag("TransactionUID")
_CHARACTER_SET: Final = Tag("SpecificCharacterSet")


def without_command_elements(
    dataset: Dataset, *, with_uids: bool = True
) -> tuple[Dataset, list[str]]:
    """Return a copy without elements that belong into the command, and the names of these.

    Peers are known to send group 0000 and 0002 elements and the SOP Class and Instance UID within
    the data set, where PS3.4 5.4.2.3 does not want them.

    Parameters
    ----------
    dataset : Dataset
        What came with a request.
    with_uids : bool
        Whether the two UIDs are taken out; where they are keys they are to stay.
    """
    copy = duplicate(dataset)
    uids_of_the_command = _OF_THE_COMMAND if with_uids else ()
    foreign = [
        tag for tag in list(copy.keys()) if tag.group in (0, 2) or tag in uids_of_the_command
    ]
    for tag in foreign:
        del copy[tag]
    return copy, [keyword_for_tag(tag) or str(tag) for tag in foreign]


def add_left_out(dataset: Dataset) -> None:
    """Add to the attributes of an N-CREATE what the field leaves out, where empty says the same.

    That is one type 2 attribute of the Issuer of Patient ID macro (PS3.3 10.14), which no common
    peer sends.
    """
    if "IssuerOfPatientIDQualifiersSequence" not in dataset:
        put(dataset, "IssuerOfPatientIDQualifiersSequence", [])


def complete_new(dataset: Dataset, sop_instance_uid: str, now: datetime) -> Dataset:
    """Add to a new step what its creator does not send, and take out the Transaction UID.

    Returns
    -------
    Dataset
        The attributes that got their value here, for the answer (PS3.7 10.1.5.1.5).
    """
    dataset.pop(_TRANSACTION_UID, None)
    put(dataset, "SOPClassUID", uids.UPS_PUSH)
    put(dataset, "SOPInstanceUID", sop_instance_uid)
    assigned = ["ScheduledProcedureStepModificationDateTime"]
    if not dataset.get("WorklistLabel"):
        put(dataset, "WorklistLabel", WORKLIST_LABEL)
        assigned.append("WorklistLabel")
    touch(dataset, now)
    return part(dataset, assigned)


def touch(dataset: Dataset, now: datetime) -> None:
    """Set the Scheduled Procedure Step Modification DateTime."""
    put(dataset, "ScheduledProcedureStepModificationDateTime", to_dt(now))


def merged(stored: Dataset, modifications: Dataset) -> Dataset:
    """Return a step with the elements of an N-SET, which replace whole sequences.

    Where the character sets differ, all text becomes UTF-8.
    """
    result = duplicate(stored)
    given, kept = modifications.get(_CHARACTER_SET), stored.get(_CHARACTER_SET)
    if given is not None and given.value and (kept is None or kept.value != given.value):
        _decode_all(result)
        _decode_all(modifications)
        put(
            result,
            "SpecificCharacterSet",
            _UTF_8 if kept is not None and kept.value else given.value,
        )
    if modifications.original_encoding != stored.original_encoding:
        _decode_all(modifications)
    for tag, element in modifications.items():
        if tag not in (_CHARACTER_SET, _TRANSACTION_UID):
            result[tag] = element
    return result


def canceled(stored: Dataset, now: datetime, *, with_reason: bool) -> Dataset:
    """Return a step with what the SCP adds before it becomes CANCELED (PS3.4 CC.2.5.1.3).

    Parameters
    ----------
    stored : Dataset
        The step.
    now : datetime
        The cancellation date-time of a step that has none.
    with_reason : bool
        Whether a step without a reason code gets the one for an unspecified reason.
    """
    result = duplicate(stored)
    items = stored.get("ProcedureStepProgressInformationSequence")
    item = duplicate(items[0]) if items else Dataset()
    if not item.get("ProcedureStepCancellationDateTime"):
        put(item, "ProcedureStepCancellationDateTime", to_dt(now))
    if with_reason and not item.get("ProcedureStepDiscontinuationReasonCodeSequence"):
        reason = code_item(codes.UNSPECIFIED_REASON)
        put(item, "ProcedureStepDiscontinuationReasonCodeSequence", [reason])
    put(result, "ProcedureStepProgressInformationSequence", [item])
    return result


def reasons_of(request: Dataset) -> Dataset:
    """Return the modifications that record a Request UPS Cancel in a step (PS3.4 CC.2.2.3)."""
    item = Dataset()
    for keyword in ("ReasonForCancellation", "ProcedureStepDiscontinuationReasonCodeSequence"):
        if request.get(keyword):
            item[keyword] = request[keyword]
    if request.get("ContactURI"):
        contact = Dataset()
        for keyword in ("ContactURI", "ContactDisplayName"):
            if request.get(keyword):
                contact[keyword] = request[keyword]
        item.ProcedureStepCommunicationsURISequence = [contact]
    modifications = Dataset()
    if _CHARACTER_SET in request:
        modifications[_CHARACTER_SET] = request[_CHARACTER_SET]
    modifications.ProcedureStepProgressInformationSequence = [item]
    return modifications


def _decode_all(dataset: Dataset) -> None:
    """Decode each element, so that none is written in the bytes of another character set."""
    for _ in dataset.iterall():
        pass
