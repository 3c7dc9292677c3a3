"""Plans and records from the OST by query, instead of files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from tdwii_gui.actors.archive_search import ObjectQuery
from tdwii_gui.ui import texts
from tdwii_gui.ui.panels.archive_dialog import Archive, ArchiveDialog

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from tdwii_gui.actors.rtbdi_creator import RtbdiCreator
    from tdwii_gui.actors.tdd import Tdd
    from tdwii_gui.ui.bridge import ActorBridge


def plan_dialog(creator: RtbdiCreator, bridge: ActorBridge, parent: QWidget) -> ArchiveDialog:
    """Return a dialog that finds a plan in the creator's OST and fetches it."""
    archive = Archive(
        ae_title=creator.ost_ae_title,
        title=_tr("Find a plan in {0}").format(texts.plain(creator.ost_ae_title, 16)),
        verb=_tr("&Open"),
        find=creator.find_plans,
        fetch=creator.fetch_plan,
        cancel=creator.cancel_request,
    )
    return ArchiveDialog(parent, bridge, archive, ObjectQuery())


def record_dialog(tdd: Tdd, bridge: ActorBridge, parent: QWidget, patient_id: str) -> ArchiveDialog:
    """Return a dialog that finds a patient's records in the TDD's OST and fetches them."""
    archive = Archive(
        ae_title=tdd.ost_ae_title,
        title=_tr("Find treatment records in {0}").format(texts.plain(tdd.ost_ae_title, 16)),
        verb=_tr("&Take these"),
        find=tdd.find_records,
        fetch=tdd.fetch_record,
        cancel=tdd.cancel_request,
        is_many=True,
    )
    return ArchiveDialog(parent, bridge, archive, ObjectQuery(patient_id=patient_id))


def _tr(text: str) -> str:
    return QCoreApplication.translate("ArchiveSearch", text)
