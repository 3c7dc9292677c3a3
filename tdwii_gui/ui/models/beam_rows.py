"""The rows of a plan's beam table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication

from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.row_model import Column, RowModel
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.iod.beam import Beam
    from tdwii_gui.dicom.iod.plan import FractionGroup, LeftOutBeam, Plan

_ION_BEAMS: Final = "IonBeamSequence"
_UNITS: Final = {"PHOTON": "MV", "ELECTRON": "MeV", "PROTON": "MeV"}
_DIRECTIONS: Final = {"CW": "↻", "CC": "↺"}


@dataclass(frozen=True, slots=True)
class BeamRow:
    """A beam of a fraction group; `reason` tells why it is left out, and is empty if it is not.

    Parameters
    ----------
    number : int
        Beam Number, the row's key.
    kind : str
        Beam Type, and for ions the Scan Mode.
    radiation : str
        Radiation Type.
    energies : tuple[float, ...]
        Lowest and highest Nominal Beam Energy, one if they are the same.
    meterset : float or None
        Beam Meterset; None where there is none.
    gantry : tuple[float, ...]
        First and last Gantry Angle, one if they are the same.
    direction : str
        Gantry Rotation Direction while the beam is on; empty for a standing gantry.
    """

    number: int
    name: str
    kind: str
    radiation: str
    energies: tuple[float, ...]
    fluence: str
    meterset: float | None
    unit: str
    gantry: tuple[float, ...]
    direction: str
    machine: str
    control_points: int
    reason: str = ""


def beam_rows(plan: Plan, group: FractionGroup) -> tuple[BeamRow, ...]:
    """Return the rows of a fraction group; decodes control points, so not on the GUI thread.

    Raises
    ------
    DatasetError
        If a beam's control points contradict each other.
    """
    treated = [_row(beam) for beam in group.beams]
    left_out = [_left_out_row(plan, beam) for beam in group.left_out]
    return tuple(treated + left_out)


def beam_columns() -> list[Column[BeamRow]]:
    """Return the columns of the beam table."""
    translate = QCoreApplication.translate
    columns: list[Column[BeamRow]] = [
        Column(
            translate("BeamTable", "No."),
            lambda row: str(row.number),
            key=lambda row: row.number,
            right=True,
        ),
        Column(translate("BeamTable", "Beam"), lambda row: texts.plain(row.name) or "–", share=1),
        Column(translate("BeamTable", "Type"), kind_text),
        Column(translate("BeamTable", "Radiation"), radiation_text),
        Column(
            translate("BeamTable", "Meterset"),
            meterset_text,
            key=lambda row: -1.0 if row.meterset is None else row.meterset,
            right=True,
        ),
        Column(
            translate("BeamTable", "Gantry"), gantry_text, key=lambda row: row.gantry, right=True
        ),
        Column(translate("BeamTable", "Machine"), lambda row: texts.plain(row.machine) or "–"),
        Column(
            translate("BeamTable", "Points"),
            lambda row: str(row.control_points),
            key=lambda row: row.control_points,
            right=True,
        ),
    ]
    return [replace(column, tooltip=_tooltip, tone=_tone) for column in columns]


def beam_model() -> RowModel[BeamRow]:
    """Return an empty model of beams."""
    return RowModel(beam_columns(), lambda row: row.number)


def kind_text(row: BeamRow) -> str:
    """Return the beam's type in lower case, as it stands in a sentence."""
    return texts.plain(row.kind.replace("_", " ").lower()) or "–"


def radiation_text(row: BeamRow) -> str:
    """Return radiation and energy, e.g. ``Photon 6 MV FFF``, ``Proton 100-160 MeV``."""
    radiation = texts.plain(row.radiation.replace("_", " ").capitalize())
    energies = "–".join(f"{round(energy, 1):g}" for energy in row.energies)
    unit = _UNITS.get(row.radiation, "MeV/u")
    parts = [radiation, f"{energies} {unit}" if energies else "", texts.plain(row.fluence)]
    return " ".join(part for part in parts if part)


def meterset_text(row: BeamRow) -> str:
    """Return the meterset with its unit."""
    if row.meterset is None:
        return "–"
    return f"{texts.number(row.meterset)} {texts.plain(row.unit)}"


def gantry_text(row: BeamRow) -> str:
    """Return the gantry angle, or the arc with its direction."""
    angles = [f"{angle:g}°" for angle in row.gantry]
    arrow = _DIRECTIONS.get(row.direction)
    if len(angles) > 1:
        return f" {arrow or '→'} ".join(angles)
    return " ".join([*angles, *([arrow] if arrow else [])]) or "–"


def _tone(row: BeamRow) -> Tone | None:
    return Tone.NEUTRAL if row.reason else None


def left_out_text(row: BeamRow) -> str:
    """Return why a beam is left out, as a sentence; empty for a beam that is treated."""
    if not row.reason:
        return ""
    words = QCoreApplication.translate("BeamTable", "Beam {0} is left out: {1}.")
    return words.format(row.number, texts.plain(row.reason))


def _tooltip(row: BeamRow) -> str:
    return texts.tooltip(left_out_text(row) or row.name)


def _row(beam: Beam) -> BeamRow:
    points = beam.control_points
    gantry = [point.gantry_angle for point in points]
    energies = sorted({e for e in (point.nominal_energy for point in points) if e is not None})
    return BeamRow(
        number=beam.number,
        name=beam.name,
        kind=_kind(beam.item),
        radiation=beam.radiation_type,
        energies=_ends(energies),
        fluence=_fluence(beam.item),
        meterset=beam.meterset,
        unit=beam.dosimeter_unit,
        gantry=_ends([angle for angle in (gantry[0], gantry[-1]) if angle is not None]),
        direction=str(points[0].effective("GantryRotationDirection") or ""),
        machine=beam.machine,
        control_points=len(points),
    )


def _left_out_row(plan: Plan, beam: LeftOutBeam) -> BeamRow:
    """Return the row of a beam that is not treated: whatever it lacks is no reason to fail."""
    item = _beam_item(plan, beam.number)
    keyword = "IonControlPointSequence" if plan.is_ion else "ControlPointSequence"
    points = tolerant.items(item, keyword)
    first = tolerant.first_item(item, keyword)
    angle = tolerant.number(first, "GantryAngle")
    energy = tolerant.number(first, "NominalBeamEnergy")
    delivery = tolerant.text(item, "TreatmentDeliveryType")
    return BeamRow(
        number=beam.number,
        name=beam.name,
        kind=_kind(item) if delivery in ("", "TREATMENT") else delivery,
        radiation=tolerant.text(item, "RadiationType"),
        energies=() if energy is None else (energy,),
        fluence="",
        meterset=None,
        unit="",
        gantry=() if angle is None else (angle,),
        direction="",
        machine=tolerant.text(item, "TreatmentMachineName"),
        control_points=len(points),
        reason=beam.reason,
    )


def _beam_item(plan: Plan, number: int) -> Dataset:
    sequence = tolerant.items(plan.dataset, _ION_BEAMS if plan.is_ion else "BeamSequence")
    return next(item for item in sequence if tolerant.number(item, "BeamNumber") == number)


def _kind(item: Dataset) -> str:
    kind = tolerant.text(item, "BeamType") or "STATIC"
    scan_mode = tolerant.text(item, "ScanMode")
    return f"{kind} {scan_mode}" if scan_mode and scan_mode != "NONE" else kind


def _fluence(item: Dataset) -> str:
    return tolerant.text(tolerant.first_item(item, "PrimaryFluenceModeSequence"), "FluenceModeID")


def _ends(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(dict.fromkeys([*values[:1], *values[-1:]]))
