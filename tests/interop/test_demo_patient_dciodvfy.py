"""dciodvfy of dicom3tools finds no error in the demo patient."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.interop.dciodvfy import errors_of

pytestmark = pytest.mark.interop

DEMO_PATIENT = Path(__file__).resolve().parents[2] / "resources" / "demo_patient"
FILES = sorted(DEMO_PATIENT.rglob("*.dcm"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_dciodvfy_finds_no_error(path):
    assert errors_of(path) == set()
