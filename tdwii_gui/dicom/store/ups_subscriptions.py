"""Who is subscribed to which steps, within a transaction of the worklist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, delete, insert, select

from tdwii_gui.dicom.store.ups_tables import GLOBAL_SUBSCRIPTIONS, STEPS, SUBSCRIPTIONS

if TYPE_CHECKING:
    from sqlalchemy import Connection

_SUBSCRIBERS: Final = (
    select(SUBSCRIPTIONS.c.receiving_ae)
    .where(SUBSCRIPTIONS.c.sop_instance_uid == bindparam("uid"))
    .order_by(SUBSCRIPTIONS.c.receiving_ae)
)
_GLOBAL_SUBSCRIBERS: Final = select(
    GLOBAL_SUBSCRIPTIONS.c.receiving_ae, GLOBAL_SUBSCRIPTIONS.c.deletion_lock
).order_by(GLOBAL_SUBSCRIPTIONS.c.receiving_ae)


@dataclass(frozen=True, slots=True)
class StoredSubscription:
    """A subscription; without a SOP Instance UID it is global, for the steps to come."""

    receiving_ae: str
    sop_instance_uid: str
    deletion_lock: bool


class StepSubscriptions:
    """The subscriptions of a worklist, for the time of a transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> list[StoredSubscription]:
        """Return all subscriptions, the global ones first."""
        single = select(SUBSCRIPTIONS).order_by(
            SUBSCRIPTIONS.c.receiving_ae, SUBSCRIPTIONS.c.sop_instance_uid
        )
        to_all = [
            StoredSubscription(row.receiving_ae, "", row.deletion_lock)
            for row in self._connection.execute(_GLOBAL_SUBSCRIBERS)
        ]
        to_one = [
            StoredSubscription(row.receiving_ae, row.sop_instance_uid, row.deletion_lock)
            for row in self._connection.execute(single)
        ]
        return to_all + to_one

    def subscribers(self, sop_instance_uid: str) -> list[str]:
        """Return the AEs that are subscribed to a step."""
        return list(self._connection.scalars(_SUBSCRIBERS, {"uid": sop_instance_uid}))

    def global_subscribers(self) -> dict[str, bool]:
        """Return the AEs that are subscribed globally, and whether with a deletion lock."""
        rows = self._connection.execute(_GLOBAL_SUBSCRIBERS)
        return {row.receiving_ae: row.deletion_lock for row in rows}

    def subscribe(self, sop_instance_uid: str, receiving_ae: str, deletion_lock: bool) -> None:
        """Subscribe an AE to a step, or give its subscription another lock."""
        key = {"sop_instance_uid": sop_instance_uid, "receiving_ae": receiving_ae}
        self._replace(SUBSCRIPTIONS, key, deletion_lock)

    def subscribe_to_all(self, receiving_ae: str, deletion_lock: bool) -> list[str]:
        """Subscribe an AE to each step to which it is not; return the UIDs of these."""
        missing = _unsubscribed(receiving_ae)
        uids = list(self._connection.scalars(missing))
        if uids:
            self._connection.execute(
                insert(SUBSCRIPTIONS),
                [
                    {
                        "sop_instance_uid": uid,
                        "receiving_ae": receiving_ae,
                        "deletion_lock": deletion_lock,
                    }
                    for uid in uids
                ],
            )
        return uids

    def unsubscribe(self, sop_instance_uid: str, receiving_ae: str) -> None:
        """End an AE's subscription to a step."""
        own = SUBSCRIPTIONS.c.receiving_ae == receiving_ae
        step = SUBSCRIPTIONS.c.sop_instance_uid == sop_instance_uid
        self._connection.execute(delete(SUBSCRIPTIONS).where(own, step))

    def unsubscribe_from_all(self, receiving_ae: str) -> None:
        """End all of an AE's subscriptions to single steps."""
        own = SUBSCRIPTIONS.c.receiving_ae == receiving_ae
        self._connection.execute(delete(SUBSCRIPTIONS).where(own))

    def set_global(self, receiving_ae: str, deletion_lock: bool) -> None:
        """Record an AE's global subscription, for the steps to come."""
        self._replace(GLOBAL_SUBSCRIPTIONS, {"receiving_ae": receiving_ae}, deletion_lock)

    def clear_global(self, receiving_ae: str) -> None:
        """Forget an AE's global subscription."""
        own = GLOBAL_SUBSCRIPTIONS.c.receiving_ae == receiving_ae
        self._connection.execute(delete(GLOBAL_SUBSCRIPTIONS).where(own))

    def _replace(self, table: Any, key: dict[str, str], deletion_lock: bool) -> None:
        own = [table.c[name] == value for name, value in key.items()]
        self._connection.execute(delete(table).where(*own))
        self._connection.execute(insert(table).values(**key, deletion_lock=deletion_lock))


def _unsubscribed(receiving_ae: str) -> Any:
    """Return the query of the steps to which an AE is not subscribed."""
    subscribed = select(SUBSCRIPTIONS.c.sop_instance_uid).where(
        SUBSCRIPTIONS.c.receiving_ae == receiving_ae
    )
    return (
        select(STEPS.c.sop_instance_uid)
        .where(STEPS.c.sop_instance_uid.not_in(subscribed))
        .order_by(STEPS.c.start_first, STEPS.c.sop_instance_uid)
    )
