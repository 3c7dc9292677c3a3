"""A TMS with its window, and those who talk to it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QPushButton

from tdwii_gui.actors.actor import Surroundings
from tdwii_gui.actors.ppvs import Ppvs
from tdwii_gui.actors.rtbdi_creator import FractionRequest, RtbdiCreator
from tdwii_gui.actors.tdd import Tdd
from tdwii_gui.actors.tms import Tms
from tdwii_gui.config.ae_directory import AeDirectory
from tdwii_gui.config.resources import resource_path
from tdwii_gui.config.settings import CreatorSettings, PpvsSettings, TddSettings, TmsSettings
from tdwii_gui.dicom.iod.plan import read_plan
from tdwii_gui.ui.panels.table import Table
from tdwii_gui.ui.tms_window import TmsWindow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tdwii_gui.ui.bridge import ActorBridge

SECONDS = 20


@dataclass
class Stage:
    """A TMS with its window, and those who talk to it."""

    tms: Tms
    creator: RtbdiCreator
    tdd: Tdd
    ppvs: Ppvs
    directory: AeDirectory
    window: TmsWindow
    qtbot: Any

    def schedule(
        self, fraction: int = 1, machine: str | None = None, start: datetime | None = None
    ) -> str:
        """Schedule a fraction of the demo patient; return its UID."""
        plan = read_plan(resource_path("demo_patient", "photon_plan.dcm"))
        request = FractionRequest(fraction, start or datetime.now().astimezone(), machine=machine)
        built = self.creator.build(plan, request)
        return self.creator.create_step(built).result(SECONDS)

    def table(self, name: str = "worklist") -> Table:
        found = self.window.findChild(Table, name)
        assert found is not None
        return found

    def cells(self, name: str = "worklist") -> list[list[str]]:
        model = self.table(name).rows
        return [[column.text(row) for column in model.columns] for row in model.rows]

    def until(self, condition: Any) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=SECONDS * 1000)

    def select(self, uid: str) -> None:
        self.until(lambda: self.table().rows.index_of(uid).isValid())
        assert self.table().select_key(uid)
        self.until(lambda: self.shown_uid() == uid)

    def shown_uid(self) -> str:
        facts = self.window._details.facts
        return facts.row.uid if facts else ""

    def find(self, kind: Any, name: str) -> Any:
        found = self.window.findChild(kind, name)
        assert found is not None, name
        return found

    def facts(self) -> dict[str, str]:
        facts = self.window._details.facts
        return dict(facts.facts) if facts else {}

    def dialog(self, name: str) -> QDialog:
        """Return a dialog that is open."""
        self.until(lambda: self.window.findChild(QDialog, name))
        found = self.window.findChild(QDialog, name)
        assert found.isVisible()
        return found

    def answer(self, dialog: QDialog, verb: str) -> None:
        """Click a button of a dialog once it is enabled."""
        button = dialog.findChild(QPushButton, verb)
        assert button is not None
        self.until(button.isEnabled)
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)


@contextmanager
def open_stage(tmp_path: Path, bridge: ActorBridge, qtbot: Any) -> Iterator[Stage]:
    """Start the actors and open the window of the TMS."""
    directory = AeDirectory()
    around = Surroundings(directory, tmp_path, listener=bridge.hear)
    tms = Tms(TmsSettings(port=0), around)
    creator = RtbdiCreator(CreatorSettings(port=0), around)
    tdd = Tdd(TddSettings(port=0), around)
    ppvs = Ppvs(PpvsSettings(port=0), around)
    actors = (tms, ppvs, tdd, creator)
    for actor in actors:
        actor.start()
    window = TmsWindow(tms, bridge, owns_actor=False)
    window.resize(1366, 768)
    window.show()
    made = Stage(tms, creator, tdd, ppvs, directory, window, qtbot)
    yield made
    window.close()
    window.stop_for_good()
    for actor in reversed(actors):
        actor.stop()
    bridge.close()
    window.deleteLater()
