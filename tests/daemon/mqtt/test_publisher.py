"""What is published when, and again after which failure."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.mqtt.dispatch import MAX_IN_FLIGHT
from daemon.mqtt.publisher import MAX_CORRECTED, MAX_STATES_IN_FLIGHT, Publisher
from daemon.mqtt.sending import LATE_AFTER_S
from daemon.outbox.outbox import Outbox
from tests.daemon.fake_clock import FakeClock
from tests.daemon.fake_link import TOPICS, FakeLink, alert


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def link() -> FakeLink:
    return FakeLink()


@pytest.fixture
def outbox(tmp_path: Path, clock: FakeClock) -> Iterator[Outbox]:
    outbox = Outbox(tmp_path / "outbox.sqlite", clock=clock)
    yield outbox
    outbox.close()


@pytest.fixture
def publisher(link: FakeLink, outbox: Outbox, clock: FakeClock) -> Iterator[Publisher]:
    publisher = Publisher(link=link, outbox=outbox, topics=TOPICS, clock=clock)
    yield publisher
    publisher.close()


def test_states_are_published_when_set_and_all_again_on_every_connect(
    publisher: Publisher, link: FakeLink
) -> None:
    publisher.retain("a", b"1")
    publisher.retain("status", b"online")
    assert link.sent == []

    link.connect()
    publisher.pump()
    publisher.retain("a", b"2")
    publisher.retain("a", b"2")
    assert link.states() == [("a", b"1"), ("status", b"online"), ("a", b"2")]

    link.lose()
    publisher.pump()
    link.connect()
    publisher.pump()
    assert link.states()[3:] == [("a", b"2"), ("status", b"online")]


def test_a_report_leaves_the_outbox_only_when_it_is_acknowledged(
    publisher: Publisher, link: FakeLink, outbox: Outbox
) -> None:
    link.connect()
    publisher.report(alert("x"))
    publisher.pump()
    publisher.pump()

    assert [topic for topic, _ in link.reports()] == [TOPICS.alert, TOPICS.event]
    assert len(outbox) == 2
    assert not publisher.is_idle

    link.acknowledge_all()
    publisher.pump()
    assert len(outbox) == 0
    assert publisher.is_idle


def test_a_report_says_when_it_was_published_and_how_old_it_is(
    publisher: Publisher, link: FakeLink
) -> None:
    link.connect()
    publisher.report(alert("x"))
    publisher.pump()

    _, payload = link.reports()[0]
    assert payload["published_at"] == "2023-11-14T22:13:20.000Z"
    assert (payload["age_s"], payload["delayed"]) == (0.0, False)
    assert link.sent[0][1] == link.sent[1][1]


def test_what_waited_for_the_broker_says_that_it_is_delayed(
    publisher: Publisher, link: FakeLink, clock: FakeClock
) -> None:
    publisher.report(alert("x"))
    clock.advance(30.0)
    link.connect()
    publisher.pump()

    topic, payload = link.reports()[0]
    assert topic == TOPICS.alert
    assert (payload["age_s"], payload["delayed"]) == (30.0, True)


def test_an_alert_that_is_too_old_to_sound_a_siren_goes_to_alert_late(
    publisher: Publisher, link: FakeLink, clock: FakeClock
) -> None:
    publisher.report(alert("x"))
    clock.advance(LATE_AFTER_S + 1)
    publisher.report(alert("y"))
    link.connect()
    publisher.pump()

    assert [(topic, payload["event_id"]) for topic, payload in link.reports()] == [
        (TOPICS.alert_late, "x"),
        (TOPICS.event, "x"),
        (TOPICS.alert, "y"),
        (TOPICS.event, "y"),
    ]


def test_what_was_not_acknowledged_is_sent_again_to_the_byte(
    publisher: Publisher, link: FakeLink, clock: FakeClock
) -> None:
    link.connect()
    publisher.report(alert("x"))
    publisher.pump()
    link.lose()
    publisher.pump()
    clock.advance(5.0)
    link.connect()
    publisher.pump()

    assert link.sent[:2] == link.sent[2:]


def test_an_old_alert_sent_again_keeps_its_bytes_but_not_its_topic(
    publisher: Publisher, link: FakeLink, clock: FakeClock
) -> None:
    link.connect()
    publisher.report(alert("x"))
    publisher.pump()
    link.lose()
    publisher.pump()
    clock.advance(3_600.0)
    link.connect()
    publisher.pump()

    (first, first_bytes, _), _, (second, second_bytes, _), _ = link.sent
    assert (first, second) == (TOPICS.alert, TOPICS.alert_late)
    assert first_bytes == second_bytes


def test_after_a_crash_the_next_process_sends_the_same_bytes(
    publisher: Publisher, link: FakeLink, outbox: Outbox, clock: FakeClock
) -> None:
    link.connect()
    publisher.report(alert("x"))
    publisher.pump()

    next_link = FakeLink()
    next_process = Publisher(link=next_link, outbox=outbox, topics=TOPICS, clock=clock)
    clock.advance(7.0)
    next_link.connect()
    next_process.pump()

    assert next_link.sent == link.sent
    next_process.close()


def test_many_reports_are_sent_in_order_and_never_too_many_at_once(
    publisher: Publisher, link: FakeLink, outbox: Outbox
) -> None:
    for number in range(50):
        publisher.report(alert(f"{number:02}"))
    link.connect()
    publisher.pump()
    assert len(link.sent) == MAX_IN_FLIGHT

    while len(outbox):
        link.acknowledge_all()
        publisher.pump()

    assert [payload["event_id"] for _, payload in link.reports()] == [
        f"{number:02}" for number in range(50) for _ in range(2)
    ]


def told_until_idle(publisher: Publisher, link: FakeLink) -> list[tuple[str, bytes]]:
    """All states that are told from now on, each acknowledged."""
    before = len(link.states())
    for _ in range(5):
        publisher.pump()
        link.acknowledge_all()
    assert publisher.is_idle
    return link.states()[before:]


def test_what_is_removed_is_told_its_last_value_and_then_taken_off_the_broker(
    publisher: Publisher, link: FakeLink
) -> None:
    link.connect()
    publisher.pump()
    publisher.retain("a", b"ON")
    publisher.remove("a", b"OFF")

    assert link.states() == [("a", b"ON"), ("a", b"OFF")]
    assert told_until_idle(publisher, link) == [("a", b"")]
    link.lose()
    link.connect()
    assert told_until_idle(publisher, link) == []


def test_a_removal_goes_on_after_the_connection_was_lost(
    publisher: Publisher, link: FakeLink
) -> None:
    publisher.retain("a", b"ON")
    publisher.remove("a", b"OFF")
    link.connect()
    publisher.pump()
    link.lose()
    link.connect()

    assert told_until_idle(publisher, link) == [("a", b"OFF"), ("a", b"")]


def test_what_comes_back_while_it_is_removed_stays(publisher: Publisher, link: FakeLink) -> None:
    link.connect()
    publisher.pump()
    publisher.retain("a", b"ON")
    publisher.remove("a", b"OFF")
    publisher.retain("a", b"OFF")

    assert told_until_idle(publisher, link) == []
    assert link.states()[-1] == ("a", b"OFF")
    link.lose()
    link.connect()
    assert told_until_idle(publisher, link) == [("a", b"OFF")]


def test_what_former_settings_left_on_the_broker_is_turned_off_and_ours_is_not(
    publisher: Publisher, link: FakeLink
) -> None:
    attic = TOPICS.class_state("attic", "alarm")
    ours, stray = (TOPICS.class_state("mic", name) for name in ("smoke_alarm", "baby_cry"))
    source = TOPICS.source_status("garage")
    publisher.retain(ours, b"ON")
    link.connect()
    for topic, payload in ((ours, b"ON"), (stray, b"ON"), (source, b"online")):
        link.find_retained(topic, payload)
    link.find_retained(attic, b"OFF")
    told = dict.fromkeys(told_until_idle(publisher, link))

    assert [(topic, payload) for topic, payload in told if "attributes" not in topic] == [
        (ours, b"ON"),
        (stray, b"OFF"),
        (source, b"offline"),
        (attic, b""),
        (stray, b""),
    ]
    assert (TOPICS.class_attributes("mic", "baby_cry"), b"") in told


def test_what_strangers_retain_below_our_topics_is_bounded_in_memory_and_log(
    publisher: Publisher, link: FakeLink, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    link.connect()
    link.find_retained(TOPICS.source_status("x" * 60_000), b"x")
    for number in range(3 * MAX_CORRECTED):
        link.find_retained(TOPICS.source_status(f"x{number}"), b"x")
    publisher.pump()
    while not publisher.is_idle:
        link.acknowledge_all()
        publisher.pump()

    assert len(link.sent) == MAX_CORRECTED
    assert len(caplog.records) == MAX_CORRECTED + 1
    assert "more is retained below our topics than we ever said: left alone" in caplog.text


def test_of_states_that_change_faster_than_the_broker_takes_them_the_newest_is_sent(
    publisher: Publisher, link: FakeLink
) -> None:
    link.connect()
    publisher.pump()
    for number in range(10 * MAX_STATES_IN_FLIGHT):
        publisher.retain("a", b"%d" % number)
        publisher.retain("b", b"%d" % -number)
    assert len(link.sent) == MAX_STATES_IN_FLIGHT

    for _ in range(3):
        link.acknowledge_all()
        publisher.pump()

    assert publisher.is_idle
    assert len(link.sent) == MAX_STATES_IN_FLIGHT + 2
    last = 10 * MAX_STATES_IN_FLIGHT - 1
    assert link.states()[-2:] == [("a", b"%d" % last), ("b", b"%d" % -last)]
