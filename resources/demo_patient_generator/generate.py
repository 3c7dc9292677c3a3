"""Write the demo patient: a computed head phantom with CT, structures, plans, dose and photo.

The files are part of the repository. Run this script after a change to it; the same script
always writes the same bytes::

    python resources/demo_patient_generator/generate.py [folder]
"""

from __future__ import annotations

import sys
from pathlib import Path

from composite import write
from electron_plan import electron_plan
from images import ct_images, photo
from ion_plan import ion_plan
from photon_dose import photon_dose
from photon_plan import photon_plan
from structure_set import structure_set


def generate(folder: Path) -> None:
    """Write all files of the demo patient into a folder."""
    for number, image in enumerate(ct_images(), start=1):
        write(image, folder / "ct" / f"ct_{number:02d}.dcm")
    write(structure_set(), folder / "structure_set.dcm")
    write(photon_plan(), folder / "photon_plan.dcm")
    write(electron_plan(), folder / "electron_plan.dcm")
    write(ion_plan(), folder / "ion_plan.dcm")
    write(photon_dose(), folder / "photon_dose.dcm")
    write(photo(), folder / "photo.dcm")


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "demo_patient")
