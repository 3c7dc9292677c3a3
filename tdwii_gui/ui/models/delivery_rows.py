"""The beams of a session as rows: planned, delivered and what happens to them now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from tdwii_gui.actors.delivery import DeliveryPhase
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.row_model import Column, RowModel
from tdwii_gui.ui.theme import Tone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdwii_gui.actors.delivery import DeliveryProgress
    from tdwii_gui.dicom.iod.plan import FractionGroup
    from tdwii_gui.dicom.iod.rtbdi import RtBeamsDeliveryInstruction

_TOLERANCE = 1e-6


class BeamState(StrEnum):
    """What happens to a beam of the session."""

    WAITING = "waiting"
    BEAM_ON = "beam on"
    PAUSED = "paused"
    DELIVERED = "delivered"
    ENDED_EARLY = "ended early"


@dataclass(frozen=True, slots=True)
class BeamRow:
    """A beam task of the session; metersets in the beam's dosimeter unit.

    Parameters
    ----------
    start, planned, delivered : float
        Meterset at which the session begins with the beam, at which it ends, and reached so far.
    energy, rate : float or None
        Nominal Beam Energy and meterset per minute at its first control point.
    gantry : tuple[float, ...]
        Gantry Angle at its first and last control point.
    """

    number: int
    name: str
    radiation_type: str
    energy: float | None
    beam_type: str
    unit: str
    start: float
    planned: float
    delivered: float
    state: BeamState = BeamState.WAITING
    rate: float | None = None
    gantry: tuple[float, ...] = ()


def beam_rows(group: FractionGroup, instruction: RtBeamsDeliveryInstruction) -> list[BeamRow]:
    """Return a row per beam task; it decodes control points, so call it off the GUI thread."""
    rows = []
    for task in instruction.tasks:
        beam = group.beam(task.beam_number)
        start = task.start_meterset or 0.0
        first, last = beam.control_points[0], beam.control_points[-1]
        angles = (first.gantry_angle, last.gantry_angle)
        rows.append(
            BeamRow(
                number=beam.number,
                name=beam.name,
                radiation_type=beam.radiation_type,
                energy=beam.nominal_energy,
                beam_type=beam.beam_type,
                unit=beam.dosimeter_unit,
                start=start,
                planned=beam.meterset if task.end_meterset is None else task.end_meterset,
                delivered=start,
                rate=first.dose_rate,
                gantry=tuple(angle for angle in angles if angle is not None),
            )
        )
    return rows


def progressed(row: BeamRow, progress: DeliveryProgress) -> BeamRow:
    """Return the row of a beam after a progress value."""
    if progress.phase is not DeliveryPhase.BEAM_ENDED:
        state = BeamState.BEAM_ON
    elif progress.delivered < row.planned - _TOLERANCE:
        state = BeamState.ENDED_EARLY
    else:
        state = BeamState.DELIVERED
    return replace(row, delivered=progress.delivered, state=state)


def paused(row: BeamRow) -> BeamRow:
    """Return the row of a beam while the delivery is paused."""
    return replace(row, state=BeamState.PAUSED) if row.state is BeamState.BEAM_ON else row


def resumed(row: BeamRow) -> BeamRow:
    """Return the row of a beam when the delivery goes on."""
    return replace(row, state=BeamState.BEAM_ON) if row.state is BeamState.PAUSED else row


def session_metersets(rows: Sequence[BeamRow]) -> tuple[float, float]:
    """Return what the session has delivered and is to deliver, over all its beams."""
    done = sum(row.delivered - row.start for row in rows)
    return done, sum(row.planned - row.start for row in rows)


def common_unit(rows: Sequence[BeamRow]) -> str:
    """Return the dosimeter unit of all rows; empty where they differ."""
    units = {row.unit for row in rows}
    return units.pop() if len(units) == 1 else ""


def beam_words(row: BeamRow) -> str:
    """Return what kind of beam it is, e.g. ``"Photon 6 MV, dynamic"``."""
    radiation = texts.plain(row.radiation_type.capitalize(), 20)
    kinds = {"STATIC": _tr("static"), "DYNAMIC": _tr("dynamic")}
    kind = kinds.get(row.beam_type, texts.plain(row.beam_type, 20))
    return f"{radiation} {energy_words(row)}".strip() + f", {kind}"


def energy_words(row: BeamRow) -> str:
    """Return the energy with its unit, e.g. ``"6 MV"``; empty where it is not known."""
    unit = "MV" if row.radiation_type == "PHOTON" else "MeV"
    return "" if row.energy is None else f"{row.energy:g} {unit}"


def beam_title(row: BeamRow) -> str:
    """Return number and name on one line."""
    return f"{row.number}  {texts.plain(row.name, 60)}".strip()


def state_words(row: BeamRow) -> str:
    """Return the state of a beam as glyph and words."""
    words = {
        BeamState.WAITING: "○ " + _tr("Not started"),
        BeamState.BEAM_ON: "▶ " + _tr("Beam on"),
        BeamState.PAUSED: "‖ " + _tr("Paused"),
        BeamState.DELIVERED: "✓ " + _tr("Delivered"),
        BeamState.ENDED_EARLY: "⊘ " + _tr("Ended early"),
    }
    return words[row.state]


def beam_model(unit: str = "MU") -> RowModel[BeamRow]:
    """Return an empty model of beams whose metersets are in a unit."""
    tones = {
        BeamState.WAITING: Tone.NEUTRAL,
        BeamState.BEAM_ON: Tone.PROGRESS,
        BeamState.PAUSED: Tone.PROGRESS,
        BeamState.DELIVERED: Tone.DONE,
        BeamState.ENDED_EARLY: Tone.NEUTRAL,
    }
    suffix = f" {texts.plain(unit, 16)}" if unit else ""
    columns: list[Column[BeamRow]] = [
        Column(
            _tr("Beam"),
            beam_title,
            key=lambda row: row.number,
            tooltip=lambda row: texts.tooltip(row.name),
            share=1,
        ),
        Column(_tr("Type"), beam_words),
        Column(
            _tr("Planned") + suffix,
            lambda row: texts.number(row.planned),
            key=lambda row: row.planned,
            right=True,
        ),
        Column(
            _tr("Delivered") + suffix,
            lambda row: texts.number(row.delivered),
            key=lambda row: row.delivered,
            right=True,
        ),
        Column(_tr("State"), state_words, tone=lambda row: tones[row.state]),
    ]
    return RowModel(columns, key=lambda row: row.number)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Beams", text)
