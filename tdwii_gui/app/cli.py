"""The `tdwii` command: finds the module of a command and imports only that one."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from tdwii_gui import __version__
from tdwii_gui.app.console import complain
from tdwii_gui.app.logs import configure_logging
from tdwii_gui.dicom.errors import ConfigError, DatasetError, NoRecording, TdwiiError

if TYPE_CHECKING:
    from collections.abc import Sequence

DONE, REFUSED, WRONG_USAGE = 0, 1, 2

_EPILOG = """exit codes: 0 done, 1 the peer said no or cannot be reached, 2 wrong usage or input
'tdwii COMMAND --help' explains a command. Emulator - not for clinical use."""

# Command, module below tdwii_gui.app.commands, help line. The module has
# add_arguments(parser, command) and run(options) -> exit code.
_COMMANDS = (
    ("suite", "suite", "open the launcher with all actors (what tdwii without a command does)"),
    ("demo", "demo", "play a whole fraction on the demo patient, or on a plan of yours"),
    ("run", "run", "play scenarios: alone, or with other systems, which are judged then"),
    ("tms", "servers", "run the Treatment Management System (UPS and RTBDI)"),
    ("ost", "servers", "run the Object Storage (archive)"),
    ("ppvs", "servers", "run the Patient Position Verification System"),
    ("tdd", "servers", "run the Treatment Delivery Device (without a window its receiver alone)"),
    ("creator", "servers", "run the RTBDI/UPS creator"),
    ("schedule", "schedule", "schedule a fraction, the rest of one, or a whole course of a plan"),
    ("course", "course", "what of a plan is planned, delivered and remains, by records and steps"),
    ("worklist", "worklist", "query the worklist (RO-58)"),
    ("deliver", "deliver", "deliver a scheduled step as a TDD (RO-58 ... RO-65)"),
    ("inputs", "inputs", "have the inputs of a step moved to an AE (C-MOVE)"),
    ("ups", "ups", "get, create, claim, progress, complete, cancel or request-cancel a step"),
    ("tms-admin", "tms_admin", "operate a TMS: list, edit, cancel, delete, purge, subscribe, ..."),
    ("subscribe", "subscriptions", "subscribe to the events of the TMS"),
    ("unsubscribe", "subscriptions", "end a subscription"),
    ("events", "events", "receive event reports and print them"),
    ("echo", "echo", "verify that AEs answer (C-ECHO)"),
    ("store", "store", "store files or folders to an AE (C-STORE)"),
    ("find", "find", "query a peer at any level, and go on with the results (C-FIND)"),
    ("move", "move", "have objects sent to an AE, or into the local index (C-MOVE)"),
    ("get", "get", "retrieve objects into the local index or a folder (C-GET)"),
    ("collection", "collection", "get a plan with structure set, images and dose, and hand it on"),
    ("status", "status", "what of a query has arrived, and what is missing"),
    ("report", "report", "report what a peer or the local index holds: table, CSV, JSON"),
    ("push", "store", "send files, or a selection of the local index, to an AE (C-STORE)"),
    ("repack", "repack", "sort files into folders of patients, studies and series"),
    ("db", "find", "look up the local index by any key"),
    ("mpps", "mpps", "begin, change, end or show a performed procedure step (MPPS)"),
    ("inject", "inject", "send a folder: images, structure sets, plans, doses, records"),
    ("inspect", "inspect", "look at a recording: messages, ladder, data sets and requirements"),
    ("judge", "judge", "what a recorded system has met of the profile, with proof"),
    ("record", "record", "check treatment records against plan, instruction and earlier records"),
    ("dump", "dump", "show files as dcmdump does, damaged ones too, or make DICOM of that text"),
    ("settings", "settings", "print the settings in use, as TOML"),
    ("compare", "compare", "in what two runs differ, by transaction, status and attribute"),
    ("conformance", "conformance", "print or write the DICOM and IHE conformance documents"),
)


_DEFAULT = "suite"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    argv : Sequence[str] or None
        The arguments; None for those of the process.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = _parser(arguments or [_DEFAULT])
    options = parser.parse_args(arguments or [_DEFAULT])
    configure_logging(options.verbose)
    try:
        code: int = options.run(options)
    except (ConfigError, DatasetError, NoRecording) as error:
        complain(str(error))
        return WRONG_USAGE
    except TdwiiError as error:
        complain(str(error))
        return REFUSED
    except BrokenPipeError:
        return _output_closed()
    except OSError as error:
        complain(f"{error.filename or 'system'}: {error.strerror}")
        return REFUSED
    except KeyboardInterrupt:
        complain("interrupted")
        return REFUSED
    return code


def _output_closed() -> int:
    """Say that nobody reads the output any more; Python is not to say it again at its end."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    with suppress(OSError):
        complain("the output was closed before its end")
    return REFUSED


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tdwii",
        description="Emulates the actors of the IHE-RO Treatment Delivery Workflow II profile.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"tdwii {__version__}")
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", dest="command", required=True
    )
    wanted = next((a for a in arguments if not a.startswith("-")), "")
    for name, module_name, line in _COMMANDS:
        command = commands.add_parser(name, help=line, description=f"{line[0].upper()}{line[1:]}.")
        if name == wanted:
            module = importlib.import_module(f"tdwii_gui.app.commands.{module_name}")
            module.add_arguments(command, name)
            command.set_defaults(run=module.run)
    return parser
