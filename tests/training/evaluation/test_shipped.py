from dataclasses import replace

import pytest

from ontology import LabelSet
from tests.training.evaluation.said import event, heard, judged_node, sound
from training.evaluation.levels import frame_reliability, outcomes_by_depth
from training.evaluation.shipped import at_shipped_thresholds, wrong_critical

pytestmark = pytest.mark.torch


def test_a_named_alarm_has_a_delay_and_one_that_stopped_above_is_near(labels: LabelSet) -> None:
    smoke = sound(labels, "smoke_alarm", 5.0, 15.0)
    named = heard([0.0] * 200, smoke, events=(event(labels, "smoke_alarm", 5.4, 16.0),))
    near = heard([0.0] * 200, smoke, events=(event(labels, "life_safety", 6.0, 16.0),))
    deaf = heard([0.0] * 200, smoke, events=(event(labels, "speech", 6.0, 16.0),))

    result = at_shipped_thresholds(
        [named, near, deaf], 0, labels.index["smoke_alarm"], labels, hours=1.0
    )

    assert [(each.named, each.near) for each in result.answers] == [
        (True, False),
        (False, True),
        (False, False),
    ]
    assert result.delays_s == pytest.approx([0.9])
    assert result.recall == pytest.approx(1 / 3)
    assert result.recall_near == pytest.approx(2 / 3)
    assert not result.wrong


def test_an_event_beside_the_sound_is_a_false_alarm_and_no_find(labels: LabelSet) -> None:
    glass = sound(labels, "window_glass", 50.0, 51.0)
    early = heard([0.0] * 600, glass, events=(event(labels, "window_glass", 3.0, 5.0),))

    result = at_shipped_thresholds([early], 0, labels.index["window_glass"], labels, hours=3.0)

    assert result.recall == 0
    assert len(result.wrong) == 1
    assert result.bound_per_hour == pytest.approx(4.744 / 3, abs=0.01)


def test_an_event_that_had_begun_long_before_the_sound_is_no_find(labels: LabelSet) -> None:
    glass = sound(labels, "window_glass", 9.0, 10.0)
    humming = heard([0.0] * 200, glass, events=(event(labels, "window_glass", 1.0, 9.0),))

    result = at_shipped_thresholds([humming], 0, labels.index["window_glass"], labels, hours=1.0)

    assert (result.recall, result.delays_s) == (0, [])
    assert len(result.wrong) == 1


def test_an_event_that_goes_on_finds_the_next_sound_too_but_has_one_delay(
    labels: LabelSet,
) -> None:
    first, second = sound(labels, "smoke_alarm", 5.0, 9.0), sound(labels, "smoke_alarm", 12.0, 15.0)
    merged = heard([0.0] * 300, first, second, events=(event(labels, "smoke_alarm", 5.2, 15.0),))

    result = at_shipped_thresholds([merged], 0, labels.index["smoke_alarm"], labels, hours=1.0)

    assert result.recall == 1
    assert result.delays_s == pytest.approx([0.7])
    assert not result.wrong


def test_a_super_category_is_late_by_its_own_time_not_by_that_of_the_leaf(
    labels: LabelSet,
) -> None:
    smoke = sound(labels, "smoke_alarm", 2.0, 12.0)
    began = replace(event(labels, "life_safety", 2.2, 12.0), phase="start", detected_s=3.0)
    ended = replace(event(labels, "smoke_alarm", 2.2, 12.0), detected_s=9.0)
    refined = heard([0.0] * 200, smoke, events=(began, ended))

    delays_s = [
        at_shipped_thresholds([refined], 0, labels.index[node], labels, hours=1.0).delays_s
        for node in ("life_safety", "smoke_alarm")
    ]

    assert delays_s == [pytest.approx([1.0]), pytest.approx([7.0])]


def test_only_critical_events_without_any_reason_are_wrong_critical_ones(labels: LabelSet) -> None:
    bell = sound(labels, "doorbell")
    some_alarm = sound(labels, "alarm")
    events = (event(labels, "smoke_alarm", 1.0, 3.0), event(labels, "doorbell", 1.0, 3.0))
    recordings = [
        heard([0.0] * 50, bell, events=events),
        heard([0.0] * 50, some_alarm, events=events),
    ]

    wrong = wrong_critical(recordings, 0, labels)

    assert [(each.recording, each.event.node) for each in wrong] == [(0, "smoke_alarm")]


def test_every_level_of_a_sound_is_judged(labels: LabelSet) -> None:
    smoke = sound(labels, "smoke_alarm")
    answered = heard([0.0] * 50, smoke, events=(event(labels, "life_safety", 1.0, 3.0),))
    silent = heard([0.0] * 50, smoke, events=())

    depths = outcomes_by_depth([answered, silent], 0, labels)

    assert depths[0] == {"named": 1, "nothing": 1}
    assert depths[1] == {"named": 1, "nothing": 1}
    assert depths[2] == {"super-category": 1, "nothing": 1}


def test_posteriors_are_held_to_what_is_marked_only(labels: LabelSet) -> None:
    scores = [0.9] * 10 + [0.1] * 10
    marked = heard(scores, sound(labels, "smoke_alarm", 0.0, 1.0))
    somewhere = heard(scores, sound(labels, "smoke_alarm"))

    found = frame_reliability([marked, somewhere], 0, judged_node(labels, "smoke_alarm"))

    assert found.counts.sum() == 20
    assert found.error == pytest.approx(0.1)
