"""The collection of the selected step, read in the background and brought into sight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from tdwii_gui.ui.collection_reading import CollectionReader
from tdwii_gui.ui.slice_marks import Anatomy

if TYPE_CHECKING:
    from collections.abc import Callable

    from tdwii_gui.actors.worker import SerialWorker
    from tdwii_gui.dicom.iod.references import InputReference
    from tdwii_gui.dicom.store.instance_store import InstanceStore
    from tdwii_gui.ui.bridge import ActorBridge
    from tdwii_gui.ui.collection_reading import CollectionReading
    from tdwii_gui.ui.panels.image_view import ImageView
    from tdwii_gui.ui.panels.structures_panel import StructuresPanel

    Named = tuple[tuple[InputReference, ...], tuple[InputReference, ...]]

_SOON_MS: Final = 300


class CollectionSight(QObject):
    """Shows images with structures and isocenters over them, of one step at a time.

    Parameters
    ----------
    store : InstanceStore
        Where the objects are.
    named : Callable
        Returns the inputs and the photographs that a step names, by its UID.

    Signals
    -------
    read : str, CollectionReading
        A step's collection was read; the SOP Instance UID of the step.
    """

    read = Signal(str, object)

    def __init__(
        self,
        background: SerialWorker,
        bridge: ActorBridge,
        store: InstanceStore,
        named: Callable[[str], Named],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._background = background
        self._bridge = bridge
        self._named = named
        self._reader = CollectionReader(store)
        self._uid = ""
        self._is_reading = False
        self._is_outdated = False
        self._image: ImageView | None = None
        self._structures: StructuresPanel | None = None
        self._anatomy = Anatomy()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SOON_MS)
        self._timer.timeout.connect(self._read)

    def show_in(self, image: ImageView, structures: StructuresPanel) -> None:
        """Show what is read in these."""
        self._image, self._structures = image, structures
        structures.shown.connect(image.choose_structures)
        image.turned.connect(structures.model.show_cut)

    def choose(self, uid: str) -> None:
        """Show another step, or none."""
        self._uid = uid
        self._timer.stop()
        self._read()

    def outdate(self) -> None:
        """Read soon once more, for more of the step may have come."""
        if not self._timer.isActive():
            self._timer.start()

    @Slot()
    def _read(self) -> None:
        if self._is_reading:
            self._is_outdated = True
            return
        self._is_reading, self._is_outdated = True, False
        uid, reader = self._uid, self._reader
        named, photos = self._named(uid)
        future = self._background.submit("collection", "", lambda: reader.read(named, photos))
        self._bridge.watch(future, lambda found: self._on_read(uid, found), self._on_failed)

    def _on_failed(self, _error: BaseException) -> None:
        """Leave what is in sight: the store is being closed, or is in the hands of another."""
        self._is_reading = False

    def _on_read(self, uid: str, found: CollectionReading) -> None:
        self._is_reading = False
        if uid == self._uid:
            self._show(found)
            self.read.emit(uid, found)
        if self._is_outdated or uid != self._uid:
            self._read()

    def _show(self, found: CollectionReading) -> None:
        image, structures = self._image, self._structures
        if image is None or structures is None:
            return
        is_other = found.anatomy is not self._anatomy
        if is_other:
            self._anatomy = found.anatomy
            why = self.tr("The structure set is not here.") if self._uid else ""
            structures.show_structures(found.anatomy.structures, why)
        # The slice of the isocenter first; then the one that somebody has scrolled to.
        wanted = found.anatomy.image_at_isocenter() if is_other or not image.count else ""
        image.show_series(found.images, wanted)
        if is_other:
            image.show_anatomy(found.anatomy)
