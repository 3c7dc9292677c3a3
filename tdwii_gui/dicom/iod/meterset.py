"""Metersets as decimals, so that what several records say was delivered adds up exactly.

Metersets travel as Decimal Strings of at most 16 characters (PS3.5 6.2), which hold 15 digits and
the point, and a double holds 15 digits as well. So a beam's metersets are counted in whole units
of the last place that its Beam Meterset leaves room for.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_DIGITS: Final = 15


@dataclass(frozen=True, slots=True)
class MetersetScale:
    """The unit in which a beam's metersets are counted.

    Parameters
    ----------
    factor : int
        How many units make a meterset of 1: a power of ten.
    """

    factor: int

    @classmethod
    def of(cls, meterset: float) -> MetersetScale:
        """Return the scale of a beam with a Beam Meterset."""
        return cls(10 ** max(_DIGITS - len(str(int(meterset))), 0))

    def units(self, meterset: float) -> int:
        """Return a meterset in units."""
        return round(meterset * self.factor)

    def meterset(self, units: int) -> float:
        """Return the meterset of so many units."""
        return units / self.factor

    def rounded(self, meterset: float) -> float:
        """Return a meterset with the places that can be written."""
        return self.meterset(self.units(meterset))


def meterset_between(start: float, end: float) -> float:
    """Return what was delivered from one meterset to another, without binary rounding."""
    return float(Decimal(repr(float(end))) - Decimal(repr(float(start))))


def meterset_sum(metersets: Iterable[float]) -> float:
    """Return the sum of metersets, without binary rounding."""
    return float(sum((Decimal(repr(float(each))) for each in metersets), Decimal()))
