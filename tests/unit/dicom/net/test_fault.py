"""What can be said of a fault, in settings and on the command line, and when it strikes."""

from __future__ import annotations

import pytest

from tdwii_gui.dicom.errors import ConfigError
from tdwii_gui.dicom.net.fault import Fault, FaultKind
from tdwii_gui.dicom.net.faults import Faults

TEXTS = (
    "refuse-association result=2 source=3 reason=2 peer=TDD1 nth=2 times=0",
    "abort message=N-ACTION type_id=1 nth=3",
    "delay seconds=0.5 message=C-FIND",
    "answer-status status=A700 message=C-STORE nth=2",
    "out-of-resources times=0",
    "alter-attribute path=BeamSequence[0].BeamName value='a \"b\"' message=C-STORE",
    "alter-attribute path=PatientID value=''",
    "remove-attribute path=PatientID peer='AN AE'",
    "drop-event nth=2",
    "double-event type_id=1",
    "reorder-event peer=TDD1",
    "fail-sub-operation message=C-MOVE nth=7",
    "close-port seconds=10",
    "restart-warm",
    "restart-cold",
    "clock-skew seconds=-3600",
)


@pytest.mark.parametrize("text", TEXTS)
def test_a_fault_is_written_as_it_is_read(text: str) -> None:
    fault = Fault.from_text(text)
    assert Fault.from_text(str(fault)) == fault
    assert fault.describe()


def test_all_kinds_are_tried_here() -> None:
    assert {text.split()[0] for text in TEXTS} == set(FaultKind)


def test_texts_and_numbers_are_the_same() -> None:
    """Those of TOML, of a form, and of the command line."""
    said = {"kind": "answer-status", "message": "C-STORE"}
    for status in ("A700", "0xA700", "a700H", 0xA700):
        assert Fault.from_mapping(said | {"status": status}).status == 0xA700
    delay = {"kind": "delay", "seconds": 2, "nth": "3", "times": 4}
    assert Fault.from_mapping(delay) == Fault(FaultKind.DELAY, seconds=2.0, nth=3, times=4)
    altered = {"kind": "alter-attribute", "path": "SeriesNumber", "value": 5}
    assert Fault.from_mapping(altered).value == "5"


def test_what_a_fault_does_in_words() -> None:
    words = {
        "answer-status status=A700 message=C-STORE nth=2": "answers A700H (out of resources),"
        " C-STORE, number 2",
        "abort message=N-ACTION type_id=1 times=0": "aborts instead of sending a message,"
        " N-ACTION type 1, always",
        "drop-event peer=TDD1 nth=2 times=3": "loses an event report, peer TDD1, number 2 to 4",
        "clock-skew seconds=-5": "its clock is 5 s slow",
        "close-port": "closes the port until it is removed",
    }
    for text, said in words.items():
        assert Fault.from_text(text).describe() == said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "'' is no fault; these are: refuse-association"),
        ("explode", "'explode' is no fault"),
        ("delay", "delay: seconds is missing"),
        ("delay seconds=soon", "delay: seconds 'soon' is no number"),
        ("delay seconds=-1", "is not from 0 to 86400"),
        ("delay seconds=nan", "is not from 0 to 86400"),
        ("clock-skew seconds=1e12", "is not from"),
        ("answer-status", "status is missing"),
        ("answer-status status=7", "'7' is no status such as A700"),
        ("alter-attribute value=1", "path is missing"),
        ("alter-attribute path=BeamNam value=1", "BeamNam is no attribute of the dictionary"),
        ("alter-attribute path=PatientID.BeamName value=1", "PatientID is no sequence"),
        ("alter-attribute path=Rows value=many", "'many' is no value of VR US"),
        ("alter-attribute path=Rows value=70000", "'70000' is no value of VR US"),
        ("alter-attribute path=BeamSequence value=1", "'1' is no value of VR SQ"),
        ("alter-attribute path=PixelData value=1", "'1' is no value of VR"),
        ("abort nth=0", "nth 0 is not from 1"),
        ("abort nth=1.5", "'1.5' is no number"),
        ("abort times=-1", "times -1 is not from 0"),
        ("abort message=C-MAGIC", "message 'C-MAGIC' is none of C-ECHO"),
        ("fail-sub-operation message=C-STORE", "is none of C-MOVE, C-GET"),
        ("refuse-association result=3", "result 3 is not from 1 to 2"),
        ("abort peer=A_TITLE_OF_17_CHA", "must have 1 to 16 characters"),
        ("drop-event message=C-ECHO", "drop-event has no 'message'; it has type_id, peer, nth"),
        ("restart-warm nth=1", "it has no parameters"),
        ("abort nth", "'nth' is no new parameter=value"),
        ("abort nth=1 nth=2", "'nth=2' is no new parameter=value"),
        ("abort peer='X", "no closing quotation"),
    ],
)
def test_what_cannot_be_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Fault.from_text(text)
    assert words in str(refused.value)


@pytest.mark.parametrize("value", [True, None, [1], {"a": 1}, 1.5])
def test_other_types_are_refused(value: object) -> None:
    for said in ({"nth": value}, {"message": value}, {"peer": value}):
        with pytest.raises(ConfigError):
            Fault.from_mapping({"kind": "abort"} | said)


def strikes(faults: Faults, occasions: int, **about: object) -> list[int]:
    """Return at which of a number of occasions something strikes, counted from 1."""
    told = {"message": "C-ECHO", "peer": "ONE"} | about
    return [
        number
        for number in range(1, occasions + 1)
        if faults.strike(FaultKind.ABORT, **told)  # type: ignore[arg-type]
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("abort", [1]),
        ("abort nth=3", [3]),
        ("abort times=2", [1, 2]),
        ("abort nth=2 times=3", [2, 3, 4]),
        ("abort times=0", [1, 2, 3, 4, 5]),
        ("abort nth=4 times=0", [4, 5]),
        ("abort message=C-ECHO peer=ONE", [1]),
        ("abort message=C-FIND", []),
        ("abort peer=TWO", []),
        ("abort type_id=1", []),
        ("drop-event", []),
    ],
)
def test_at_which_occasions_a_fault_strikes(text: str, expected: list[int]) -> None:
    faults = Faults()
    assert strikes(faults, 5) == []
    fault = Fault.from_text(text)
    faults.add(fault)
    assert strikes(faults, 5) == expected
    assert faults.hits(fault) == len(expected)


def test_a_fault_that_is_set_again_counts_anew() -> None:
    faults, fault = Faults(), Fault.from_text("abort nth=2")
    changes: list[int] = []
    faults.on_changed = lambda: changes.append(len(faults.active))
    faults.add(fault)
    assert strikes(faults, 3) == [2]
    assert (faults.active, faults.is_active, len(faults.states)) == ((), True, 1)
    faults.add(fault)
    assert strikes(faults, 3) == [2]
    assert len(faults.states) == 1
    faults.remove(fault)
    faults.remove(fault)
    assert (faults.is_active, faults.hits(fault)) == (False, 0)
    assert changes == [1, 0, 1, 0, 0]


def test_an_impossible_fault_leaves_the_others_as_they_are() -> None:
    faults = Faults([FaultKind.RESTART_COLD])
    faults.add(Fault.from_text("abort"))
    with pytest.raises(ConfigError, match="restart-cold is not possible"):
        faults.set([Fault.from_text("drop-event"), Fault(FaultKind.RESTART_COLD)])
    assert [one.kind for one in faults.active] == [FaultKind.ABORT]
