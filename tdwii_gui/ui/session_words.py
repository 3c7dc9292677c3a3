"""What a treatment session says is missing, in the language of the program."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

KNOWN: Final = (
    QT_TRANSLATE_NOOP("Session", "the inputs are not here yet"),
    QT_TRANSLATE_NOOP("Session", "the patient is not confirmed yet"),
    QT_TRANSLATE_NOOP("Session", "the step is not claimed yet"),
    QT_TRANSLATE_NOOP(
        "Session", "the instruction is not here yet, or does not agree with the step"
    ),
    QT_TRANSLATE_NOOP("Session", "the beam has not been on yet"),
    QT_TRANSLATE_NOOP("Session", "the beam is still on"),
    QT_TRANSLATE_NOOP("Session", "the delivery is paused, not ended"),
    QT_TRANSLATE_NOOP("Session", "the treatment records are not stored yet"),
    QT_TRANSLATE_NOOP("Session", "the final update is not sent yet"),
    QT_TRANSLATE_NOOP("Session", "the inputs are here already"),
    QT_TRANSLATE_NOOP("Session", "the patient is confirmed already"),
    QT_TRANSLATE_NOOP("Session", "the step is claimed already"),
    QT_TRANSLATE_NOOP("Session", "the session is started already"),
    QT_TRANSLATE_NOOP("Session", "the beam is on already"),
    QT_TRANSLATE_NOOP("Session", "the delivery is paused already"),
    QT_TRANSLATE_NOOP("Session", "all beams are delivered"),
    QT_TRANSLATE_NOOP("Session", "the delivery was stopped"),
    QT_TRANSLATE_NOOP("Session", "the treatment records are stored already"),
    QT_TRANSLATE_NOOP("Session", "the final update is sent already"),
    QT_TRANSLATE_NOOP("Session", "the step is completed"),
    QT_TRANSLATE_NOOP("Session", "the step is canceled"),
    QT_TRANSLATE_NOOP("Session", "nothing was delivered"),
    QT_TRANSLATE_NOOP("Session", "the step is IN PROGRESS at another device"),
    QT_TRANSLATE_NOOP("Session", "no record has failed to be stored"),
    QT_TRANSLATE_NOOP("Session", "the treatment records are made already"),
    QT_TRANSLATE_NOOP(
        "Session", "not all was delivered: the step can only be canceled, with its reason"
    ),
)
"""The reasons that a session gives (`actors.session_state`)."""


def obstacle_words(reason: str) -> str:
    """Return a session's reason in the language of the program; as it is where it is not known."""
    words = QCoreApplication.translate("Session", reason) if reason else ""
    return words[:1].upper() + words[1:]
