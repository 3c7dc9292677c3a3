"""`tdwii demo` with the bundled patient and with every treatable plan of the real data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tdwii_gui.app.cli import main

if TYPE_CHECKING:
    from pathlib import Path

# Plan below the real data, further options, beams delivered, records stored.
PLANS = (
    ("photon_imrt_breast/rtplan.dcm", (), 4, 1),
    ("photon_vmat_spine_qa/RPColumna.dcm", (), 2, 1),
    ("photon_monaco/vmat_example.dcm", (), 2, 1),
    ("photon_monaco/06MV_plan.dcm", (), 10, 1),
    ("photon_monaco/24mm_x_20mm_rectangle.dcm", (), 1, 1),
    ("photon_monaco/FFF_example.dcm", (), 1, 1),
    ("photon_monaco/multi_fraction_groups.dcm", (), 3, 1),
    ("photon_monaco/multi_fraction_groups.dcm", ("--fraction-group", "2", "--fraction", "4"), 3, 1),
    ("photon_pinnacle_water/rtplan.dcm", (), 2, 1),
    ("photon_static_prostate_phantom/rtplan.dcm", (), 4, 1),
    ("ion_pbs_headphantom/RN_headphantom.dcm", (), 3, 1),
    ("ion_pbs_water/mono_160MeV_10x10.dcm", (), 1, 1),
    ("ion_pbs_water/sobp_10x10.dcm", (), 1, 1),
    ("ion_passive_scatter/passive_prostate_1beam.dcm", ("--meterset", "120"), 1, 1),
)


def play(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    code = main(["demo", "--headless", *arguments])
    printed = capsys.readouterr()
    assert code == 0, printed.out + printed.err
    assert printed.err == ""
    return printed.out


def check_transactions(out: str) -> None:
    lines = [line for line in out.splitlines() if line.startswith("RO-")]
    order = list(dict.fromkeys(line.split()[0] for line in lines))
    assert order == [f"RO-{number}" for number in range(58, 66)]
    assert all("0000H" in line for line in lines)
    assert " COMPLETED" in out


def test_the_bundled_patient(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = play(capsys, "--keep", str(tmp_path))
    check_transactions(out)
    assert "PPVS heard" in out
    assert "has 2 of 2 inputs" in out
    # 30 images, structure set, three plans, dose and photo, and the treatment record.
    assert len(list((tmp_path / "ost").rglob("*.dcm"))) == 37


@pytest.mark.parametrize(
    ("plan", "options", "beams", "records"),
    PLANS,
    ids=[" ".join((plan, *options)) for plan, options, _, _ in PLANS],
)
def test_every_treatable_plan(
    capsys: pytest.CaptureFixture[str],
    shared_data: Path,
    plan: str,
    options: tuple[str, ...],
    beams: int,
    records: int,
) -> None:
    out = play(capsys, "--plan", str(shared_data / plan), *options)
    check_transactions(out)
    assert out.count("Treatment record ") == records
    result = out.split("Treatment record ", 1)[1]
    rows = [line.split() for line in result.splitlines()[2:]]
    delivered = rows[: next(n for n, row in enumerate(rows) if not row)]
    assert len(delivered) == beams
    assert all(row[-1] == row[-2] for row in delivered), "delivered as specified"
    assert float(delivered[0][-1]) > 0


def test_every_plan_of_the_real_data_is_played(shared_data: Path) -> None:
    found = {
        str(path.relative_to(shared_data))
        for path in shared_data.rglob("*.dcm")
        if (
            path.parent.name != "odd_files"
            and path.name.startswith(("rtplan", "RP", "RN", "vmat", "06MV", "24mm", "FFF", "multi"))
        )
        or path.parent.name in ("ion_pbs_water", "ion_passive_scatter")
    }
    assert found == {plan for plan, *_ in PLANS}


def test_a_plan_without_any_meterset_is_refused_unless_one_is_given(
    capsys: pytest.CaptureFixture[str], shared_data: Path
) -> None:
    plan = shared_data / "ion_passive_scatter" / "passive_prostate_1beam.dcm"
    assert main(["demo", "--headless", "--plan", str(plan)]) == 2
    complaint = capsys.readouterr().err
    assert "Beam Meterset" in complaint
    assert complaint.count("\n") == 1
