"""From events to reports and class states."""

import json
from typing import Any

import pytest

from aed.events import Event
from daemon.clocks import StreamClock
from daemon.ears.announcer import Announcement, Announcer
from daemon.mqtt.payloads import Phase
from daemon.mqtt.topics import Topics
from daemon.outbox.reports import Report
from tests.daemon.fake_clock import FakeClock

SMOKE = "alarm/life_safety/smoke_alarm"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def stream_clock(clock: FakeClock) -> StreamClock:
    stream_clock = StreamClock(clock)
    stream_clock.mark(100.0)
    return stream_clock


@pytest.fixture
def announcer(clock: FakeClock, stream_clock: StreamClock) -> Announcer:
    return Announcer(
        source="mic",
        classes=("alarm", "smoke_alarm", "window_glass"),
        model="home@12345678",
        topics=Topics(node="kitchen"),
        clock=clock,
        stream_clock=stream_clock,
    )


def event(number: int, phase: Phase, path: str, **changes: Any) -> Event:  # noqa: ANN401 - fields
    node = path.rsplit("/", 1)[-1]
    fields: dict[str, Any] = {
        "number": number,
        "phase": phase,
        "node": node,
        "path": path,
        "score": 0.912345,
        "pattern": None,
        "onset_s": 90.0,
        "offset_s": 99.5 if phase == "end" else None,
        "first_detected_s": 98.0,
        "detected_s": 98.0,
        "level_dbfs": -23.456,
        "critical": False,
        "alert_now": phase == "start",
    }
    return Event(**(fields | changes))


def fields(report: Report) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(report.body)
    return parsed


def states(announcement: Announcement) -> dict[str, str]:
    return {
        state.topic.removeprefix("aed/kitchen/source/mic/class/"): state.payload.decode()
        for state in announcement.states
        if state.topic.endswith("/state")
    }


def test_every_class_is_off_at_the_start(announcer: Announcer) -> None:
    assert [state.payload for state in announcer.initial_states()] == [b"OFF"] * 3


def test_a_start_is_an_alert_and_an_event_with_wall_times(announcer: Announcer) -> None:
    announcement = announcer.announce(event(1, "start", SMOKE, critical=True, pattern="t3"))

    alert, told = announcement.reports
    assert (alert.kind, told.kind) == ("alert", "event")
    assert alert.body == told.body
    assert alert.critical
    payload = fields(alert)
    del payload["event_id"]
    assert payload == {
        "event_type": "smoke_alarm",
        "seq": 1,
        "path": SMOKE,
        "phase": "start",
        "score": 0.9123,
        "source": "mic",
        "started_at": "2023-11-14T22:13:10.000Z",
        "detected_at": "2023-11-14T22:13:18.000Z",
        "published_at": None,
        "duration_s": None,
        "delayed": False,
        "age_s": 0.0,
        "pattern": "t3",
        "level_dbfs": -23.5,
        "clip": None,
        "model": "home@12345678",
        "critical": True,
    }


def test_the_phases_of_an_event_share_an_id_and_count_up(
    announcer: Announcer, clock: FakeClock
) -> None:
    reports = announcer.announce(event(1, "start", "alarm")).reports
    clock.advance(5.0)
    reports += announcer.announce(event(1, "update", SMOKE, alert_now=True)).reports
    reports += announcer.announce(event(1, "end", SMOKE)).reports

    told = [fields(report) for report in reports]
    assert [(report.kind, report.seq) for report in reports] == [
        ("alert", 1),
        ("event", 1),
        ("alert", 2),
        ("event", 2),
        ("event", 3),
    ]
    assert len({payload["event_id"] for payload in told}) == 1
    assert {payload["started_at"] for payload in told} == {told[0]["started_at"]}
    assert told[-1]["duration_s"] == 9.5
    assert all(report.event_id == fields(report)["event_id"] for report in reports)


def test_the_times_of_an_event_stay_when_sound_is_late_or_the_wall_clock_is_set(
    announcer: Announcer, clock: FakeClock, stream_clock: StreamClock
) -> None:
    reports = announcer.announce(event(1, "start", SMOKE)).reports[1:]
    clock.wall -= 3_600.0
    stream_clock.mark(101.3)
    reports += announcer.announce(event(1, "update", SMOKE, alert_now=False)).reports
    reports += announcer.announce(event(1, "end", SMOKE, detected_s=101.0)).reports

    told = [fields(report) for report in reports]
    assert [payload["detected_at"] for payload in told] == [
        "2023-11-14T22:13:18.000Z",
        "2023-11-14T22:13:18.000Z",
        "2023-11-14T22:13:21.000Z",
    ]
    assert {payload["started_at"] for payload in told} == {"2023-11-14T22:13:10.000Z"}


def test_what_deserves_no_attention_is_told_as_an_event_only(announcer: Announcer) -> None:
    announcement = announcer.announce(event(1, "start", "pet/dog", alert_now=False))

    assert [report.kind for report in announcement.reports] == ["event"]
    assert announcement.states == []


def test_a_class_is_on_from_its_event_to_the_end_and_so_are_its_ancestors(
    announcer: Announcer,
) -> None:
    assert states(announcer.announce(event(1, "start", "alarm"))) == {"alarm/state": "ON"}
    assert states(announcer.announce(event(1, "update", SMOKE))) == {
        "alarm/state": "ON",
        "smoke_alarm/state": "ON",
    }
    assert states(announcer.announce(event(1, "end", SMOKE))) == {
        "alarm/state": "OFF",
        "smoke_alarm/state": "OFF",
    }


def test_a_class_stays_on_until_the_last_of_its_events_has_ended(announcer: Announcer) -> None:
    announcer.announce(event(1, "start", SMOKE))
    announcer.announce(event(2, "start", "alarm/doorbell"))

    assert states(announcer.announce(event(2, "end", "alarm/doorbell"))) == {}
    assert states(announcer.announce(event(1, "end", SMOKE))) == {
        "alarm/state": "OFF",
        "smoke_alarm/state": "OFF",
    }


def test_a_new_event_of_the_same_number_in_a_new_stream_is_another_event(
    announcer: Announcer,
) -> None:
    first = announcer.announce(event(1, "start", SMOKE)).reports[0]
    announcer.forget()
    second = announcer.announce(event(1, "start", SMOKE)).reports[0]

    assert first.event_id != second.event_id
    assert second.seq == 1


def test_attributes_tell_of_the_event_that_changed_the_state(announcer: Announcer) -> None:
    announcer.announce(event(1, "start", SMOKE))
    announcement = announcer.announce(event(1, "end", SMOKE, score=0.97))

    topics = Topics(node="kitchen")
    attributes = next(
        json.loads(state.payload)
        for state in announcement.states
        if state.topic == topics.class_attributes("mic", "smoke_alarm")
    )
    assert attributes["event_type"] == "smoke_alarm"
    assert attributes["score"] == 0.97
    assert attributes["ended_at"] == "2023-11-14T22:13:19.500Z"
    assert attributes["duration_s"] == 9.5
