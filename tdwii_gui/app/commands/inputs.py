"""`tdwii inputs`: have the inputs of a step moved to an AE."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tdwii_gui.actors.input_archive import move_identifier
from tdwii_gui.app.console import complain, say
from tdwii_gui.app.options import (
    add_calling_option,
    add_common_options,
    add_tms_option,
    caller,
    context,
    tms,
)
from tdwii_gui.dicom.errors import ConfigError, TdwiiError
from tdwii_gui.dicom.iod.dcmdump import read_dataset
from tdwii_gui.dicom.iod.references import by_archive_and_series
from tdwii_gui.dicom.iod.ups import Ups
from tdwii_gui.dicom.net.retrieve_scu import RetrieveScu
from tdwii_gui.dicom.net.ups_scu import UpsScu

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser, _command: str) -> None:
    """Add the options."""
    parser.add_argument(
        "ups", metavar="UPS", help="SOP Instance UID, or a file (DICOM or dcmdump text)"
    )
    parser.add_argument("--to", required=True, metavar="AE", help="the move destination")
    parser.add_argument(
        "--ost", metavar="AE", help="archive of inputs that name no Retrieve AE Title"
    )
    add_tms_option(parser)
    add_calling_option(parser)
    add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Ask each archive for its share; one that fails does not keep the others back."""
    given = context(options)
    local = caller(options, given)
    if Path(options.ups).is_file():
        step = Ups(read_dataset(Path(options.ups)))
    else:
        with UpsScu(local, tms(options, given)) as scu:
            step = Ups(scu.n_get(options.ups))
    if not step.inputs:
        raise ConfigError("the step names no inputs")
    failed = False
    fallback = options.ost or given.settings.tdd.ost_ae_title
    for archive, series in by_archive_and_series(step.inputs, fallback):
        try:
            with RetrieveScu(local, given.directory.lookup(archive)) as scu_of_archive:
                result = scu_of_archive.c_move(move_identifier(series), options.to)
        except TdwiiError as error:
            complain(str(error))
            failed = True
            continue
        done = result.completed + result.warning
        say(f"{archive}: {done} of {len(series)} objects moved to {options.to}")
        failed = failed or done < len(series)
    return 1 if failed else 0
