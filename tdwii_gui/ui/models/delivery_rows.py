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
    from tdwii_gui.dicom.iod.machine_state import MachineState
    from tdwii_gui.dicom.iod.plan import FractionGroup
    from tdwii_gui.dicom.iod.rtbdi import RtBeamsDeliveryInstruction
    from tdwii_gui.dicom.iod.treatment_record import DeliveredBeam

_TOLERANCE = 1e-6


class BeamState(StrEnum):
    """What happens to a beam of the session."""

    WAITING = "waiting"
    POSITIONING = "positioning"
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
    layers : int
        How many layers of spots an ion beam has; 0 for all others.
    moment : MachineState or None
        Where the machine stood when it was told last; None before that.
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
    layers: int = 0
    moment: MachineState | None = None


def beam_rows(group: FractionGroup, instruction: RtBeamsDeliveryInstruction) -> list[BeamRow]:
    """Return a row per beam task; it decodes control points, so call it off the GUI thread."""
    rows = []
    for task in instruction.tasks:
        beam = group.beam(task.beam_number)
        start = task.start_meterset or 0.0
        timeline = beam.timeline
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
                rate=timeline.rates[0],
                layers=max(timeline.layers, default=-1) + 1,
                moment=timeline.state_at_units(beam.scale.units(start)),
            )
        )
    return rows


def progressed(row: BeamRow, progress: DeliveryProgress) -> BeamRow:
    """Return the row of a beam after a progress value."""
    match progress.phase:
        case DeliveryPhase.POSITIONING:
            state = BeamState.POSITIONING
        case DeliveryPhase.BEAM_ENDED:
            is_early = progress.delivered < row.planned - _TOLERANCE
            state = BeamState.ENDED_EARLY if is_early else BeamState.DELIVERED
        case _:
            state = BeamState.BEAM_ON
    return replace(row, delivered=progress.delivered, state=state, moment=progress.moment)


def reached(row: BeamRow, beam: DeliveredBeam, moment: MachineState) -> BeamRow:
    """Return the row of a beam of which an earlier part of the session has delivered something."""
    is_early = beam.end_meterset < row.planned - _TOLERANCE
    state = BeamState.ENDED_EARLY if is_early else BeamState.DELIVERED
    return replace(row, delivered=beam.end_meterset, state=state, moment=moment)


def paused(row: BeamRow) -> BeamRow:
    """Return the row of a beam while the delivery is paused."""
    return replace(row, state=BeamState.PAUSED) if row.state is BeamState.BEAM_ON else row


def resumed(row: BeamRow) -> BeamRow:
    """Return the row of a beam when the delivery goes on."""
    return replace(row, state=BeamState.BEAM_ON) if row.state is BeamState.PAUSED else row


def current_row(rows: Sequence[BeamRow]) -> BeamRow:
    """Return the beam that was last in progress; the first one before any was."""
    begun = [row for row in rows if row.state is not BeamState.WAITING]
    return begun[-1] if begun else rows[0]


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
    return _with_energy_unit(row, row.energy)


def energy_now(row: BeamRow) -> str:
    """Return the energy of the moment, which changes with the layers of an ion beam."""
    return _with_energy_unit(row, row.moment.energy if row.moment else row.energy)


def rate_now(row: BeamRow) -> str:
    """Return the meterset per minute of the moment; for spots, between which it is 0, the set one.

    A beam that is not on has the one that is set.
    """
    rate, moment = row.rate, row.moment
    if row.state is BeamState.BEAM_ON and moment is not None and moment.spot is None:
        rate = moment.dose_rate
    return "" if rate is None else f"{rate:.0f} {texts.plain(row.unit, 16)}/min"


def _with_energy_unit(row: BeamRow, energy: float | None) -> str:
    unit = "MV" if row.radiation_type == "PHOTON" else "MeV"
    return "" if energy is None else f"{round(energy, 1):g} {unit}"


def beam_title(row: BeamRow) -> str:
    """Return number and name on one line."""
    return f"{row.number}  {texts.plain(row.name, 60)}".strip()


def state_words(row: BeamRow) -> str:
    """Return the state of a beam as glyph and words."""
    words = {
        BeamState.WAITING: "○ " + _tr("Not started"),
        BeamState.POSITIONING: "⟳ " + _tr("Positioning"),
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
        BeamState.POSITIONING: Tone.ACCENT,
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
