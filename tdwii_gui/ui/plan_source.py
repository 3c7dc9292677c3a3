"""Finding a plan, and what belongs to it, among files and folders; runs off the GUI thread."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QImage

from tdwii_gui.config.resources import resource_path
from tdwii_gui.dicom import uids
from tdwii_gui.dicom.errors import DatasetError
from tdwii_gui.dicom.iod import tolerant
from tdwii_gui.dicom.iod.part10 import read_part10
from tdwii_gui.dicom.iod.plan import Plan
from tdwii_gui.dicom.iod.references import read_references
from tdwii_gui.ui.models.beam_rows import BeamRow, beam_rows
from tdwii_gui.ui.plan_facts import PlanFacts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from threading import Event

    from pydicom.dataset import Dataset

MOST_FILES: Final = 5000
"""So many files of a folder are looked at: a home folder dropped by mistake ends some time."""

_NOT_STATIC: Final = uids.TREATMENT_RECORD_CLASSES | {
    uids.RT_BEAMS_DELIVERY_INSTRUCTION,
    uids.UPS_PUSH,
}


class NoPlan(Exception):
    """No plan that can be scheduled was found; the message says why, translated."""


class MetersetMissing(NoPlan):
    """The plan can be scheduled as soon as somebody says the meterset of its beams.

    Parameters
    ----------
    path : Path
        The plan's file.
    """

    def __init__(self, text: str, path: Path) -> None:
        super().__init__(text)
        self.path = path


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A plan among others.

    Parameters
    ----------
    path : Path
        Its file.
    label, patient_name : str
        As in the file.
    """

    path: Path
    label: str
    patient_name: str


@dataclass(frozen=True, slots=True)
class OpenedPlan:
    """A plan with all that the window shows of it, ready made.

    Parameters
    ----------
    plan : Plan
        The plan that is scheduled.
    path : Path
        Its file.
    tree : Dataset
        The same file, read once more for the tree view: decoding values on demand is not
        done on two threads.
    related : tuple[Path, ...]
        Files of the patient's images, structures and doses that were found with it.
    found : tuple[PlanFile, ...]
        All usable plans that were found, this one too.
    beams : dict[int, tuple[BeamRow, ...]]
        Rows by Fraction Group Number.
    photo : QImage or None
        The patient's photo, if the plan names it and it was found.
    is_demo : bool
        Whether it is of the demo patient that travels with the program.
    meterset : float or None
        What was supplied for a plan without any.
    """

    plan: Plan
    path: Path
    tree: Dataset = field(repr=False)
    facts: PlanFacts
    related: tuple[Path, ...]
    found: tuple[PlanFile, ...]
    beams: dict[int, tuple[BeamRow, ...]]
    photo: QImage | None
    is_demo: bool
    meterset: float | None


@dataclass(frozen=True, slots=True)
class Source:
    """What the user points at.

    Parameters
    ----------
    paths : tuple[Path, ...]
        Files and folders, to be searched for plans.
    prefer : Path or None
        The plan to take; None for the first usable one.
    meterset : float or None
        Beam Meterset for the beams of a plan that has none.
    title : str
        What it is called where the name of its file says nothing.
    """

    paths: tuple[Path, ...]
    prefer: Path | None = None
    meterset: float | None = None
    title: str = ""


def demo_folder() -> Path:
    """Return the folder of the demo patient."""
    return resource_path("demo_patient")


def source_of(path: Path) -> Source:
    """Return the source for one plan file; the demo patient's objects come with its plans."""
    if _is_demo(path):
        return Source((demo_folder(),), path)
    return Source((path,), path)


@dataclass(slots=True)
class _Search:
    plans: list[tuple[Path, Plan]] = field(default_factory=list)
    others: list[tuple[Path, _Kin]] = field(default_factory=list)
    problems: list[tuple[Path, DatasetError]] = field(default_factory=list)
    without_meterset: list[tuple[Path, DatasetError]] = field(default_factory=list)
    not_plans: int = 0


@dataclass(frozen=True, slots=True)
class _Kin:
    """What tells whether an object belongs to a plan, without keeping the object."""

    sop_class_uid: str
    sop_instance_uid: str
    patient_id: str
    plan_uids: frozenset[str]


def open_plan(source: Source, stop: Event) -> OpenedPlan:
    """Return the plan of a source, with what was found beside it.

    Parameters
    ----------
    source : Source
        Where to look.
    stop : Event
        Set to end the search early.

    Raises
    ------
    NoPlan
        If there is none that can be scheduled.
    MetersetMissing
        If all that such a plan lacks is its Beam Meterset.
    """
    search = _Search()
    for path in _files(source.paths):
        if stop.is_set():
            raise NoPlan(QCoreApplication.translate("PlanSource", "Opening was stopped."))
        _look_at(path, source, search)
    chosen = _choose(search, source)
    related = tuple(path for path, kin in search.others if _belongs(kin, chosen[1]))
    return _opened(chosen, source, search, related)


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    """Yield files in a stable order, each once."""
    seen: set[Path] = set()
    for path in paths:
        for file in _files_below(path) if path.is_dir() else (path,):
            if file not in seen:
                seen.add(file)
                yield file
            if len(seen) >= MOST_FILES:
                return


def _files_below(folder: Path) -> Iterator[Path]:
    """Yield a folder's own files before those of its folders: plans mostly stand on top."""
    folders: list[Path] = []
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.is_dir() and not entry.is_symlink():
            folders.append(entry)
        elif entry.is_file():
            yield entry
    for each in folders:
        yield from _files_below(each)


def _look_at(path: Path, source: Source, search: _Search) -> None:
    try:
        dataset = read_part10(path)
    except DatasetError as error:
        search.problems.append((path, error))
        return
    if tolerant.text(dataset, "SOPClassUID") not in uids.PLAN_CLASSES:
        search.not_plans += 1
        search.others.append((path, _kin(dataset)))
        return
    meterset = source.meterset if path == source.prefer else None
    try:
        plan = Plan.from_dataset(dataset, source=path.name, meterset=meterset)
    except DatasetError as error:
        kind = search.without_meterset if _lacks_only_meterset(dataset) else search.problems
        kind.append((path, error))
    else:
        search.plans.append((path, plan))


def _lacks_only_meterset(dataset: Dataset) -> bool:
    try:
        Plan.from_dataset(dataset, meterset=1.0)
    except DatasetError:
        return False
    return True


def _kin(dataset: Dataset) -> _Kin:
    plans = tolerant.items(dataset, "ReferencedRTPlanSequence")
    return _Kin(
        tolerant.text(dataset, "SOPClassUID"),
        tolerant.text(dataset, "SOPInstanceUID"),
        tolerant.text(dataset, "PatientID"),
        frozenset(tolerant.text(item, "ReferencedSOPInstanceUID") for item in plans),
    )


def _belongs(kin: _Kin, plan: Plan) -> bool:
    if kin.sop_class_uid in _NOT_STATIC or kin.patient_id != plan.patient_id:
        return False
    return not kin.plan_uids or plan.sop_instance_uid in kin.plan_uids


def _choose(search: _Search, source: Source) -> tuple[Path, Plan]:
    wanted = [found for found in search.plans if source.prefer in (None, found[0])]
    if wanted:
        return wanted[0]
    for path, _error in search.without_meterset:
        if source.prefer in (None, path):
            words = QCoreApplication.translate(
                "PlanSource", "{0} gives no Beam Meterset: say the meterset per beam to go on."
            )
            raise MetersetMissing(words.format(path.name), path)
    raise NoPlan(_why_none(search))


def _why_none(search: _Search) -> str:
    translate = QCoreApplication.translate
    if len(search.problems) == 1 and not search.not_plans:
        path, error = search.problems[0]
        reason = "; ".join(str(finding) for finding in error.findings)
        return translate("PlanSource", "{0} cannot be used: {1}").format(path.name, reason)
    if not search.problems and not search.not_plans:
        return translate("PlanSource", "There is no file to be opened.")
    if search.not_plans == 1 and not search.problems:
        path, kin = search.others[0]
        kind = uids.uid_name(kin.sop_class_uid)
        return translate("PlanSource", "{0} is no RT Plan but {1}.").format(path.name, kind)
    return translate(
        "PlanSource", "No RT Plan found: {0} other DICOM objects, {1} files that cannot be used."
    ).format(search.not_plans, len(search.problems))


def _opened(
    chosen: tuple[Path, Plan], source: Source, search: _Search, related: tuple[Path, ...]
) -> OpenedPlan:
    path, plan = chosen
    try:
        beams = {group.number: beam_rows(plan, group) for group in plan.fraction_groups}
        facts = PlanFacts.of(plan)
        tree = read_part10(path)
    except DatasetError as error:
        reason = "; ".join(str(finding) for finding in error.findings)
        words = QCoreApplication.translate("PlanSource", "{0} cannot be used: {1}")
        raise NoPlan(words.format(path.name, reason)) from error
    return OpenedPlan(
        plan=plan,
        path=path,
        tree=tree,
        facts=facts,
        related=related,
        found=tuple(PlanFile(file, p.label, p.patient_name) for file, p in search.plans),
        beams=beams,
        photo=_photo(plan, search),
        is_demo=_is_demo(path),
        meterset=source.meterset,
    )


def _photo(plan: Plan, search: _Search) -> QImage | None:
    named = read_references(plan.dataset, "ReferencedPatientPhotoSequence")
    wanted = {reference.sop_instance_uid for reference in named}
    for path, kin in search.others:
        if kin.sop_instance_uid in wanted:
            return _image(path)
    return None


def _image(path: Path) -> QImage | None:
    """Return an uncompressed 8 bit RGB image; photos of other kinds are not shown."""
    try:
        dataset = read_part10(path)
    except DatasetError:
        return None
    rows, columns = (int(tolerant.number(dataset, key) or 0) for key in ("Rows", "Columns"))
    pixels = tolerant.element(dataset, "PixelData")
    octets = pixels.value if pixels is not None else b""
    is_plain = (
        tolerant.text(dataset, "PhotometricInterpretation") == "RGB"
        and tolerant.number(dataset, "BitsAllocated") == 8
        and not tolerant.number(dataset, "PlanarConfiguration")
        and isinstance(octets, bytes)
    )
    if not is_plain or not rows or not columns or len(octets) < rows * columns * 3:
        return None
    # A copy, for the image does not keep the bytes it is made from.
    return QImage(octets, columns, rows, columns * 3, QImage.Format.Format_RGB888).copy()


def _is_demo(path: Path) -> bool:
    return path.resolve().is_relative_to(demo_folder().resolve())
