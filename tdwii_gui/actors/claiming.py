"""Claiming steps and ending them, so that no lost answer or crash leaves one behind (RO-60, RO-65).

The Transaction UID of a claim is on the disk before it is sent, and a claim whose answer was lost
is repeated with it. Where the TMS then says C302 the step is ours, as PS3.4 Table CC.1.1-2 has it.
Some TMSs say C302 whatever the Transaction UID is: an N-SET without changes tells.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.errors import (
    Aborted,
    AssociationError,
    DimseStatusError,
    TimedOut,
)
from tdwii_gui.dicom.iod import ups_update
from tdwii_gui.dicom.iod.ups import ProcedureStepState, Ups
from tdwii_gui.dicom.status import Status, is_warning, status_words
from tdwii_gui.dicom.uids import new_uid

if TYPE_CHECKING:
    from collections.abc import Callable

    from tdwii_gui.dicom.net.ups_scu import UpsScu
    from tdwii_gui.dicom.store.claim_store import Claim, ClaimStore

logger = logging.getLogger(__name__)

_OVER: Final = (Status.UPS_FINAL, Status.UPS_UNKNOWN)
_NOT_OURS: Final = (*_OVER, Status.UPS_TRANSACTION_UID_WRONG)


@dataclass(frozen=True, slots=True)
class ReviewedClaim:
    """A claim, and the step as its TMS has it now.

    Parameters
    ----------
    claim : Claim
        The claim.
    step : Ups or None
        The step; None where the TMS does not know it any more, or could not be asked.
    problem : str
        Why it could not be asked; empty if it could.
    """

    claim: Claim
    step: Ups | None
    problem: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing can be done with the claim any more."""
        if self.step is None:
            return not self.problem
        return self.step.state is not None and self.step.state.is_final


class Claiming:
    """Claims steps, ends them, and knows which ones are claimed.

    Parameters
    ----------
    claims : ClaimStore
        Where the Transaction UIDs are kept.
    associate : Callable[[str], UpsScu]
        Gives an association with a TMS by its AE title, still to be opened.
    """

    def __init__(self, claims: ClaimStore, associate: Callable[[str], UpsScu]) -> None:
        self._claims = claims
        self._associate = associate

    def claim(self, sop_instance_uid: str, tms_ae_title: str) -> Claim:
        """Change a step to IN PROGRESS under a Transaction UID of ours.

        A claim that was made before is repeated, with its Transaction UID and at its TMS.

        Raises
        ------
        DimseStatusError
            If the TMS says no, for example because another device was first (C301, or C302 from
            some TMSs); the claim is forgotten.
        AssociationError
            If the TMS cannot be reached, or its answer was lost twice: then the claim is kept, for
            the step may be ours.
        """
        earlier = self._claims.get(sop_instance_uid)
        claim = earlier or self._claims.add(sop_instance_uid, new_uid(), tms_ae_title)
        is_repeated = earlier is not None
        try:
            try:
                self._change(claim, ProcedureStepState.IN_PROGRESS)
            except (Aborted, TimedOut) as error:
                logger.warning("claim of %s is repeated: %s", sop_instance_uid, error)
                is_repeated = True
                self._change(claim, ProcedureStepState.IN_PROGRESS)
        except DimseStatusError as error:
            already = error.status == Status.UPS_ALREADY_IN_PROGRESS
            if already and is_repeated and self._holds(claim):
                return claim
            self._claims.remove(sop_instance_uid)
            raise
        except AssociationError as error:
            if not is_repeated:
                self._claims.remove(sop_instance_uid)  # it was never sent
                raise
            words = f"{error}; whether the step is ours is not known: claim it again"
            raise type(error)(words) from error
        return claim

    def finish(self, claim: Claim, state: ProcedureStepState) -> int:
        """Change a claimed step to COMPLETED or CANCELED; return the status.

        The claim ends with success, and with the answer that the step is final or gone. A lost
        answer is asked for once more: B304 or B306 say that the first request arrived.

        Raises
        ------
        DimseStatusError
            If the TMS says no.
        AssociationError
            If the TMS cannot be reached; the claim is kept.
        """
        try:
            try:
                status = self._change(claim, state)
            except (Aborted, TimedOut) as error:
                logger.warning("end of %s is repeated: %s", claim.sop_instance_uid, error)
                status = self._change(claim, state)
        except DimseStatusError as error:
            if error.status in _OVER:
                self._claims.remove(claim.sop_instance_uid)
            raise
        if is_warning(status):
            logger.warning("end of %s: %s", claim.sop_instance_uid, status_words(status))
        self._claims.remove(claim.sop_instance_uid)
        return status

    def review(self) -> list[ReviewedClaim]:
        """Ask for each claimed step (N-GET), and forget the claims on those that are over.

        A step that is IN PROGRESS can be gone on with, one that is SCHEDULED claimed again.
        """
        reviewed = [self._review(claim) for claim in self._claims.all()]
        for one in reviewed:
            if one.is_over:
                logger.info("claim on %s is over", one.claim.sop_instance_uid)
                self._claims.remove(one.claim.sop_instance_uid)
        return reviewed

    def _review(self, claim: Claim) -> ReviewedClaim:
        try:
            with self._associate(claim.tms_ae_title) as scu:
                return ReviewedClaim(claim, Ups(scu.n_get(claim.sop_instance_uid)))
        except DimseStatusError as error:
            if error.status == Status.UPS_UNKNOWN:
                return ReviewedClaim(claim, None)
            return ReviewedClaim(claim, None, str(error))
        except AssociationError as error:
            return ReviewedClaim(claim, None, str(error))

    def _change(self, claim: Claim, state: ProcedureStepState) -> int:
        information = ups_update.change_state(state, claim.transaction_uid)
        with self._associate(claim.tms_ae_title) as scu:
            return scu.change_state(claim.sop_instance_uid, information)

    def _holds(self, claim: Claim) -> bool:
        """Return whether a step that is IN PROGRESS has the Transaction UID of our claim."""
        nothing = ups_update.no_change(claim.transaction_uid)
        try:
            with self._associate(claim.tms_ae_title) as scu:
                scu.n_set(claim.sop_instance_uid, nothing)
        except DimseStatusError as error:
            if error.status in _NOT_OURS:
                logger.warning("step %s is another device's", claim.sop_instance_uid)
                return False
            logger.warning("step %s counts as ours: %s", claim.sop_instance_uid, error)
        return True
