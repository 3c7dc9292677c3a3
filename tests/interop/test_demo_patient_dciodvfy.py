"""dciodvfy of dicom3tools finds no error in the demo patient."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.interop

DEMO_PATIENT = Path(__file__).resolve().parents[2] / "resources" / "demo_patient"
FILES = sorted(DEMO_PATIENT.rglob("*.dcm"))

# Where the tool (1.00.snapshot.20220618) differs from the standard:
TOOL_DEFECTS = {
    # It wants the identifier of an HL7 document for instances of type DICOM. The standard wants
    # it where Type of Instances is CDA (PS3.3 10.9.1).
    "Error - Missing attribute Type 1C Conditional Element=<HL7InstanceIdentifier> "
    "Module=<ReferencedInstancesAndAccessMacro>",
    # It wants the type for Scan Mode MODULATED. The standard wants it for MODULATED_SPEC
    # (PS3.3 C.8.8.25), so that plans of the field do not have it either.
    "Error - Missing attribute Type 1C Conditional Element=<ModulatedScanModeType> "
    "Module=<RTIonBeams>",
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_dciodvfy_finds_no_error(path):
    tool = shutil.which("dciodvfy")
    if tool is None:
        pytest.skip("dciodvfy (dicom3tools) is not installed")
    run = subprocess.run([tool, str(path)], capture_output=True, text=True, timeout=30, check=False)
    lines = (run.stdout + run.stderr).splitlines()
    # The tool first names the IOD it has found; without that it has checked nothing.
    assert any(line and "-" not in line for line in lines), lines
    errors = {line.strip() for line in lines if line.startswith("Error")}
    assert not errors - TOOL_DEFECTS
