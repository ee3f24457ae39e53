"""A parent that goes on without its leaf: how long it is the same event, and what comes after."""

import pytest

from tests.aed.house import ends, phases, track
from tests.aed.tables import quiet, sounding


def test_a_leaf_that_dips_does_not_end_the_event_while_its_first_node_persists() -> None:
    rows = [*sounding(1, alarm=0.8), *sounding(2, smoke_alarm=0.9), *sounding(9, alarm=0.8)]

    events = track([*rows, *quiet(3)])

    assert phases(events)[-1] == (1, "end", "smoke_alarm")
    assert ends(events) == [("smoke_alarm", 0.0, 12.0)]


@pytest.mark.parametrize(
    ("parent", "leaf"), [("alarm", "smoke_alarm"), ("breakage", "window_glass")]
)
def test_a_lasting_background_does_not_swallow_the_next_alarm(parent: str, leaf: str) -> None:
    background = {parent: 0.5}
    alarm = [*sounding(2, **background), *sounding(10, **{leaf: 0.9})]
    rows = [*alarm, *sounding(288, **background), *sounding(10, **{leaf: 0.9})]

    events = track([*rows, *sounding(290, **background), *quiet(5)])

    assert [end for end in ends(events) if end[0] == leaf] == [
        (leaf, 0.0, 12.0),
        (leaf, 300.0, 310.0),
    ]
    assert [(e.node, e.detected_s) for e in events if e.alert_now] == [
        (parent, 0.5),
        (leaf, 2.5),
        (leaf, 300.5),
    ]


def test_a_parent_that_dips_with_its_leaf_holds_the_event_by_its_own_hold() -> None:
    rows = [*sounding(1, alarm=0.8), *sounding(2, smoke_alarm=0.9), *sounding(14, alarm=0.8)]

    events = track([*rows, *quiet(0.5), *sounding(2, smoke_alarm=0.9), *quiet(3)])

    assert ends(events) == [("smoke_alarm", 0.0, 19.5)]


def test_an_event_outlives_its_parents_time_where_the_leaf_itself_pauses_longer() -> None:
    chirp = [*sounding(0.5, smoke_alarm=0.9), *sounding(40, alarm=0.5)]

    events = track([*sounding(1, alarm=0.5), *chirp * 3, *quiet(80)], smoke_alarm={"hold_s": 70.0})

    assert [node for node, _, _ in ends(events)] == ["smoke_alarm"]
