"""What the launcher does with the suite, each of it away from the GUI thread."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING, Any, Final, TypeVar

from PySide6.QtCore import QObject, Signal

from tdwii_gui.actors.worker import SerialWorker
from tdwii_gui.dicom.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from pydicom.dataset import Dataset

    from tdwii_gui.actors.actor import Actor
    from tdwii_gui.actors.events import Listener
    from tdwii_gui.actors.suite import Role, Suite
    from tdwii_gui.config.ae_directory import ApplicationEntity
    from tdwii_gui.ui.bridge import ActorBridge

R = TypeVar("R")

_STOP_SECONDS: Final = 2.0


class SuiteControl(QObject):
    """Starts the suite, its actors and their replacements on a thread, and tells the outcome.

    Parameters
    ----------
    make_suite : Callable[[Listener], Suite]
        Makes the suite; called on the thread, so that it may import what takes long.
    bridge : ActorBridge
        Listener of all actors.

    Signals
    -------
    started
        The actors run; `suite` is there.
    failed : str
        The suite cannot be started.
    changed : str
        What was asked for the actor of a role is done.
    refused : str, str
        What was asked for the actor of a role cannot be done, and why.
    stopped
        All actors have stopped.
    """

    started = Signal()
    failed = Signal(str)
    changed = Signal(str)
    refused = Signal(str, str)
    stopped = Signal()

    def __init__(
        self,
        make_suite: Callable[[Listener], Suite],
        bridge: ActorBridge,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._make_suite = make_suite
        self._bridge = bridge
        self._suite: Suite | None = None
        self._worker = SerialWorker("launcher", _ignore)
        self._reader = SerialWorker("launcher-reader", _ignore)
        self._started = False
        self._stopping = False

    @property
    def suite(self) -> Suite | None:
        """The actors; None before they are made."""
        return self._suite

    def role_of(self, ae_title: str) -> str:
        """Return the role of one of our actors, or an empty text."""
        role = self._suite.role_of(ae_title) if self._suite else None
        return role.value if role else ""

    def is_ours(self, ae_title: str) -> bool:
        """Whether an AE title is that of an actor of ours that no other system replaces."""
        suite = self._suite
        role = suite.role_of(ae_title) if suite else None
        return bool(suite and role and suite.external(role) is None)

    def actor(self, role: str) -> Actor | None:
        """Return our actor of a role."""
        return self._suite.actor(_role(role)) if self._suite else None

    @property
    def notes(self) -> list[str]:
        """What the user should know of the start."""
        return self._suite.notes if self._suite else []

    def external(self, role: str) -> ApplicationEntity | None:
        """Return the system that is in the place of our actor, if one is."""
        return self._suite.external(_role(role)) if self._suite else None

    def start(self) -> None:
        """Make the suite and have its actors listen."""
        self._bridge.watch(
            self._worker.submit("start", "", self._start),
            lambda _none: self.started.emit(),
            lambda error: self.failed.emit(str(error)),
        )

    def toggle(self, role: str) -> None:
        """Have the actor of a role stop listening, or listen again."""

        def other(suite: Suite) -> None:
            actor = suite.actor(_role(role))
            if actor.listening:
                actor.stop_listening()
            else:
                actor.start()

        self._ask(role, other)

    def restart(self, role: str) -> None:
        """Have the actor of a role stop listening and listen again."""

        def again(suite: Suite) -> None:
            actor = suite.actor(_role(role))
            actor.stop_listening()
            actor.start()

        self._ask(role, again)

    def use_external(self, role: str, entity: ApplicationEntity) -> None:
        """Put another system in the place of our actor."""
        self._ask(role, lambda suite: suite.use_external(_role(role), entity))

    def use_own(self, role: str) -> None:
        """Use our own actor again."""
        self._ask(role, lambda suite: suite.use_own(_role(role)))

    def echo(
        self,
        role: str,
        entity: ApplicationEntity,
        done: Callable[[float], Any],
        failed: Callable[[BaseException], Any],
    ) -> None:
        """Have one of the others ask an address for an echo; `done` hears the milliseconds."""
        if self._suite is not None:
            asking = "creator" if role != "creator" else "tdd"
            self._bridge.watch(self._suite.actor(_role(asking)).echo_entity(entity), done, failed)

    def count(self, role: str, done: Callable[[tuple[int, ...]], Any]) -> None:
        """Count steps and subscribers of the TMS, or the objects of the OST."""
        suite = self._suite
        if suite is None or self._stopping:
            return

        def numbers() -> tuple[int, ...]:
            if role == "ost":
                return (suite.ost.instances.count(),)
            subscribers = {one.receiving_ae for one in suite.tms.subscriptions().result()}
            return suite.tms.count_steps().result(), len(subscribers)

        self._bridge.watch(self.read(numbers), done)

    def read(self, call: Callable[[], R]) -> Future[R]:
        """Have something read or computed away from the GUI thread, whatever else runs."""
        return self._reader.submit("read", "", call)

    def find_object(self, sop_instance_uid: str) -> Future[Dataset]:
        """Read an object from whichever of our actors has it."""
        return self.read(lambda: self._find_object(sop_instance_uid))

    def stop(self) -> None:
        """Stop everything on a thread; `stopped` tells the end."""
        if not self._stopping:
            self._stopping = True
            Thread(target=self._stop, name="suite-stop", daemon=True).start()

    def _ask(self, role: str, call: Callable[[Suite], None]) -> None:
        suite = self._suite
        if suite is None or self._stopping:
            return
        self._bridge.watch(
            self._worker.submit(role, "", lambda: call(suite)),
            lambda _none: self.changed.emit(role),
            lambda error: self.refused.emit(role, str(error)),
        )

    def _start(self) -> None:
        suite = self._make_suite(self._bridge.hear)
        self._suite = suite
        try:
            if not self._stopping:
                suite.start()
                self._started = True
        finally:
            # The window may have been closed while this took its time.
            if self._stopping:
                suite.stop()

    def _find_object(self, sop_instance_uid: str) -> Dataset:
        suite = self._suite
        if suite is not None:
            for actor in (suite.ost, suite.tms, suite.tdd, suite.ppvs):
                if actor.instances.get(sop_instance_uid) is not None:
                    return actor.instances.read(sop_instance_uid)
        raise StoreError(self.tr("None of our actors keeps this object"))

    def _stop(self) -> None:
        self._reader.stop()
        ended = self._worker.stop(_STOP_SECONDS)
        # A start that takes longer stops what it has started by itself.
        if self._suite is not None and (ended or self._started):
            self._suite.stop()
        self._bridge.post(self.stopped.emit)


def _ignore(_name: str, _error: Exception) -> None:
    """Leave a failed call to those who watch its future."""


def _role(role: str) -> Role:
    """Return the role that a text names; only with a suite, when all is imported already."""
    from tdwii_gui.actors.suite import Role

    return Role(role)
