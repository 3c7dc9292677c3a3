"""Retrieving over the association that asks: C-GET (PS3.4 C.4.3)."""

from __future__ import annotations

import logging
from itertools import chain, islice, product
from typing import TYPE_CHECKING, Final

from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)
from pynetdicom import build_context, build_role, evt

from tdwii_gui.dicom.errors import DimseStatusError, TdwiiError
from tdwii_gui.dicom.net.dispatch import affected_uid, sop_class
from tdwii_gui.dicom.net.exchange import Request
from tdwii_gui.dicom.net.forced_status import forced_status
from tdwii_gui.dicom.net.retrieve_scu import MoveResult, Responses, RetrievingSession, no_progress
from tdwii_gui.dicom.net.storage_scp import storage_sop_classes
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.store.instance_index import Root
from tdwii_gui.dicom.uids import PATIENT_ROOT_GET, STUDY_ROOT_GET, is_valid_uid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pynetdicom.association import Association
    from pynetdicom.events import Event
    from pynetdicom.presentation import PresentationContext

    from tdwii_gui.config.ae_directory import ApplicationEntity
    from tdwii_gui.dicom.net.session import LocalAe

LOGGER = logging.getLogger(__name__)

_GET: Final = {Root.STUDY: STUDY_ROOT_GET, Root.PATIENT: PATIENT_ROOT_GET}
_MAXIMUM_CONTEXTS: Final = 128
_COMMENT_CHARACTERS: Final = 64

_IMAGES: Final = (
    "CTImageStorage",
    "MRImageStorage",
    "PositronEmissionTomographyImageStorage",
    "RTImageStorage",
    "SecondaryCaptureImageStorage",
    "VLPhotographicImageStorage",
    "EnhancedCTImageStorage",
    "EnhancedMRImageStorage",
    "ComputedRadiographyImageStorage",
    "DigitalXRayImageStorageForPresentation",
    "XRayAngiographicImageStorage",
    "UltrasoundImageStorage",
    "NuclearMedicineImageStorage",
)
_OTHERS: Final = (
    "RTPlanStorage",
    "RTIonPlanStorage",
    "RTStructureSetStorage",
    "RTDoseStorage",
    "RTBeamsDeliveryInstructionStorage",
    "RTBeamsTreatmentRecordStorage",
    "RTIonBeamsTreatmentRecordStorage",
    "RTBrachyTreatmentRecordStorage",
    "RTTreatmentSummaryRecordStorage",
    "SpatialRegistrationStorage",
    "DeformableSpatialRegistrationStorage",
    "SpatialFiducialsStorage",
    "SegmentationStorage",
    "RawDataStorage",
    "EncapsulatedPDFStorage",
    "BasicTextSRStorage",
    "EnhancedSRStorage",
    "ComprehensiveSRStorage",
    "XRayRadiationDoseSRStorage",
    "KeyObjectSelectionDocumentStorage",
    "GrayscaleSoftcopyPresentationStateStorage",
    "MultiFrameGrayscaleByteSecondaryCaptureImageStorage",
    "MultiFrameTrueColorSecondaryCaptureImageStorage",
)
"""What is asked for where nobody says what will come; an association cannot hold all classes."""

_UNCOMPRESSED: Final = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)
_COMPRESSED: Final = (
    JPEGLosslessSV1,
    JPEGBaseline8Bit,
    JPEG2000Lossless,
    RLELossless,
    JPEGLSLossless,
)


class GetScu(RetrievingSession):
    """An association with an archive, over which the objects come too.

    Parameters
    ----------
    sop_classes : Iterable[str]
        SOP Class UIDs of what may come: only what is proposed beforehand can. Where nothing is
        said, it is the usual ones of radiotherapy and imaging. An object is taken uncompressed or,
        as far as there is room for it, in the usual compressed transfer syntaxes.
    """

    def __init__(
        self, local: LocalAe, peer: ApplicationEntity, sop_classes: Iterable[str] = ()
    ) -> None:
        classes = list(dict.fromkeys(sop_classes)) or usual_sop_classes()
        models = [build_context(uid) for uid in _GET.values()]
        room = _MAXIMUM_CONTEXTS - len(models)
        storage = _storage_contexts(classes, room)
        proposed = {str(context.abstract_syntax) for context in storage}
        roles = [build_role(uid, scp_role=True) for uid in classes if uid in proposed]
        super().__init__(local, peer, [*models, *storage], roles)
        self._store: Callable[[bytes, str], int] = _refuse

    def c_get(
        self,
        identifier: Dataset,
        store: Callable[[bytes, str], int],
        *,
        root: str = Root.STUDY,
        on_progress: Callable[[MoveResult], None] = no_progress,
    ) -> MoveResult:
        """Have objects sent over this association; return how many came through.

        `cancel`, from another thread, ends it early.

        Parameters
        ----------
        store : Callable[[bytes, str], int]
            Takes the bytes of a DICOM file (PS3.10 7), as it came, and its SOP Instance UID;
            returns the status of the sub-operation, or raises `DimseStatusError`. It is called on
            this thread.

        Raises
        ------
        DimseStatusError
            If nothing at all came through (A702), or the identifier is refused (A900).
        AssociationError
            If the association is lost; what was stored until then stays so.
        """
        model = _GET[Root(root)]
        self._store = store

        def start(association: Association, message_id: int) -> Responses:
            return association.send_c_get(identifier, model, message_id)

        try:
            return self._retrieve(Request("C-GET", model, dataset=identifier), start, on_progress)
        finally:
            self._store = _refuse

    def _bindings(self) -> list[evt.EventHandlerType]:
        return [*super()._bindings(), (evt.EVT_C_STORE, self._on_store)]

    def _on_store(self, event: Event) -> Dataset:
        """Answer a sub-operation, on the thread that asked."""
        self._answered()
        answer = Dataset()
        uid = affected_uid(event)
        if not is_valid_uid(uid) or sop_class(event) != event.context.abstract_syntax:
            answer.Status = Status.DATASET_MISMATCH
            answer.ErrorComment = "no UID, or not the class of the context"
            return answer
        try:
            forced = forced_status(self.local.faults, event)
            status = self._store(event.encoded_dataset(), uid)
            answer.Status = status if forced is None else forced
        except DimseStatusError as error:
            answer.Status, answer.ErrorComment = error.status, error.comment[:_COMMENT_CHARACTERS]
        except TdwiiError as error:
            LOGGER.warning("C-GET from %r: %s is not stored: %s", self.peer.ae_title, uid, error)
            answer.Status = Status.OUT_OF_RESOURCES
        return answer


def usual_sop_classes() -> list[str]:
    """Return the storage SOP classes that are asked for where nobody says what will come."""
    by_keyword = {uid.keyword: str(uid) for uid in storage_sop_classes()}
    return [by_keyword[keyword] for keyword in (*_IMAGES, *_OTHERS)]


def _storage_contexts(classes: Sequence[str], room: int) -> list[PresentationContext]:
    """Return contexts for each class, and, while there is room, for what is compressed.

    The peer chooses one transfer syntax in each, and not every peer converts what it has stored in
    another one. Where there is room for it, each has a context of its own.
    """
    images = [uid for uid in classes if UID(uid).keyword not in _OTHERS]
    together = (
        [list(_UNCOMPRESSED)] if room < 2 * len(classes) else [[uid] for uid in _UNCOMPRESSED]
    )
    pairs = chain(product(together, classes), product(([syntax] for syntax in _COMPRESSED), images))
    return [build_context(uid, list(syntaxes)) for syntaxes, uid in islice(pairs, room)]


def _refuse(_part10: bytes, _sop_instance_uid: str) -> int:
    """Refuse what nobody has asked for."""
    return int(Status.PROCESSING_FAILURE)
