"""How a session ends, RO-63 to RO-65: records, final update, and the step's last state."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING, TypeVar

from tdwii_gui.actors.events import SessionWaiting
from tdwii_gui.actors.session_inputs import over
from tdwii_gui.actors.session_work import present
from tdwii_gui.actors.tms_wait import TmsWait
from tdwii_gui.dicom.errors import DimseStatusError, TdwiiError
from tdwii_gui.dicom.iod.modules import Identity
from tdwii_gui.dicom.iod.part10 import write_part10
from tdwii_gui.dicom.iod.treatment_record import SessionInfo
from tdwii_gui.dicom.iod.ups import ProcedureStepState
from tdwii_gui.dicom.iod.ups_update import FinalUpdate
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.store.session_entry import Stage

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from pathlib import Path

    from pydicom.dataset import Dataset

    from tdwii_gui.actors.session_work import SessionWork
    from tdwii_gui.dicom.iod.ups import Cancellation

R = TypeVar("R")

logger = logging.getLogger(__name__)

_OVER = (Status.UPS_FINAL, Status.UPS_UNKNOWN)


class SessionEnding:
    """Stores, reports and ends; what the TMS has to hear waits until it can be reached.

    Parameters
    ----------
    work : SessionWork
        What it is about.

    Attributes
    ----------
    wait : TmsWait
        The wait for the TMS.
    """

    def __init__(self, work: SessionWork) -> None:
        self._work = work
        self._tdd = work.tdd
        self.wait = TmsWait(self._tdd.settings.tms_wait_seconds, self._tell_waiting)

    def store_records(self) -> tuple[Dataset, ...]:
        """RO-63: store the records that were given, or are built now; those that are not yet.

        They are on the disk before the first is sent, and the same are sent again later.
        """
        work, results = self._work, self._work.results
        if not results.records:
            results.build_records(present(work.plan), present(work.group), self._session_info())
        journal = present(work.journal)
        journal.keep_records(results.records)
        try:
            self._tdd.store_results(results.unsent, self._on_stored).result()
        except TdwiiError as error:
            self._work.results.store_failure = str(error)
            raise
        self._work.results.store_failure = ""
        journal.note_stage(Stage.RECORDED)
        self._settle()
        return results.records

    def waive_records(self) -> tuple[Path, ...]:
        """Do without the records that could not be stored; return the files that keep them."""
        work = self._work
        folder = self._tdd.unsent_folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        files: list[Path] = []
        for record in work.results.unsent:
            uid = str(record.SOPInstanceUID)
            name = hashlib.sha256(uid.encode()).hexdigest()[:16]
            files.append(folder / f"record-{name}.dcm")
            write_part10(files[-1], record)
            logger.warning("%s: record %s stays unsent: %s", self._tdd.ae_title, uid, files[-1])
        work.results.waived = True
        present(work.journal).note_stage(Stage.RECORDED)
        self._work.results.store_failure = ""
        return tuple(files)

    def send_final_update(self) -> None:
        """RO-64: what was performed, and exactly which results the archive has."""
        work, results = self._work, self._work.results
        ended = max(work.options.clock.now(), present(work.started))
        is_performed = bool(results.beams or results.records)
        update = FinalUpdate(
            machine=self._tdd.machine or work.step.machine,
            started=work.started if is_performed else None,
            ended=ended if is_performed else None,
            outputs=tuple(results.stored.values()),
            static_ae=self._tdd.ost_ae_title,
            percent=work.percent if is_performed else None,
            beam_number=work.beam_number if work.percent < 100 and is_performed else None,
            cancellation=work.cancellation,
        )
        self._heard(lambda: self._tdd.send_final_update(work.uid, update))
        present(work.journal).note_stage(Stage.UPDATED)

    def note_cancellation(self, cancellation: Cancellation) -> None:
        """Note why the step is being canceled, before anybody hears of it."""
        self._work.cancellation = cancellation
        if self._work.journal is not None:
            self._work.journal.note_cancellation(cancellation)

    def finish(self, state: ProcedureStepState, canceled: Callable[[], bool]) -> None:
        """RO-65: complete or cancel the step.

        Parameters
        ----------
        canceled : Callable[[], bool]
            Whether the wait for storage commitment is given up.
        """
        work = self._work
        if state is ProcedureStepState.COMPLETED:
            self._tdd.require_commitment(tuple(work.results.stored.values()), canceled)
        self._heard(lambda: self._tdd.finish_procedure(work.uid, state))
        work.is_ours = False
        work.forget()

    def _session_info(self) -> SessionInfo:
        work = self._work
        return SessionInfo(
            fraction_number=present(work.instruction).fraction_number,
            operators_name=work.options.operators_name,
            prior_records=self._prior_records(),
            instruction=work.instruction,
            per_beam=self._tdd.settings.records_per_beam,
            identity=Identity(created=work.options.clock.now()),
        )

    def _prior_records(self) -> list[Dataset]:
        """Return the earlier records that the step names and that are here."""
        uids = [reference.sop_instance_uid for reference in self._work.step.records]
        here = self._tdd.instances.present(uids)
        return [self._tdd.instances.read(uid) for uid in uids if uid in here]

    def _on_stored(self, record: Dataset) -> None:
        uid = str(record.SOPInstanceUID)
        present(self._work.journal).note_stored(uid)
        self._work.results.stored[uid] = record

    def _heard(self, ask: Callable[[], Future[int]]) -> None:
        try:
            self.wait.until_heard(lambda: ask().result())
        except DimseStatusError as error:
            if error.status in _OVER:
                self._work.over = over(self._work)
                self._tdd.claims.remove(self._work.uid)
                self._settle()
            raise

    def _settle(self) -> None:
        """Forget a session whose step has ended without us, once nothing of it is left to do."""
        if self._work.over is not None and not self._work.results.owes_records:
            self._work.is_ours = False
            self._work.forget()

    def _tell_waiting(self, reason: str) -> None:
        self._tdd.emit(SessionWaiting(self._tdd.ae_title, self._work.uid, reason))
