"""The bar of actions of a treatment: only what is legal now can be pressed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QFrame, QHBoxLayout, QPushButton, QWidget

from tdwii_gui.actors.session_state import SessionAction, SessionState
from tdwii_gui.ui import texts
from tdwii_gui.ui.panels.labels import ElidedLabel, muted, set_primary
from tdwii_gui.ui.session_words import obstacle_words

if TYPE_CHECKING:
    from collections.abc import Callable

_PREPARING: Final = (SessionState.SELECTED, SessionState.INPUTS_READY, SessionState.CONFIRMED)
_FINAL: Final = (SessionState.COMPLETED, SessionState.CANCELED)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the bar has to know of a session.

    Parameters
    ----------
    state : SessionState
        Where it is.
    why_not : Callable[[SessionAction], str]
        Empty if an action is legal, else what is missing.
    busy : str
        What runs and must end first; empty if nothing does.
    """

    state: SessionState
    why_not: Callable[[SessionAction], str]
    busy: str = ""


class DeliveryActions(QFrame):
    """The buttons from the claim to the end, and the speed of the simulated delivery."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("delivery_actions")
        self.setProperty("card", True)
        self.back = self._button("back_to_worklist", self.tr("Back to &worklist"))
        self.claim = self._button("claim", self.tr("Claim and start"))
        self.beam_on = self._button("beam_on", self.tr("Beam on"))
        self.pause = self._button("pause", self.tr("Pause beam"))
        self.end = self._button("end_session", self.tr("End session here…"))
        self.store = self._button("store_record", self.tr("Store record"))
        self.update_step = self._button("final_update", self.tr("Final update"))
        self.complete = self._button("complete", self.tr("Complete…"))
        self.cancel = self._button("cancel_treatment", self.tr("Cancel treatment…"))
        self.next = self._button("next_patient", self.tr("Next patient"))
        self.speed = self._speed_field()
        self.manual = QCheckBox(self.tr("Manual mode"))
        self.manual.setObjectName("manual_mode")
        self.manual.setToolTip(
            texts.tooltip(self.tr("For testers: progress by hand and record files of their own"))
        )
        self._hint = ElidedLabel()
        self._hint.setProperty("role", "muted")
        self._hint.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._hint.setObjectName("next_hint")
        self._lay_out()

    @property
    def chosen_speed(self) -> float:
        """How many times faster than the plan's dose rate; infinity for no waiting at all."""
        return float(self.speed.currentData())

    def show_session(self, outlook: Outlook | None) -> None:
        """Enable what is legal, and make the next thing to do stand out."""
        if outlook is None:
            return
        state = outlook.state
        is_preparing, is_final = state in _PREPARING, state in _FINAL
        self.pause.setText(
            self.tr("Resume beam") if state is SessionState.PAUSED else self.tr("Pause beam")
        )
        self.claim.setText(
            self.tr("Start again") if state is SessionState.CLAIMED else self.tr("Claim and start")
        )
        self.beam_on.setText(
            self.tr("Beam on again") if state is SessionState.STOPPED else self.tr("Beam on")
        )
        for button, action in self._actions(state).items():
            self._allow(button, outlook.busy or obstacle_words(outlook.why_not(action)))
        self._allow(self.back, outlook.busy if is_preparing else self.tr("The step is claimed"))
        self._allow(self.next, "")
        is_on = state in (SessionState.BEAM_ON, SessionState.PAUSED)
        self.back.setVisible(is_preparing)
        self.claim.setVisible(is_preparing or state is SessionState.CLAIMED)
        self.beam_on.setVisible(state in (SessionState.READY, SessionState.STOPPED))
        self.pause.setVisible(is_on)
        self.end.setVisible(is_on)
        self.next.setVisible(is_final)
        self.cancel.setVisible(not is_final)
        for button in (self.store, self.update_step, self.complete):
            button.setVisible(not is_preparing and not is_final)
        self._speed_title.setVisible(not is_final)
        self.speed.setVisible(not is_final)
        self.manual.setVisible(not is_final)
        self._show_next(outlook)

    def _actions(self, state: SessionState) -> dict[QPushButton, SessionAction]:
        is_stopped, is_paused = state is SessionState.STOPPED, state is SessionState.PAUSED
        return {
            self.claim: SessionAction.START,
            self.beam_on: SessionAction.CONTINUE if is_stopped else SessionAction.BEAM_ON,
            self.pause: SessionAction.RESUME if is_paused else SessionAction.PAUSE,
            self.end: SessionAction.STOP,
            self.store: SessionAction.STORE_RECORDS,
            self.update_step: SessionAction.FINAL_UPDATE,
            self.complete: SessionAction.COMPLETE,
            self.cancel: SessionAction.CANCEL,
        }

    def next_button(self, state: SessionState) -> QPushButton | None:
        """Return the button for the keyboard; what turns the beam on has to be gone to."""
        found = self._next(state)
        return None if found is self.beam_on or state is SessionState.PAUSED else found

    def _next(self, state: SessionState) -> QPushButton | None:
        """Return the button that comes next in a state."""
        return {
            SessionState.CONFIRMED: self.claim,
            SessionState.CLAIMED: self.claim,
            SessionState.READY: self.beam_on,
            SessionState.BEAM_ON: self.pause,
            SessionState.PAUSED: self.pause,
            SessionState.DELIVERED: self.store,
            SessionState.STOPPED: self.store,
            SessionState.RECORDED: self.update_step,
            SessionState.UPDATED: self.complete,
            SessionState.COMPLETED: self.next,
            SessionState.CANCELED: self.next,
        }.get(state)

    def _show_next(self, outlook: Outlook) -> None:
        """Fill the one button that comes next, and say what it waits for."""
        comes_next = self._next(outlook.state)
        if outlook.state is SessionState.UPDATED and not self.complete.isEnabled():
            comes_next = self.cancel
        if comes_next is not None and not comes_next.isEnabled():
            comes_next = None
        for button in self.findChildren(QPushButton):
            set_primary(button, button is comes_next)
        hint = self._hint_words(outlook.state)
        if outlook.state is SessionState.STOPPED:
            hint = obstacle_words(outlook.why_not(SessionAction.STORE_RECORDS))
        if outlook.state is SessionState.UPDATED:
            hint = obstacle_words(outlook.why_not(SessionAction.COMPLETE))
        self._hint.set_text(outlook.busy or hint)

    def _hint_words(self, state: SessionState) -> str:
        return {
            SessionState.SELECTED: self.tr("The inputs come first"),
            SessionState.INPUTS_READY: self.tr("Confirm the patient, then claim the step"),
            SessionState.COMPLETED: self.tr("The treatment is completed"),
            SessionState.CANCELED: self.tr("The treatment is canceled"),
        }.get(state, "")

    def _allow(self, button: QPushButton, obstacle: str) -> None:
        button.setEnabled(not obstacle)
        button.setToolTip(texts.tooltip(obstacle))

    def _button(self, name: str, text: str) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        # Enter elsewhere must never press a button of this bar.
        button.setAutoDefault(False)
        return button

    def _speed_field(self) -> QComboBox:
        field = QComboBox()
        field.setObjectName("speed")
        field.setAccessibleName(self.tr("Speed of the delivery"))
        field.setToolTip(texts.tooltip(self.tr("How fast the simulated beam is delivered")))
        for times in (1, 10, 100):
            field.addItem(self.tr("× {0}").format(times), float(times))
        field.addItem(self.tr("as fast as possible"), math.inf)
        return field

    def _lay_out(self) -> None:
        line = QHBoxLayout(self)
        line.setContentsMargins(14, 11, 14, 11)
        line.setSpacing(8)
        for button in (self.next, self.back, self.claim, self.beam_on, self.pause, self.end):
            line.addWidget(button)
        self._speed_title = muted(self.tr("Speed"))
        line.addSpacing(6)
        line.addWidget(self._speed_title)
        line.addWidget(self.speed)
        line.addSpacing(6)
        line.addWidget(self.manual)
        line.addWidget(self._hint, 1)
        line.addSpacing(4)
        for button in (self.store, self.update_step, self.complete, self.cancel):
            line.addWidget(button)
