"""The operator's side of a TMS: each operation is asked for, foreseen, done, and told of."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QObject, Signal, Slot

from tdwii_gui.dicom.status import Status, status_words
from tdwii_gui.dicom.ups.consequences import Consequences
from tdwii_gui.ui import texts
from tdwii_gui.ui.panels.operation_dialog import ConfirmDialog, OperationDialog, Question
from tdwii_gui.ui.panels.step_dialogs import (
    CancelDialog,
    EditStepDialog,
    cancel_question,
    request_cancel_question,
    step_words,
)
from tdwii_gui.ui.panels.tms_dialogs import PurgeDialog, SubscribeDialog
from tdwii_gui.ui.panels.verb_dialog import Verb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from concurrent.futures import Future

    from tdwii_gui.actors.tms import Tms
    from tdwii_gui.dicom.ups.operation import DeletionResult
    from tdwii_gui.ui.actor_window import ActorWindow
    from tdwii_gui.ui.models.worklist import WorklistRow

R = TypeVar("R")


class TmsOperations(QObject):
    """Asks before each operation with its consequences, performs it, and says how it went.

    Parameters
    ----------
    tms : Tms
        The actor.
    window : ActorWindow
        Over which dialogs open and where outcomes are told.

    Signals
    -------
    done
        An operation has ended: what is shown may be other.
    restarted : bool
        The TMS has started again, cold or not.
    known_only_changed : bool
        The switch was set.
    """

    done = Signal()
    restarted = Signal(bool)
    known_only_changed = Signal(bool)

    def __init__(self, tms: Tms, window: ActorWindow) -> None:
        super().__init__(window)
        self._tms = tms
        self._window = window

    # one step

    def edit(self, row: WorklistRow, machines: Iterable[str]) -> None:
        """Change a step that is scheduled."""
        foresee = partial(self._tms.operator.edit_consequences, row.uid)
        known = {*machines, *self._tms.machines}
        dialog = EditStepDialog(row, known, foresee, self._foresee, self._window)
        name = _name(row)

        def perform() -> None:
            self._job(
                self._tms.edit_step(row.uid, dialog.edit),
                self.tr("Editing the step of {0}").format(name),
                self.tr("The step of {0} is not changed: {1}").format(name, "{0}"),
                lambda _none: self._say(self.tr("The step of {0} is changed").format(name)),
            )

        self._open(dialog, perform)

    def request_cancel(self, row: WorklistRow) -> None:
        """Cancel a scheduled step, or ask the performer of one."""
        foresee = partial(self._tms.operator.request_cancel_consequences, row.uid)
        question = request_cancel_question(row)
        dialog = CancelDialog(question, foresee, self._foresee, self._window, has_contact=True)
        name = _name(row)

        def perform() -> None:
            self._job(
                self._tms.request_cancel(
                    row.uid, dialog.reason, dialog.contact, dialog.reason_code
                ),
                self.tr("Asking to cancel the step of {0}").format(name),
                self.tr("The step of {0} is not canceled: {1}").format(name, "{0}"),
                lambda status: self._tell_status(
                    status, self.tr("Asked to cancel the step of {0}").format(name)
                ),
            )

        self._open(dialog, perform)

    def cancel(self, row: WorklistRow) -> None:
        """Cancel a step whose performer has vanished."""

        def foresee() -> Consequences:
            found = self._tms.operator.cancel_consequences(row.uid)
            if not any(one.calling_ae == row.owner for one in self._tms.associations):
                return found
            there = self.tr("{0} is connected at this moment: rather ask it to cancel")
            notes = (there.format(row.owner), *found.notes)
            return Consequences(found.effect, found.receivers, notes)

        dialog = CancelDialog(
            cancel_question(row), foresee, self._foresee, self._window, has_contact=False
        )
        name = _name(row)

        def perform() -> None:
            self._job(
                self._tms.cancel_step(row.uid, dialog.reason, dialog.reason_code),
                self.tr("Canceling the step of {0}").format(name),
                self.tr("The step of {0} is not canceled: {1}").format(name, "{0}"),
                lambda _none: self._say(self.tr("The step of {0} is canceled").format(name)),
            )

        self._open(dialog, perform)

    # many steps

    def delete(self, rows: Sequence[WorklistRow]) -> None:
        """Delete final steps; locks hold."""
        uids = [row.uid for row in rows]
        many = self.tr("Delete {0} steps?").format(len(uids))
        question = Question(
            "delete_dialog",
            self.tr("Delete a step?") if len(uids) == 1 else many,
            step_words(rows[0]) if len(uids) == 1 else "",
            Verb("confirm_delete", self.tr("&Delete for ever")),
            Verb("keep_steps", self.tr("&Keep")),
            is_danger=True,
        )
        self._confirm(
            question,
            partial(self._tms.operator.delete_consequences, uids),
            lambda: self._delete(self._tms.delete_steps(uids), self.tr("Deleting steps")),
        )

    @Slot()
    def purge(self) -> None:
        """Delete final steps of a certain age; locks hold."""
        dialog = PurgeDialog(self._tms.operator.purge_consequences, self._foresee, self._window)
        purging = self.tr("Purging final steps")
        self._open(dialog, lambda: self._delete(self._tms.purge(dialog.age), purging))

    # who is told

    def subscribe(self, row: WorklistRow | None, *, for_step: bool = False) -> None:
        """Subscribe a system to a step or to all."""
        own = self._tms.ae_title
        operator = self._tms.operator
        dialog = SubscribeDialog(
            [entity.ae_title for entity in self._tms.directory if entity.ae_title != own],
            row,
            for_step,
            lambda ae, uid, lock: operator.subscribe_consequences(ae, uid, deletion_lock=lock),
            self._foresee,
            self._window,
        )

        def perform() -> None:
            ae_title, uid, lock = dialog.wanted
            self._job(
                self._tms.subscribe_ae(ae_title, uid, lock),
                self.tr("Subscribing {0}").format(ae_title),
                self.tr("{0} is not subscribed: {1}").format(ae_title, "{0}"),
                lambda status: self._tell_status(
                    status, self.tr("{0} is subscribed").format(ae_title)
                ),
            )

        self._open(dialog, perform)

    def unsubscribe(self, ae_title: str, uid: str, scope: str) -> None:
        """End a subscription of a system, or all."""
        shown = texts.plain(ae_title, 20)
        question = Question(
            "unsubscribe_dialog",
            self.tr("Unsubscribe {0}?").format(shown),
            scope,
            Verb("confirm_unsubscribe", self.tr("&Unsubscribe")),
            Verb("keep_subscription", self.tr("&Keep it")),
            is_danger=True,
        )
        self._confirm(
            question,
            partial(self._tms.operator.unsubscribe_consequences, ae_title, uid),
            lambda: self._job(
                self._tms.unsubscribe_ae(ae_title, uid),
                self.tr("Unsubscribing {0}").format(shown),
                self.tr("{0} is not unsubscribed: {1}").format(shown, "{0}"),
                lambda status: self._tell_status(
                    status, self.tr("{0} is unsubscribed").format(shown)
                ),
            ),
        )

    def discard(self, ae_title: str) -> None:
        """Drop the events that a system has not got."""
        shown = texts.plain(ae_title, 20)
        question = Question(
            "discard_dialog",
            self.tr("Discard what waits for {0}?").format(shown),
            "",
            Verb("confirm_discard", self.tr("&Discard the events")),
            Verb("keep_events", self.tr("&Keep them waiting")),
            is_danger=True,
        )
        self._confirm(
            question,
            partial(self._tms.operator.discard_consequences, ae_title),
            lambda: self._job(
                self._tms.discard_events(ae_title),
                self.tr("Discarding events to {0}").format(shown),
                self.tr("Events to {0} are not discarded: {1}").format(shown, "{0}"),
                lambda number: self._say(
                    self.tr("{0} events to {1} discarded").format(number, shown)
                ),
            ),
        )

    # the TMS

    @Slot(bool)
    def restart(self, cold: bool) -> None:
        """Stop listening and start again, cold with an empty worklist."""
        title = (
            self.tr("Restart cold, with an empty worklist?") if cold else self.tr("Restart warm?")
        )
        question = Question(
            "restart_dialog",
            title,
            self.tr("Subscribers are told by SCP Status Change that the TMS has RESTARTED."),
            Verb("confirm_restart", self.tr("&Restart")),
            Verb("keep_running", self.tr("&Keep it running")),
            is_danger=cold,
        )
        told = self.tr("The TMS has restarted cold") if cold else self.tr("The TMS has restarted")

        def restarted(_none: object) -> None:
            self.restarted.emit(cold)
            self._say(told)

        def perform() -> None:
            self._window.light.show_waiting(self.tr("Restarting…"))
            self._job(
                self._tms.restart(cold),
                self.tr("Restarting the TMS"),
                self.tr("The TMS has not restarted: {0}"),
                restarted,
            )

        self._confirm(question, partial(self._tms.restart_consequences, cold=cold), perform)

    @Slot(bool)
    def set_known_only(self, wanted: bool) -> None:
        """Reject AE titles that are not in the AE directory, or take any."""
        question = Question(
            "known_only_dialog",
            self.tr("Take known AE titles only?") if wanted else self.tr("Take any AE title?"),
            "",
            Verb("confirm_known_only", self.tr("&Known only") if wanted else self.tr("&Any")),
            Verb("leave_known_only", self.tr("&Leave it")),
        )

        def perform() -> None:
            self._tms.known_aes_only = wanted
            self.known_only_changed.emit(wanted)

        self._confirm(question, partial(self._known_only_consequences, wanted), perform)

    def _known_only_consequences(self, wanted: bool) -> Consequences:
        notes: tuple[str, ...] = (
            self.tr("it holds until the TMS ends; the settings file names the beginning"),
        )
        if not wanted:
            effect = self.tr("any calling AE title gets an association")
            return Consequences(effect, (), notes)
        known = sorted({entity.ae_title for entity in self._tms.directory})
        effect = self.tr("rejects associations of all but {0}").format(", ".join(known))
        strangers = {one.calling_ae for one in self._tms.associations}.difference(known)
        if strangers:
            said = self.tr("connected now, and not cut off: {0}")
            notes = (said.format(", ".join(sorted(strangers))), *notes)
        return Consequences(effect, (), notes)

    # how all of them go

    def _foresee(
        self,
        inquiry: Callable[[], Consequences],
        done: Callable[[Consequences], Any],
        failed: Callable[[BaseException], Any],
    ) -> None:
        future = self._window.background.submit("consequences", "", inquiry)
        self._window.bridge.watch(future, done, failed)

    def _confirm(
        self, question: Question, inquiry: Callable[[], Consequences], perform: Callable[[], None]
    ) -> None:
        self._open(ConfirmDialog(question, self._foresee, self._window, inquiry), perform)

    def _open(self, dialog: OperationDialog, perform: Callable[[], None]) -> None:
        dialog.accepted.connect(perform)
        dialog.open()

    def _job(self, future: Future[R], text: str, failure: str, done: Callable[[R], object]) -> None:
        """Have an operation end in `done`, or in a failure whose ``{0}`` says why."""

        def on_done(result: R) -> None:
            done(result)
            self.done.emit()

        def on_failed(error: BaseException) -> None:
            self._window.messages.fail(failure.replace("{0}", str(error)))
            self.done.emit()

        self._window.job(future, text, on_done, on_failed)

    def _delete(self, future: Future[DeletionResult], text: str) -> None:
        def told(result: DeletionResult) -> None:
            said = str(result)
            if result.refusals():
                self._window.messages.warn(said)
            else:
                self._window.messages.done(said)

        self._job(future, text, self.tr("Nothing is deleted: {0}"), told)

    def _tell_status(self, status: int, success: str) -> None:
        if status == Status.SUCCESS:
            self._say(success)
        else:
            self._window.messages.warn(f"{success}: {status_words(status)}")

    def _say(self, text: str) -> None:
        self._window.messages.say(text)


def _name(row: WorklistRow) -> str:
    return texts.plain(row.patient, 80) or texts.elided_uid(row.uid)
