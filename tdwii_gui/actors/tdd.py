"""The Treatment Delivery Device: from the worklist to the completed step (RO-58 ... RO-65)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tdwii_gui.actors.claiming import Claiming, ReviewedClaim
from tdwii_gui.actors.subscriber import Subscriber
from tdwii_gui.actors.worker import task
from tdwii_gui.dicom.errors import ConfigError
from tdwii_gui.dicom.iod import ups_update
from tdwii_gui.dicom.net.storage_scu import StorageScu
from tdwii_gui.dicom.store.claim_store import ClaimStore

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydicom.dataset import Dataset

    from tdwii_gui.actors.actor import Surroundings
    from tdwii_gui.actors.inputs import RetrievalResult
    from tdwii_gui.config.settings import TddSettings
    from tdwii_gui.dicom.iod.ups import ProcedureStepState, Ups
    from tdwii_gui.dicom.iod.ups_update import FinalUpdate
    from tdwii_gui.dicom.store.claim_store import Claim


class Tdd(Subscriber):
    """Queries the worklist, fetches inputs, claims a step, reports on it and stores records.

    Attributes
    ----------
    claims : ClaimStore
        The Transaction UIDs of the steps in progress.
    """

    def __init__(self, settings: TddSettings, surroundings: Surroundings) -> None:
        folder = surroundings.data_folder / "tdd"
        staging = settings.import_staging_directory
        super().__init__(settings, surroundings, Path(staging) if staging else folder / "instances")
        self.claims = ClaimStore(folder / "claims.sqlite")
        self._claiming = Claiming(self.claims, self._tms)

    def start(self) -> None:
        """Listen, subscribe where that is wanted, and ask what became of claimed steps."""
        super().start()
        if self.claims.all():
            self.review_claims()

    @task("RO-58")
    def query_worklist(
        self, query: Dataset, on_match: Callable[[Ups], None] | None = None
    ) -> list[Ups]:
        """[RO-58] Return the steps of the TMS's worklist that match (C-FIND, UPS Pull).

        `on_match` is called with each while they arrive, on the worker's thread.
        """
        return self._query(query, on_match)

    @task("RO-59")
    def retrieve_static_inputs(self, step: Ups) -> RetrievalResult:
        """[RO-59] Fetch plan, images and earlier records from the archives they are in."""
        return self._retrieve(step, step.static_inputs)

    @task("RO-59")
    def retrieve_photos(self, step: Ups) -> RetrievalResult:
        """[RO-59] Fetch the photographs of the patient; a treatment does not depend on them."""
        return self._retriever.retrieve(step.photos, self.ost_ae_title)

    @task("RO-60")
    def start_procedure(self, sop_instance_uid: str) -> Claim:
        """[RO-60] Claim a step: change its state to IN PROGRESS under a Transaction UID of ours.

        The claim is on the disk before it is sent, and stays there if the answer is lost: then it
        is repeated with the same Transaction UID. See `Claiming.claim`.

        Raises
        ------
        DimseStatusError
            If the TMS says no, for example because another device was first (C301).
        AssociationError
            If the TMS cannot be reached or its answer was lost.
        """
        return self._claiming.claim(sop_instance_uid, self.tms_ae_title)

    @task()
    def review_claims(self) -> list[ReviewedClaim]:
        """Ask the TMS for the claimed steps (N-GET), and forget claims on those that are over."""
        return self._claiming.review()

    @task("RO-61")
    def retrieve_dynamic_inputs(self, step: Ups) -> RetrievalResult:
        """[RO-61] Fetch the RT Beams Delivery Instruction from the TMS."""
        return self._retrieve(step, step.dynamic_inputs)

    @task("RO-62")
    def update_progress(
        self, sop_instance_uid: str, percent: float, beam_number: int, description: str = ""
    ) -> int:
        """[RO-62] Tell the TMS how far the session is, 0 to 100 %, and the beam in progress."""
        claim = self._claim(sop_instance_uid)
        modifications = ups_update.progress_update(
            claim.transaction_uid,
            percent,
            beam_number=beam_number,
            description=description,
        )
        with self._tms(claim.tms_ae_title) as scu:
            return scu.n_set(sop_instance_uid, modifications)

    @task("RO-63")
    def store_results(self, records: Sequence[Dataset]) -> None:
        """[RO-63] Store treatment records to the OST (C-STORE)."""
        ost = self.directory.lookup(self.ost_ae_title)
        with StorageScu(self.local, ost, records) as scu:
            for record in records:
                scu.c_store(record)

    @task("RO-64")
    def send_final_update(self, sop_instance_uid: str, update: FinalUpdate) -> int:
        """[RO-64] Tell the TMS what was performed and where its results are (N-SET)."""
        claim = self._claim(sop_instance_uid)
        modifications = ups_update.final_update(claim.transaction_uid, update)
        with self._tms(claim.tms_ae_title) as scu:
            return scu.n_set(sop_instance_uid, modifications)

    @task("RO-65")
    def finish_procedure(self, sop_instance_uid: str, state: ProcedureStepState) -> int:
        """[RO-65] Change the step's state to COMPLETED or CANCELED; the claim ends with it."""
        return self._claiming.finish(self._claim(sop_instance_uid), state)

    def close(self) -> None:
        """Close the staging store and the claims."""
        super().close()
        self.claims.close()

    def _claim(self, sop_instance_uid: str) -> Claim:
        claim = self.claims.get(sop_instance_uid)
        if claim is None:
            raise ConfigError(f"step {sop_instance_uid} is not claimed by {self.ae_title}")
        return claim
