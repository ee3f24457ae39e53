"""A wall clock that is set by a day, forwards or backwards, changes no age and ends no source."""

import time
from pathlib import Path

import pytest

from daemon.ears.former_events import UNDECIDED_S, FormerEvents
from daemon.mqtt.publisher import Publisher
from daemon.outbox.outbox import Outbox
from daemon.sources.state import SourceState
from tests.daemon.ears.test_former_events import former_event
from tests.daemon.fake_clock import FakeClock
from tests.daemon.fake_link import TOPICS, FakeLink, alert
from tests.daemon.sources.test_source import NOISE, python, running, turn_until

pytestmark = pytest.mark.parametrize("jump_s", [86_400.0, -86_400.0])


def test_a_wall_clock_that_jumps_a_day_makes_no_alert_late_and_no_report_old(
    tmp_path: Path, jump_s: float
) -> None:
    clock, link = FakeClock(), FakeLink()
    outbox = Outbox(tmp_path / "outbox.sqlite", clock=clock)
    publisher = Publisher(link=link, outbox=outbox, topics=TOPICS, clock=clock)
    publisher.report(alert("before"))
    clock.wall += jump_s
    clock.advance(10.0)
    publisher.report(alert("after"))
    link.connect()
    publisher.pump()

    told = [(topic, payload["event_id"], payload["age_s"]) for topic, payload in link.reports()]
    assert told == [
        (TOPICS.alert, "before", 10.0),
        (TOPICS.event, "before", 10.0),
        (TOPICS.alert, "after", 0.0),
        (TOPICS.event, "after", 0.0),
    ]
    publisher.close()


def test_a_wall_clock_that_jumps_a_day_is_no_trouble_of_the_source(jump_s: float) -> None:
    clock = FakeClock()
    with running(python(NOISE), clock) as source:
        turn_until(source, SourceState.ONLINE)
        child = source._child
        clock.wall += jump_s
        clock.advance(1.0)
        source.tick()
        time.sleep(0.1)

        assert source.read() is not None
        assert (source.state, source._child) == (SourceState.ONLINE, child)


def test_what_a_former_run_left_open_waits_no_longer_and_no_shorter(jump_s: float) -> None:
    clock = FakeClock()
    former = FormerEvents([former_event()], clock=clock)
    clock.wall += jump_s
    clock.advance(UNDECIDED_S - 1.0)
    assert former.take_undecided() == []

    clock.advance(1.0)

    assert len(former.take_undecided()) == 1
