"""The TMS that is measured and the SCP that does nothing, and what is asked of both."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.processes import free_ports, memory, running
from benchmarks.upper_layer import (
    ACTION_TYPE,
    FIELD,
    INSTANCE,
    N_ACTION,
    N_CREATE,
    REQUESTED_CLASS,
    REQUESTED_INSTANCE,
    SOP_CLASS,
    Requestor,
)
from tdwii_gui.dicom.uids import UPS_PULL, UPS_PUSH, UPS_WATCH, new_uid

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from benchmarks.measure import Place


@dataclass(frozen=True, slots=True)
class Peer:
    """An SCP that is measured."""

    name: str
    port: int
    ae_title: str
    process: subprocess.Popen[str]

    def associate(self) -> Requestor:
        """Open an association."""
        return Requestor(self.port, self.ae_title, [UPS_PUSH, UPS_PULL, UPS_WATCH])

    def memory(self, name: str = "VmRSS") -> float:
        """Return the memory that the process holds, or with VmHWM held at most, in MB."""
        return memory(self.process, name) / 1e6


def create(association: Requestor, attributes: bytes) -> str:
    """Create a step; return its SOP Instance UID."""
    uid = str(new_uid())
    command: dict[int, int | str] = {SOP_CLASS: UPS_PUSH, FIELD: N_CREATE, INSTANCE: uid}
    accepted(association.request(UPS_PUSH, command, attributes))
    return uid


def act(
    association: Requestor, context: str, uid: str, action_type: int, information: bytes
) -> None:
    """Have an action done on a step (N-ACTION)."""
    command: dict[int, int | str] = {
        REQUESTED_CLASS: UPS_PUSH,
        FIELD: N_ACTION,
        REQUESTED_INSTANCE: uid,
        ACTION_TYPE: action_type,
    }
    accepted(association.request(context, command, information))


def accepted(status: int) -> None:
    """Go on after a success or warning.

    Raises
    ------
    RuntimeError
        If it is neither.
    """
    if status >> 12 in (0xA, 0xC) or 0x0100 <= status < 0x0300:
        raise RuntimeError(f"refused with status {status:04X}H")


@contextmanager
def tms(where: Place) -> Iterator[Peer]:
    """Run a TMS without a window."""
    (port,) = free_ports(1)
    options = ["--data-dir", str(where.data), "--ae-config", str(where.ae_directory)]
    arguments = ["tdwii_gui", "tms", "--headless", "--port", str(port), *options]
    with running(where, arguments) as process:
        yield Peer("tms", port, "TMS", process)


@contextmanager
def do_nothing(where: Place) -> Iterator[Peer]:
    """Run the SCP that does nothing."""
    (port,) = free_ports(1)
    with running(where, ["benchmarks.do_nothing_scp", str(port)]) as process:
        yield Peer("do_nothing", port, "NOTHING", process)
