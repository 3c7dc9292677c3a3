"""The worklist of a TMS as its operator's commands open it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from tdwii_gui.app.options import context
from tdwii_gui.dicom.errors import ConfigError
from tdwii_gui.dicom.store.ups_history import UpsHistory
from tdwii_gui.dicom.store.ups_store import UpsStore
from tdwii_gui.dicom.ups.mode import ServiceMode
from tdwii_gui.dicom.ups.service import UpsService
from tdwii_gui.dicom.ups.worklist_operator import Operator, person

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from tdwii_gui.config.ae_directory import AeDirectory


@dataclass(frozen=True, slots=True)
class Desk:
    """What an operator's command works with.

    Parameters
    ----------
    options : Namespace
        What the command line says.
    directory : AeDirectory
        Who is known.
    store, history, operator : UpsStore, UpsHistory, Operator
        The worklist, what happened to it, and what can be done with it.
    """

    options: argparse.Namespace
    directory: AeDirectory
    store: UpsStore
    history: UpsHistory
    operator: Operator


@contextmanager
def open_desk(options: argparse.Namespace) -> Iterator[Desk]:
    """Open the worklist that the settings and options name, while its TMS runs or not.

    Raises
    ------
    ConfigError
        If there is none, or settings or AE directory are not usable.
    StoreError
        If the database cannot be used.
    """
    given = context(options)
    settings = given.settings.tms
    if options.database:
        settings = replace(settings, database=options.database)
    location = settings.worklist_in(given.data_folder)
    if isinstance(location, Path) and not location.is_file():
        raise ConfigError(f"{location}: no TMS has kept its worklist here")
    store = UpsStore(location)
    try:
        service = UpsService(
            store, known_ae=given.directory.__contains__, mode=ServiceMode(settings.mode)
        )
        history = UpsHistory(store.engine, origin=uuid4().hex)
        operator = Operator(store, service, history, ae_title=settings.ae_title, person=person())
        yield Desk(options, given.directory, store, history, operator)
    finally:
        store.close()
