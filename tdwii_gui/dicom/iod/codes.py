"""Coded concepts of TDW-II and of the UPS service (PS3.16, IHE-RO TDW-II).

The only place where code values are spelled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Code:
    """A coded concept: Code Value, Coding Scheme Designator, Code Meaning (PS3.3 8.8)."""

    value: str
    scheme: str
    meaning: str


# Scheduled and performed workitems (PS3.16 CID 9241, 9242)
RT_TREATMENT_INTERNAL_VERIFICATION: Final = Code(
    "121726", "DCM", "RT Treatment with Internal Verification"
)

# Concept names of the scheduled processing and progress parameters (TDW-II)
TREATMENT_DELIVERY_TYPE: Final = Code("121740", "DCM", "Treatment Delivery Type")
PLAN_LABEL: Final = Code("2018001", "99IHERO2018", "Plan Label")
CURRENT_FRACTION_NUMBER: Final = Code("2018002", "99IHERO2018", "Current Fraction Number")
NUMBER_OF_FRACTIONS_PLANNED: Final = Code("2018003", "99IHERO2018", "Number of Fractions Planned")
REFERENCED_BEAM_NUMBER: Final = Code("2018004", "99IHERO2018", "Referenced Beam Number")

NO_UNITS: Final = Code("1", "UCUM", "no units")

STATION_NAME_SCHEME: Final = "99IHERO2008"
"""Coding scheme designator of station names, as the field's samples use it."""

DISCONTINUATION_REASONS: Final = tuple(
    Code(value, "DCM", meaning)
    for value, meaning in (
        ("110500", "Doctor canceled procedure"),
        ("110501", "Equipment failure"),
        ("110502", "Incorrect procedure ordered"),
        ("110504", "Patient died"),
        ("110505", "Patient refused to continue procedure"),
        ("110506", "Patient taken for treatment or surgery"),
        ("110507", "Patient did not arrive"),
        ("110508", "Patient pregnant"),
        ("110510", "Duplicate order"),
        ("110511", "Nursing unit cancel"),
        ("110512", "Incorrect side ordered"),
        ("110513", "Discontinued for unspecified reason"),
        ("110514", "Incorrect worklist entry selected"),
        ("110515", "Patient condition prevented continuing"),
        ("110516", "Equipment change"),
        ("110521", "Objects incorrectly formatted"),
        ("110522", "Object Types not supported"),
        ("110523", "Object Set incomplete"),
        ("110526", "Resource pre-empted"),
        ("110527", "Resource inadequate"),
        ("110528", "Discontinued Procedure Step rescheduled"),
        ("110529", "Discontinued Procedure Step rescheduling recommended"),
        ("110530", "Workitem assignment rejected by assigned resource"),
        ("110533", "Workitem expired"),
    )
)
"""UPS discontinuation reasons (PS3.16 CID 9300)."""


def discontinuation_reason(value: str) -> Code:
    """Return the discontinuation reason with a code value.

    Raises
    ------
    KeyError
        If the value is not in CID 9300.
    """
    return {code.value: code for code in DISCONTINUATION_REASONS}[value]


UNSPECIFIED_REASON: Final = discontinuation_reason("110513")
OBJECT_SET_INCOMPLETE: Final = discontinuation_reason("110523")
EQUIPMENT_FAILURE: Final = discontinuation_reason("110501")
