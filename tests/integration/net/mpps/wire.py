"""An MPPS service on a port, and a bare pynetdicom SCU that asks it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydicom.dataset import Dataset
from pynetdicom import AE, build_context, evt
from pynetdicom.dsutils import decode

from tdwii_gui.dicom.iod.mpps import (
    Mpps,
    MppsStatus,
    PerformedSeries,
    imaging_ended,
    imaging_started,
)
from tdwii_gui.dicom.net.mpps_scp import MppsScp
from tdwii_gui.dicom.net.scp_host import ScpHost
from tdwii_gui.dicom.store.database import open_database
from tdwii_gui.dicom.store.mpps_store import MppsStore
from tdwii_gui.dicom.uids import CT_IMAGE, MPPS, MPPS_NOTIFICATION, MPPS_RETRIEVE, new_uid
from tests.integration.net.keeps_responses import KEEPS_RESPONSES

if TYPE_CHECKING:
    from pathlib import Path

SECONDS: Final = 30.0
CLASSES: Final = (MPPS, MPPS_RETRIEVE, MPPS_NOTIFICATION)
SERIES: Final = PerformedSeries("1.2.840.99.2", "kV-kV", images=((CT_IMAGE, "1.2.840.99.2.1"),))


def started(**attributes: Any) -> Dataset:
    """Return an attribute list with some attributes changed."""
    return _with(imaging_started(None, station_ae_title="PPVS"), attributes)


def ended(status: MppsStatus = MppsStatus.COMPLETED, **attributes: Any) -> Dataset:
    """Return the modifications that end a step, with some attributes changed."""
    return _with(imaging_ended(status, [SERIES]), attributes)


def of(**attributes: Any) -> Dataset:
    """Return a data set of some attributes."""
    return _with(Dataset(), attributes)


def _with(dataset: Dataset, attributes: dict[str, Any]) -> Dataset:
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


@dataclass(frozen=True)
class Answer:
    """A response as it came, for a bare SCU drops some of what a failure tells."""

    command: Dataset
    dataset: Dataset | None

    @property
    def status(self) -> int:
        return int(self.command.Status)

    @property
    def tags(self) -> set[int]:
        """The Attribute Identifier List."""
        tags = self.command.get("AttributeIdentifierList")
        return {int(tags)} if isinstance(tags, int) else {int(tag) for tag in tags or ()}


class Service:
    """The service on a database of its own, with one association that asks it."""

    def __init__(self, folder: Path) -> None:
        self.changes: list[tuple[str, str, str]] = []
        self._engine = open_database(folder / "mpps.sqlite")
        self.store = MppsStore(self._engine)
        self.host = ScpHost("OURS", "127.0.0.1", 0, [MppsScp(self.store, self._on_change)])
        self.host.start()
        self._answers: list[Answer] = []
        ae = AE("BARE")
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = SECONDS
        self.scu = ae.associate(
            "127.0.0.1",
            self.host.port,
            contexts=[build_context(uid) for uid in CLASSES],
            ae_title="OURS",
            evt_handlers=[KEEPS_RESPONSES, (evt.EVT_DIMSE_RECV, self._keep)],
        )
        assert self.scu.is_established

    def create(self, uid: str | None, attributes: Dataset | None = None) -> Answer:
        given = started() if attributes is None else attributes
        return self._after(self.scu.send_n_create(given, MPPS, uid))

    def set(self, uid: str, modifications: Dataset) -> Answer:
        return self._after(self.scu.send_n_set(modifications, MPPS, uid))

    def get(self, uid: str, tags: list[int] | None = None) -> Answer:
        return self._after(self.scu.send_n_get(tags or [], MPPS_RETRIEVE, uid))

    def begun(self, **attributes: Any) -> str:
        """Create a step and return its UID."""
        uid = new_uid()
        assert self.create(uid, started(**attributes)).status == 0x0000
        return uid

    def close(self) -> None:
        self.scu.release()
        self.scu.join(SECONDS)
        self.host.stop()
        self._engine.dispose()

    def _after(self, _response: object) -> Answer:
        answer, self._answers = self._answers[-1], []
        return answer

    def _keep(self, event: evt.Event) -> None:
        encoded = event.message.data_set
        dataset = None
        if encoded is not None and encoded.getbuffer().nbytes:
            syntax = event.assoc.accepted_contexts[0].transfer_syntax[0]
            dataset = decode(encoded, syntax.is_implicit_VR, True)
        self._answers.append(Answer(event.message.command_set, dataset))

    def _on_change(self, mpps: Mpps, ae_title: str) -> None:
        self.changes.append((mpps.uid, str(mpps.status), ae_title))
