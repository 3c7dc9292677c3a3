"""What was delivered of a beam as a text in a database column."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from tdwii_gui.dicom.iod.rtbdi import TreatmentDeliveryType
from tdwii_gui.dicom.iod.treatment_record import DeliveredBeam, TerminationStatus
from tdwii_gui.dicom.iod.treatment_record_beam import DeliveredControlPoint


def beam_text(beam: DeliveredBeam) -> str:
    """Return the text of a delivered beam; its numbers come back from it as they were."""
    return json.dumps(asdict(beam), default=datetime.isoformat)


def read_beam_text(text: str) -> DeliveredBeam:
    """Return the delivered beam of a text."""
    values: dict[str, Any] = json.loads(text)
    values |= {key: datetime.fromisoformat(values[key]) for key in ("started", "ended")}
    values["termination"] = TerminationStatus(values["termination"])
    values["delivery_type"] = TreatmentDeliveryType(values["delivery_type"])
    values["control_points"] = tuple(_control_point(each) for each in values["control_points"])
    values["spots"] = tuple(tuple(layer) for layer in values["spots"])
    return DeliveredBeam(**values)


def _control_point(values: dict[str, Any]) -> DeliveredControlPoint:
    return DeliveredControlPoint(**values | {"at": datetime.fromisoformat(values["at"])})
