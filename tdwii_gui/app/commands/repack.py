"""`tdwii repack`: files of any folders into folders of patients, studies and series."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tdwii_gui.app.console import complain, say
from tdwii_gui.app.options import add_common_options, context
from tdwii_gui.app.tools.folders import PeopleFolders, Placed, files_below
from tdwii_gui.app.tools.selecting import stored_here
from tdwii_gui.app.tools.steps import Outcome, alone
from tdwii_gui.dicom.errors import ConfigError, DatasetError, StoreError
from tdwii_gui.dicom.net.exchange import counted

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from tdwii_gui.app.options import Context
    from tdwii_gui.app.tools.found import Found


def add_arguments(parser: argparse.ArgumentParser, _command: str) -> None:
    """Add the options."""
    parser.add_argument("paths", metavar="PATH", nargs="+", type=Path, help="file or folder")
    add_step_arguments(parser)
    parser.add_argument("--move", action="store_true", help="remove each file after it is copied")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    add_common_options(parser)


def add_step_arguments(parser: argparse.ArgumentParser) -> None:
    """Add where the files go."""
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder of the patients' folders"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be done alone")


def run(options: argparse.Namespace) -> int:
    """Copy or move each file; what is no DICOM file stays where it is."""
    context(options)
    out = options.out.resolve()
    files = [one for one in files_below(options.paths) if not one.resolve().is_relative_to(out)]
    if not files:
        raise ConfigError(f"all files are below {options.out} already")
    return alone(_repack(files, options, remove=options.move), options)


def perform(found: Found, options: argparse.Namespace, given: Context) -> Outcome:
    """Copy what the local index has of what was found."""
    instances = stored_here(found, options, given)
    return _repack([one.path for one in instances], options, remove=False)


def _repack(files: Sequence[Path], options: argparse.Namespace, *, remove: bool) -> Outcome:
    rows: list[dict[str, Any]] = []
    folders = PeopleFolders(options.out, dry_run=options.dry_run)
    for path in files:
        row = _placed(path, folders, remove=remove)
        rows.append(row)
        if row["reason"]:
            complain(f"{path}: {row['reason']}")
        elif not options.json and options.dry_run:
            say(f"{path} -> {row['to']}")
    numbers = Counter(row["result"] for row in rows)
    failed = len(rows) - numbers[Placed.NEW] - numbers[Placed.PRESENT]
    if not options.json:
        _say_summary(numbers, options, len(rows), failed, moved=remove)
    return Outcome(rows, 1 if failed or not rows else 0)


def _placed(path: Path, folders: PeopleFolders, *, remove: bool) -> dict[str, Any]:
    row = {"file": str(path), "to": "", "result": "failed", "reason": ""}
    try:
        data = path.read_bytes()
        target, result = folders.put(data, str(path))
        row |= {"to": str(target), "result": result.value}
        if result is Placed.COLLISION:
            row["reason"] = f"another content is in its place {target}"
        elif remove and not folders.dry_run:
            path.unlink()
    except (DatasetError, StoreError) as error:
        row["reason"] = str(error).removeprefix(f"{path}: ")
    except OSError as error:
        row["reason"] = f"cannot be read or removed: {error.strerror}"
    return row


def _say_summary(
    numbers: Counter[str], options: argparse.Namespace, total: int, failed: int, *, moved: bool
) -> None:
    verb = "moved" if moved else "copied"
    words = f"would be {verb}" if options.dry_run else verb
    there = f", {numbers[Placed.PRESENT]} were there" if numbers[Placed.PRESENT] else ""
    left = f", {failed} left where they are" if failed else ""
    files = counted(total, "file", "files")
    say(f"{numbers[Placed.NEW]} of {files} {words} to {options.out}{there}{left}")
