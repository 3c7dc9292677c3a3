"""What TDW-II and the standard ask of a Treatment Management System, as far as messages show it."""

from __future__ import annotations

from typing import Final

from tdwii_gui.judging.verdict import Requirement

_ROWS: Final = (
    (
        "tms-echo", "", "PS3.4 A.4",
        "Answers C-ECHO with success.",
    ),
    # Creation of steps
    (
        "tms-creates", "", "PS3.4 CC.2.5.3",
        "Creates a step from an attribute list that is in order.",
    ),
    (
        "tms-refuses-duplicate", "", "PS3.4 Table CC.1.1-2",
        "Refuses with 0111H a step whose SOP Instance UID it has already.",
    ),
    (
        "tms-refuses-unscheduled", "", "PS3.4 CC.2.5.4",
        "Refuses with C309H a step that is not created as SCHEDULED.",
    ),
    (
        "tms-refuses-incomplete", "", "PS3.4 CC.2.5.3, 5.4.2",
        "Refuses a step that lacks an attribute or value of type 1 or 2.",
    ),
    # Worklist Query for Treatment Delivery
    (
        "tms-find-ends", "RO-58", "PS3.4 CC.2.8.3, CC.2.8.4",
        "Answers a query with pending matches and a final success without a data set.",
    ),
    (
        "tms-find-matches", "RO-58", "PS3.4 CC.2.8.1, C.2.2.2",
        "Returns only steps that match the keys for states, priority, start, station and workitem.",
    ),
    (
        "tms-find-keys", "RO-58", "PS3.4 CC.2.8.1.3, Table CC.2.5-3",
        "Returns the requested keys of return type 1 with a value, and those of type 2.",
    ),
    (
        "tms-find-known", "RO-58", "PS3.4 CC.2.8.1",
        "Finds a step by the SOP Instance UID with which it was created.",
    ),
    (
        "tms-find-names-push", "RO-58", "PS3.4 CC.3.1.1",
        "Names UPS Push as the SOP class of the steps that it returns.",
    ),
    (
        "tms-step-content", "RO-58", "IHE-RO TDW-II, content of the UPS",
        "Returns steps of treatment delivery with what the profile asks of them.",
    ),
    (
        "tms-hides-uid", "", "PS3.4 CC.2.7, CC.2.8.1",
        "Never tells anybody the Transaction UID of a step.",
    ),
    (
        "tms-get-content", "", "PS3.4 CC.2.7, Table CC.2.5-3",
        "Returns legal attributes by N-GET, and those of type 1 where all are asked for.",
    ),
    (
        "tms-states-go-on", "", "PS3.4 CC.1.1",
        "Never shows a step in a state from which it has gone on.",
    ),
    # Retrieve Dynamic Treatment Delivery Input Instances
    (
        "tms-sends-instruction", "RO-61", "IHE-RO TDW-II RO-61",
        "Sends the RT Beams Delivery Instruction to the move destination.",
    ),
    # Treatment Delivery in Progress
    (
        "tms-grants-claim", "RO-60", "PS3.4 Table CC.1.1-2",
        "Makes a SCHEDULED step IN PROGRESS for who claims it with a Transaction UID.",
    ),
    (
        "tms-refuses-other-claim", "RO-60", "PS3.4 Table CC.1.1-2",
        "Refuses with C301H a claim without Transaction UID, or of a step that somebody else has.",
    ),
    (
        "tms-refuses-second-claim", "RO-60", "PS3.4 Table CC.1.1-2",
        "Refuses with C302H to make a step IN PROGRESS again for its performer.",
    ),
    (
        "tms-one-performer", "RO-60", "PS3.4 CC.1.1",
        "Gives a step to one performer alone.",
    ),
    (
        "tms-refuses-scheduled", "RO-60", "PS3.4 Table CC.1.1-2",
        "Refuses with C303H to make a step SCHEDULED.",
    ),
    # Treatment Delivery Progress Update and Final Update
    (
        "tms-updates", "RO-62", "PS3.4 CC.2.6.3",
        "Accepts updates that are in order: of a SCHEDULED step, or by its performer.",
    ),
    (
        "tms-refuses-other-update", "RO-62", "PS3.4 CC.2.6.3",
        "Refuses with C301H an update of an IN PROGRESS step without its Transaction UID.",
    ),
    (
        "tms-refuses-early-update", "RO-62", "PS3.4 CC.2.6.3",
        "Refuses an update with a Transaction UID of a step that nobody has claimed.",
    ),
    (
        "tms-refuses-late-update", "RO-64", "PS3.4 CC.2.6.3",
        "Refuses with C300H an update of a COMPLETED or CANCELED step.",
    ),
    (
        "tms-keeps-updates", "RO-62", "PS3.4 CC.2.6.3, CC.2.7.3",
        "Returns by N-GET the progress that it was last told.",
    ),
    # Treatment Delivery Completed/Canceled
    (
        "tms-ends", "RO-65", "PS3.4 Table CC.1.1-2",
        "Ends an IN PROGRESS step for its performer when it has what the final state needs.",
    ),
    (
        "tms-refuses-incomplete-end", "RO-65", "PS3.4 Table CC.1.1-2, CC.2.5.1.1",
        "Refuses with C304H to complete a step that does not tell what was performed.",
    ),
    (
        "tms-refuses-other-end", "RO-65", "PS3.4 Table CC.1.1-2",
        "Refuses with C301H to end a step for somebody without its Transaction UID.",
    ),
    (
        "tms-refuses-early-end", "RO-65", "PS3.4 Table CC.1.1-2",
        "Refuses with C310H to end a SCHEDULED step.",
    ),
    (
        "tms-refuses-late-change", "RO-65", "PS3.4 Table CC.1.1-2",
        "Refuses with C300H to change the final state of a step.",
    ),
    (
        "tms-warns-again", "RO-65", "PS3.4 Table CC.1.1-2",
        "Warns with B304H or B306H that a step is already in the final state.",
    ),
    (
        "tms-unknown-step", "", "PS3.4 CC.2.1.4, CC.2.6.4, CC.2.7.4",
        "Answers with C307H where it does not know the step, and never for one that it has.",
    ),
    (
        "tms-cancel-requests", "", "PS3.4 Table CC.1.1-2, CC.2.2",
        "Answers a cancel request as the state of the step asks for.",
    ),
    # UPS Watch and Event, which the profile does not need
    (
        "tms-reports-creation", "", "PS3.4 CC.2.3.3, CC.2.4.3",
        "Reports a new step to those that have subscribed globally.",
    ),
    (
        "tms-reports-initial", "", "PS3.4 CC.2.3.3",
        "Reports the state of a step to who subscribes to it.",
    ),
    (
        "tms-reports-states", "", "PS3.4 CC.2.4.3",
        "Reports each change of state to the subscribers.",
    ),
    (
        "tms-reports-progress", "", "PS3.4 CC.2.4.3",
        "Reports updates of the progress to the subscribers.",
    ),
    (
        "tms-reports-cancel-requests", "", "PS3.4 CC.2.2.3, CC.2.4.3",
        "Reports requests to cancel an IN PROGRESS step to the subscribers.",
    ),
    (
        "tms-event-names-push", "", "PS3.4 CC.3.1.1",
        "Reports events of UPS Push in a presentation context of UPS Event.",
    ),
    (
        "tms-event-content", "", "PS3.4 Table CC.2.4-1",
        "Gives what is of type 1 in an event report.",
    ),
    (
        "tms-silent-after-unsubscribe", "", "PS3.4 CC.2.3.3",
        "Reports no change of state that follows the end of a subscription.",
    ),
    (
        "tms-keeps-locked", "", "PS3.4 CC.2.3.3",
        "Keeps a COMPLETED or CANCELED step while a deletion lock is on it.",
    ),
)  # fmt: skip

TMS_REQUIREMENTS: Final = tuple(
    Requirement(key, "tms", transaction, clause, text) for key, transaction, clause, text in _ROWS
)
"""In the order of a treatment."""
