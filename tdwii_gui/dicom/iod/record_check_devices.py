"""The devices of a treatment record against those of the plan (PS3.3 C.8.8.21, C.8.8.26)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tdwii_gui.dicom.iod.record_finding import judged, missing, not_met, same_number
from tdwii_gui.dicom.iod.treatment_record_devices import recorded_items
from tdwii_gui.dicom.iod.treatment_record_tables import ION, ION_SETTINGS, PHOTON, DeviceTable
from tdwii_gui.dicom.iod.values import integer, items, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydicom.dataset import Dataset

    from tdwii_gui.dicom.iod.beam import Beam
    from tdwii_gui.dicom.iod.record_finding import RecordFinding

_WHOLE: Final = (
    DeviceTable("ApplicatorSequence", "ApplicatorSequence", ("ApplicatorID", "ApplicatorType")),
    DeviceTable(
        "GeneralAccessorySequence",
        "GeneralAccessorySequence",
        ("GeneralAccessoryNumber", "GeneralAccessoryID"),
    ),
    DeviceTable(
        "PrimaryFluenceModeSequence", "PrimaryFluenceModeSequence", ("FluenceMode", "FluenceModeID")
    ),
)
_SETTINGS: Final = (
    *ION_SETTINGS,
    DeviceTable(
        "WedgePositionSequence", "WedgePositionSequence", ("ReferencedWedgeNumber", "WedgePosition")
    ),
    DeviceTable(
        "IonWedgePositionSequence",
        "IonWedgePositionSequence",
        ("ReferencedWedgeNumber", "WedgePosition"),
    ),
)


def device_findings(path: str, item: Dataset, beam: Beam) -> Iterator[RecordFinding]:
    """Yield a line per kind of device that the plan or the record has.

    Parameters
    ----------
    path : str
        How lines name the beam.
    item : Dataset
        Its item of the session beam sequence.
    beam : Beam
        The planned beam.
    """
    table = ION if beam.is_ion else PHOTON
    for keyword in table.counts:
        planned = integer(beam.item, keyword, beam.source) or 0
        told = integer(item, keyword)
        if planned or told:
            yield same_number(f"{path} {keyword}", told, planned)
    for device in (*table.devices, *_WHOLE):
        yield from _sequence_findings(path, item, beam.item, device)


def setting_findings(path: str, item: Dataset, planned: Dataset) -> Iterator[RecordFinding]:
    """Yield a line per kind of device setting of a control point."""
    for setting in _SETTINGS:
        yield from _sequence_findings(path, item, planned, setting)


def _sequence_findings(
    path: str, item: Dataset, planned: Dataset, table: DeviceTable
) -> Iterator[RecordFinding]:
    expected, found = recorded_items(planned, table), items(item, table.recorded)
    subject = f"{path} {table.recorded}"
    if not expected and not found:
        return
    if not found:
        # What is recorded of leaves and boli is type 3 (PS3.3 C.8.8.21).
        yield missing(subject, required=table.recorded.startswith("Recorded"))
    elif not expected:
        yield not_met(subject, f"has {_count(found)}, the plan none")
    else:
        differences = list(_differences(found, expected, table))
        count = _count(found)
        yield judged(
            subject,
            "; ".join(differences) or f"has {count} as planned",
            is_met=not differences,
        )


def _differences(
    found: Sequence[Dataset], expected: Sequence[Dataset], table: DeviceTable
) -> Iterator[str]:
    columns = (*table.copied, *table.type_1, *table.type_2, *(pair[1] for pair in table.renamed))
    key = table.key
    by_key = {text(item, key): item for item in found}
    for item in expected:
        name = text(item, key)
        other = by_key.pop(name, None)
        if other is None:
            yield f"has no item with {key} {name}"
            continue
        for column in columns:
            told, wanted = text(other, column), text(item, column)
            if told and wanted and not _equal(told, wanted):
                yield f"with {key} {name} has {column} {told}, not {wanted}"
    for name in by_key:
        yield f"has an item with {key} {name}, the plan none"


def _equal(first: str, second: str) -> bool:
    try:
        return abs(float(first) - float(second)) < 1e-3
    except ValueError:
        return first == second


def _count(found: Sequence[Dataset]) -> str:
    return f"{len(found)} item{'s'[: len(found) > 1]}"
