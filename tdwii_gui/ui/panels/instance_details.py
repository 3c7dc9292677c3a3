"""What is known of the selected node of a store."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QTabWidget, QVBoxLayout, QWidget

from tdwii_gui.dicom.uids import uid_name
from tdwii_gui.ui import texts
from tdwii_gui.ui.models.instance_node import Level, Node
from tdwii_gui.ui.models.instance_tree_model import class_words
from tdwii_gui.ui.models.thumbnail_model import Thumbnail, ThumbnailModel
from tdwii_gui.ui.panels.card import Card
from tdwii_gui.ui.panels.dataset_view import DatasetView
from tdwii_gui.ui.panels.image_view import ImageView
from tdwii_gui.ui.panels.labels import ElidedLabel, muted
from tdwii_gui.ui.panels.thumbnail_list import ThumbnailList
from tdwii_gui.ui.step_images import is_image

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from tdwii_gui.actors.worker import SerialWorker
    from tdwii_gui.dicom.store.instance_store import InstanceStore
    from tdwii_gui.dicom.store.instance_summary import InstanceSummary
    from tdwii_gui.ui.bridge import ActorBridge

_ATTRIBUTES, _IMAGES, _GALLERY = 0, 1, 2
_MOST_SERIES: Final = 200
"""So many series of a patient or study are shown by a picture each."""
_ATTRIBUTE_SAMPLES = ("> (0008,0005)", "Instance Creation Date", "MMM")
"""What fits into tag, name and VR: the card is narrow, and the value matters."""
_PADDING = 20


class InstanceDetails(QWidget):
    """Facts of the selected node, the data set of an instance, and the images at or below it.

    Parameters
    ----------
    background : SerialWorker
        Reads data sets and decodes images.
    store : InstanceStore
        Holds them.

    Signals
    -------
    series_wanted : str
        The series of this instance is to be selected.
    """

    series_wanted = Signal(str)

    def __init__(
        self,
        background: SerialWorker,
        bridge: ActorBridge,
        store: InstanceStore,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._background = background
        self._bridge = bridge
        self._store = store
        self._wanted = ""
        self._chosen_tab = -1
        self._facts = InstanceFacts()
        self._attributes = DatasetView(self.tr("Attributes of the instance"))
        self._attributes.setObjectName("attributes")
        self._attributes.ensurePolished()
        metrics = self._attributes.fontMetrics()
        for section, sample in enumerate(_ATTRIBUTE_SAMPLES):
            self._attributes.setColumnWidth(section, metrics.horizontalAdvance(sample) + _PADDING)
        self._image = ImageView(background, bridge, store.read)
        self._image.turned.connect(self._on_turned)
        self._strip = ThumbnailList(
            ThumbnailModel(background, bridge, store.read),
            name="thumbnails",
            accessible_name=self.tr("Images of the series"),
            in_strip=True,
        )
        self._strip.chosen.connect(self._image.show_image)
        self._gallery = ThumbnailList(
            ThumbnailModel(background, bridge, store.read),
            name="gallery",
            accessible_name=self.tr("Series with images"),
            in_strip=False,
        )
        self._gallery.opened.connect(self.series_wanted)
        self._gallery.setToolTip(texts.tooltip(self.tr("Enter or double click shows the series")))
        self._tabs = QTabWidget()
        self._tabs.setObjectName("attributes_and_images")
        self._tabs.setDocumentMode(True)
        self._tabs.tabBar().setAccessibleName(self.tr("Attributes and images"))
        self._tabs.addTab(self._attributes, self.tr("Attributes"))
        self._tabs.addTab(self._images_page(), self.tr("Images"))
        self._tabs.addTab(self._gallery, self.tr("Series"))
        self._tabs.tabBarClicked.connect(self._on_tab_chosen)
        self._content = Card()
        self._content.body.addWidget(self._tabs)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(12)
        self._layout.addWidget(self._facts)
        self._layout.addWidget(self._content, 1)
        self.show_node(None)

    def _images_page(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self._image, 1)
        layout.addWidget(self._strip)
        return page

    def show_node(self, node: Node | None) -> None:
        """Show a node, or that none is selected."""
        self._facts.show_node(node)
        found = _images(node)
        images = [one.sop_instance_uid for one in found]
        series = _series_with_images(node)
        summary = _single(node)
        uid = summary.sop_instance_uid if summary else ""
        self._strip.show_images([_of_image(one) for one in found] if len(found) > 1 else ())
        self._strip.setVisible(len(found) > 1)
        self._gallery.show_images([self._of_series(*each) for each in series])
        self._image.show_series(images, uid if uid in images else "")
        self._tabs.setTabVisible(_IMAGES, bool(images))
        self._tabs.setTabVisible(_GALLERY, bool(series))
        self._tabs.setTabVisible(_ATTRIBUTES, bool(uid))
        if images and uid:
            is_instance = node is not None and node.level is Level.INSTANCE
            usual = _ATTRIBUTES if is_instance else _IMAGES
            self._tabs.setCurrentIndex(usual if self._chosen_tab < 0 else self._chosen_tab)
        elif series:
            self._tabs.setCurrentIndex(_GALLERY)
        has_content = bool(images or uid or series)
        self._content.setVisible(has_content)
        self._layout.setStretchFactor(self._facts, 0 if has_content else 1)
        if uid != self._wanted:
            self._wanted = uid
            self._attributes.show_dataset(None)
            if uid:
                self._read(uid)

    @Slot(int)
    def _on_tab_chosen(self, tab: int) -> None:
        self._chosen_tab = tab

    @Slot()
    def _on_turned(self) -> None:
        self._strip.select(self._image.uid)

    def _of_series(self, middle: InstanceSummary, count: int) -> Thumbnail:
        number = texts.counted(count, self.tr("{0} image"), self.tr("{0} images"))
        title = f"{middle.modality} {middle.series_number}".strip()
        exact = ", ".join(filter(None, (title, middle.series_description, number)))
        return Thumbnail(middle.sop_instance_uid, f"{title} · {count}", exact)

    def _read(self, uid: str) -> None:
        future = self._background.submit("read", "", lambda: self._store.read(uid))
        self._bridge.watch(future, lambda dataset: self._on_read(uid, dataset), lambda _error: None)

    def _on_read(self, uid: str, dataset: Dataset) -> None:
        if uid == self._wanted:
            self._attributes.show_dataset(dataset)


class InstanceFacts(Card):
    """The attributes of a patient, study, series or instance."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.setObjectName("facts")
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(1, 1)
        self.body.addLayout(self._grid)
        self.body.addStretch(1)
        self.show_node(None)

    def show_node(self, node: Node | None) -> None:
        """Show a node, or that none is selected."""
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        if node is None or node.summary is None:
            self.set_title(self.tr("Nothing selected"))
            hint = muted(self.tr("Select a patient, study, series or instance."), wraps=True)
            self._grid.addWidget(hint, 0, 0, 1, 2)
            return
        self.set_title(self._heading(node, node.summary))
        for row, (name, value) in enumerate(self._facts(node, node.summary)):
            label = ElidedLabel(value or "–")
            label.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
            self._grid.addWidget(muted(name), row, 0)
            self._grid.addWidget(label, row, 1)

    def _heading(self, node: Node, summary: InstanceSummary) -> str:
        match node.level:
            case Level.PATIENT:
                return self.tr("Patient")
            case Level.STUDY:
                return self.tr("Study")
            case Level.SERIES:
                return self.tr("Series")
            case _:
                return class_words(summary.sop_class_uid)

    def _facts(self, node: Node, summary: InstanceSummary) -> list[tuple[str, str]]:
        total = (self.tr("Instances"), f"{node.count}, {texts.size(node.size)}")
        match node.level:
            case Level.PATIENT:
                return [
                    (self.tr("Name"), texts.person_name(summary.patient_name)),
                    (self.tr("Patient ID"), summary.patient_id),
                    (self.tr("Birth date"), texts.date(summary.patient_birth_date)),
                    (self.tr("Sex"), summary.patient_sex),
                    (self.tr("Studies"), str(len(node.children))),
                    total,
                ]
            case Level.STUDY:
                return [
                    (self.tr("Date"), texts.date(summary.study_date)),
                    (self.tr("Description"), summary.study_description),
                    (self.tr("Study ID"), summary.study_id),
                    (self.tr("Study Instance UID"), summary.study_instance_uid),
                    (self.tr("Series"), str(len(node.children))),
                    total,
                ]
            case Level.SERIES:
                return [
                    (self.tr("Modality"), summary.modality),
                    (self.tr("Number"), summary.series_number),
                    (self.tr("Description"), summary.series_description),
                    (self.tr("Series Instance UID"), summary.series_instance_uid),
                    total,
                ]
            case _:
                received = texts.moment(datetime.fromisoformat(summary.received))
                source = summary.source_ae or self.tr("a file")
                return [
                    (self.tr("SOP Instance UID"), summary.sop_instance_uid),
                    (self.tr("Transfer syntax"), uid_name(summary.transfer_syntax_uid)),
                    (self.tr("Size"), texts.size(summary.size)),
                    (self.tr("Received"), self.tr("{0} from {1}").format(received, source)),
                ]


def _single(node: Node | None) -> InstanceSummary | None:
    """Return the instance that a node is, or the only one of its series."""
    if node is None or node.level < Level.SERIES or node.count != 1:
        return None
    return next(node.instances())


def _images(node: Node | None) -> list[InstanceSummary]:
    """Return the images of the series that a node is, or belongs to."""
    if node is None or node.level < Level.SERIES or node.summary is None:
        return []
    series = node.parent if node.level is Level.INSTANCE else node
    if series is None or not is_image(node.summary.sop_class_uid):
        return []
    return [one for one in series.instances() if is_image(one.sop_class_uid)]


def _series_with_images(node: Node | None) -> list[tuple[InstanceSummary, int]]:
    """Return the image in the middle of each series of a patient or study, and how many it has."""
    if node is None or node.level not in (Level.PATIENT, Level.STUDY):
        return []
    studies = node.children if node.level is Level.PATIENT else [node]
    found = []
    for series in (each for study in studies for each in study.children):
        # The first tells what the series is: thousands of instances are not looked at here.
        if series.summary is not None and is_image(series.summary.sop_class_uid):
            middle = series.children[len(series.children) // 2].summary
            if middle is not None:
                found.append((middle, len(series.children)))
    return found[:_MOST_SERIES]


def _of_image(summary: InstanceSummary) -> Thumbnail:
    number = summary.instance_number
    exact = f"{class_words(summary.sop_class_uid)} {number}".rstrip()
    return Thumbnail(summary.sop_instance_uid, number, exact)
