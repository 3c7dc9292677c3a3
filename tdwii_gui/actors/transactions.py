"""The transactions of TDW-II, RO-58 to RO-65, and what each is on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tdwii_gui.actors.suite import Role
from tdwii_gui.dicom.uids import (
    RT_BEAMS_DELIVERY_INSTRUCTION,
    STUDY_ROOT_MOVE,
    UPS_PULL,
    UPS_PUSH,
    uid_name,
)


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction as the TDD initiates it.

    Parameters
    ----------
    responder : Role
        Who answers; the TDD is the SCU in all of them.
    message, sop_class_uid : str
        The request and its SOP class; empty where the objects decide.
    context_uid : str
        The SOP class of the presentation context.
    back : str
        What the responder does on an association of its own, as SCU.
    """

    number: str
    title: str
    responder: Role
    message: str
    sop_class_uid: str
    context_uid: str
    back: str = ""


_BACK: Final = "C-STORE of the wanted objects"

TRANSACTIONS: Final = (
    Transaction(
        "RO-58", "Worklist Query for Treatment Delivery", Role.TMS, "C-FIND", UPS_PULL, UPS_PULL
    ),
    Transaction(
        "RO-59",
        "Retrieve Static Treatment Delivery Input Instances from OST",
        Role.OST,
        "C-MOVE",
        STUDY_ROOT_MOVE,
        STUDY_ROOT_MOVE,
        _BACK,
    ),
    Transaction(
        "RO-60", "Treatment Delivery in Progress", Role.TMS, "N-ACTION", UPS_PUSH, UPS_PULL
    ),
    Transaction(
        "RO-61",
        "Retrieve Dynamic Treatment Delivery Input Instances from TMS",
        Role.TMS,
        "C-MOVE",
        STUDY_ROOT_MOVE,
        STUDY_ROOT_MOVE,
        f"{_BACK}: {uid_name(RT_BEAMS_DELIVERY_INSTRUCTION)}",
    ),
    Transaction(
        "RO-62", "Treatment Delivery Progress Update", Role.TMS, "N-SET", UPS_PUSH, UPS_PULL
    ),
    Transaction("RO-63", "Store Treatment Delivery Results to OST", Role.OST, "C-STORE", "", ""),
    Transaction("RO-64", "Treatment Delivery Final Update", Role.TMS, "N-SET", UPS_PUSH, UPS_PULL),
    Transaction(
        "RO-65", "Treatment Delivery Completed/Canceled", Role.TMS, "N-ACTION", UPS_PUSH, UPS_PULL
    ),
)
