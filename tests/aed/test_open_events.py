"""Which open event a node belongs to."""

from aed.open_events import OpenEvent, deepest_above, is_told, steps_down
from ontology import LabelSet
from tests.aed.house import HOUSE

LABELS = LabelSet(HOUSE)
ALARM, SAFETY, SMOKE, GLASS = (
    LABELS.index[node] for node in ("alarm", "life_safety", "smoke_alarm", "window_glass")
)


def at(*reached: int, onset_frame: int = 100, held_frame: int = 200) -> OpenEvent:
    return OpenEvent(
        number=1,
        reached=list(reached),
        onset_frame=onset_frame,
        first_detected_frame=onset_frame,
        detected_frame=onset_frame,
        held_frame=held_frame,
        deepest_held_frame=held_frame,
        sure_frame=held_frame,
        score=0.9,
        level_dbfs=-30.0,
        urgency=0,
    )


def test_a_leaf_belongs_to_the_deepest_event_above_it_however_that_got_there() -> None:
    by_way_of_alarm, directly = at(ALARM), at(SAFETY)

    for events in ([by_way_of_alarm, directly], [directly, by_way_of_alarm]):
        assert deepest_above(SMOKE, events, LABELS, since_frame=0) is directly
    assert deepest_above(GLASS, [directly], LABELS, since_frame=0) is None
    assert deepest_above(SMOKE, [directly], LABELS, since_frame=101) is None


def test_a_node_is_told_by_itself_or_by_what_was_just_heard_below_it() -> None:
    assert is_told(ALARM, [at(SMOKE)], LABELS, since_frame=200)
    assert not is_told(ALARM, [at(SMOKE)], LABELS, since_frame=201)
    assert is_told(SMOKE, [at(SMOKE)], LABELS, since_frame=201)
    assert not is_told(SMOKE, [at(ALARM)], LABELS, since_frame=0)


def test_the_way_down_ends_at_the_node() -> None:
    assert steps_down(ALARM, SMOKE, LABELS) == [SAFETY, SMOKE]
