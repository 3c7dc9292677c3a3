"""Errors that dciodvfy of dicom3tools finds in a file, less the tool's own defects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.interop.programs import run

if TYPE_CHECKING:
    from pathlib import Path

# Where the tool (1.00.snapshot.20220618) differs from the standard:
TOOL_DEFECTS = frozenset(
    {
        # It wants the identifier of an HL7 document for instances of type DICOM. The standard
        # wants it where Type of Instances is CDA (PS3.3 10.9.1).
        "Error - Missing attribute Type 1C Conditional Element=<HL7InstanceIdentifier> "
        "Module=<ReferencedInstancesAndAccessMacro>",
        # It wants the type for Scan Mode MODULATED. The standard wants it for MODULATED_SPEC
        # (PS3.3 C.8.8.25), so that plans of the field, and their records, do not have it either.
        "Error - Missing attribute Type 1C Conditional Element=<ModulatedScanModeType> "
        "Module=<RTIonBeams>",
        "Error - Missing attribute Type 1C Conditional Element=<ModulatedScanModeType> "
        "Module=<RTIonBeamsSessionRecord>",
    }
)
TREATMENT_RECORDS = frozenset({"RTBeamsTreatmentRecord", "RTIonBeamsTreatmentRecord"})


def errors_of(path: Path, iods: frozenset[str] = frozenset()) -> set[str]:
    """Return the errors of a file; it has to be of one of these IODs, or of any that is known."""
    lines = run("dciodvfy", path).stdout.splitlines()
    # The tool first names the IOD it has found; without that it has checked nothing.
    named = {line for line in lines if line and "-" not in line and " " not in line}
    assert named & iods if iods else named, lines
    return {line.strip() for line in lines if line.startswith("Error")} - TOOL_DEFECTS
