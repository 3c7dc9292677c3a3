"""Storing objects at a peer: C-STORE (PS3.4 B)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_file_meta_info
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)
from pynetdicom import build_context

from tdwii_gui.dicom.errors import DatasetError, Finding, NotAccepted
from tdwii_gui.dicom.iod.part10 import (
    PYDICOM_ERRORS,
    decode_part10,
    encode_part10,
    read_part10,
)
from tdwii_gui.dicom.net.exchange import Request
from tdwii_gui.dicom.net.session import LocalAe, Session
from tdwii_gui.dicom.uids import uid_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydicom.dataset import Dataset
    from pynetdicom.association import Association
    from pynetdicom.presentation import PresentationContext

    from tdwii_gui.config.ae_directory import ApplicationEntity

_MAXIMUM_CONTEXTS: Final = 128
_UNCOMPRESSED: Final = frozenset(
    {
        ImplicitVRLittleEndian,
        ExplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
    }
)


class Originator(NamedTuple):
    """Who asked for a sub-operation by C-MOVE (PS3.7 9.1.1.1.6)."""

    ae_title: str
    message_id: int


class _Meta(NamedTuple):
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str


class StorageScu(Session):
    """An association to store objects.

    Parameters
    ----------
    objects : Iterable[Dataset or Path]
        What is going to be sent: it decides the presentation contexts, each object in the
        transfer syntax it is stored in, and implicit VR little endian besides where that needs
        no decompression.

    Raises
    ------
    DatasetError
        If one of them has no SOP Class UID, or they need more than 128 presentation contexts.
    """

    def __init__(
        self,
        local: LocalAe,
        peer: ApplicationEntity,
        objects: Iterable[Dataset | Path],
    ) -> None:
        pairs = {(meta.sop_class_uid, meta.transfer_syntax_uid) for meta in map(_meta, objects)}
        super().__init__(local, peer, storage_contexts(pairs))

    def c_store(self, source: Dataset | Path, *, originator: Originator | None = None) -> int:
        """Store an object; return its status, success or a warning.

        Raises
        ------
        DimseStatusError
            If the peer does not store it.
        NotAccepted
            If the peer accepts no presentation context that it can be sent in.
        AssociationError
            If the association is lost.
        DatasetError
            If it cannot be read or encoded.
        """
        meta = _meta(source)

        def send(association: Association, message_id: int) -> tuple[Dataset, None]:
            return send_object(association, source, message_id, originator), None

        request = Request("C-STORE", meta.sop_class_uid, meta.sop_instance_uid)
        return self._ask(request, send).status


def storage_contexts(pairs: Iterable[tuple[str, str]]) -> list[PresentationContext]:
    """Return the contexts for pairs of SOP Class UID and transfer syntax.

    Raises
    ------
    DatasetError
        If they are more than an association can hold (PS3.8 9.3.2.2).
    """
    wanted: dict[tuple[str, str], None] = {}
    for sop_class, syntax in sorted(pairs):
        wanted[sop_class, syntax] = None
        if syntax in _UNCOMPRESSED:
            wanted[sop_class, ImplicitVRLittleEndian] = None
    if len(wanted) > _MAXIMUM_CONTEXTS:
        raise DatasetError(f"the objects need {len(wanted)} presentation contexts, 128 are allowed")
    return [build_context(sop_class, syntax) for sop_class, syntax in wanted]


def send_object(
    association: Association,
    source: Dataset | Path,
    message_id: int,
    originator: Originator | None = None,
) -> Dataset:
    """Send a C-STORE and return the command elements of the response.

    A file is sent as it is where its transfer syntax is accepted, and else re-encoded.

    Raises
    ------
    NotAccepted
        If no accepted presentation context fits.
    """
    meta = _meta(source)
    syntaxes = {
        str(context.transfer_syntax[0])
        for context in association.accepted_contexts
        if context.abstract_syntax == meta.sop_class_uid and context.as_scu
    }
    as_it_is = meta.transfer_syntax_uid in syntaxes
    if not as_it_is and not _convertible(meta.transfer_syntax_uid, syntaxes):
        what = f"{uid_name(meta.sop_class_uid)} in {uid_name(meta.transfer_syntax_uid)}"
        raise NotAccepted(f"{what} is not accepted by the peer")
    return association.send_c_store(
        _prepared(source, as_it_is=as_it_is),
        msg_id=message_id,
        originator_aet=originator.ae_title if originator else None,
        originator_id=originator.message_id if originator else None,
    )


def _convertible(syntax: str, accepted: set[str]) -> bool:
    """Return whether no pixel data need to be touched to send it in an accepted syntax."""
    return (syntax == ExplicitVRBigEndian and syntax in accepted) or (
        syntax in _UNCOMPRESSED - {ExplicitVRBigEndian}
        and bool(accepted & (_UNCOMPRESSED - {ExplicitVRBigEndian}))
    )


def _prepared(source: Dataset | Path, *, as_it_is: bool) -> Dataset | Path:
    if isinstance(source, Path):
        return source if as_it_is and _file_meta(source) is not None else read_part10(source)
    if "TransferSyntaxUID" in (getattr(source, "file_meta", None) or {}):
        return source
    return decode_part10(encode_part10(source))


def _meta(source: Dataset | Path) -> _Meta:
    if isinstance(source, Path):
        meta: Dataset = _file_meta(source) or read_part10(source).file_meta
        return _Meta(
            str(meta.MediaStorageSOPClassUID),
            str(meta.MediaStorageSOPInstanceUID),
            str(meta.TransferSyntaxUID),
        )
    for keyword in ("SOPClassUID", "SOPInstanceUID"):
        if not source.get(keyword):
            raise DatasetError([Finding(keyword, "is missing")])
    file_meta = getattr(source, "file_meta", None) or {}
    syntax = file_meta.get("TransferSyntaxUID") or ExplicitVRLittleEndian
    return _Meta(str(source.SOPClassUID), str(source.SOPInstanceUID), str(syntax))


def _file_meta(path: Path) -> Dataset | None:
    """Return the file meta information where it is complete enough to send the file by it."""
    try:
        meta = read_file_meta_info(path)
    except (*PYDICOM_ERRORS, InvalidDicomError):
        return None
    needed = ("MediaStorageSOPClassUID", "MediaStorageSOPInstanceUID", "TransferSyntaxUID")
    return meta if all(meta.get(keyword) for keyword in needed) else None
