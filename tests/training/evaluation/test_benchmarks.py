import pytest

from ontology import LabelSet
from tests.training.evaluation.said import event, heard, judged_node, sound
from training.evaluation.benchmarks import benchmarks

pytest.importorskip("sed_eval", reason="needs the extra `evaluate`")

pytestmark = [
    pytest.mark.torch,
]


def scores(*spans: tuple[float, float]) -> list[float]:
    """A minute that is sure of these spans."""
    return [0.95 if any(a < 0.1 * i <= b for a, b in spans) else 0.05 for i in range(1, 601)]


def test_a_perfect_detector_has_the_best_of_both(labels: LabelSet) -> None:
    smoke = sound(labels, "smoke_alarm", 10.0, 20.0)
    perfect = heard(scores((10, 20)), smoke, events=(event(labels, "smoke_alarm", 10.2, 20.0),))
    rest = heard(scores(), name="empty.flac")

    found = benchmarks([perfect, rest], 0, judged_node(labels, "smoke_alarm"), labels)

    assert found.sounds == 1
    assert found.event_f1 == pytest.approx(1.0)
    assert found.psds == pytest.approx(1.0, abs=0.01)


def test_missed_and_invented_events_cost(labels: LabelSet) -> None:
    smoke = sound(labels, "smoke_alarm", 10.0, 12.0)
    wrong = heard(scores((40, 42)), smoke, events=(event(labels, "smoke_alarm", 40.0, 42.0),))
    right = heard(
        scores((10, 12)),
        smoke,
        events=(event(labels, "smoke_alarm", 10.2, 12.0),),
        name="hall.flac",
    )

    found = benchmarks([wrong, right], 0, judged_node(labels, "smoke_alarm"), labels)

    assert found.event_f1 == pytest.approx(0.5)
    assert found.psds is not None
    assert found.psds < 0.9


def test_sounds_without_times_are_not_asked_for_their_onset(labels: LabelSet) -> None:
    found = benchmarks(
        [heard(scores(), sound(labels, "smoke_alarm"))],
        0,
        judged_node(labels, "smoke_alarm"),
        labels,
    )

    assert (found.sounds, found.event_f1, found.psds) == (0, None, None)


def test_sounds_that_overlap_count_as_one(labels: LabelSet) -> None:
    smoke, carbon_monoxide = (
        sound(labels, "smoke_alarm", 10.0, 20.0),
        sound(labels, "co_alarm", 15.0, 25.0),
    )
    both = heard(
        scores((10, 25)),
        smoke,
        carbon_monoxide,
        events=(event(labels, "life_safety", 10.2, 25.0),),
    )

    found = benchmarks([both], 0, judged_node(labels, "life_safety"), labels)

    assert found.sounds == 1
    assert found.event_f1 == pytest.approx(1.0)


def test_a_recording_in_which_it_may_sound_is_left_out(labels: LabelSet) -> None:
    some_alarm = sound(labels, "alarm", 10.0, 20.0)
    named = heard(scores((10, 20)), some_alarm, events=(event(labels, "smoke_alarm", 10.2, 20.0),))

    assert benchmarks([named], 0, judged_node(labels, "smoke_alarm"), labels).sounds == 0
