"""`tdwii demo`: all actors in one process play a whole fraction, with windows or without."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tdwii_gui.app.desktop import has_screen, run_suite
from tdwii_gui.app.options import add_common_options, context, meterset
from tdwii_gui.app.recording_options import add_recording_options, recording

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator


def add_arguments(parser: argparse.ArgumentParser, _command: str) -> None:
    """Add the options."""
    parser.add_argument(
        "--headless",
        action="store_true",
        help="without windows; so are a plan of yours and a machine without a display",
    )
    parser.add_argument(
        "--plan", type=Path, metavar="FILE", help="default: that of the bundled demo patient"
    )
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the actors' data there")
    parser.add_argument(
        "--fraction", type=int, default=1, metavar="N", help="Current Fraction Number (default 1)"
    )
    parser.add_argument("--fraction-group", type=int, metavar="N", help="default: the plan's first")
    parser.add_argument(
        "--meterset", type=meterset, metavar="MU", help="for a plan without any Beam Meterset"
    )
    add_recording_options(parser)
    add_common_options(parser)


def run(options: argparse.Namespace) -> int:
    """Play; without windows 0 only if the step ends COMPLETED and no status is bad."""
    with folder(options.keep) as data_folder:
        if options.headless or _is_special(options) or not has_screen():
            from tdwii_gui.app.fraction import play_fraction

            return play_fraction(options, data_folder)
        from tdwii_gui.ui.guide_steps import Demo

        given = context(options)
        with recording(options, given.settings) as switch:
            return run_suite(
                given.settings, given.directory, data_folder, Demo.PHOTON, recording=switch
            )


def _is_special(options: argparse.Namespace) -> bool:
    """Whether something else is asked for than what the guide plays."""
    return (
        options.plan is not None
        or options.fraction != 1
        or options.fraction_group is not None
        or options.meterset is not None
    )


@contextmanager
def folder(keep: Path | None) -> Iterator[Path]:
    """Yield the folder for the actors' data; one that nobody wants to keep is removed."""
    if keep is not None:
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="tdwii-demo-") as name:
        yield Path(name)
