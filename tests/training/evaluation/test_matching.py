import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ontology
from ontology import LabelSet
from tests.training.evaluation.said import heard, judged_node, sound
from training.evaluation.matching import BLOCK_S, match
from training.evaluation.sweep import recall_on, sweep, upper_bound_per_hour

pytestmark = pytest.mark.torch


def quiet(seconds: float) -> list[float]:
    return [0.0] * round(seconds * 10)


def test_a_sound_has_the_highest_score_while_it_lasts_and_shortly_after(labels: LabelSet) -> None:
    scores = quiet(30)
    scores[100], scores[215], scores[290] = 0.6, 0.9, 0.4  # 21.6 s is 1.6 s after the end
    smoke = sound(labels, "smoke_alarm", 5.0, 20.0)

    found = match([heard(scores, smoke)], 0, judged_node(labels, "smoke_alarm"))

    assert [(round(each.score, 2), round(each.at_s, 1)) for each in found.found] == [(0.9, 21.6)]
    assert max(block.score for block in found.blocks) == pytest.approx(0.4)


def test_several_peaks_within_ten_seconds_are_one_false_alarm(labels: LabelSet) -> None:
    scores = quiet(40)
    for place in (105, 110, 150, 250):
        scores[place] = 0.75
    found = match([heard(scores)], 0, judged_node(labels, "smoke_alarm"))

    curve = sweep(found)
    assert int(curve.false_alarms[curve.thresholds <= 0.75][0]) == 2
    assert found.negative_s == pytest.approx(40.0, abs=0.2)


def test_nothing_counts_where_nobody_knows_whether_the_node_sounds(labels: LabelSet) -> None:
    some_alarm = sound(labels, "alarm")  # of which kind was not marked
    found = match([heard([0.9] * 100, some_alarm)], 0, judged_node(labels, "smoke_alarm"))

    assert not found.found
    assert not found.blocks
    assert found.negative_s == 0


def test_another_sound_explains_nothing(labels: LabelSet) -> None:
    dog = sound(labels, "dog", 1.0, 3.0)
    found = match([heard([0.7] * 50, dog)], 0, judged_node(labels, "smoke_alarm"))

    assert [round(block.score, 1) for block in found.blocks] == [0.7]


def test_a_sound_too_short_for_a_score_is_missed_not_forgotten(labels: LabelSet) -> None:
    late = sound(labels, "window_glass", 50.0, 50.1)
    found = match([heard([0.5] * 10, late)], 0, judged_node(labels, "window_glass"))

    assert [each.score for each in found.found] == [0.0]


@given(
    positives=st.lists(st.floats(0, 1, width=32), min_size=1, max_size=20),
    negatives=st.lists(st.floats(0, 1, width=32), min_size=1, max_size=20),
)
@settings(deadline=None)
def test_a_sweep_counts_what_reaches_each_threshold(
    positives: list[float], negatives: list[float]
) -> None:
    tree = LabelSet(ontology.home())
    recordings = [heard([score], sound(tree, "smoke_alarm")) for score in positives]
    recordings += [heard([score]) for score in negatives]

    curve = sweep(match(recordings, 0, judged_node(tree, "smoke_alarm")))

    for threshold, recall, wrong in zip(
        curve.thresholds, curve.recall, curve.false_alarms, strict=True
    ):
        assert recall == pytest.approx(np.mean([score >= threshold for score in positives]))
        assert wrong == sum(score >= threshold for score in negatives)
    best = max(positives)
    assert (curve.recall_at(0) or 0) > 0 or best <= max(negatives)
    assert recall_on([curve], np.array([1e9]))[0, 0] == 1.0


def test_no_false_alarm_in_three_hours_means_at_most_one_an_hour() -> None:
    assert upper_bound_per_hour(0, 3.0) == pytest.approx(1.0, abs=0.01)  # the rule of three
    assert upper_bound_per_hour(1, 1.0) == pytest.approx(4.744, abs=0.001)  # Garwood's table
    assert upper_bound_per_hour(0, 0.0) == float("inf")


def test_stretches_are_as_long_as_they_say(labels: LabelSet) -> None:
    found = match([heard([0.1] * 1_000)], 0, judged_node(labels, "smoke_alarm"))

    assert len(found.blocks) == pytest.approx(100 / BLOCK_S, abs=1)


def test_recall_is_not_told_where_so_many_false_alarms_cannot_be(labels: LabelSet) -> None:
    glass = sound(labels, "window_glass")
    alone = sweep(match([heard([0.0] * 20, glass)], 0, judged_node(labels, "window_glass")))
    beside_a_minute = sweep(
        match(
            [heard([0.0] * 20, glass), heard([0.1] * 600, name="minute")],
            0,
            judged_node(labels, "window_glass"),
        )
    )

    assert [alone.recall_at(count) for count in (0, 1, 5)] == [None, None, None]
    assert [beside_a_minute.recall_at(count) for count in (0, 1, 5)] == [0, 0, 0]
