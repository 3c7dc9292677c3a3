"""The beam's eye view with its dials, moving smoothly between the moments that are told."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from tdwii_gui.actors.delivery import DeliveryPhase
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.beam_glide import Glide, Moment
from tdwii_gui.ui.models.machine_rows import machine_model, machine_rows
from tdwii_gui.ui.panels.beam_eye_view import BeamEyeView
from tdwii_gui.ui.panels.card import Card
from tdwii_gui.ui.panels.dial import Dial
from tdwii_gui.ui.panels.labels import muted
from tdwii_gui.ui.panels.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tdwii_gui.actors.delivery import DeliveryProgress
    from tdwii_gui.ui.models.beam_path import BeamPath

_FRAME_MS: Final = 33


class BeamView(Card):
    """Where gantry, collimator, couch, jaws, leaves and spots are at the moment."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Beam's eye view"), parent)
        self.setObjectName("beam_view")
        self._paths: Mapping[int, BeamPath] = {}
        self._path: BeamPath | None = None
        self._glide: Glide | None = None
        self._moment: Moment | None = None
        self._told: Moment | None = None
        self._is_on = self._is_moving = False
        self._point = muted()
        self._point.setObjectName("control_point")
        self._layers = self._switch("all_layers", self.tr("&All layers"))
        self._layers.setToolTip(texts.tooltip(self.tr("Spots of all layers, or of this one")))
        self._reads = self._switch("view_as_table", self.tr("As ta&ble"))
        self._reads.setToolTip(texts.tooltip(self.tr("All positions as a table")))
        for widget in (self._point, self._layers, self._reads):
            self.head.addWidget(widget)
        self.view = BeamEyeView()
        self.model = machine_model()
        self._pages = self._build_pages()
        self.body.addWidget(self._pages, 1)
        self._layers.toggled.connect(lambda on: self.view.show_all_layers(shows_all=on))
        self._reads.toggled.connect(self._on_reads)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_FRAME_MS)
        self._timer.timeout.connect(self._on_frame)
        self._layers.hide()

    def show_paths(self, paths: Mapping[int, BeamPath]) -> None:
        """Take the beams of a session; none is shown yet."""
        self._timer.stop()
        self._paths = paths
        self._path = self._glide = self._moment = self._told = None
        self.view.show_path(None)
        self._layers.hide()
        self._show_moment()

    def show_start(self, number: int, meterset: float) -> None:
        """Show a beam before anything of it is delivered by the session."""
        path = self._paths.get(number)
        if path is not None:
            seconds = path.seconds_to(meterset)
            self._take(path, seconds)
            self._show_moment()
            self._tell(Moment(path.at(seconds), meterset))

    def progress(self, progress: DeliveryProgress) -> None:
        """Show how far the delivery has come; what is in sight glides there."""
        path = self._paths.get(progress.beam_number)
        if path is None:
            return
        moment, before = progress.moment, self._moment
        seconds = path.seconds - moment.seconds_left
        glide = self._glide if path is self._path else None
        glide = glide or self._take(path, seconds)
        self._is_moving = progress.phase is DeliveryPhase.POSITIONING
        if self._is_moving:
            glide.approach(before.state if before else moment, moment, monotonic())
        else:
            glide.follow(seconds, monotonic())
        self._timer.start()
        self._tell(Moment(moment, progress.delivered))

    def show_beam_on(self, *, is_on: bool) -> None:
        """Show whether it radiates."""
        if is_on != self._is_on:
            self._is_on = is_on
            self._show_moment()

    def _take(self, path: BeamPath, seconds: float) -> Glide:
        """Turn to another beam, at a moment of it."""
        self._path = path
        self._glide = glide = Glide(path, seconds)
        self.view.show_path(path)
        self._gantry.show_turn(*path.gantry_turns)
        self._layers.setVisible(path.spots is not None and len(path.spots.layers) > 1)
        return glide

    def _build_pages(self) -> QStackedWidget:
        picture = QWidget()
        column = QVBoxLayout(picture)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(self.view, 1)
        self._gantry = Dial(self.tr("Gantry"))
        self._collimator = Dial(self.tr("Collimator"))
        self._couch = Dial(self.tr("Couch"))
        dials = QHBoxLayout()
        dials.addStretch(1)
        for dial in (self._gantry, self._collimator, self._couch):
            dials.addWidget(dial)
        dials.addStretch(1)
        column.addLayout(dials)
        table = Table(
            self.model,
            name="machine",
            accessible_name=self.tr("Positions of the machine"),
            empty=lambda: self.tr("The positions are known when the instruction is here (RO-61)."),
        )
        pages = QStackedWidget()
        pages.addWidget(picture)
        pages.addWidget(table)
        return pages

    def _switch(self, name: str, text: str) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        button.setCheckable(True)
        button.setAutoDefault(False)
        return button

    @Slot(bool)
    def _on_reads(self, reads: bool) -> None:
        self._pages.setCurrentIndex(int(reads))
        self._tell(self._told)

    @Slot()
    def _on_frame(self) -> None:
        if self._glide is None or self._glide.is_over(monotonic()):
            self._timer.stop()
        # Nobody looks at a picture that is hidden; what is shown next begins where all stands.
        if self.isVisible() or not self._timer.isActive():
            self._show_moment()

    def _show_moment(self) -> None:
        path, glide = self._path, self._glide
        if path is None or glide is None:
            self._point.setText("")
            for dial in (self._gantry, self._collimator, self._couch):
                dial.show_turn(None, 0.0)
                dial.show_angle(None)
            return
        self._moment = moment = glide.at(monotonic())
        state = moment.state
        self.view.show_state(state, moment.meterset, is_on=self._is_on and not self._is_moving)
        self._gantry.show_angle(state.gantry)
        self._collimator.show_angle(state.collimator)
        self._couch.show_angle(state.couch)
        words = self.tr("control point {0} of {1}")
        self._point.setText(words.format(int(state.control_point) + 1, path.points))

    def _tell(self, told: Moment | None) -> None:
        """Tell a moment in words, where they are read."""
        self._told = told
        self.view.describe()
        path = self._path
        if path is None or told is None or not self._reads.isChecked():
            return
        rows = machine_rows(path, told.state, told.meterset)
        if [row.part for row in rows] != [row.part for row in self.model.all_rows]:
            self.model.replace_all(rows)
            return
        for row in rows:
            if self.model.row_of(row.part) != row:
                self.model.put(row)
