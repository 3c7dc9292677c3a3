"""The card that greets: which demonstration with the demo patient to go through."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QPushButton, QWidget

from tdwii_gui.ui import texts
from tdwii_gui.ui.guide_steps import Demo
from tdwii_gui.ui.panels.card import Card
from tdwii_gui.ui.panels.labels import muted, set_primary


class WelcomeCard(Card):
    """Offers the guide for each demonstration, and to do without it.

    Signals
    -------
    guide_wanted : Demo
        Lead through this demonstration.
    explore_wanted
        No guide.
    """

    guide_wanted = Signal(object)
    explore_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.set_title(self.tr("Treat the demo patient"))
        self.setObjectName("welcome_card")
        text = self.tr(
            "A guide leads through one fraction, from the plan to the completed session, in nine "
            "steps and about two minutes; or through one that is interrupted and continued."
        )
        self.body.addWidget(muted(text, wraps=True))
        grid = QGridLayout()
        grid.setSpacing(8)
        photon = set_primary(self._button("guide_photon", self.tr("&Photon beams")))
        photon.clicked.connect(lambda: self.guide_wanted.emit(Demo.PHOTON))
        ion = self._button("guide_ion", self.tr("&Ion beams"))
        ion.clicked.connect(lambda: self.guide_wanted.emit(Demo.ION))
        electron = self._button("guide_electron", self.tr("&Electron field"))
        electron.clicked.connect(lambda: self.guide_wanted.emit(Demo.ELECTRON))
        broken = self._button("guide_interrupted", self.tr("Interr&upted fraction"))
        broken.clicked.connect(lambda: self.guide_wanted.emit(Demo.INTERRUPTED))
        explore = self._button("explore_freely", self.tr("E&xplore freely"))
        explore.clicked.connect(self.explore_wanted)
        grid.addWidget(photon, 0, 0)
        grid.addWidget(ion, 0, 1)
        grid.addWidget(electron, 1, 0)
        grid.addWidget(broken, 1, 1)
        grid.addWidget(explore, 2, 0, 1, 2)
        self.body.addLayout(grid)
        self._guides = (photon, ion, electron, broken)
        self.set_ready(ready=False)

    def set_ready(self, *, ready: bool) -> None:
        """Enable the guides once the actors run."""
        why = "" if ready else self.tr("The actors are still starting")
        for button in self._guides:
            button.setEnabled(ready)
            button.setToolTip(texts.tooltip(why))

    def _button(self, name: str, text: str) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        return button
