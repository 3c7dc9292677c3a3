"""Well-known UIDs by the standard's names, and the rules of UIDs (PS3.5 9, PS3.6 A)."""

from __future__ import annotations

import re
from typing import Final

from pydicom._uid_dict import UID_dictionary  # the one place that maps keywords to UIDs
from pydicom.uid import UID, generate_uid

_BY_KEYWORD: Final = {entry[4]: UID(uid) for uid, entry in UID_dictionary.items()}

VERIFICATION: Final = _BY_KEYWORD["Verification"]

UPS_PUSH: Final = _BY_KEYWORD["UnifiedProcedureStepPush"]
UPS_WATCH: Final = _BY_KEYWORD["UnifiedProcedureStepWatch"]
UPS_PULL: Final = _BY_KEYWORD["UnifiedProcedureStepPull"]
UPS_EVENT: Final = _BY_KEYWORD["UnifiedProcedureStepEvent"]
UPS_QUERY: Final = _BY_KEYWORD["UnifiedProcedureStepQuery"]
UPS_GLOBAL_SUBSCRIPTION: Final = _BY_KEYWORD["UPSGlobalSubscriptionInstance"]
UPS_FILTERED_GLOBAL_SUBSCRIPTION: Final = _BY_KEYWORD["UPSFilteredGlobalSubscriptionInstance"]

MPPS: Final = _BY_KEYWORD["ModalityPerformedProcedureStep"]
MPPS_RETRIEVE: Final = _BY_KEYWORD["ModalityPerformedProcedureStepRetrieve"]
MPPS_NOTIFICATION: Final = _BY_KEYWORD["ModalityPerformedProcedureStepNotification"]

STORAGE_COMMITMENT: Final = _BY_KEYWORD["StorageCommitmentPushModel"]
STORAGE_COMMITMENT_INSTANCE: Final = _BY_KEYWORD["StorageCommitmentPushModelInstance"]

RT_PLAN: Final = _BY_KEYWORD["RTPlanStorage"]
RT_ION_PLAN: Final = _BY_KEYWORD["RTIonPlanStorage"]
RT_STRUCTURE_SET: Final = _BY_KEYWORD["RTStructureSetStorage"]
RT_DOSE: Final = _BY_KEYWORD["RTDoseStorage"]
CT_IMAGE: Final = _BY_KEYWORD["CTImageStorage"]
RAW_DATA: Final = _BY_KEYWORD["RawDataStorage"]
SECONDARY_CAPTURE_IMAGE: Final = _BY_KEYWORD["SecondaryCaptureImageStorage"]
VL_PHOTOGRAPHIC_IMAGE: Final = _BY_KEYWORD["VLPhotographicImageStorage"]
RT_BEAMS_DELIVERY_INSTRUCTION: Final = _BY_KEYWORD["RTBeamsDeliveryInstructionStorage"]
RT_BEAMS_TREATMENT_RECORD: Final = _BY_KEYWORD["RTBeamsTreatmentRecordStorage"]
RT_ION_BEAMS_TREATMENT_RECORD: Final = _BY_KEYWORD["RTIonBeamsTreatmentRecordStorage"]

PATIENT_ROOT_FIND: Final = _BY_KEYWORD["PatientRootQueryRetrieveInformationModelFind"]
PATIENT_ROOT_MOVE: Final = _BY_KEYWORD["PatientRootQueryRetrieveInformationModelMove"]
PATIENT_ROOT_GET: Final = _BY_KEYWORD["PatientRootQueryRetrieveInformationModelGet"]
STUDY_ROOT_FIND: Final = _BY_KEYWORD["StudyRootQueryRetrieveInformationModelFind"]
STUDY_ROOT_MOVE: Final = _BY_KEYWORD["StudyRootQueryRetrieveInformationModelMove"]
STUDY_ROOT_GET: Final = _BY_KEYWORD["StudyRootQueryRetrieveInformationModelGet"]
COMPOSITE_INSTANCE_ROOT_MOVE: Final = _BY_KEYWORD["CompositeInstanceRootRetrieveMove"]
COMPOSITE_INSTANCE_ROOT_GET: Final = _BY_KEYWORD["CompositeInstanceRootRetrieveGet"]

PLAN_CLASSES: Final = frozenset({RT_PLAN, RT_ION_PLAN})
TREATMENT_RECORD_CLASSES: Final = frozenset(
    {RT_BEAMS_TREATMENT_RECORD, RT_ION_BEAMS_TREATMENT_RECORD}
)

_UID_FORM: Final = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))*")


def is_valid_uid(text: str) -> bool:
    """Return whether a text is a UID of at most 64 characters (PS3.5 9.1)."""
    return len(text) <= 64 and _UID_FORM.fullmatch(text) is not None


def uid_name(uid: str) -> str:
    """Return the registered name of a UID, or the UID itself."""
    return UID(uid).name if uid else ""


def is_image(sop_class_uid: str) -> bool:
    """Return whether a storage SOP class is one of images, by its registered name."""
    return "Image Storage" in uid_name(sop_class_uid)


def new_uid() -> UID:
    """Return a new UID derived from a UUID (PS3.5 B.2)."""
    return generate_uid(prefix=None)
