"""The Treatment Delivery Device: from the worklist to the completed step (RO-58 ... RO-65)."""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tdwii_gui.actors.archive_search import ArchiveSearch, no_notice
from tdwii_gui.actors.cancel_requests import CancelRequest, CancelRequests
from tdwii_gui.actors.claiming import Claiming, ReviewedClaim
from tdwii_gui.actors.commitment_requests import CommitmentRequests
from tdwii_gui.actors.delivery_options import DeliveryOptions
from tdwii_gui.actors.events import CancelRequested, CommitmentChanged
from tdwii_gui.actors.fraction_records import records_of_plan
from tdwii_gui.actors.subscriber import Subscriber
from tdwii_gui.actors.worker import task
from tdwii_gui.dicom.errors import ActionNotAllowed, ConfigError, TdwiiError
from tdwii_gui.dicom.iod import ups_update
from tdwii_gui.dicom.iod.commitment import CommitmentState
from tdwii_gui.dicom.iod.related import Kind
from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.dicom.iod.ups_event import EventType, read_event
from tdwii_gui.dicom.net.storage_scu import StorageScu
from tdwii_gui.dicom.store.claim_store import ClaimStore
from tdwii_gui.dicom.store.session_journal import SessionJournal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydicom.dataset import Dataset

    from tdwii_gui.actors.actor import Surroundings
    from tdwii_gui.actors.archive_search import FoundObject, ObjectQuery
    from tdwii_gui.actors.inputs import RetrievalResult
    from tdwii_gui.config.settings import TddSettings
    from tdwii_gui.dicom.iod.commitment import Commitment
    from tdwii_gui.dicom.iod.plan import Plan
    from tdwii_gui.dicom.iod.ups import Ups
    from tdwii_gui.dicom.iod.ups_update import FinalUpdate
    from tdwii_gui.dicom.net.event_receiver import EventReport
    from tdwii_gui.dicom.store.claim_store import Claim
    from tdwii_gui.dicom.store.session_entry import SessionEntry

logger = logging.getLogger(__name__)


def _no_notice(_record: Dataset) -> None:
    """Take no notice of a record that is stored."""


class Tdd(Subscriber):
    """Queries the worklist, fetches inputs, claims a step, reports on it and stores records.

    Attributes
    ----------
    settings : TddSettings
        What it was made with.
    claims : ClaimStore
        The Transaction UIDs of the steps in progress.
    sessions : SessionJournal
        What the sessions in progress have done.
    delivery_options : DeliveryOptions
        How deliveries differ from the plan.
    unsent_folder : Path
        Where treatment records are kept that the OST has not taken, and that were done without.
    cancel_requests : CancelRequests
        What the TMS has asked for and nobody has answered yet.
    """

    def __init__(self, settings: TddSettings, surroundings: Surroundings) -> None:
        folder = surroundings.data_folder / "tdd"
        staging = settings.import_staging_directory
        super().__init__(settings, surroundings, Path(staging) if staging else folder / "instances")
        self.settings = settings
        self.claims = ClaimStore(folder / "claims.sqlite")
        self.sessions = SessionJournal(folder / "sessions.sqlite")
        self.unsent_folder = folder / "unsent_records"
        self.cancel_requests = CancelRequests()
        self.delivery_options = DeliveryOptions(settings.delivery_noise, settings.noise_seed)
        self._claiming = Claiming(self.claims, self._tms)
        self._archives = ArchiveSearch(self._retriever)
        self._follows_references = settings.follow_references
        self._commitment_seconds = settings.commitment_wait_seconds
        self._commitments: CommitmentRequests | None = None
        if settings.request_commitment:
            path = folder / "commitments.sqlite"
            self._commitments = CommitmentRequests(self.local, path, self._on_commitment)
            self.serve(self._commitments.receiver)

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
        return self._retrieve(step, step.static_inputs, follow=self._follows_references)

    @task("RO-59")
    def retrieve_photos(self, step: Ups) -> RetrievalResult:
        """[RO-59] Fetch the photographs of the patient; a treatment does not depend on them."""
        return self._retriever.retrieve(step.photos, self.ost_ae_title)

    @task()
    def find_records(
        self, query: ObjectQuery, on_found: Callable[[FoundObject], None] = no_notice
    ) -> list[FoundObject]:
        """Return the treatment records of the OST that match (C-FIND).

        `on_found` is called with each while they are found, on the worker's thread.
        """
        return self._archives.find(self.ost_ae_title, Kind.RECORD, query, on_found)

    @task()
    def fetch_record(self, found: FoundObject) -> Path:
        """Fetch a record that was found, unless it is here already; return its file."""
        return self._archives.fetch(found)

    @task()
    def find_fraction_records(self, plan: Plan) -> tuple[Dataset, ...] | str:
        """Return the treatment records of a plan that the OST has; a text where it cannot tell."""
        return records_of_plan(self._retriever, self.ost_ae_title, plan)

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
    def store_results(
        self, records: Sequence[Dataset], on_stored: Callable[[Dataset], None] = _no_notice
    ) -> None:
        """[RO-63] Store treatment records to the OST (C-STORE).

        `on_stored` is called after each, on the worker's thread.

        Where the settings want it, the OST is then asked for storage commitment; its result, or
        why there will be none, is told by `CommitmentChanged`.
        """
        ost = self.directory.lookup(self.ost_ae_title)
        with StorageScu(self.local, ost, records) as scu:
            for record in records:
                scu.c_store(record)
                on_stored(record)

        if self._commitments is not None:
            with suppress(TdwiiError):  # the event tells of it
                self._commitments.ask(ost, records)

    @task()
    def commitments(self) -> list[Commitment]:
        """Return what the OST was asked to commit to, and what came of it."""
        return self._commitments.all() if self._commitments is not None else []

    def require_commitment(self, records: Sequence[Dataset], canceled: Callable[[], bool]) -> None:
        """Wait for the OST's commitment to records, where the settings want that.

        The OST is asked again if it said no before. To be called by a thread that may wait.

        Raises
        ------
        ActionNotAllowed
            If it has not committed to all of them in time.
        """
        if self._commitments is None or not self._commitment_seconds or not records:
            return
        uids = [str(record.SOPInstanceUID) for record in records]
        before = self._commitments.latest(uids)
        if before is None or not (before.is_safe or before.state is CommitmentState.PENDING):
            self._ask_again(records).result()
        self._commitments.wait(uids, self._commitment_seconds, canceled)

    @task("RO-63")
    def _ask_again(self, records: Sequence[Dataset]) -> None:
        if self._commitments is not None:
            self._commitments.ask(self.directory.lookup(self.ost_ae_title), records)

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
        status = self._claiming.finish(self._claim(sop_instance_uid), state)
        self.cancel_requests.remove(sop_instance_uid)
        return status

    def answer_cancel_request(
        self, sop_instance_uid: str, accept: bool, reason: str = ""
    ) -> CancelRequest:
        """Take the request to cancel a step as answered, and return it.

        Raises
        ------
        ActionNotAllowed
            If nobody has asked for that.
        """
        request = self.cancel_requests.remove(sop_instance_uid)
        if request is None:
            raise ActionNotAllowed("nobody has asked for a cancellation")
        logger.info(
            "%s: the cancellation of %s that %s asked for is %s%s",
            self.ae_title,
            sop_instance_uid,
            request.requesting_ae or "the TMS",
            "accepted" if accept else "declined",
            f": {reason}" if reason else "",
        )
        return request

    def unfinished_sessions(self) -> list[SessionEntry]:
        """Return the sessions that have begun and not ended, and that nobody has open.

        They are left by a crash or by a session that was closed. A `TreatmentSession` on the step
        of one goes on with it, from its `retrieve_inputs` on. The TMS is asked what became of
        their steps: to be called by a thread that may wait.
        """
        abandoned = self.sessions.abandoned()
        if abandoned:
            self.review_claims().result()
        unfinished: list[SessionEntry] = []
        for entry in abandoned:
            uid = entry.step.sop_instance_uid
            if self.claims.get(uid) is None and not entry.owes_records:
                # The claim ended, and the program before it could note that.
                self.sessions.forget(uid)
            else:
                unfinished.append(entry)
        return unfinished

    @task("RO-62")
    def try_progress(
        self, sop_instance_uid: str, percent: float, beam_number: int, transaction_uid: str
    ) -> int:
        """[RO-62] Report progress as a device would that does not hold the claim; for testers.

        Parameters
        ----------
        transaction_uid : str
            Another Transaction UID than the claim's; empty for none at all.

        Returns
        -------
        int
            The status, if the TMS takes it all the same.
        """
        claim = self._claim(sop_instance_uid)
        update = ups_update.progress_update(claim.transaction_uid, percent, beam_number=beam_number)
        with self._tms(claim.tms_ae_title) as scu:
            return scu.n_set(sop_instance_uid, _with_key(update, transaction_uid))

    @task("RO-65")
    def try_completion(self, sop_instance_uid: str, transaction_uid: str) -> int:
        """[RO-65] Ask to complete a step without holding its claim, as `try_progress` does.

        Raises
        ------
        ActionNotAllowed
            If it is the claim's own Transaction UID.
        """
        claim = self._claim(sop_instance_uid)
        if transaction_uid == claim.transaction_uid:
            raise ActionNotAllowed("with the claim's own Transaction UID the step would be over")
        request = ups_update.change_state(ProcedureStepState.COMPLETED, claim.transaction_uid)
        with self._tms(claim.tms_ae_title) as scu:
            return scu.change_state(sop_instance_uid, _with_key(request, transaction_uid))

    def close(self) -> None:
        """Close the staging store, the claims and the journal."""
        super().close()
        self.claims.close()
        self.sessions.close()
        if self._commitments is not None:
            self._commitments.close()

    def _on_event_report(self, report: EventReport) -> None:
        super()._on_event_report(report)
        if report.event_type == EventType.CANCEL_REQUESTED:
            told = read_event(report.event_type, report.sop_instance_uid, report.information)
            request = CancelRequest.of(told)
            is_ours = self.claims.get(request.sop_instance_uid) is not None
            if is_ours and self.cancel_requests.add(request):
                self.emit(CancelRequested(self.ae_title, request))

    def _on_commitment(self, commitment: Commitment) -> None:
        self.emit(CommitmentChanged(self.ae_title, commitment))

    def _claim(self, sop_instance_uid: str) -> Claim:
        claim = self.claims.get(sop_instance_uid)
        if claim is None:
            raise ConfigError(f"step {sop_instance_uid} is not claimed by {self.ae_title}")
        return claim


def _with_key(message: Dataset, transaction_uid: str) -> Dataset:
    """Return a message with another Transaction UID, or with none."""
    if transaction_uid:
        message.TransactionUID = transaction_uid
    else:
        del message.TransactionUID
    return message
