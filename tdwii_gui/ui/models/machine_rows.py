"""Where the machine stands as rows: the beam's eye view and its dials for those who read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from tdwii_gui.ui import texts
from tdwii_gui.ui.models.beam_path import leaf_pairs
from tdwii_gui.ui.models.row_model import Column, RowModel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tdwii_gui.dicom.iod.machine_state import MachineState
    from tdwii_gui.ui.models.beam_path import BeamPath

_KINDS = {"ASYMX": "X", "ASYMY": "Y"}


@dataclass(frozen=True, slots=True)
class MachineRow:
    """One thing that can move or is delivered.

    Parameters
    ----------
    part : str
        What it is, translated.
    value : str
        Where it stands, or how much is delivered, with its unit.
    opening : str
        How wide a pair of jaws or leaves is open, or what is planned; may be empty.
    """

    part: str
    value: str
    opening: str = ""


def machine_rows(path: BeamPath, state: MachineState, meterset: float) -> list[MachineRow]:
    """Return all that is known of a moment."""
    return [
        MachineRow(_tr("Meterset"), _amount(meterset, path.unit)),
        MachineRow(
            _tr("Control point"),
            _tr("{0} of {1}").format(int(state.control_point) + 1, path.points),
        ),
        *_angles(state),
        *_table_top(state),
        *_beam(path, state),
        *_pairs(path, state),
        *(
            MachineRow(_outline_words(each.kind), texts.plain(each.name, 40) or "–")
            for each in path.outlines
        ),
        *_spots(path, meterset),
    ]


def machine_model() -> RowModel[MachineRow]:
    """Return an empty model of what can move."""
    columns: list[Column[MachineRow]] = [
        Column(_tr("Part"), lambda row: row.part, share=1),
        Column(_tr("Position"), lambda row: row.value, right=True, share=1),
        Column(_tr("Opening, plan"), lambda row: row.opening, right=True, share=1),
    ]
    return RowModel(columns, key=lambda row: row.part)


def _angles(state: MachineState) -> Iterator[MachineRow]:
    for part, angle in (
        (_tr("Gantry"), state.gantry),
        (_tr("Collimator"), state.collimator),
        (_tr("Couch"), state.couch),
    ):
        if angle is not None:
            yield MachineRow(part, f"{angle:.1f}°")


def _table_top(state: MachineState) -> Iterator[MachineRow]:
    for part, position in (
        (_tr("Table top vertical"), state.vertical),
        (_tr("Table top longitudinal"), state.longitudinal),
        (_tr("Table top lateral"), state.lateral),
    ):
        if position is not None:
            yield MachineRow(part, _tr("{0} mm").format(f"{position:.1f}"))


def _beam(path: BeamPath, state: MachineState) -> Iterator[MachineRow]:
    if state.energy is not None:
        unit = "MeV" if path.is_ion else "MV"
        yield MachineRow(_tr("Energy"), f"{state.energy:g} {unit}")
    yield MachineRow(_tr("Dose rate"), _amount(state.dose_rate, f"{path.unit}/min"))


def _pairs(path: BeamPath, state: MachineState) -> Iterator[MachineRow]:
    for kind, positions in state.jaws:
        if len(positions) == 2:
            name = texts.plain(_KINDS.get(kind, kind), 16)
            yield _pair(_tr("Jaws {0}").format(name), *positions)
    for bank in path.banks:
        for number, (low, high) in enumerate(leaf_pairs(bank, state), start=1):
            part = _tr("{0} pair {1}").format(texts.plain(bank.kind, 16), number)
            yield _pair(part, low, high)


def _pair(part: str, low: float, high: float) -> MachineRow:
    value = _tr("{0} to {1} mm").format(texts.number(low), texts.number(high))
    return MachineRow(part, value, _tr("{0} mm").format(texts.number(high - low)))


def _spots(path: BeamPath, meterset: float) -> Iterator[MachineRow]:
    """Return the layer that is delivered and its spots, with what each has got."""
    if path.spots is None:
        return
    number = path.spots.layer_at(meterset)
    layer = path.spots.layers[number]
    count = len(path.spots.layers)
    yield MachineRow(_tr("Layer"), _tr("{0} of {1}").format(number + 1, count))
    spots = zip(layer.places, layer.metersets, layer.shares(meterset), strict=True)
    for spot, (place, planned, share) in enumerate(spots, start=1):
        x, y = path.spots.places[place]
        yield MachineRow(
            _tr("Spot {0} at {1}, {2} mm").format(spot, texts.number(x), texts.number(y)),
            _small_amount(planned * share, path.unit),
            _small_amount(planned, path.unit),
        )


def _amount(value: float, unit: str) -> str:
    return f"{texts.number(value)} {texts.plain(unit, 16)}"


def _small_amount(value: float, unit: str) -> str:
    return f"{texts.number(value, 3)} {texts.plain(unit, 16)}"


def _outline_words(kind: str) -> str:
    words = {
        "aperture": _tr("Aperture"),
        "shielding": _tr("Shielding block"),
        "applicator": _tr("Applicator"),
    }
    return words.get(kind, kind)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Machine", text)
