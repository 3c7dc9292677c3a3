"""Exchanges as the actors tell them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tdwii_gui.actors.events import ExchangeMade
from tdwii_gui.dicom import uids
from tdwii_gui.dicom.net.exchange import Exchange
from tdwii_gui.ui.models.arrow import Lane
from tdwii_gui.ui.models.exchange_log import ExchangeLog

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
OURS = {"CREATOR": "creator", "TMS": "tms", "OST": "ost", "TDD": "tdd", "PPVS": "ppvs"}
LANES = tuple(Lane(key, key.upper()) for key in OURS.values())


def make_log(**options: int) -> ExchangeLog:
    return ExchangeLog(lambda ae: OURS.get(ae, ""), lambda ae: ae in OURS, LANES, **options)


def exchange(
    message: str,
    sop_class_uid: str = uids.UPS_PUSH,
    request: Dataset | None = None,
    *,
    ends: tuple[str, str] = ("TDD", "TMS"),
    transaction: str = "",
    after: float = 0.0,
    **fields: Any,
) -> ExchangeMade:
    """Return an exchange that began some seconds after noon; success unless told."""
    values: dict[str, Any] = {
        "calling_ae": ends[0],
        "called_ae": ends[1],
        "message": message,
        "sop_class_uid": sop_class_uid,
        "sop_instance_uid": "1.2.3",
        "status": 0x0000,
        "comment": "",
        "milliseconds": 6.2,
        "detail": "",
        "role": "scu",
        "request": request,
        "response": None,
        "at": NOON + timedelta(seconds=after),
    }
    return ExchangeMade(ends[0], Exchange(**(values | fields)), transaction)
