"""The lists of `tdwii tms-admin`: steps, what touched them, subscriptions, events, a day."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tdwii_gui.actors.tms_facts import (
    PerformerInfo,
    SubscriptionInfo,
    aes_by_machine,
    machine_of,
)
from tdwii_gui.app.console import say, say_json, say_table
from tdwii_gui.dicom.errors import DimseStatusError
from tdwii_gui.dicom.iod.dcmdump import format_dcmdump
from tdwii_gui.dicom.iod.ups import Ups
from tdwii_gui.dicom.iod.ups_event import EventType
from tdwii_gui.dicom.iod.ups_query import WorklistKeys, worklist_query
from tdwii_gui.dicom.status import Status, status_words
from tdwii_gui.dicom.ups.outbox import Outbox
from tdwii_gui.dicom.ups.timeline import timeline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tdwii_gui.app.operator_desk import Desk
    from tdwii_gui.dicom.store.ups_history import HistoryEntry


def steps(desk: Desk) -> int:
    """List the steps, by start time."""
    options = desk.options
    keys = WorklistKeys(machine=options.machine, state=options.state, workitem=None)
    performers = desk.store.performers()
    found = (Ups(each) for each in desk.store.select(worklist_query(keys)))
    rows = [
        {
            "state": step.state,
            "readiness": step.input_readiness,
            "start": _minute(step.start),
            "machine": step.machine,
            "patient_id": step.patient_id,
            "patient": step.patient_name,
            "performer": performers.get(step.sop_instance_uid, ""),
            "modified": _second(step.modified),
            "ups": step.sop_instance_uid,
        }
        for step in found
    ]
    return _say(desk, rows, "there is no such step")


def show(desk: Desk) -> int:
    """Show a step, its performer and its subscribers."""
    uid = desk.options.uid
    step = desk.store.load(uid)
    if step is None:
        raise DimseStatusError(Status.UPS_UNKNOWN)
    if desk.options.json:
        say_json(step.dataset.to_json_dict())
        return 0
    for line in format_dcmdump(step.dataset).splitlines():
        say(line)
    if step.performer_ae:
        performer = PerformerInfo.of(step, desk.directory)
        machine = f" ({performer.machine})" if performer.machine else ""
        since = "changed last" if step.state.is_final else "performer silent since"
        say(f"# claimed by {performer.ae_title}{machine}, {since} {_second(performer.last_heard)}")
    for one in desk.store.subscriptions():
        if one.sop_instance_uid == uid:
            lock = ", with a deletion lock" if one.deletion_lock else ""
            say(f"# {one.receiving_ae} is subscribed{lock}")
    return 0


def history(desk: Desk) -> int:
    """List the messages and operations that touched a step."""
    rows = [
        {
            "time": _second(entry.at),
            "from": entry.calling_ae,
            "to": entry.called_ae,
            "message": entry.message,
            "what": entry.what,
            "status": _outcome(entry),
        }
        for entry in desk.history.of(desk.options.uid)
    ]
    return _say(desk, rows, "nothing is remembered of this step")


def subscriptions(desk: Desk) -> int:
    """List who is subscribed to what; the subscriptions of an AE to many steps are one line."""
    infos = [SubscriptionInfo.of(one) for one in desk.store.subscriptions()]
    single = Counter(
        (info.receiving_ae, info.deletion_lock) for info in infos if info.sop_instance_uid
    )
    deliveries = desk.history.last_deliveries(sorted({info.receiving_ae for info in infos}))
    due = Counter(event.receiving_ae for event in Outbox(desk.store).due())

    def row(ae_title: str, scope: str, *, lock: bool) -> dict[str, Any]:
        last = deliveries.get(ae_title)
        return {
            "receiver": ae_title,
            "machine": machine_of(ae_title, desk.directory),
            "to": scope,
            "lock": "lock" if lock else "",
            "due": due[ae_title],
            "last delivery": f"{_second(last.at)} {last.what}: {_outcome(last)}" if last else "",
        }

    rows = [
        row(info.receiving_ae, info.filter or "all steps", lock=info.deletion_lock)
        for info in infos
        if not info.sop_instance_uid
    ]
    for (ae_title, lock), number in sorted(single.items()):
        uids = (one.sop_instance_uid for one in infos if one.receiving_ae == ae_title)
        only = next(filter(None, uids))
        rows.append(row(ae_title, only if number == 1 else f"{number} single steps", lock=lock))
    return _say(desk, rows, "nobody is subscribed")


def outbox(desk: Desk) -> int:
    """List the events that are due, in their order."""
    rows = [
        {
            "receiver": event.receiving_ae,
            "event": EventType(event.event_type).title,
            "attempts": event.attempts,
            "ups": event.sop_instance_uid,
        }
        for event in Outbox(desk.store).due()
    ]
    return _say(desk, rows, "no event is due")


def day(desk: Desk) -> int:
    """List the steps of a day, by machine and start."""
    wanted = desk.options.day or datetime.now().astimezone().date()
    machines = timeline(desk.store, wanted)
    if desk.options.json:
        say_json(
            {
                machine: [
                    {key: _plain(value) for key, value in asdict(entry).items()}
                    for entry in entries
                ]
                for machine, entries in machines.items()
            }
        )
        return 0
    if not machines:
        say(f"no step starts on {wanted}")
    known = aes_by_machine(desk.directory)
    for machine, entries in machines.items():
        aes = ", ".join(known.get(machine, ()))
        say(f"{machine or 'no machine'}{f' ({aes})' if aes else ''}")
        for entry in entries:
            until = f"{entry.end.astimezone():%H:%M}" if entry.end else "     "
            begin = f"{entry.start.astimezone():%H:%M}"
            who = f"{entry.patient_id} {entry.patient_name}"
            say(f"  {begin} - {until}  {entry.state or '':11}  {who}  {entry.sop_instance_uid}")
    return 0


def _say(desk: Desk, rows: Sequence[dict[str, Any]], nothing: str) -> int:
    if desk.options.json:
        say_json(rows)
    elif rows:
        say_table([key.upper() for key in rows[0]], [list(row.values()) for row in rows])
    else:
        say(nothing)
    return 0


def _outcome(entry: HistoryEntry) -> str:
    if entry.status is None:
        return entry.comment or "no answer"
    words = status_words(entry.status)
    if entry.status:
        words = f"{entry.status:04X}H {words}"
    return f"{words} ({entry.comment})" if entry.comment else words


def _minute(moment: datetime | None) -> str:
    return moment.astimezone().isoformat(" ", "minutes") if moment else ""


def _second(moment: datetime | None) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}" if moment else "unknown"


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
