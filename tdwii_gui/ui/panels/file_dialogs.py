"""The dialogs in which a plan's file, or a folder for the objects, is chosen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QFileDialog

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget


def ask_for_plan(parent: QWidget, folder: str, chosen: Callable[[Path], object]) -> None:
    """Let the user choose a plan file; `folder` is where to look first, or empty."""
    dialog = QFileDialog(parent, _tr("Open a plan"))
    dialog.setObjectName("open_dialog")
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setNameFilters([_tr("DICOM files (*.dcm *.DCM)"), _tr("All files (*)")])
    _open(dialog, folder, chosen)


def ask_for_export(parent: QWidget, folder: str, chosen: Callable[[Path], object]) -> None:
    """Let the user choose the folder for the objects."""
    dialog = QFileDialog(parent, _tr("Export to a folder"))
    dialog.setObjectName("export_dialog")
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    _open(dialog, folder, chosen)


def _open(dialog: QFileDialog, folder: str, chosen: Callable[[Path], object]) -> None:
    if folder:
        dialog.setDirectory(folder)
    dialog.fileSelected.connect(lambda name: chosen(Path(name)))
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()


def _tr(text: str) -> str:
    return QCoreApplication.translate("FileDialogs", text)
