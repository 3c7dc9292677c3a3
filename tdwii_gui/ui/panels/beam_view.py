"""The beam's eye view with its dials, moving smoothly between the values that are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import QHBoxLayout, QWidget

from tdwii_gui.ui.panels.beam_eye_view import BeamEyeView
from tdwii_gui.ui.panels.card import Card
from tdwii_gui.ui.panels.dial import Dial
from tdwii_gui.ui.panels.labels import muted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tdwii_gui.ui.models.beam_path import BeamPath

_FRAME_MS: Final = 40
_EASE: Final = 0.28
_CLOSE_ENOUGH: Final = 0.02


class BeamView(Card):
    """Where gantry, collimator, couch, jaws and leaves stand at the meterset of the moment."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Beam's eye view"), parent)
        self.setObjectName("beam_view")
        self._paths: Mapping[int, BeamPath] = {}
        self._path: BeamPath | None = None
        self._shown = self._wanted = 0.0
        self._is_on = False
        self._point = muted()
        self._point.setObjectName("control_point")
        self.head.addWidget(self._point)
        self.view = BeamEyeView()
        self.body.addWidget(self.view, 1)
        self._gantry = Dial(self.tr("Gantry"))
        self._collimator = Dial(self.tr("Collimator"))
        self._couch = Dial(self.tr("Couch"))
        dials = QHBoxLayout()
        dials.addStretch(1)
        for dial in (self._gantry, self._collimator, self._couch):
            dials.addWidget(dial)
        dials.addStretch(1)
        self.body.addLayout(dials)
        self._timer = QTimer(self)
        self._timer.setInterval(_FRAME_MS)
        self._timer.timeout.connect(self._on_frame)

    def show_paths(self, paths: Mapping[int, BeamPath], first: int | None = None) -> None:
        """Take the beams of a session and show the start of one."""
        self._paths = paths
        self._path = None
        self.view.show_path(None)
        if first is not None:
            self.show_beam(first, 0.0)
        else:
            self._show_pose()

    def show_beam(self, number: int, meterset: float) -> None:
        """Show a beam at a meterset; a beam already shown glides there."""
        path = self._paths.get(number)
        if path is None:
            return
        self._wanted = meterset
        if path is not self._path:
            self._path = path
            self._shown = meterset
            self.view.show_path(path)
            self._show_pose()
        elif not self._timer.isActive():
            self._timer.start()

    def show_beam_on(self, *, is_on: bool) -> None:
        """Show whether it radiates."""
        if is_on != self._is_on:
            self._is_on = is_on
            self._show_pose()

    @Slot()
    def _on_frame(self) -> None:
        self._shown += (self._wanted - self._shown) * _EASE
        if abs(self._wanted - self._shown) < _CLOSE_ENOUGH:
            self._shown = self._wanted
            self._timer.stop()
        self._show_pose()

    def _show_pose(self) -> None:
        if self._path is None:
            self._point.setText("")
            for dial in (self._gantry, self._collimator, self._couch):
                dial.show_angle(None)
            return
        pose = self._path.at(self._shown)
        self.view.show_pose(pose, is_on=self._is_on)
        self._gantry.show_angle(pose.gantry)
        self._collimator.show_angle(pose.collimator)
        self._couch.show_angle(pose.couch)
        count = len(self._path.poses)
        self._point.setText(self.tr("control point {0} of {1}").format(pose.point + 1, count))
