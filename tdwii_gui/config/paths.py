"""Where the user's configuration and data live (platformdirs)."""

from __future__ import annotations

from pathlib import Path

import platformdirs

_APPLICATION = "tdwii_gui"


def user_config_folder() -> Path:
    """Return the folder of the user's settings; it need not exist."""
    return Path(platformdirs.user_config_dir(_APPLICATION, appauthor=False))


def user_data_folder() -> Path:
    """Return the folder that holds the actors' databases and objects; it need not exist."""
    return Path(platformdirs.user_data_dir(_APPLICATION, appauthor=False))
