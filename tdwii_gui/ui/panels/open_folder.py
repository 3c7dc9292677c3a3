"""Showing a folder in the desktop's own file manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

if TYPE_CHECKING:
    from pathlib import Path


def open_folder(folder: Path) -> bool:
    """Show a folder; return whether the desktop has taken it over."""
    return QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
