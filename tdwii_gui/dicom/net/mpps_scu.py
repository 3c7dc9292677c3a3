"""Modality Performed Procedure Steps as their SCU: create, set, get (PS3.4 Annex F)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pynetdicom import build_context

from tdwii_gui.dicom.errors import ConfigError, DatasetError
from tdwii_gui.dicom.iod.tolerant import text
from tdwii_gui.dicom.net.exchange import Request
from tdwii_gui.dicom.net.session import LocalAe, Session
from tdwii_gui.dicom.uids import MPPS, MPPS_RETRIEVE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pynetdicom.association import Association

    from tdwii_gui.config.ae_directory import ApplicationEntity


class MppsScu(Session):
    """An association with a manager of performed procedure steps.

    Methods raise `DimseStatusError` where the peer refuses, `NotAccepted` where it does not offer
    the SOP class that they need, and `AssociationError` where the association is lost.
    """

    def __init__(self, local: LocalAe, peer: ApplicationEntity) -> None:
        super().__init__(local, peer, [build_context(uid) for uid in (MPPS, MPPS_RETRIEVE)])

    def n_create(self, attributes: Dataset, sop_instance_uid: str = "") -> str:
        """Create a step and return its UID; without one the peer assigns it (PS3.4 F.7.2.1)."""

        def send(association: Association, message_id: int) -> tuple[Dataset, Dataset | None]:
            uid = self.accepted(MPPS)
            return association.send_n_create(attributes, uid, sop_instance_uid or None, message_id)

        self._ask(_request("N-CREATE", sop_instance_uid, attributes), send)
        return sop_instance_uid or self._observed.affected_uid

    def n_set(self, sop_instance_uid: str, modifications: Dataset) -> int:
        """Change a step; return the status, success or a warning (PS3.4 F.7.2.2).

        Raises
        ------
        DatasetError
            If there is nothing to change: peers leave such a request without an answer.
        """
        if not modifications:
            raise DatasetError("there is nothing to change")

        def send(association: Association, message_id: int) -> tuple[Dataset, Dataset | None]:
            uid = self.accepted(MPPS)
            return association.send_n_set(modifications, uid, sop_instance_uid, message_id)

        request = _request("N-SET", sop_instance_uid, modifications)
        state = text(modifications, "PerformedProcedureStepStatus")
        return self._ask(request, send, detail=lambda _command: state).status

    def n_get(self, sop_instance_uid: str, keywords: Iterable[str] = ()) -> Dataset:
        """Return attributes of a step, all of them without `keywords` (PS3.4 F.8.2.1).

        Raises
        ------
        ConfigError
            If a keyword is none.
        """
        tags = [Tag(_tag(keyword)) for keyword in keywords]

        def send(association: Association, message_id: int) -> tuple[Dataset, Dataset | None]:
            uid = self.accepted(MPPS_RETRIEVE)
            return association.send_n_get(tags, uid, sop_instance_uid, message_id)

        response = self._ask(Request("N-GET", MPPS_RETRIEVE, sop_instance_uid), send)
        return response.dataset or Dataset()


def _request(message: str, sop_instance_uid: str, dataset: Dataset) -> Request:
    return Request(message, MPPS, sop_instance_uid, dataset)


def _tag(keyword: str) -> int:
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise ConfigError(f"{keyword!r} is no DICOM keyword")
    return tag
