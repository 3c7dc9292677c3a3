"""An OST that is killed in the midst of a C-STORE loses nothing that it answered with success."""

from __future__ import annotations

import random
import signal
import threading
from contextlib import closing
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from tdwii_gui.dicom.iod.file_meta import read_file_meta
from tdwii_gui.dicom.iod.part10 import encode_part10, read_part10
from tdwii_gui.dicom.store.instance_store import InstanceStore
from tdwii_gui.dicom.uids import CT_IMAGE
from tests.integration.net.hostile.raw_peer import EXPLICIT, RawPeer, request
from tests.integration.test_ost_objects import image
from tests.soak.lengths import rounds

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]

OBJECTS = rounds(60, 400)
PIXEL_BYTES = rounds(100_000, 500_000)
SECONDS = 120.0


class Sender(threading.Thread):
    """Sends objects one by one, until the connection is lost."""

    def __init__(self, port: int, objects: dict[str, bytes]) -> None:
        super().__init__(name="sender")
        self.answered: dict[str, int] = {}
        self.moved = threading.Condition()
        self._port = port
        self._objects = objects

    def run(self) -> None:
        try:
            with RawPeer(self._port).associate("OST", (CT_IMAGE, EXPLICIT)) as peer:
                for number, (uid, encoded) in enumerate(self._objects.items(), start=1):
                    self._send(peer, number, uid, encoded)
        except (OSError, AssertionError):
            return  # as it has to be: the OST was killed

    def _send(self, peer: RawPeer, number: int, uid: str, encoded: bytes) -> None:
        peer.send(
            request(
                1,
                encoded,
                AffectedSOPClassUID=CT_IMAGE,
                CommandField=0x0001,
                MessageID=number,
                Priority=0,
                AffectedSOPInstanceUID=uid,
            )
        )
        status = peer.answer().Status
        with self.moved:
            self.answered[uid] = status
            self.moved.notify_all()

    def wait_for(self, answers: int) -> None:
        """Wait until so many objects were answered."""
        with self.moved:
            assert self.moved.wait_for(lambda: len(self.answered) >= answers, SECONDS)


def series(number: int) -> dict[str, bytes]:
    """Return data sets by their SOP Instance UID; each differs in its pixels."""
    objects = {}
    for count in range(OBJECTS):
        uid = f"1.2.{number}.{count}"
        one = image(uid, PIXEL_BYTES, SeriesInstanceUID=f"1.2.3.{number}")
        one.PixelData = random.Random(uid).randbytes(PIXEL_BYTES)
        objects[uid] = data_set(encode_part10(one))
    return objects


def data_set(part10: bytes) -> bytes:
    meta = read_file_meta(part10)
    assert meta is not None
    return part10[meta.offset :]


def check(folder: Path, sent: dict[str, str], answered: set[str]) -> None:
    """Check that files and index agree, and that what was answered is there as it was sent.

    No temporary file is among the files. `sent` has the digests of the data sets.
    """
    files = {path for path in (folder / "objects").rglob("*") if path.is_file()}
    with closing(InstanceStore(folder)) as store:
        instances = {one.sop_instance_uid: one for one in store.instances()}
    assert {one.path for one in instances.values()} == files
    assert answered <= set(instances), "an object that was answered is lost"
    for uid, one in instances.items():
        part10 = one.path.read_bytes()
        assert len(part10) == one.size
        assert sha256(data_set(part10)).hexdigest() == one.digest == sent[uid]
        assert read_part10(one.path).SOPInstanceUID == uid


def test_what_was_answered_survives_kill_9(tdwii) -> None:
    chance = random.Random(20261121)
    folder = tdwii.folder / "data" / "ost"
    sent: dict[str, str] = {}
    answered: set[str] = set()
    server = tdwii.serve("ost", "--headless")
    for number in range(1, rounds(2, 10) + 1):
        objects = series(number)
        sent |= {uid: sha256(data).hexdigest() for uid, data in objects.items()}
        sender = Sender(tdwii.ports["OST"], objects)
        sender.start()
        sender.wait_for(chance.randrange(1, OBJECTS - 10))
        threading.Event().wait(chance.uniform(0, 0.01))
        server.stop(signal.SIGKILL)
        sender.join(SECONDS)
        assert set(sender.answered.values()) == {0}
        assert len(sender.answered) < OBJECTS, "it was killed in the midst"
        answered |= set(sender.answered)
        server = tdwii.serve("ost", "--headless")
        check(folder, sent, answered)
        # What has no answer is sent again, and the rest with it.
        again = Sender(tdwii.ports["OST"], objects)
        again.start()
        again.join(SECONDS)
        assert again.answered == dict.fromkeys(objects, 0)
        answered |= set(objects)
    server.stop()
    check(folder, sent, answered)
    assert len(sent) == OBJECTS * rounds(2, 10)
