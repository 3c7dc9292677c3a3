"""What recording costs: an OST and a TMS with it and without, side by side, measured in turns.

``python -m benchmarks.recording PART`` measures one of `PARTS` alone.
"""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack, contextmanager
from itertools import count
from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks import archive_content, worklist_content
from benchmarks.measure import metric, place
from benchmarks.processes import free_ports, running
from benchmarks.storage_user import StorageUser
from benchmarks.upper_layer import (
    ACTION_TYPE,
    FIELD,
    N_ACTION,
    N_SET,
    REQUESTED_CLASS,
    REQUESTED_INSTANCE,
    Command,
    Requestor,
)
from benchmarks.worklist_peers import create
from tdwii_gui.dicom.uids import UPS_PULL, UPS_PUSH, new_uid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

_PLAIN: Final = "plain"
_OPTIONS: Final = {
    _PLAIN: [],
    "pseudonyms": ["--record"],
    "patient_data": ["--record-patient-data", "--record"],
}
_STORE_RUNS: Final = 8
_MESSAGE_RUNS: Final = 5
_IMAGES: Final = 100
_STEPS: Final = 60
_UPDATES: Final = 100
_LOOK_SECONDS: Final = 0.3
_CONTEXTS: Final = (UPS_PUSH, UPS_PULL)
_SERIES: Final = count(5000)
_NUMBERS: Final = count()
_STORE_RATIO: Final = 0.9
_MESSAGE_MS: Final = 1.0


class Server(NamedTuple):
    """A server of ours, recorded as its name says, below a folder."""

    name: str
    port: int
    ae_title: str
    folder: Path

    def rest(self) -> None:
        """Wait until what it was asked is written, in its recording too."""
        before, size = -1, 0
        while size != before:
            time.sleep(_LOOK_SECONDS)
            before, size = size, sum(file.stat().st_size for file in self.folder.glob("*/*/*.*"))


def main(parts: Sequence[str] = ()) -> None:
    """Measure all parts, or some."""
    for name in parts or PARTS:
        PARTS[name]()


def store() -> None:
    """C-STORE of fresh images, each at every server in turn."""
    with _servers("ost") as servers:
        users = {one.name: StorageUser(one.port, one.ae_title) for one in servers}
        times: dict[str, list[float]] = {one.name: [] for one in servers}
        for run in range(_STORE_RUNS + 1):
            images = archive_content.slices(next(_SERIES), _IMAGES)
            size = len(images[0].encoded)
            requests = {name: user.framed(images) for name, user in users.items()}
            for number in range(_IMAGES):
                for name, user in users.items():
                    begin = time.perf_counter()
                    user.store([requests[name][number]])
                    if run:  # the first one warms up
                        times[name].append(time.perf_counter() - begin)
            for server in servers:
                server.rest()
        for user in users.values():
            user.release()
    metric("recording_store_plain", size / 1e6 / median(times[_PLAIN]), "MB/s")
    for name in times.keys() - {_PLAIN}:
        metric(f"recording_store_{name}", size / 1e6 / median(times[name]), "MB/s")
        ratios = [other / own for own, other in zip(times[name], times[_PLAIN], strict=True)]
        metric(f"recording_store_{name}_ratio", median(ratios), "x", at_least=_STORE_RATIO)


def messages() -> None:
    """N-CREATE, N-ACTION and N-SET, each of every server in turn."""
    with _servers("tms") as servers:
        users = {one.name: Requestor(one.port, one.ae_title, _CONTEXTS) for one in servers}
        times: dict[str, dict[str, list[float]]] = {one.name: {} for one in servers}
        for run in range(_MESSAGE_RUNS + 1):
            if run == 1:  # the first one warms up
                times = {one.name: {} for one in servers}
            _use(users, times)
            for server in servers:
                server.rest()
        for user in users.values():
            user.release()
    for kind, plain in times[_PLAIN].items():
        metric(f"recording_{kind}_plain", median(plain), "ms")
        for name in times.keys() - {_PLAIN}:
            more = [own - other for own, other in zip(times[name][kind], plain, strict=True)]
            metric(f"recording_{kind}_{name}_more", median(more), "ms", _MESSAGE_MS)


def _use(users: dict[str, Requestor], times: dict[str, dict[str, list[float]]]) -> None:
    """Create and claim steps, and change the last; add how many ms each request took."""
    transactions = {name: str(new_uid()) for name in users}
    uids = dict.fromkeys(users, "")
    for attributes in worklist_content.steps(_STEPS, first=next(_NUMBERS) * _STEPS):
        for name, user in users.items():
            begin = time.perf_counter()
            uids[name] = create(user, attributes)
            _add(times[name], "ncreate", time.perf_counter() - begin)
        for name, user in users.items():
            claim = worklist_content.claim(transactions[name])
            _add(times[name], "naction", _ask(user, N_ACTION, uids[name], claim))
    for percent in range(_UPDATES):
        for name, user in users.items():
            update = worklist_content.progress(transactions[name], percent)
            _add(times[name], "nset", _ask(user, N_SET, uids[name], update))


def _add(times: dict[str, list[float]], kind: str, seconds: float) -> None:
    times.setdefault(kind, []).append(1000 * seconds)


def _ask(association: Requestor, field: int, uid: str, data: bytes) -> float:
    """Ask for something to be done with a step; return how many seconds it took."""
    command: Command = {REQUESTED_CLASS: UPS_PUSH, FIELD: field, REQUESTED_INSTANCE: uid}
    if field == N_ACTION:
        command[ACTION_TYPE] = 1
    begin = time.perf_counter()
    status = association.request(UPS_PULL, command, data)
    seconds = time.perf_counter() - begin
    if status >= 0xA000 or 0x0100 <= status < 0x0300:
        raise RuntimeError(f"refused with status {status:04X}H")
    return seconds


@contextmanager
def _servers(role: str) -> Iterator[list[Server]]:
    """Run servers of one role, recorded or not, until the end of the block."""
    with ExitStack() as stack:
        servers = []
        for name, options in _OPTIONS.items():
            where = stack.enter_context(place())
            (port,) = free_ports(1)
            arguments = ["tdwii_gui", role, "--headless", "--port", str(port), *options]
            if options:
                arguments.append(str(where.temporary))
            arguments += ["--data-dir", str(where.data), "--ae-config", str(where.ae_directory)]
            stack.enter_context(running(where, arguments))
            servers.append(Server(name, port, role.upper(), where.temporary))
        yield servers


PARTS: Final[dict[str, Callable[[], None]]] = {"store": store, "messages": messages}

if __name__ == "__main__":
    main(sys.argv[1:])
