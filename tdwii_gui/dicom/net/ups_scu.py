"""Unified Procedure Steps as their SCU: create, read, change, claim, cancel, subscribe, query.

The SOP Class in each DIMSE-N message is UPS Push; the presentation context is that of the class
whose service is used (PS3.4 CC.3.1.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pynetdicom import build_context

from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod.tolerant import text
from tdwii_gui.dicom.iod.ups_action import ActionType
from tdwii_gui.dicom.net.exchange import Request
from tdwii_gui.dicom.net.querying_session import QueryingSession
from tdwii_gui.dicom.uids import (
    UPS_GLOBAL_SUBSCRIPTION,
    UPS_PULL,
    UPS_PUSH,
    UPS_QUERY,
    UPS_WATCH,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pynetdicom.association import Association

    from tdwii_gui.config.ae_directory import ApplicationEntity
    from tdwii_gui.dicom.net.session import LocalAe


UPS_CLASSES: Final = (UPS_PUSH, UPS_PULL, UPS_WATCH, UPS_QUERY)


class UpsScu(QueryingSession):
    """An association with a TMS.

    Methods raise `DimseStatusError` where the TMS refuses, `NotAccepted` where it does not offer
    the SOP class that they need, and `AssociationError` where the association is lost.

    Parameters
    ----------
    sop_classes : Sequence[str]
        The UPS SOP classes to propose.
    """

    def __init__(
        self,
        local: LocalAe,
        peer: ApplicationEntity,
        sop_classes: Sequence[str] = UPS_CLASSES,
    ) -> None:
        super().__init__(local, peer, [build_context(uid) for uid in sop_classes])

    def n_create(
        self, sop_instance_uid: str | None, attributes: Dataset
    ) -> tuple[str, Dataset, int]:
        """Create a step; return its UID, the attributes that came back, and the status.

        Without a UID the TMS assigns one (PS3.4 CC.2.5).
        """

        def send(association: Association, message_id: int) -> tuple[Dataset, Dataset | None]:
            context = self.accepted(UPS_PUSH)
            return association.send_n_create(
                attributes, UPS_PUSH, sop_instance_uid, message_id, meta_uid=context
            )

        request = Request("N-CREATE", UPS_PUSH, sop_instance_uid or "", attributes)
        response = self._ask(request, send)
        uid = sop_instance_uid or self._observed.affected_uid
        return uid, response.dataset or Dataset(), response.status

    def n_get(self, sop_instance_uid: str, tags: Sequence[int] = ()) -> Dataset:
        """Return attributes of a step; all of them without `tags` (PS3.4 CC.2.7)."""

        def send(association: Association, message_id: int) -> tuple[Dataset, Dataset | None]:
            context = self.accepted(UPS_PULL, UPS_WATCH, UPS_PUSH)
            wanted = [Tag(tag) for tag in tags]
            return association.send_n_get(
                wanted, UPS_PUSH, sop_instance_uid, message_id, meta_uid=context
            )

        response = self._ask(Request("N-GET", UPS_PUSH, sop_instance_uid), send)
        return response.dataset or Dataset()

    def n_set(self, sop_instance_uid: str, modifications: Dataset) -> int:
        """Change a step; return the status, success or a warning (PS3.4 CC.2.6).

        Raises
        ------
        DatasetError
            If there is nothing to change: peers leave such a request without an answer.
        """
        if not modifications:
            raise DatasetError("there is nothing to change")

        def send(association: Association, message_id: int) -> tuple[Dataset, Dataset | None]:
            context = self.accepted(UPS_PULL)
            return association.send_n_set(
                modifications, UPS_PUSH, sop_instance_uid, message_id, meta_uid=context
            )

        request = Request("N-SET", UPS_PUSH, sop_instance_uid, modifications)
        return self._ask(request, send).status

    def change_state(self, sop_instance_uid: str, information: Dataset) -> int:
        """Change the state of a step: claim, complete, cancel (PS3.4 CC.2.1)."""
        return self._n_action(ActionType.CHANGE_STATE, sop_instance_uid, information, UPS_PULL)

    def request_cancel(self, sop_instance_uid: str, information: Dataset) -> int:
        """Ask for the cancellation of a step (PS3.4 CC.2.2)."""
        return self._n_action(
            ActionType.REQUEST_CANCEL, sop_instance_uid, information, UPS_PUSH, UPS_WATCH
        )

    def subscribe(self, sop_instance_uid: str, information: Dataset) -> int:
        """Subscribe to a step, or by a well-known UID globally (PS3.4 CC.2.3)."""
        return self._n_action(ActionType.SUBSCRIBE, sop_instance_uid, information, UPS_WATCH)

    def subscribe_globally(self, receiving_ae: str, *, deletion_lock: bool = False) -> int:
        """Subscribe an AE to all steps, present and future."""
        information = _receiving(receiving_ae)
        information.DeletionLock = "TRUE" if deletion_lock else "FALSE"
        return self.subscribe(UPS_GLOBAL_SUBSCRIPTION, information)

    def unsubscribe(self, sop_instance_uid: str, receiving_ae: str) -> int:
        """End the subscription to a step; by the global UID, all subscriptions of an AE."""
        information = _receiving(receiving_ae)
        return self._n_action(ActionType.UNSUBSCRIBE, sop_instance_uid, information, UPS_WATCH)

    def suspend_globally(self, receiving_ae: str) -> int:
        """End the subscription of an AE to future steps; those to present ones remain."""
        information = _receiving(receiving_ae)
        return self._n_action(
            ActionType.SUSPEND_GLOBAL, UPS_GLOBAL_SUBSCRIPTION, information, UPS_WATCH
        )

    def c_find(self, identifier: Dataset) -> Iterator[Dataset]:
        """Return the steps that match; one that stops early sends a C-CANCEL (PS3.4 CC.2.8)."""
        return self._find(identifier, self.accepted(UPS_PULL, UPS_WATCH, UPS_QUERY))

    def _n_action(
        self,
        action_type: ActionType,
        sop_instance_uid: str,
        information: Dataset,
        *sop_classes: str,
    ) -> int:
        def send(association: Association, message_id: int) -> tuple[Dataset, Dataset | None]:
            context = self.accepted(*sop_classes)
            return association.send_n_action(
                # An empty data set would be announced and never sent: the peer would wait for it.
                information or None,
                action_type,
                UPS_PUSH,
                sop_instance_uid,
                message_id,
                meta_uid=context,
            )

        request = Request("N-ACTION", UPS_PUSH, sop_instance_uid, information)
        state = text(information, "ProcedureStepState")
        detail = f"{action_type.title} to {state}" if state else action_type.title
        return self._ask(request, send, detail=lambda _command: detail).status


def _receiving(ae_title: str) -> Dataset:
    information = Dataset()
    information.ReceivingAE = ae_title
    return information
