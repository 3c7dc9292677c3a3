"""Whether stored instances are safe: what a storage commitment promises (PS3.4 J.3.3)."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from tdwii_gui.dicom.iod.commitment import CommitmentResult, Reference
from tdwii_gui.dicom.iod.file_meta import read_file_meta
from tdwii_gui.dicom.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tdwii_gui.dicom.store.instance_store import InstanceStore, StoredInstance


def check_commitment(
    store: InstanceStore,
    transaction_uid: str,
    references: Iterable[Reference],
    is_supported: Callable[[str], bool],
) -> CommitmentResult:
    """Return which instances are stored here, by reading each file from the disk.

    The others fail (PS3.3 C.14.1.1): 0112 for what is not stored, 0122 if besides its SOP Class is
    none that could be; 0119 for what is stored with another SOP Class; 0110 for a file that is
    gone, cannot be read, or has another content than was received.

    Parameters
    ----------
    is_supported : Callable[[str], bool]
        Whether instances of a SOP Class are stored here.
    """
    safe: list[Reference] = []
    failed: list[tuple[Reference, int]] = []
    for reference in references:
        reason = _failure(store.get(reference.sop_instance_uid), reference, is_supported)
        if reason is None:
            safe.append(reference)
        else:
            failed.append((reference, int(reason)))
    return CommitmentResult(transaction_uid, tuple(safe), tuple(failed))


def _failure(
    stored: StoredInstance | None, reference: Reference, is_supported: Callable[[str], bool]
) -> Status | None:
    if stored is None:
        known = is_supported(reference.sop_class_uid)
        return Status.NO_SUCH_SOP_INSTANCE if known else Status.SOP_CLASS_NOT_SUPPORTED
    if stored.sop_class_uid != reference.sop_class_uid:
        return Status.CLASS_INSTANCE_CONFLICT
    return None if _is_intact(stored) else Status.PROCESSING_FAILURE


def _is_intact(stored: StoredInstance) -> bool:
    """Return whether the file holds what was received."""
    try:
        part10 = memoryview(stored.path.read_bytes())
    except OSError:
        return False
    meta = read_file_meta(part10)
    if meta is None or len(part10) != stored.size:
        return False
    return sha256(part10[meta.offset :]).hexdigest() == stored.digest
