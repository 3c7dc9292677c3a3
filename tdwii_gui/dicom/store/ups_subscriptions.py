"""Who is subscribed to which steps, within a transaction of the worklist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, delete, exists, false, func, insert, select

from tdwii_gui.dicom.store.narrowing import conditions
from tdwii_gui.dicom.store.ups_tables import GLOBAL_SUBSCRIPTIONS, STEPS, SUBSCRIPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydicom.dataset import Dataset
    from sqlalchemy import Connection

_SUBSCRIBERS: Final = (
    select(SUBSCRIPTIONS.c.receiving_ae)
    .where(SUBSCRIPTIONS.c.sop_instance_uid == bindparam("uid"))
    .order_by(SUBSCRIPTIONS.c.receiving_ae)
)
_LOCKS: Final = _SUBSCRIBERS.where(SUBSCRIPTIONS.c.deletion_lock)
_GLOBAL_SUBSCRIPTIONS: Final = select(
    GLOBAL_SUBSCRIPTIONS.c.receiving_ae,
    GLOBAL_SUBSCRIPTIONS.c.deletion_lock,
    GLOBAL_SUBSCRIPTIONS.c["keys"],  # not `.keys`, which is a method of the collection
).order_by(GLOBAL_SUBSCRIPTIONS.c.receiving_ae)
_FIRST_STEPS: Final = (
    select(SUBSCRIPTIONS.c.receiving_ae, func.min(SUBSCRIPTIONS.c.sop_instance_uid))
    .group_by(SUBSCRIPTIONS.c.receiving_ae)
    .order_by(SUBSCRIPTIONS.c.receiving_ae)
)
_ADD: Final = insert(SUBSCRIPTIONS)
_ADD_UNFILTERED: Final = insert(SUBSCRIPTIONS).from_select(
    ["sop_instance_uid", "receiving_ae", "deletion_lock", "single"],
    select(
        bindparam("uid", type_=SUBSCRIPTIONS.c.sop_instance_uid.type),
        GLOBAL_SUBSCRIPTIONS.c.receiving_ae,
        GLOBAL_SUBSCRIPTIONS.c.deletion_lock,
        false(),
    ).where(GLOBAL_SUBSCRIPTIONS.c["keys"].is_(None)),
)


@dataclass(frozen=True, slots=True)
class StoredSubscription:
    """A subscription.

    Parameters
    ----------
    receiving_ae : str
        Who is told.
    sop_instance_uid : str
        The step; empty for a global subscription, which counts for the steps to come.
    deletion_lock : bool
        Whether a final step must stay until the AE unsubscribes.
    keys : bytes
        The identifier of a filtered global subscription, encoded; empty for all steps.
    """

    receiving_ae: str
    sop_instance_uid: str
    deletion_lock: bool
    keys: bytes = b""


class StepSubscriptions:
    """The subscriptions of a worklist, for the time of a transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> list[StoredSubscription]:
        """Return all subscriptions, the global ones first."""
        single = select(SUBSCRIPTIONS).order_by(
            SUBSCRIPTIONS.c.receiving_ae, SUBSCRIPTIONS.c.sop_instance_uid
        )
        to_one = [
            StoredSubscription(row.receiving_ae, row.sop_instance_uid, row.deletion_lock)
            for row in self._connection.execute(single)
        ]
        return self.global_subscriptions() + to_one

    def subscribers(self, sop_instance_uid: str) -> list[str]:
        """Return the AEs that are subscribed to a step."""
        return list(self._connection.scalars(_SUBSCRIBERS, {"uid": sop_instance_uid}))

    def locks(self, sop_instance_uid: str) -> list[str]:
        """Return the AEs whose deletion lock keeps a final step from being deleted."""
        return list(self._connection.scalars(_LOCKS, {"uid": sop_instance_uid}))

    def global_subscriptions(self) -> list[StoredSubscription]:
        """Return the global subscriptions, filtered ones and others."""
        return [
            StoredSubscription(row[0], "", row[1], row[2] or b"")
            for row in self._connection.execute(_GLOBAL_SUBSCRIPTIONS)
        ]

    def first_steps(self) -> dict[str, str]:
        """Return each AE that is subscribed to single steps, with the UID of one of them."""
        return {row[0]: row[1] for row in self._connection.execute(_FIRST_STEPS)}

    def is_full(self, receiving_ae: str, sop_instance_uid: str, limit: int) -> bool:
        """Return whether a subscription to one more step would exceed an AE's limit.

        What global subscriptions brought does not count, nor does it count to change a lock. An AE
        with a global subscription has no limit.
        """
        own = SUBSCRIPTIONS.c.single & (SUBSCRIPTIONS.c.receiving_ae == receiving_ae)
        some = select(SUBSCRIPTIONS.c.sop_instance_uid).where(own).limit(limit).subquery()
        if (self._connection.scalar(select(func.count()).select_from(some)) or 0) < limit:
            return False
        exempt = select(GLOBAL_SUBSCRIPTIONS.c.receiving_ae).where(
            GLOBAL_SUBSCRIPTIONS.c.receiving_ae == receiving_ae
        )
        if self._connection.scalar(exempt) is not None:
            return False
        return receiving_ae not in self.subscribers(sop_instance_uid)

    def subscribe(self, sop_instance_uid: str, receiving_ae: str, deletion_lock: bool) -> None:
        """Subscribe an AE to a step, or give its subscription another lock."""
        key = {"sop_instance_uid": sop_instance_uid, "receiving_ae": receiving_ae}
        self._replace(SUBSCRIPTIONS, key, {"deletion_lock": deletion_lock, "single": True})

    def unsubscribed(self, receiving_ae: str, identifier: Dataset | None = None) -> list[str]:
        """Return the UIDs of the steps to which an AE is not subscribed, by start time.

        Parameters
        ----------
        receiving_ae : str
            The AE.
        identifier : Dataset or None
            Keys by which steps may be left out that do not match; those that stay need not match.
        """
        subscribed = exists().where(
            SUBSCRIPTIONS.c.sop_instance_uid == STEPS.c.sop_instance_uid,
            SUBSCRIPTIONS.c.receiving_ae == receiving_ae,
        )
        query = (
            select(STEPS.c.sop_instance_uid)
            .where(~subscribed)
            .order_by(STEPS.c.start_first, STEPS.c.sop_instance_uid)
        )
        narrowed = None if identifier is None else conditions(identifier)
        if narrowed is not None:
            query = query.where(narrowed)
        return list(self._connection.scalars(query))

    def add(self, subscriptions: Iterable[StoredSubscription]) -> None:
        """Subscribe AEs to steps to which they are not, for their global subscriptions."""
        rows = [
            {
                "sop_instance_uid": each.sop_instance_uid,
                "receiving_ae": each.receiving_ae,
                "deletion_lock": each.deletion_lock,
                "single": False,
            }
            for each in subscriptions
        ]
        if rows:
            self._connection.execute(_ADD, rows)

    def add_unfiltered(self, sop_instance_uid: str) -> None:
        """Subscribe to a new step all who are subscribed to all steps without any keys."""
        self._connection.execute(_ADD_UNFILTERED, {"uid": sop_instance_uid})

    def unsubscribe(self, sop_instance_uid: str, receiving_ae: str) -> None:
        """End an AE's subscription to a step."""
        own = SUBSCRIPTIONS.c.receiving_ae == receiving_ae
        step = SUBSCRIPTIONS.c.sop_instance_uid == sop_instance_uid
        self._connection.execute(delete(SUBSCRIPTIONS).where(own, step))

    def unsubscribe_from_all(self, receiving_ae: str) -> None:
        """End all of an AE's subscriptions to single steps."""
        own = SUBSCRIPTIONS.c.receiving_ae == receiving_ae
        self._connection.execute(delete(SUBSCRIPTIONS).where(own))

    def set_global(self, receiving_ae: str, deletion_lock: bool, keys: bytes = b"") -> None:
        """Record an AE's global subscription, for the steps to come that match the keys."""
        values = {"deletion_lock": deletion_lock, "keys": keys or None}
        self._replace(GLOBAL_SUBSCRIPTIONS, {"receiving_ae": receiving_ae}, values)

    def clear_global(self, receiving_ae: str) -> None:
        """Forget an AE's global subscription."""
        own = GLOBAL_SUBSCRIPTIONS.c.receiving_ae == receiving_ae
        self._connection.execute(delete(GLOBAL_SUBSCRIPTIONS).where(own))

    def _replace(self, table: Any, key: dict[str, str], values: dict[str, Any]) -> None:
        own = [table.c[name] == value for name, value in key.items()]
        self._connection.execute(delete(table).where(*own))
        self._connection.execute(insert(table).values(**key, **values))
