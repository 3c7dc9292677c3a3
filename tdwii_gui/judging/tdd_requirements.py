"""What TDW-II and the standard ask of a Treatment Delivery Device, as far as messages show it."""

from __future__ import annotations

from typing import Final

from tdwii_gui.judging.verdict import Requirement

_ROWS: Final = (
    # Worklist Query for Treatment Delivery
    (
        "tdd-queries-pull", "RO-58", "PS3.4 CC.2.8.1.2",
        "Queries the worklist by C-FIND of UPS Pull, in a presentation context of UPS Pull.",
    ),
    (
        "tdd-query-keys", "RO-58", "PS3.4 CC.2.8.1, C.2.2.2",
        "Asks only for keys of the worklist: no Transaction UID, at most one item in a sequence, "
        "a single value for states and priority.",
    ),
    (
        "tdd-claims-from-worklist", "RO-58", "IHE-RO TDW-II RO-58",
        "Has got a step from the worklist before it claims it.",
    ),
    # Treatment Delivery in Progress
    (
        "tdd-uses-pull", "RO-60", "PS3.4 CC.3.1.1, Table CC.2-1",
        "Sends Change UPS State and N-SET in a presentation context of UPS Pull.",
    ),
    (
        "tdd-names-push", "", "PS3.4 CC.3.1.1",
        "Names UPS Push as the SOP class in every DIMSE-N message about a step.",
    ),
    (
        "tdd-claims-with-uid", "RO-60", "PS3.4 CC.2.1.2, CC.1.1",
        "Sends a valid Transaction UID when it claims a step.",
    ),
    (
        "tdd-claims-with-new-uid", "RO-60", "PS3.4 CC.2.1.2",
        "Makes a new Transaction UID for each step that it claims.",
    ),
    (
        "tdd-claims-own-machine", "RO-60", "IHE-RO TDW-II RO-58, RO-60",
        "Claims only steps whose Scheduled Station Name is the machine that it queries for.",
    ),
    (
        "tdd-claims-ready", "RO-60", "PS3.17 BBB.3.1",
        "Claims only steps whose Input Readiness State was READY when it was last told.",
    ),
    (
        "tdd-respects-refusal", "RO-60", "PS3.4 CC.1.1, CC.2.1.3",
        "Leaves a step alone whose claim was refused.",
    ),
    # Retrieve Static / Dynamic Treatment Delivery Input Instances
    (
        "tdd-retrieves-static", "RO-59", "IHE-RO TDW-II RO-59",
        "Has retrieved the plan, and the earlier records of a continuation, before it treats.",
    ),
    (
        "tdd-retrieves-instruction", "RO-61", "IHE-RO TDW-II RO-61",
        "Has retrieved the RT Beams Delivery Instruction before it treats.",
    ),
    (
        "tdd-retrieve-keys", "RO-59", "PS3.4 C.4.2.1.4",
        "Retrieves with a level and the unique keys down to that level.",
    ),
    (
        "tdd-accepts-inputs", "RO-59", "PS3.4 B.2.3, C.4.2.2",
        "Accepts the objects that it has asked for.",
    ),
    # Treatment Delivery Progress Update
    (
        "tdd-progress-after-claim", "RO-62", "PS3.4 CC.2.6.3",
        "Reports progress only of a step that it has claimed.",
    ),
    (
        "tdd-updates-with-uid", "RO-62", "PS3.4 CC.2.6.2",
        "Gives the Transaction UID of its claim in every N-SET on the step.",
    ),
    (
        "tdd-updates-legal", "RO-62", "PS3.4 CC.2.6, Table CC.2.5-3",
        "Sets no attribute that an N-SET must not hold, and no illegal value.",
    ),
    (
        "tdd-progress-percent", "RO-62", "PS3.3 C.30.1, IHE-RO TDW-II RO-62",
        "Reports a Procedure Step Progress from 0 to 100 percent.",
    ),
    (
        "tdd-progress-rises", "RO-62", "PS3.3 C.30.1",
        "Never reports less progress of a step than before.",
    ),
    (
        "tdd-progress-beam", "RO-62", "IHE-RO TDW-II RO-62",
        "Names the beam in a progress update: (2018004, 99IHERO2018, Referenced Beam Number).",
    ),
    (
        "tdd-progress-known-beam", "RO-62", "IHE-RO TDW-II RO-62",
        "Reports progress of beams alone that its instruction has.",
    ),
    (
        "tdd-reports-each-beam", "RO-62", "IHE-RO TDW-II RO-62",
        "Reports each beam that it delivers.",
    ),
    # Store Treatment Delivery Results to OST
    (
        "tdd-record-class", "RO-63", "IHE-RO TDW-II RO-63",
        "Stores RT Beams Treatment Records of an RT Plan, RT Ion Beams ones of an RT Ion Plan.",
    ),
    (
        "tdd-record-of-patient", "RO-63", "PS3.3 C.7.1.1",
        "Stores records of the patient of the step.",
    ),
    (
        "tdd-record-in-study", "RO-63", "PS3.4 Table CC.2.5-3, Study Instance UID",
        "Stores records in the study that the step names for its results.",
    ),
    (
        "tdd-record-of-plan", "RO-63", "PS3.3 C.8.8.17",
        "Stores records that name the plan of the step.",
    ),
    (
        "tdd-record-of-fraction", "RO-63", "PS3.3 C.8.8.21",
        "Stores records of the fraction of the step.",
    ),
    (
        "tdd-record-of-beams", "RO-63", "PS3.3 C.8.8.21, C.8.8.29",
        "Stores records of beams alone that its instruction has.",
    ),
    (
        "tdd-record-metersets", "RO-63", "PS3.3 C.8.8.21, C.8.8.26",
        "Tells the beam number and the delivered meterset of each beam in a record.",
    ),
    # Treatment Delivery Final Update
    (
        "tdd-final-update", "RO-64", "IHE-RO TDW-II RO-64",
        "Sends the final update before a step becomes COMPLETED.",
    ),
    (
        "tdd-final-content", "RO-64", "PS3.4 CC.2.5.1.1, IHE-RO TDW-II RO-64",
        "Tells in the final update workitem, station, start, end and outputs of what it performed.",
    ),
    (
        "tdd-final-times", "RO-64", "PS3.3 C.30.3",
        "Tells an end of the performed procedure that is not before its start.",
    ),
    (
        "tdd-final-machine", "RO-64", "IHE-RO TDW-II RO-64",
        "Tells a performed station that is one of the scheduled ones.",
    ),
    (
        "tdd-final-names-records", "RO-64", "IHE-RO TDW-II RO-64",
        "Names each record that it has stored, and at least one of a COMPLETED step, as output.",
    ),
    (
        "tdd-outputs-stored", "RO-63", "IHE-RO TDW-II RO-63",
        "Has stored each output before the final update names it.",
    ),
    (
        "tdd-outputs-retrievable", "RO-64", "PS3.3 10.9.1, IHE-RO TDW-II RO-64",
        "Names as the Retrieve AE of an output the archive in which it has stored it.",
    ),
    # Treatment Delivery Completed/Canceled
    (
        "tdd-ends-step", "RO-65", "IHE-RO TDW-II RO-65",
        "Brings each step that it has claimed to COMPLETED or CANCELED.",
    ),
    (
        "tdd-ends-with-uid", "RO-65", "PS3.4 CC.2.1.2",
        "Gives the Transaction UID of its claim when it ends the step.",
    ),
    (
        "tdd-completes-when-reached", "RO-65", "PS3.17 GGG.3.1, IHE-RO TDW-II RO-65",
        "Completes a step only when each beam of its instruction has reached its meterset.",
    ),
    (
        "tdd-cancels-with-reason", "RO-65", "PS3.4 CC.2.5.1.1, Table CC.2.5-3",
        "Gives a discontinuation reason code before it cancels a step.",
    ),
    (
        "tdd-silent-after-end", "RO-65", "PS3.4 CC.2.6.3",
        "Changes nothing on a step that it has ended.",
    ),
    # UPS Watch and Event, which the profile does not need
    (
        "tdd-subscribes-legally", "", "PS3.4 Table CC.2.3-1",
        "Gives Receiving AE, and Deletion Lock where it subscribes, with UPS Watch.",
    ),
    (
        "tdd-answers-events", "", "PS3.4 CC.2.4.2",
        "Accepts the event reports that it gets.",
    ),
)  # fmt: skip

TDD_REQUIREMENTS: Final = tuple(
    Requirement(key, "tdd", transaction, clause, text) for key, transaction, clause, text in _ROWS
)
"""In the order of a treatment."""
