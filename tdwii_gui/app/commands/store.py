"""`tdwii store`: files and folders to an AE."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tdwii_gui.app.console import complain, say
from tdwii_gui.app.options import add_calling_option, add_common_options, caller, context
from tdwii_gui.dicom.errors import (
    ConfigError,
    DatasetError,
    DimseStatusError,
    NotAccepted,
)
from tdwii_gui.dicom.iod.part10 import read_part10
from tdwii_gui.dicom.net.storage_scu import StorageScu

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable


def add_arguments(parser: argparse.ArgumentParser, _command: str) -> None:
    """Add the options."""
    parser.add_argument("ae", metavar="AE", help="AE title, as in the AE directory")
    parser.add_argument("paths", metavar="PATH", nargs="+", type=Path, help="file or folder")
    add_calling_option(parser)
    add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Store every file; one that is refused or unreadable does not keep the rest back."""
    given = context(options)
    peer = given.directory.lookup(options.ae)
    files = _files(options.paths)
    objects = [path for path in files if _is_object(path)]
    stored = 0
    if objects:
        with StorageScu(caller(options, given), peer, objects) as scu:
            stored = sum(_is_stored(scu, path) for path in objects)
    say(f"{stored} of {len(files)} files stored to {peer}")
    return 0 if stored == len(files) else 1


def _files(paths: Iterable[Path]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += sorted(p for p in path.rglob("*") if p.is_file() and p.name != "DICOMDIR")
        else:
            files.append(path)
    if not files:
        raise ConfigError("there is no file to store")
    return files


def _is_object(path: Path) -> bool:
    """Whether a file can be sent; it is read whole, so that nothing truncated is."""
    try:
        read_part10(path)
    except DatasetError as error:
        complain(str(error))
        return False
    return True


def _is_stored(scu: StorageScu, path: Path) -> bool:
    try:
        scu.c_store(path)
    except (DimseStatusError, DatasetError, NotAccepted) as error:
        complain(f"{path}: {error}")
        return False
    return True
