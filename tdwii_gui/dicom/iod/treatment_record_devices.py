"""The devices of a planned beam as treatment records repeat them (PS3.3 C.8.8.21, C.8.8.26)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.dataset import Dataset

from tdwii_gui.dicom.iod.values import copy_legal, copy_legal_or_empty, integer, items

if TYPE_CHECKING:
    from tdwii_gui.dicom.iod.treatment_record_tables import DeviceTable, RecordTable


def add_devices(planned: Dataset, item: Dataset, table: RecordTable) -> None:
    """Add a beam's devices to its item of the record.

    Parameters
    ----------
    planned : Dataset
        The beam's item in the plan.
    item : Dataset
        Its item of the session beam sequence, which is changed.
    table : RecordTable
        The mapping for its kind of plan.
    """
    for device in table.devices:
        add_device_items(planned, item, device)
    copy_legal(planned, item, table.whole_items)
    for keyword in table.whole_items:
        for accessory in items(item, keyword):
            for unwanted in table.not_in_items:
                accessory.pop(unwanted, None)


def add_device_items(planned: Dataset, item: Dataset, table: DeviceTable) -> None:
    """Add the items of one kind of device, or of its settings; none where the plan has none."""
    recorded = recorded_items(planned, table)
    if recorded:
        setattr(item, table.recorded, recorded)


def recorded_items(planned: Dataset, table: DeviceTable) -> list[Dataset]:
    """Return the items of one kind of device as a record has them."""
    return [
        _device_item(device, place, table)
        for place, device in enumerate(items(planned, table.planned), start=1)
    ]


def _device_item(device: Dataset, place: int, table: DeviceTable) -> Dataset:
    item = Dataset()
    copy_legal(device, item, (*table.copied, *table.type_1))
    copy_legal_or_empty(device, item, table.type_2)
    for keyword in table.type_1:
        if keyword not in item:
            setattr(item, keyword, str(place))
    for planned, recorded in table.renamed:
        number = integer(device, planned)
        setattr(item, recorded, place if number is None else number)
    for inner in table.inner:
        add_device_items(device, item, inner)
    return item
