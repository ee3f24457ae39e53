"""What a killed run left open: on until it is decided, and ended under its own id."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.clocks import StreamClock
from daemon.ears.announcer import Announcement, Announcer
from daemon.ears.former_events import UNDECIDED_S, FormerEvent, read_former_events
from daemon.mqtt.topics import Topics
from daemon.outbox.outbox import Outbox
from daemon.outbox.reports import Report
from tests.daemon.ears.test_announcer import SMOKE, event, fields, states
from tests.daemon.fake_clock import FakeClock

CLASSES = ("alarm", "smoke_alarm", "window_glass")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def outbox(tmp_path: Path, clock: FakeClock) -> Iterator[Outbox]:
    outbox = Outbox(tmp_path / "outbox.sqlite", clock=clock)
    yield outbox
    outbox.close()


def announcer(clock: FakeClock, former: list[FormerEvent], *, source: str = "mic") -> Announcer:
    return Announcer(
        source=source,
        classes=CLASSES,
        model="home@12345678",
        topics=Topics(node="kitchen"),
        clock=clock,
        stream_clock=StreamClock(clock),
        former=former,
    )


@pytest.fixture
def killed(outbox: Outbox, clock: FakeClock) -> list[Report]:
    """What the former run told of a smoke alarm before it was killed."""
    former = announcer(clock, [])
    reports = former.announce(event(1, "start", "alarm", critical=False)).reports
    reports += former.announce(event(1, "update", SMOKE, critical=True)).reports
    outbox.put(reports)
    return reports


def former_event() -> FormerEvent:
    told = announcer(FakeClock(), []).announce(event(1, "start", SMOKE))
    return FormerEvent.parse(told.reports[-1].body)


def kinds(announcement: Announcement) -> list[str]:
    return [report.kind for report in announcement.reports]


def initially_on(it: Announcer) -> list[str]:
    return [state.topic.split("/")[-2] for state in it.initial_states() if state.payload == b"ON"]


def test_a_class_that_was_on_stays_on_and_is_off_when_nothing_is_decided_in_time(
    outbox: Outbox, killed: list[Report], clock: FakeClock
) -> None:
    again = announcer(clock, read_former_events(outbox))
    assert initially_on(again) == ["alarm", "smoke_alarm"]

    clock.advance(UNDECIDED_S - 0.1)
    assert again.end_undecided() == Announcement(reports=[], states=[])
    clock.advance(0.1)
    ended = again.end_undecided()

    assert states(ended) == {"alarm/state": "OFF", "smoke_alarm/state": "OFF"}
    (end,) = ended.reports
    assert (end.event_id, end.seq, end.critical, end.is_last) == (
        killed[-1].event_id,
        3,
        True,
        True,
    )
    assert fields(end) == {**fields(killed[-1]), "seq": 3, "phase": "end", "duration_s": None}
    outbox.put(ended.reports)
    assert outbox.open_events() == {}
    assert again.end_undecided().reports == []


def test_the_same_sound_heard_again_ends_the_former_event_without_an_off_between(
    outbox: Outbox, killed: list[Report], clock: FakeClock
) -> None:
    again = announcer(clock, read_former_events(outbox))

    told = again.announce(event(1, "start", SMOKE))

    assert [(fields(report)["phase"], report.kind) for report in told.reports] == [
        ("end", "event"),
        ("start", "alert"),
        ("start", "event"),
    ]
    assert told.reports[0].event_id == killed[0].event_id != told.reports[1].event_id
    assert states(told) == {"alarm/state": "ON", "smoke_alarm/state": "ON"}
    assert states(again.announce(event(1, "end", SMOKE))) == {
        "alarm/state": "OFF",
        "smoke_alarm/state": "OFF",
    }


def test_an_alarm_that_is_not_sure_again_yet_ends_no_smoke_alarm_before_the_time_is_up(
    outbox: Outbox, killed: list[Report], clock: FakeClock
) -> None:
    again = announcer(clock, read_former_events(outbox))

    told = again.announce(event(1, "start", "alarm"))

    assert [(fields(report)["phase"], report.kind) for report in told.reports] == [
        ("start", "alert"),
        ("start", "event"),
    ]
    assert states(told) == {"alarm/state": "ON"}
    assert initially_on(again) == ["alarm", "smoke_alarm"]
    refined = again.announce(event(1, "update", SMOKE))
    assert refined.reports[0].event_id == killed[0].event_id
    assert fields(refined.reports[0])["phase"] == "end"
    assert states(refined) == {"alarm/state": "ON", "smoke_alarm/state": "ON"}
    clock.advance(UNDECIDED_S)
    assert again.end_undecided().reports == []


@pytest.mark.usefixtures("killed")
def test_an_alarm_that_never_gets_sure_again_stays_on_alone(
    outbox: Outbox, clock: FakeClock
) -> None:
    again = announcer(clock, read_former_events(outbox))
    again.announce(event(1, "start", "alarm"))

    clock.advance(UNDECIDED_S)

    assert states(again.end_undecided()) == {"alarm/state": "ON", "smoke_alarm/state": "OFF"}


def test_who_was_called_by_a_former_ear_is_called_again_only_for_more(clock: FakeClock) -> None:
    former = announcer(clock, [])
    former.announce(event(1, "start", "alarm", alert_now=True))
    former.announce(event(2, "start", "alarm/doorbell", alert_now=False))

    again = announcer(clock, former.open_events())
    once_more = announcer(clock, former.open_events())

    assert kinds(again.announce(event(1, "start", "alarm"))) == ["event", "event"]
    assert kinds(again.announce(event(1, "update", SMOKE, alert_now=True))) == ["alert", "event"]
    clock.advance(UNDECIDED_S)
    once_more.end_undecided()
    assert kinds(once_more.announce(event(1, "start", "alarm"))) == ["alert", "event"]


def test_what_a_former_ear_told_without_calling_anybody_silences_no_call(clock: FakeClock) -> None:
    former = announcer(clock, [])
    former.announce(event(1, "start", "alarm/phone", alert_now=False))

    again = announcer(clock, former.open_events())

    assert kinds(again.announce(event(1, "start", "alarm"))) == ["alert", "event"]


@pytest.mark.usefixtures("killed")
def test_another_sound_decides_nothing(outbox: Outbox, clock: FakeClock) -> None:
    again = announcer(clock, read_former_events(outbox))

    told = again.announce(event(1, "start", "breakage/window_glass"))

    assert [fields(report)["phase"] for report in told.reports] == ["start", "start"]
    assert states(told) == {"window_glass/state": "ON"}
    assert states(again.announce(event(2, "start", "alarm/doorbell"))) == {"alarm/state": "ON"}
    assert states(again.announce(event(2, "end", "alarm/doorbell"))) == {}
    assert states(again.end_former()) == {"alarm/state": "OFF", "smoke_alarm/state": "OFF"}


def test_an_event_that_has_ended_leaves_nothing_open(outbox: Outbox, clock: FakeClock) -> None:
    former = announcer(clock, [])
    outbox.put(former.announce(event(1, "start", SMOKE)).reports)
    assert len(read_former_events(outbox)) == 1

    outbox.put(former.announce(event(1, "end", SMOKE)).reports)

    assert read_former_events(outbox) == []


def test_an_open_event_that_cannot_be_read_is_said_once_and_forgotten(
    outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    bodies = (b"\xff", b"[]", b"{}", b'{"a": 1e999}', b'{"a": "\\ud800"}', b"[" * 100_000)
    for number, body in enumerate(bodies):
        outbox.put([Report(kind="event", event_id=str(number), seq=1, critical=False, body=body)])

    assert read_former_events(outbox) == []
    assert caplog.text.count("cannot be read") == len(bodies)
    assert outbox.open_events() == {}


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
FIELDS = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("event_id", "seq", "source", "path", "critical", "score"), VALUES),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=64) | FIELDS.map(lambda value: json.dumps(value).encode()))
def test_whatever_a_disk_gives_back_is_refused_or_can_be_ended(body: bytes) -> None:
    try:
        former = FormerEvent.parse(body)
    except ValueError:
        return
    assert fields(former.end())["phase"] == "end"


def test_an_open_event_with_a_number_that_no_database_takes_is_forgotten(outbox: Outbox) -> None:
    told = former_event().fields
    for seq in (2**63 - 1, -(2**63), 10**30):
        body = json.dumps({**told, "seq": seq}).encode()
        outbox.put([Report(kind="event", event_id=str(seq), seq=1, critical=False, body=body)])

    outbox.put([event.end() for event in read_former_events(outbox)])

    assert outbox.open_events() == {}
