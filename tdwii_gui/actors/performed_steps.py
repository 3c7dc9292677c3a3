"""The performed procedure steps (MPPS) that an actor keeps for others, and who is told of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdwii_gui.dicom.iod.mpps import MppsEvent
from tdwii_gui.dicom.net.event_kind import MPPS_EVENTS
from tdwii_gui.dicom.net.event_sender import EventSender
from tdwii_gui.dicom.net.mpps_scp import MppsScp
from tdwii_gui.dicom.store.mpps_store import OUTBOX, MppsStore
from tdwii_gui.dicom.ups.outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from tdwii_gui.actors.actor import Actor
    from tdwii_gui.dicom.iod.mpps import Mpps


class PerformedSteps:
    """Answers MPPS, and tells the AEs of the settings of each change.

    The service class has no subscription: who wants notifications (PS3.4 F.9) is entered in the
    settings of the actor, and is told on an association of its own. Notifications are kept until
    they are answered, a day at most.

    Parameters
    ----------
    actor : Actor
        Who keeps them.
    engine : Engine
        The database.
    receivers : tuple[str, ...]
        The AE titles of those that are told.
    on_change : Callable[[Mpps, bool], None]
        Hears of each change after its commit, and whether the step was deleted.

    Attributes
    ----------
    scp : MppsScp
        The service, to be served.
    """

    def __init__(
        self,
        actor: Actor,
        engine: Engine,
        receivers: tuple[str, ...],
        on_change: Callable[[Mpps, bool], None],
    ) -> None:
        self._receivers = receivers
        self._on_change = on_change
        self._store = MppsStore(engine, receivers)
        self._sender = EventSender(
            Outbox(self._store, OUTBOX, least_needed=MppsEvent.UPDATED),
            actor.directory,
            actor.local,
            kind=MPPS_EVENTS,
            let_answers_leave=actor.let_answers_leave,
        )
        self.scp = MppsScp(self._store, self._on_changed)

    def start(self) -> None:
        """Begin to send notifications, what was left over first."""
        self._sender.start()

    def stop(self) -> None:
        """End sending; what is due waits for the next start."""
        self._sender.stop()

    def all(self) -> list[Mpps]:
        """Return all steps in the order of their creation."""
        return self._store.all()

    def delete(self, sop_instance_uid: str) -> None:
        """Delete a step, in whatever state it is.

        Raises
        ------
        DimseStatusError
            0112 if it is not known.
        """
        mpps = self._store.get(sop_instance_uid)
        if self._store.delete(sop_instance_uid):
            self._changed(mpps, deleted=True)

    def _on_changed(self, mpps: Mpps, _changed_by: str) -> None:
        self._changed(mpps, deleted=False)

    def _changed(self, mpps: Mpps, *, deleted: bool) -> None:
        if self._receivers:
            self._sender.wake(self._receivers)
        self._on_change(mpps, deleted)
