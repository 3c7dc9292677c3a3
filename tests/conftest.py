"""Fixtures that all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real DICOM files, which is kept beside the checkout."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"real test data are not here: {SHARED_DATA}")
    return SHARED_DATA
