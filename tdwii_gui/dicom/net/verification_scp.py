"""Verification: C-ECHO (PS3.4 A)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pynetdicom import build_context, evt

from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.uids import VERIFICATION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pynetdicom.events import Event
    from pynetdicom.presentation import PresentationContext

    from tdwii_gui.dicom.net.dispatch import Handler


class VerificationScp:
    """Answers C-ECHO."""

    @property
    def contexts(self) -> Sequence[PresentationContext]:
        """The presentation contexts of the service."""
        return [build_context(VERIFICATION)]

    @property
    def handlers(self) -> Mapping[evt.InterventionEvent, Handler]:
        """The handler of each request."""
        return {evt.EVT_C_ECHO: self._on_echo}

    def _on_echo(self, _event: Event) -> int:
        return Status.SUCCESS
