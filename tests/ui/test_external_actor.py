"""A real system in the place of one of our actors, by the launcher; the fraction completes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pydicom.dataset import Dataset
from PySide6.QtWidgets import QLabel

from tdwii_gui.config.settings import Settings
from tdwii_gui.dicom.iod.ups import ProcedureStepState, Ups
from tests.command_line import CommandLine, free_ports
from tests.interop.peers import INSPECTOR, orthanc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from PySide6.QtWidgets import QMainWindow

    from tdwii_gui.app.desktop import SuiteProgram
    from tests.ui.hand import Hand


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[CommandLine]:
    """Return how programs are run beside the suite; its AE directory names our actors."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    with CommandLine(folder) as made:
        (port,) = free_ports(1)
        made.add_entity("RTBDI_CREATOR", port)
        yield made


def on_ports(ports: dict[str, int]) -> Settings:
    """Return settings of a suite that listens where others have been told."""
    ours = Settings()
    return replace(
        ours,
        ost=replace(ours.ost, port=ports["OST"]),
        tms=replace(ours.tms, port=ports["TMS"]),
        tdd=replace(ours.tdd, port=ports["TDD"]),
        ppvs=replace(ours.ppvs, port=ports["PPVS_SCP"]),
        creator=replace(ours.creator, port=ports["RTBDI_CREATOR"]),
    )


def use_external(hand: Hand, launcher: QMainWindow, role: str, ae_title: str, port: int) -> None:
    """Enter another system at a tile, test it, and save."""
    hand.click(launcher, f"external_{role}")
    hand.type(launcher, "external_ae_title", ae_title)
    hand.type(launcher, "external_host", "127.0.0.1")
    hand.type(launcher, "external_port", str(port))
    hand.click(launcher, "external_test")
    hand.wait(lambda: hand.find(launcher, QLabel, "external_result").text().startswith("✓"))
    hand.click(launcher, "external_save")
    tile = hand.find(launcher, QLabel, f"state_{role}")
    hand.wait(lambda: "External" in tile.text())


def test_tms_in_another_process(
    hand: Hand, open_suite: Callable[..., SuiteProgram], elsewhere: CommandLine
) -> None:
    (port,) = free_ports(1)
    elsewhere.add_entity("OTHER_TMS", port)
    elsewhere.serve("tms", "--headless", "--ae-title", "OTHER_TMS", "--port", port)
    program = open_suite(on_ports(elsewhere.ports))
    launcher = hand.window("launcher")
    use_external(hand, launcher, "tms", "OTHER_TMS", port)
    hand.schedule(launcher, "photon")
    hand.treat(launcher)
    assert program.control.suite is not None
    assert program.control.suite.tms.steps().result() == []
    listed = json.loads(elsewhere.done("worklist", "--tms", "OTHER_TMS", "--json"))
    states = [Ups(Dataset.from_json(json.dumps(step))).state for step in listed]
    assert states == [ProcedureStepState.COMPLETED]


@pytest.mark.interop
def test_orthanc_as_ost(
    hand: Hand, open_suite: Callable[..., SuiteProgram], elsewhere: CommandLine, tmp_path: Path
) -> None:
    (inspector_port,) = free_ports(1)
    known = {title: elsewhere.ports[title] for title in ("TDD", "PPVS_SCP")}
    known[INSPECTOR] = inspector_port
    with orthanc(known) as archive:
        program = open_suite(on_ports(elsewhere.ports))
        launcher = hand.window("launcher")
        use_external(hand, launcher, "ost", archive.ae_title, archive.port)
        hand.schedule(launcher, "ion")
        hand.treat(launcher)
        suite = program.control.suite
        assert suite is not None
        (step,) = suite.tms.steps().result()
        assert step.state is ProcedureStepState.COMPLETED
        assert suite.ost.instances.instances() == []
        (output,) = step.performed.outputs
        assert output.retrieve_ae_title == archive.ae_title
        found = archive.find(
            "IMAGE",
            tmp_path / "found",
            f"StudyInstanceUID={output.study_instance_uid}",
            f"SeriesInstanceUID={output.series_instance_uid}",
            f"SOPInstanceUID={output.sop_instance_uid}",
        )
        assert [each.SOPInstanceUID for each in found] == [output.sop_instance_uid]
