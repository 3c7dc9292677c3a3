"""The TMS makes an RT Beams Delivery Instruction when a device asks for it (RO-61)."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING, Final

from tdwii_gui.actors.inputs import InputRetriever
from tdwii_gui.dicom.errors import DatasetError, DimseStatusError, TdwiiError
from tdwii_gui.dicom.iod.plan import Plan
from tdwii_gui.dicom.net.query_retrieve_scp import NotSupplied
from tdwii_gui.dicom.status import Status
from tdwii_gui.dicom.ups.announced_rtbdi import announced_instructions, build_announced_rtbdi
from tdwii_gui.dicom.ups.change import local_now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from pydicom.dataset import Dataset

    from tdwii_gui.config.ae_directory import AeDirectory
    from tdwii_gui.dicom.iod.references import InputReference
    from tdwii_gui.dicom.net.session import LocalAe
    from tdwii_gui.dicom.store.instance_index import Root
    from tdwii_gui.dicom.store.instance_store import AddOutcome, InstanceStore
    from tdwii_gui.dicom.store.ups_store import UpsStore
    from tdwii_gui.dicom.ups.announced_rtbdi import AnnouncedRtbdi

logger = logging.getLogger(__name__)

_FETCH_SECONDS: Final = 8.0
"""The longest wait for an answer of the archive: the device waits meanwhile, for 15 s or so."""


@dataclass(slots=True)
class RtbdiOnDemand:
    """Supplies instructions that steps announce, made from their plans.

    The plan, and for a CONTINUATION the prior records, are taken from the instance store or fetched
    into it from the archive that the step names; there they stay.

    Parameters
    ----------
    steps : UpsStore
        The worklist.
    instances : InstanceStore
        Where plans are looked for, and instructions are put.
    local : LocalAe
        Who asks the archive, and the move destination.
    directory : AeDirectory
        Where the archives are.
    archive : Callable[[], str]
        The AE title of the archive for plans whose step names none.
    on_stored : Callable[[AddOutcome], None]
        Is called after an instruction is stored.
    enabled : bool
        Whether instructions are made at all; may be changed at any time.
    now : Callable
        The clock.
    """

    steps: UpsStore
    instances: InstanceStore
    local: LocalAe
    directory: AeDirectory
    archive: Callable[[], str]
    on_stored: Callable[[AddOutcome], None]
    enabled: bool = True
    now: Callable[[], datetime] = local_now
    _adding: Lock = field(default_factory=Lock, init=False, repr=False)

    def supply(self, identifier: Dataset, root: Root) -> tuple[NotSupplied, ...]:
        """Make what is announced, asked for and not stored; return what could not be made.

        Raises
        ------
        DimseStatusError
            A900 if the identifier is not usable.
        StoreError
            If the worklist cannot be read.
        """
        if not self.enabled:
            return ()
        found = announced_instructions(
            self.steps, identifier, root, self.local.ae_title, self.instances.present
        )
        by_uid: dict[str, list[AnnouncedRtbdi]] = {}
        for one in found:
            by_uid.setdefault(one.reference.sop_instance_uid, []).append(one)
        failed = []
        for uid, announced in by_uid.items():
            try:
                self._make(announced)
            except TdwiiError as error:
                logger.warning("RTBDI %s cannot be made: %s", uid, error)
                failed.append(NotSupplied(uid, f"no RTBDI: {_words(error)}"))
        return tuple(failed)

    def _make(self, announced: list[AnnouncedRtbdi]) -> None:
        first = announced[0]
        if any(_meaning(one) != _meaning(first) for one in announced):
            raise DatasetError("the steps that announce it mean different ones")
        step = first.step
        if step.plan is None:
            raise DatasetError("the step names no RT Plan or RT Ion Plan")
        self._fetch("plan", [step.plan])
        self._fetch("treatment record", step.records)
        plan = Plan.from_dataset(self.instances.read(step.plan.sop_instance_uid))
        records = [self.instances.read(each.sop_instance_uid) for each in step.records]
        made = build_announced_rtbdi(first, plan, records, created=self.now())
        try:
            # One at a time, so that what is there already is committed and can be sent.
            with self._adding:
                outcome = self.instances.add_dataset(made, self.local.ae_title)
        except DimseStatusError as error:
            if error.status == Status.DUPLICATE_SOP_INSTANCE:
                return  # another device has asked for it at the same time
            raise
        logger.info("made RTBDI %s from its plan", outcome.instance.sop_instance_uid)
        self.on_stored(outcome)

    def _fetch(self, what: str, references: Iterable[InputReference]) -> None:
        limits = self.local.timeouts
        patient = replace(limits, dimse=min(limits.dimse, _FETCH_SECONDS))
        local = replace(self.local, timeouts=patient)
        retriever = InputRetriever(local, self.directory, self.instances)
        # To ask ourselves would be to wait for what is not here.
        elsewhere = [replace(one, retrieve_ae_title=self._archive_of(one)) for one in references]
        for missing in retriever.retrieve(elsewhere).missing:
            raise DatasetError(f"no {what}: {missing.reason}")

    def _archive_of(self, reference: InputReference) -> str:
        named = reference.retrieve_ae_title
        return self.archive() if named in ("", self.local.ae_title) else named


def _meaning(announced: AnnouncedRtbdi) -> tuple[object, ...]:
    step = announced.step
    plan = step.plan.sop_instance_uid if step.plan else ""
    return plan, step.fraction_number, step.delivery_type, announced.reference


def _words(error: TdwiiError) -> str:
    """Return an error for a peer, who need not know of our folders."""
    if isinstance(error, DatasetError):
        return "; ".join(str(finding) for finding in error.findings)
    return str(error)
