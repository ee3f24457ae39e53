"""Other thresholds in the middle of a stream."""

import pytest

from aed.bundle import Bundle
from aed.errors import ThresholdsError
from aed.hearing import Hearing
from aed.thresholds import resolve
from tests.aed.house import HOUSE, SIMPLE, tracker
from tests.aed.tables import quiet, sounding, table


def test_other_thresholds_hold_from_the_next_frame_and_open_events_go_on() -> None:
    tracking = tracker()
    (start,) = tracking.feed(table(HOUSE, sounding(1, speech=0.9)))
    quieter = resolve(SIMPLE | {"speech": {"on": 0.7, "off": 0.6}}, HOUSE)

    tracking.retune(quieter)

    rows = [*sounding(1, speech=0.65), *quiet(4), *sounding(2, speech=0.65), *quiet(2)]
    events = tracking.feed(table(HOUSE, rows, start_frame=10))
    assert [(e.number, e.phase, e.node) for e in events if e.number == start.number] == [
        (1, "end", "speech")
    ]
    assert events[0].offset_s == 2.0
    assert [e.node for e in events if e.phase == "start"] == ["person"], "speech is not sure enough"


def test_thresholds_that_do_not_fit_the_bundle_change_nothing(bundle: Bundle) -> None:
    hearing = Hearing(bundle)

    with pytest.raises(ThresholdsError, match="did you mean 'smoke_alarm'"):
        hearing.retune({"smoke_alrm": {"on": 0.7}})
    hearing.retune({"smoke_alarm": {"on": 0.97}})
