"""What the guide says and points at: a fraction in nine steps, an interrupted one in seventeen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QCoreApplication


class Demo(StrEnum):
    """What can be gone through; the value ends the objectName of the button that begins it."""

    PHOTON = "photon"
    ION = "ion"
    ELECTRON = "electron"
    INTERRUPTED = "interrupted"


class TargetKind(StrEnum):
    """How a person uses what the guide points at."""

    BUTTON = "button"
    CHECK_BOX = "check box"
    STEP_ROW = "row of the scheduled step"
    SPEED = "choice of a speed"


@dataclass(frozen=True, slots=True)
class Target:
    """A widget that a person uses in a step.

    Parameters
    ----------
    name : str
        Its objectName in the window of the step.
    kind : TargetKind
        How it is used.
    is_milestone : bool
        Whether it is enabled only if all before it is done: a person who went ahead alone is
        found there again.
    way : tuple[str, ...]
        Buttons that lead to where it is, one of which is there while it is not.
    makes_step : bool
        Whether a step is scheduled by it: from then on that one is treated.
    """

    name: str
    kind: TargetKind = TargetKind.BUTTON
    is_milestone: bool = False
    way: tuple[str, ...] = ()
    makes_step: bool = False


@dataclass(frozen=True, slots=True)
class GuideStep:
    """A step of the guide.

    Parameters
    ----------
    title, meaning, dicom, action : str
        Its name, what it means in the clinic, what happens in DICOM, and the text of the button
        that does it.
    transactions : str
        The profile's transactions, e.g. ``"RO-58, RO-59"``; empty outside of it.
    role : str
        Whose window it happens in.
    targets : tuple[Target, ...]
        What is used, in order.
    """

    title: str
    meaning: str
    dicom: str
    action: str
    transactions: str
    role: str
    targets: tuple[Target, ...]


_IDENTIFIERS = ("confirm_photo", "confirm_name", "confirm_birth_date")
_SCHEDULED = Target("worklist", TargetKind.STEP_ROW)


def demo_steps(demo: Demo) -> tuple[GuideStep, ...]:
    """Return the steps of a demonstration, in the language of the program."""
    if demo is not Demo.INTERRUPTED:
        return (*_scheduling(demo), *_identifying(), *_treating())
    return (
        *_scheduling(Demo.PHOTON),
        *_identifying(),
        *_interrupting(),
        *_continuing(),
        *_identifying(),
        *_treating(),
    )


def _scheduling(plan: Demo) -> tuple[GuideStep, ...]:
    translate = QCoreApplication.translate
    return (
        GuideStep(
            title=translate("Guide", "Open the plan"),
            meaning=translate(
                "Guide",
                "Every treatment starts from an approved plan: which beams, and how much.",
            ),
            dicom=translate(
                "Guide",
                "The creator reads an RT Plan or RT Ion Plan; nothing is sent yet.",
            ),
            action=translate("Guide", "Open plan"),
            transactions="",
            role="creator",
            targets=(Target(f"demo_{plan}", way=("close_plan",)),),
        ),
        GuideStep(
            title=translate("Guide", "Schedule the fraction"),
            meaning=translate(
                "Guide",
                "The patient gets an appointment: this fraction, on this machine, today.",
            ),
            dicom=translate(
                "Guide",
                "C-STORE of the plan to the OST and of the RT Beams Delivery Instruction to "
                "the TMS, then N-CREATE of the Unified Procedure Step.",
            ),
            action=translate("Guide", "Schedule"),
            transactions="",
            role="creator",
            targets=(Target("schedule", makes_step=True),),
        ),
        _listed(),
    )


def _listed() -> GuideStep:
    translate = QCoreApplication.translate
    return GuideStep(
        title=translate("Guide", "See it in the worklist"),
        meaning=translate(
            "Guide",
            "The management system now lists the session as SCHEDULED for everyone.",
        ),
        dicom=translate(
            "Guide",
            "Who has subscribed is told of the new step by N-EVENT-REPORT.",
        ),
        action=translate("Guide", "Select step"),
        transactions="",
        role="tms",
        targets=(_SCHEDULED,),
    )


def _identifying() -> tuple[GuideStep, ...]:
    translate = QCoreApplication.translate
    return (
        GuideStep(
            title=translate("Guide", "Select the patient"),
            meaning=translate(
                "Guide",
                "At the machine the therapist calls the next patient and loads the plan.",
            ),
            dicom=translate(
                "Guide",
                "RO-58: C-FIND of the worklist. RO-59: C-MOVE of the static inputs.",
            ),
            action=translate("Guide", "Select"),
            transactions="RO-58, RO-59",
            role="tdd",
            targets=(
                Target("refresh", way=("next_patient", "back_to_worklist")),
                _SCHEDULED,
                Target("select_patient"),
            ),
        ),
        GuideStep(
            title=translate("Guide", "Confirm who it is"),
            meaning=translate(
                "Guide",
                "Photo and two identifiers are compared with the person on the couch.",
            ),
            dicom=translate("Guide", "No message: a safety stop before the step is claimed."),
            action=translate("Guide", "Confirm"),
            transactions="",
            role="tdd",
            targets=(
                *(Target(name, TargetKind.CHECK_BOX) for name in _IDENTIFIERS),
                Target("confirm_patient"),
            ),
        ),
        GuideStep(
            title=translate("Guide", "Claim the session"),
            meaning=translate(
                "Guide",
                "From here on the session belongs to this machine, and to no other.",
            ),
            dicom=translate(
                "Guide",
                "RO-60: N-ACTION to IN PROGRESS under our Transaction UID. RO-61: C-MOVE of "
                "the instruction from the TMS.",
            ),
            action=translate("Guide", "Claim"),
            transactions="RO-60, RO-61",
            role="tdd",
            targets=(Target("claim", is_milestone=True),),
        ),
    )


def _treating() -> tuple[GuideStep, ...]:
    translate = QCoreApplication.translate
    return (
        GuideStep(
            title=translate("Guide", "Deliver the beams"),
            meaning=translate(
                "Guide",
                "The machine treats beam after beam and tells the management system how far it is.",
            ),
            dicom=translate("Guide", "RO-62: an N-SET with the progress and the beam number."),
            action=translate("Guide", "Beam on"),
            transactions="RO-62",
            role="tdd",
            targets=(Target("speed", TargetKind.SPEED), Target("beam_on", is_milestone=True)),
        ),
        GuideStep(
            title=translate("Guide", "Record what was delivered"),
            meaning=translate(
                "Guide",
                "What the patient really received is kept, and the session refers to it.",
            ),
            dicom=translate(
                "Guide",
                "RO-63: C-STORE of the treatment record to the OST. RO-64: N-SET with the "
                "output information.",
            ),
            action=translate("Guide", "Send record"),
            transactions="RO-63, RO-64",
            role="tdd",
            targets=(
                Target("store_record", is_milestone=True),
                Target("final_update", is_milestone=True),
            ),
        ),
        GuideStep(
            title=translate("Guide", "Complete the session"),
            meaning=translate(
                "Guide",
                "The fraction counts as treated; it cannot be changed any more.",
            ),
            dicom=translate("Guide", "RO-65: N-ACTION to COMPLETED; all subscribers are told."),
            action=translate("Guide", "Complete"),
            transactions="RO-65",
            role="tdd",
            targets=(
                Target("complete", is_milestone=True),
                Target("complete_treatment", way=("complete",)),
            ),
        ),
    )


def _interrupting() -> tuple[GuideStep, ...]:
    translate = QCoreApplication.translate
    return (
        GuideStep(
            title=translate("Guide", "Interrupt the delivery"),
            meaning=translate(
                "Guide",
                "Something comes between: the therapist stops in mid-beam, and the patient leaves "
                "the couch with a part of the fraction.",
            ),
            dicom=translate("Guide", "RO-62: the last N-SET tells how far the session came."),
            action=translate("Guide", "Beam on, then stop"),
            transactions="RO-62",
            role="tdd",
            targets=(
                Target("speed", TargetKind.SPEED),
                Target("beam_on", is_milestone=True),
                Target("pause", is_milestone=True),
                Target("end_session", is_milestone=True),
                Target("confirm_end_session", way=("end_session",)),
            ),
        ),
        GuideStep(
            title=translate("Guide", "Keep what was delivered"),
            meaning=translate(
                "Guide",
                "The session cannot be completed, for its goal was not met. What the patient "
                "received is recorded before it is canceled.",
            ),
            dicom=translate(
                "Guide",
                "RO-63: a treatment record that ends OPERATOR. RO-64: the final update with the "
                "reason. RO-65: N-ACTION to CANCELED.",
            ),
            action=translate("Guide", "Cancel with a reason"),
            transactions="RO-63, RO-64, RO-65",
            role="tdd",
            targets=(
                Target("store_record", is_milestone=True),
                Target("cancel_treatment"),
                Target("confirm_cancel", way=("cancel_treatment",)),
                Target("next_patient", is_milestone=True),
            ),
        ),
    )


def _continuing() -> tuple[GuideStep, ...]:
    translate = QCoreApplication.translate
    return (
        GuideStep(
            title=translate("Guide", "See what remains"),
            meaning=translate(
                "Guide",
                "Beam by beam: what is done is left out, what was interrupted is continued, "
                "the rest is treated whole.",
            ),
            dicom=translate(
                "Guide",
                "The records of the fraction come from the OST (C-FIND, C-MOVE); each is checked "
                "against the plan.",
            ),
            action=translate("Guide", "Continue"),
            transactions="",
            role="creator",
            targets=(Target("continue_fraction", TargetKind.CHECK_BOX),),
        ),
        GuideStep(
            title=translate("Guide", "Schedule the rest"),
            meaning=translate(
                "Guide",
                "The same fraction gets a second session, with the same number.",
            ),
            dicom=translate(
                "Guide",
                "An RT Beams Delivery Instruction with CONTINUATION from the meterset that was "
                "reached, and a UPS that names the records and the step that it replaces.",
            ),
            action=translate("Guide", "Schedule the rest"),
            transactions="",
            role="creator",
            targets=(Target("schedule", makes_step=True),),
        ),
        _listed(),
    )
