import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.experiments.results import made_up
from training.experiments.grid import Cell
from training.experiments.report.comparisons import Claim, Row, metric
from training.experiments.report.judged import judge_claim
from training.experiments.report.verdicts import compare, overall


def test_an_interval_worked_by_hand() -> None:
    # mean 0.05, standard deviation 0.02, t(0.95, 2) = 2.92: 0.05 ± 2.92 * 0.02 * √(1/3 + 1/4)
    found = compare([0.03, 0.05, 0.07], margin=0.0, is_complete=True, test_to_train=0.25)

    assert found.mean == pytest.approx(0.05)
    assert found.lower == pytest.approx(0.05 - 0.044604, abs=1e-5)
    assert found.upper == pytest.approx(0.05 + 0.044604, abs=1e-5)
    assert found.verdict == "holds"
    narrower = compare([0.03, 0.05, 0.07], margin=0.0, is_complete=True, test_to_train=0.0)
    assert narrower.lower == pytest.approx(0.05 - 0.033717, abs=1e-5)


def test_the_interval_takes_test_and_training_clips_from_the_cells() -> None:
    # differences 0.03, 0.05, 0.07 as above; r is the mean of 80/320, 40/400 and 80/320: 0.2
    pairs = tuple(
        (
            Cell(dataset="home", method="tree", label_percent=10, turn=turn),
            Cell(dataset="home", method="flat_hierarchy", label_percent=10, turn=turn),
        )
        for turn in (1, 2, 3)
    )
    row = Row(title="", pairs=pairs, figure=metric("accuracy"))
    claim = Claim(key="", title="", statement="", rows=(row,), unit="")
    clips = ((320, 80), (400, 40), (320, 80))
    results = {
        cell.name: replace(
            made_up(cell, accuracy=accuracy), data={"train_clips": train, "test_clips": test}
        )
        for (ours, other), (train, test), better in zip(pairs, clips, (3, 5, 7), strict=True)
        for cell, accuracy in ((ours, 0.5 + better / 100), (other, 0.5))
    }

    found = judge_claim(claim, results).rows[0].comparison

    assert found.lower == pytest.approx(0.05 - 2.91999 * 0.02 * math.sqrt(1 / 3 + 0.2), abs=1e-6)
    assert found.upper == pytest.approx(0.092650, abs=1e-5)


def test_what_is_surely_worse_does_not_hold_and_what_is_unsure_is_not_shown() -> None:
    assert (
        compare([-0.1, -0.11, -0.12], margin=0.05, is_complete=True, test_to_train=0.25).verdict
        == "does not hold"
    )
    assert (
        compare([-0.1, 0.0, 0.1], margin=0.05, is_complete=True, test_to_train=0.25).verdict
        == "not shown"
    )


def test_close_is_as_good_within_the_margin() -> None:
    differences = [-0.02, -0.021, -0.019]

    assert (
        compare(differences, margin=0.05, is_complete=True, test_to_train=0.25).verdict == "holds"
    )
    assert (
        compare(differences, margin=0.0, is_complete=True, test_to_train=0.25).verdict
        == "does not hold"
    )


def test_nothing_is_shown_while_cells_are_missing() -> None:
    assert (
        compare([0.5, 0.5, 0.5], margin=0.0, is_complete=False, test_to_train=0.25).verdict
        == "not shown"
    )
    assert (
        compare([0.5, 0.5], margin=0.0, is_complete=True, test_to_train=0.25).verdict == "not shown"
    )
    assert math.isnan(compare([], margin=0.0, is_complete=False, test_to_train=0.25).mean)


def test_a_claim_holds_if_all_comparisons_do_and_falls_with_one() -> None:
    assert overall(["holds", "holds"]) == "holds"
    assert overall(["holds", "not shown"]) == "not shown"
    assert overall(["holds", "does not hold", "not shown"]) == "does not hold"
    assert overall([]) == "not shown"


@settings(deadline=None)
@given(
    differences=st.lists(st.floats(-1, 1), min_size=3, max_size=8),
    margin=st.floats(0, 0.5),
    shift=st.floats(0, 1),
)
def test_being_better_never_makes_a_verdict_worse(
    differences: list[float], margin: float, shift: float
) -> None:
    order = ["does not hold", "not shown", "holds"]
    before = compare(differences, margin=margin, is_complete=True, test_to_train=0.25)
    after = compare(
        [value + shift + 1e-9 for value in differences],
        margin=margin,
        is_complete=True,
        test_to_train=0.25,
    )

    assert order.index(after.verdict) >= order.index(before.verdict)
    assert before.lower <= before.mean <= before.upper
