"""The Treatment Management System: the worklist of Unified Procedure Steps and their RTBDIs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdwii_gui.actors.actor import Actor, Surroundings
from tdwii_gui.actors.events import InstanceReceived, StepChanged
from tdwii_gui.dicom.net.event_sender import EventSender
from tdwii_gui.dicom.net.query_retrieve_scp import QueryRetrieveScp
from tdwii_gui.dicom.net.storage_scp import StorageScp
from tdwii_gui.dicom.net.ups_scp import UpsScp
from tdwii_gui.dicom.store.instance_store import InstanceStore
from tdwii_gui.dicom.store.ups_store import UpsStore
from tdwii_gui.dicom.ups.outbox import Outbox
from tdwii_gui.dicom.ups.service import UpsService

if TYPE_CHECKING:
    from tdwii_gui.config.settings import TmsSettings
    from tdwii_gui.dicom.store.instance_store import AddOutcome
    from tdwii_gui.dicom.ups.change import StepChange


class Tms(Actor):
    """Answers UPS Push, Pull, Watch and Query, keeps RTBDIs and serves them (RO-58 ... RO-65).

    Attributes
    ----------
    service : UpsService
        The rules of its steps.
    instances : InstanceStore
        The dynamic inputs (RO-61).
    """

    def __init__(self, settings: TmsSettings, surroundings: Surroundings) -> None:
        super().__init__(settings, surroundings)
        folder = surroundings.data_folder / "tms"
        self._steps = UpsStore(folder / "ups.sqlite")
        self.service = UpsService(
            self._steps,
            known_ae=self.directory.__contains__,
            on_change=self._on_change,
            strict=settings.strict,
        )
        self.instances = InstanceStore(folder / "instances")
        self._sender = EventSender(Outbox(self._steps), self.directory, self.local)
        self.serve(
            UpsScp(self.service),
            StorageScp(self.instances, self._on_stored),
            QueryRetrieveScp(self.instances, self.directory, self.local),
        )

    def start(self) -> None:
        """Listen, and send the events that are still due."""
        super().start()
        self._sender.start()

    def close(self) -> None:
        """Stop sending events and close the stores."""
        self._sender.stop()
        self._steps.close()
        self.instances.close()

    def _on_change(self, change: StepChange) -> None:
        self._sender.wake()
        self.emit(StepChanged(self.ae_title, change))

    def _on_stored(self, outcome: AddOutcome) -> None:
        self.emit(InstanceReceived(self.ae_title, outcome.instance))
