"""What TDW-II and the standard ask of an Object Storage, as far as messages show it."""

from __future__ import annotations

from typing import Final

from tdwii_gui.judging.verdict import Requirement

_ROWS: Final = (
    (
        "ost-echo", "", "PS3.4 A.4",
        "Answers C-ECHO with success.",
    ),
    (
        "ost-stores", "RO-63", "PS3.4 B.2.3",
        "Accepts the objects that it is sent.",
    ),
    (
        "ost-sends-inputs", "RO-59", "PS3.4 C.4.2.2",
        "Sends each object that it has, and was asked for, to the move destination.",
    ),
    (
        "ost-move-counts", "RO-59", "PS3.4 C.4.2.1.5, C.4.2.3.1",
        "Counts sub-operations rightly: success without failures, warning or failure with them.",
    ),
    (
        "ost-move-originator", "RO-59", "PS3.7 9.1.1.1",
        "Names the AE that asked as the Move Originator of the objects that it sends.",
    ),
    (
        "ost-find-ends", "", "PS3.4 C.4.1.3",
        "Ends a query with a success without a data set.",
    ),
    (
        "ost-commits", "", "PS3.4 J.3.3",
        "Reports each object of a storage commitment once, as committed or failed.",
    ),
)  # fmt: skip

OST_REQUIREMENTS: Final = tuple(
    Requirement(key, "ost", transaction, clause, text) for key, transaction, clause, text in _ROWS
)
"""In the order of a treatment."""
