"""Logging of the command line: warnings to standard error, more with -v."""

from __future__ import annotations

import logging


def configure_logging(verbosity: int) -> None:
    """Send the log to standard error.

    Parameters
    ----------
    verbosity : int
        0 for warnings, 1 for each exchange and change of state (UIDs, AE titles and statuses
        only), 2 and more for everything, patient data included.
    """
    level = {0: logging.WARNING, 1: logging.INFO}.get(verbosity, logging.DEBUG)
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s"
    )
    logging.getLogger("tdwii_gui").setLevel(level)
    if level > logging.DEBUG:
        # pydicom quotes the odd values of which it warns, and they may be patient data; what
        # pynetdicom reports arrives as an error of ours.
        for name in ("pydicom", "pynetdicom"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
