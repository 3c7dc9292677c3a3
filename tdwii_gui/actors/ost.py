"""The Object Storage: the archive that all actors use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdwii_gui.actors.actor import Actor, Surroundings
from tdwii_gui.actors.events import InstanceReceived
from tdwii_gui.dicom.net.query_retrieve_scp import QueryRetrieveScp
from tdwii_gui.dicom.net.storage_scp import StorageScp
from tdwii_gui.dicom.store.instance_store import InstanceStore

if TYPE_CHECKING:
    from tdwii_gui.config.settings import OstSettings
    from tdwii_gui.dicom.store.instance_store import AddOutcome


class Ost(Actor):
    """Answers storage and query/retrieve (RO-59, RO-63) from its instance store.

    Attributes
    ----------
    instances : InstanceStore
        What it keeps.
    """

    def __init__(self, settings: OstSettings, surroundings: Surroundings) -> None:
        super().__init__(settings, surroundings)
        self.instances = InstanceStore(surroundings.data_folder / "ost")
        self.serve(
            StorageScp(self.instances, self._on_stored),
            QueryRetrieveScp(self.instances, self.directory, self.local),
        )

    def close(self) -> None:
        """Close the instance store."""
        self.instances.close()

    def _on_stored(self, outcome: AddOutcome) -> None:
        self.emit(InstanceReceived(self.ae_title, outcome.instance))
