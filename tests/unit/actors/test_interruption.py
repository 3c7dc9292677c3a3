from __future__ import annotations

from dataclasses import replace

import pytest

from tdwii_gui.actors.delivery_options import Fault
from tdwii_gui.actors.interruption import Interruption
from tdwii_gui.config.resources import resource_path
from tdwii_gui.dicom.errors import ConfigError, DatasetError
from tdwii_gui.dicom.iod.plan import FractionGroup, read_plan
from tdwii_gui.dicom.iod.rtbdi import BeamTask, TreatmentDeliveryType
from tdwii_gui.dicom.iod.treatment_record import TerminationStatus

OPERATOR, MACHINE = TerminationStatus.OPERATOR, TerminationStatus.MACHINE


@pytest.fixture
def group() -> FractionGroup:
    """Return two beams of 100 and 300."""
    group = read_plan(resource_path("demo_patient", "photon_plan.dcm")).fraction_group()
    one, two = group.beams[:2]
    beams = (replace(one, number=1, meterset=100.0), replace(two, number=2, meterset=300.0))
    return replace(group, beams=beams)


WHOLE = (BeamTask(1), BeamTask(2))
REST = (BeamTask(2, TreatmentDeliveryType.CONTINUATION, 200.0, 300.0),)


@pytest.mark.parametrize(
    ("text", "tasks", "fault"),
    [
        ("2:60", WHOLE, (2, 60.0)),
        ("2:60.5", WHOLE, (2, 60.5)),
        ("2:50%", WHOLE, (2, 150.0)),
        ("2:50%", REST, (2, 250.0)),
        ("25%", WHOLE, (1, 100.0)),
        ("50%", WHOLE, (2, 100.0)),
        ("100%", WHOLE, (2, 300.0)),
        ("10%", REST, (2, 210.0)),
    ],
)
def test_a_place_is_a_meterset_or_a_share(
    group: FractionGroup, text: str, tasks: tuple[BeamTask, ...], fault: tuple[int, float]
) -> None:
    interruption = Interruption.parse(text, MACHINE)
    interruption.check(group)
    assert interruption.fault(group, tasks) == Fault(*fault, MACHINE)


def test_none_of_a_session_is_where_it_starts(group: FractionGroup) -> None:
    none = Interruption.parse("0%")
    assert none.fault(group, WHOLE) == Fault(1, 0.0, OPERATOR, at_start=True)
    assert none.fault(group, REST) == Fault(2, 200.0, OPERATOR, at_start=True)


def test_a_session_that_does_not_come_there_is_not_interrupted(group: FractionGroup) -> None:
    assert Interruption.parse("1:60").fault(group, REST) is None


@pytest.mark.parametrize("text", ["", "60", "1:", "1:x", "a:5", "101%", "1:200%", "1:-5", "1:5:6"])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"is no BEAM:METERSET|more than 100"):
        Interruption.parse(text)


def test_a_place_that_is_not_there_is_refused(group: FractionGroup) -> None:
    with pytest.raises(DatasetError, match="no beam 9"):
        Interruption.parse("9:10").check(group)
    with pytest.raises(ConfigError, match="cannot be interrupted at 101: it ends at 100"):
        Interruption.parse("1:101").check(group)
    assert Interruption.parse("1:100").termination is OPERATOR
