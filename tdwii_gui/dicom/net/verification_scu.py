"""Verification as SCU: does a peer answer (PS3.4 Annex A)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pynetdicom.presentation import build_context

from tdwii_gui.dicom.net.exchange import Request
from tdwii_gui.dicom.net.session import Session
from tdwii_gui.dicom.uids import VERIFICATION

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pynetdicom.association import Association

    from tdwii_gui.config.ae_directory import ApplicationEntity
    from tdwii_gui.dicom.net.session import LocalAe


class VerificationScu(Session):
    """An association to verify a peer."""

    def __init__(self, local: LocalAe, peer: ApplicationEntity) -> None:
        super().__init__(local, peer, [build_context(VERIFICATION)])

    def c_echo(self) -> None:
        """Verify the peer.

        Raises
        ------
        DimseStatusError
            If it answers with a failure.
        AssociationError
            If it does not answer.
        """

        def send(association: Association, message_id: int) -> tuple[Dataset, None]:
            return association.send_c_echo(message_id), None

        self._ask(Request("C-ECHO", VERIFICATION), send)
