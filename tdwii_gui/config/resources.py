"""Files that travel with the program: demo patient, requirement tables, AE directory."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def resource_path(*parts: str) -> Path:
    """Return the path of a bundled file or folder.

    An installed wheel holds the resources inside the package; a source tree holds them beside it.

    Parameters
    ----------
    *parts : str
        Path below the resources folder, e.g. ``"requirements", "ups.json"``.
    """
    installed = _PACKAGE / "resources"
    folder = installed if installed.is_dir() else _PACKAGE.parent / "resources"
    return folder.joinpath(*parts)


def default_ae_directory_path() -> Path:
    """Return the path of the AE directory that the program brings along."""
    installed = _PACKAGE / "resources" / "ApplicationEntities.json"
    return installed if installed.is_file() else _PACKAGE.parent / "ApplicationEntities.json"
