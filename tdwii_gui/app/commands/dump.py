"""`tdwii dump`: what is in files, as dcmdump writes it; and from that text back to DICOM."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID

from tdwii_gui.app.console import complain, say, say_json_array
from tdwii_gui.app.options import add_common_options
from tdwii_gui.dicom.errors import ConfigError, DatasetError
from tdwii_gui.dicom.iod.dcmdump import looks_like_dcmdump, read_dataset, shown_dcmdump
from tdwii_gui.dicom.iod.part10 import Salvaged, salvage_part10, write_part10
from tdwii_gui.dicom.uids import RAW_DATA, new_uid, uid_name

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

_SHOWN: Final = 64
_INLINE_BYTES: Final = 1024


def add_arguments(parser: argparse.ArgumentParser, _command: str) -> None:
    """Add the options."""
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="+",
        type=Path,
        help="DICOM file or dcmdump text, or a folder of them",
    )
    parser.add_argument(
        "--full",
        action="store_true",
        help=f"values of more than {_SHOWN} characters, too: the text can be read back",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as DICOM JSON (PS3.18 F)")
    form.add_argument(
        "--to-dicom", type=Path, metavar="FILE", help="write the one PATH as a DICOM file"
    )
    add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Show every file as far as it can be read; 1 if one cannot be read to its end."""
    if options.to_dicom:
        return _convert(options.paths, options.to_dicom)
    files = list(_files(options.paths))
    if not files:
        raise ConfigError("there is no file to show")
    found = ((path, _content(path)) for path in files)
    if options.json:
        problems: list[str] = []
        say_json_array(_as_json(path, content, problems) for path, content in found)
        return 1 if problems else 0
    damaged = 0
    for path, content in found:
        if len(files) > 1:
            say(f"# {path}")
        _show(content, None if options.full else _SHOWN)
        if content.problem:
            complain(f"{path}: {content.problem}")
            damaged += 1
    return 1 if damaged else 0


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(one for one in path.rglob("*") if one.is_file())
        else:
            yield path


def _content(path: Path) -> Salvaged:
    try:
        data = path.read_bytes()
        if looks_like_dcmdump(data):
            return Salvaged(Dataset(), read_dataset(path), "")
    except OSError as error:
        return Salvaged(Dataset(), Dataset(), f"cannot be read: {error.strerror}")
    except DatasetError as error:
        return Salvaged(Dataset(), Dataset(), str(error).removeprefix(f"{path}: "))
    return salvage_part10(data)


def _show(content: Salvaged, longest: int | None) -> None:
    if content.meta:
        say("# Dicom-Meta-Information-Header")
        for line in shown_dcmdump(content.meta, longest=longest):
            say(line)
    syntax = content.meta.get("TransferSyntaxUID")
    say("# Dicom-Data-Set")
    if syntax:
        say(f"# Used TransferSyntax: {uid_name(str(syntax))}")
    for line in shown_dcmdump(content.dataset, longest=longest):
        say(line)


def _as_json(path: Path, content: Salvaged, problems: list[str]) -> dict[str, Any]:
    """Return a file as JSON; values of many bytes are left out (PS3.18 F.2.7: no Bulk Data URI)."""
    told: dict[str, Any] = {"file": str(path)}
    if content.problem:
        problems.append(content.problem)
        told["problem"] = content.problem
        complain(f"{path}: {content.problem}")
    parts = (("meta", content.meta), ("dataset", content.dataset))
    for name, part in parts:
        told[name] = part.to_json_dict(
            bulk_data_threshold=_INLINE_BYTES,
            bulk_data_element_handler=lambda _element: "",
            suppress_invalid_tags=True,
        )
    return told


def _convert(paths: list[Path], target: Path) -> int:
    """Write a data set as a DICOM file.

    Raises
    ------
    ConfigError
        If it is not one file.
    DatasetError, StoreError
        If it cannot be read or written.
    """
    if len(paths) != 1 or paths[0].is_dir():
        raise ConfigError("--to-dicom takes one file")
    dataset = read_dataset(paths[0])
    if "SOPClassUID" not in dataset or "SOPInstanceUID" not in dataset:
        # An identifier is of no class, but the file has to say one (PS3.10 7.1).
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = UID(str(dataset.get("SOPClassUID") or RAW_DATA))
        meta.MediaStorageSOPInstanceUID = UID(str(dataset.get("SOPInstanceUID") or new_uid()))
        dataset.file_meta = meta
    write_part10(target, dataset)
    say(f"{target}: {len(dataset)} attributes")
    return 0
