"""A plan of faults: where a session is to be interrupted, as a person says it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tdwii_gui.actors.delivery_options import Fault
from tdwii_gui.dicom.errors import ConfigError
from tdwii_gui.dicom.iod.treatment_record import TerminationStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdwii_gui.dicom.iod.plan import FractionGroup
    from tdwii_gui.dicom.iod.rtbdi import BeamTask

_TEXT: Final = re.compile(
    r"(?:(?P<beam>[0-9]{1,9}):)?(?P<value>[0-9]+(?:\.[0-9]+)?)(?P<percent>%?)"
)


@dataclass(frozen=True, slots=True)
class Interruption:
    """Where a session is to be interrupted.

    Parameters
    ----------
    value : float
        A meterset of the whole beam; or a share in percent of what the session delivers of the
        beam or, without a beam, of all beams.
    is_percent : bool
        Whether it is a share.
    beam_number : int or None
        The beam; None only for a share of all.
    termination : TerminationStatus
        What the record says: OPERATOR, or MACHINE for a fault.
    """

    value: float
    is_percent: bool
    beam_number: int | None = None
    termination: TerminationStatus = TerminationStatus.OPERATOR

    @classmethod
    def parse(
        cls, text: str, termination: TerminationStatus = TerminationStatus.OPERATOR
    ) -> Interruption:
        """Return what a text says: ``BEAM:METERSET``, ``BEAM:PERCENT%`` or ``PERCENT%``.

        Raises
        ------
        ConfigError
            If it says none of these.
        """
        found = _TEXT.fullmatch(text.strip())
        if found is None or not (found["beam"] or found["percent"]):
            raise ConfigError(f"{text!r} is no BEAM:METERSET, BEAM:PERCENT% or PERCENT%")
        value, is_percent = float(found["value"]), bool(found["percent"])
        if is_percent and value > 100:
            raise ConfigError(f"{text!r} is more than 100 %")
        beam_number = int(found["beam"]) if found["beam"] else None
        return cls(value, is_percent, beam_number, termination)

    def check(self, group: FractionGroup) -> None:
        """Check that there is such a place in a fraction group.

        Raises
        ------
        DatasetError
            If the group has no such beam.
        ConfigError
            If the beam ends before.
        """
        if self.beam_number is not None:
            meterset = group.beam(self.beam_number).meterset
            if not self.is_percent and self.value > meterset:
                raise ConfigError(
                    f"beam {self.beam_number} cannot be interrupted at {self.value:g}: "
                    f"it ends at {meterset:g}"
                )

    def fault(self, group: FractionGroup, tasks: Sequence[BeamTask]) -> Fault | None:
        """Return where the tasks of a session end; None if they do not come there."""
        spans = [(task.beam_number, *_span(group, task)) for task in tasks]
        if self.beam_number is not None:
            spans = [span for span in spans if span[0] == self.beam_number]
        if not spans:
            return None
        if not self.is_percent:
            return Fault(spans[0][0], self.value, self.termination)
        left = sum(end - start for _, start, end in spans) * self.value / 100
        for number, start, end in spans:
            if left <= end - start:
                return Fault(number, start + left, self.termination, at_start=left == 0)
            left -= end - start
        return Fault(spans[-1][0], spans[-1][2], self.termination)


def _span(group: FractionGroup, task: BeamTask) -> tuple[float, float]:
    """Return the metersets between which a task delivers."""
    end = task.end_meterset
    return task.start_meterset or 0.0, group.beam(task.beam_number).meterset if end is None else end
