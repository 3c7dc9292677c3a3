"""What the service itself changes in the data sets that it is sent (PS3.4 CC.2.5.3, CC.2.6.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydicom.dataset import Dataset
from pydicom.tag import Tag

from tdwii_gui.dicom import uids
from tdwii_gui.dicom.iod import codes
from tdwii_gui.dicom.iod.macros import code_item, to_dt
from tdwii_gui.dicom.store import attribute_lists
from tdwii_gui.dicom.store.encoding import duplicate, part, put

if TYPE_CHECKING:
    from datetime import datetime

WORKLIST_LABEL: Final = "Treatment Delivery"
"""Worklist Label of a step whose creator gave none."""

_TRANSACTION_UID: Final = Tag("TransactionUID")
_CHARACTER_SET: Final = Tag("SpecificCharacterSet")


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
    """Return a step with the elements of an N-SET, see `attribute_lists.merged`."""
    return attribute_lists.merged(stored, modifications, left_out=(_TRANSACTION_UID,))


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
