"""`tdwii ppvs --headless`: a PPVS as a process, told what to follow on its command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.ost import Ost
from tdwii_gui.actors.tms import SubscriptionInfo, Tms
from tdwii_gui.config.ae_directory import load_ae_directory
from tdwii_gui.config.resources import resource_path
from tdwii_gui.config.settings import OstSettings, TmsSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

PHOTON = resource_path("demo_patient", "photon_plan.dcm")
SECONDS = 20


@pytest.fixture
def tms(tdwii) -> Iterator[Tms]:
    """Return a TMS that runs beside an OST."""
    around = Surroundings(load_ae_directory(tdwii.ae_config), tdwii.folder / "servers")
    ost, tms = Ost(OstSettings(), around), Tms(TmsSettings(), around)
    try:
        ost.start()
        tms.start()
        yield tms
    finally:
        tms.stop()
        ost.stop()


def scheduled(tdwii, *machine: str) -> str:
    """Schedule the demo plan and return the step's UID."""
    (step,) = json.loads(tdwii.done("schedule", PHOTON, "--json", *machine))
    uid: str = step["sop_instance_uid"]
    return uid


def test_a_ppvs_follows_its_machine_and_one_step_and_fetches_all_they_lead_to(tdwii, tms) -> None:
    tdwii.done("store", "OST", resource_path("demo_patient"))
    other = scheduled(tdwii, "--machine", "OTHER")
    ppvs = tdwii.serve(
        *("ppvs", "--headless", "--auto-download", "--no-report-imaging"),
        *("--subscription", "filtered", "--machine", "DEMO-LINAC"),
    )
    ppvs.wait_for_line("PPVS_SCP is subscribed to the steps of DEMO-LINAC")
    uid = scheduled(tdwii)
    line = ppvs.wait_for_line(" objects of ")
    assert line.endswith(uid)
    here, expected = line.split()[2:5:2]
    assert here == expected
    assert int(expected) > 2, "more than plan and instruction"
    subscribed = tms.subscriptions().result(SECONDS)
    assert SubscriptionInfo("PPVS_SCP", uid, deletion_lock=False) in subscribed
    assert other not in {each.sop_instance_uid for each in subscribed}
