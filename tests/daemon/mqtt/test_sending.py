"""Reports on a disk that does not take them, and over a restart of the machine."""

import dataclasses
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.mqtt.dispatch import new_memory
from daemon.mqtt.publisher import Publisher
from daemon.mqtt.sending import TRY_AGAIN_S
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


@pytest.fixture
def broken_disk(tmp_path: Path, outbox: Outbox) -> Iterator[sqlite3.Connection]:
    """The outbox cannot be written until this is closed."""
    blocker = sqlite3.connect(tmp_path / "outbox.sqlite", isolation_level=None)
    outbox._database.execute("PRAGMA busy_timeout = 0")
    blocker.execute("BEGIN IMMEDIATE")
    yield blocker
    blocker.close()


def test_a_broken_disk_does_not_silence_an_alert(
    publisher: Publisher,
    link: FakeLink,
    broken_disk: sqlite3.Connection,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert broken_disk.in_transaction
    link.connect()
    publisher.pump()

    publisher.report(alert("x"))
    publisher.pump()

    assert [topic for topic, _ in link.reports()] == [TOPICS.alert, TOPICS.event]
    assert "reports are kept in memory only, until the broker has them: outbox" in caplog.text
    assert not publisher.is_idle
    link.acknowledge_all()
    publisher.pump()
    assert publisher.is_idle


def test_with_neither_disk_nor_broker_an_alert_waits_in_memory(
    publisher: Publisher, link: FakeLink, broken_disk: sqlite3.Connection, clock: FakeClock
) -> None:
    assert broken_disk.in_transaction
    publisher.report(alert("x"))
    publisher.pump()
    assert publisher.num_unsaved == 2
    clock.advance(5.0)
    link.connect()
    publisher.pump()
    link.lose()
    publisher.pump()
    link.connect()
    publisher.pump()

    assert [topic for topic, _ in link.reports()] == [TOPICS.alert, TOPICS.event] * 2
    assert link.sent[:2] == link.sent[2:]
    assert link.reports()[0][1]["age_s"] == 5.0


def test_unsaved_reports_that_are_lost_at_the_end_are_counted(
    link: FakeLink,
    outbox: Outbox,
    clock: FakeClock,
    broken_disk: sqlite3.Connection,
    caplog: pytest.LogCaptureFixture,
) -> None:
    publisher = Publisher(link=link, outbox=outbox, topics=TOPICS, clock=clock)
    publisher.report(alert("x"))
    assert broken_disk.in_transaction

    publisher.close()

    assert "2 reports that the disk did not take are lost" in caplog.text


def test_what_was_in_memory_only_is_on_disk_once_that_works_again_or_at_the_end(
    publisher: Publisher, outbox: Outbox, clock: FakeClock, broken_disk: sqlite3.Connection
) -> None:
    publisher.report(alert("x"))
    broken_disk.close()
    clock.advance(TRY_AGAIN_S)
    assert len(outbox) == 0

    publisher.pump()

    assert publisher.num_unsaved == 0
    assert [(row.event_id, row.age_s) for row in outbox.waiting()] == [("x", TRY_AGAIN_S)] * 2
    assert publisher.problem is None


def test_one_event_keeps_its_order_when_the_disk_takes_only_its_end(
    publisher: Publisher, link: FakeLink, request: pytest.FixtureRequest
) -> None:
    publisher.report(alert("x", 1))
    broken_disk = request.getfixturevalue("broken_disk")
    publisher.report(alert("x", 2))
    broken_disk.close()
    publisher.report(alert("x", 3))
    publisher.report(alert("y", 1))
    link.connect()
    publisher.pump()

    told = [(payload["event_id"], payload["seq"]) for _, payload in link.reports()]
    assert [seq for event_id, seq in told if event_id == "x"] == [1, 1, 2, 2, 3, 3]
    assert told.count(("y", 1)) == 2


def test_what_only_memory_has_does_not_wait_behind_a_backlog_on_disk(
    publisher: Publisher, link: FakeLink, outbox: Outbox, request: pytest.FixtureRequest
) -> None:
    harmless = [dataclasses.replace(alert(f"{n}")[1], critical=False) for n in range(100)]
    publisher.report(harmless)
    assert request.getfixturevalue("broken_disk").in_transaction
    publisher.report(alert("x"))
    link.connect()
    publisher.pump()

    assert [payload["event_id"] for _, payload in link.reports()] == ["x", "x"]
    for _ in range(2):
        link.acknowledge_all()
        publisher.pump()
    assert len(link.reports()) == 2 + 20
    assert outbox.is_on_disk


def test_an_alert_of_a_former_boot_is_never_a_fresh_one(
    publisher: Publisher, link: FakeLink, clock: FakeClock
) -> None:
    publisher.report(alert("x"))
    clock.boot_id = "next boot"
    clock.boottime = 0.5
    clock.wall += 0.5
    link.connect()
    publisher.pump()
    link.lose()
    clock.wall -= 3_600.0
    link.connect()
    publisher.pump()

    (first, payload), _, (second, _), _ = link.reports()
    assert (first, payload["delayed"]) == (TOPICS.alert, True)
    assert second == TOPICS.alert_late


def test_what_is_open_is_noted_once_the_disk_works_again(
    publisher: Publisher,
    outbox: Outbox,
    clock: FakeClock,
    broken_disk: sqlite3.Connection,
) -> None:
    publisher.report(alert("x"))
    publisher.report([dataclasses.replace(alert("y")[1], is_last=True)])
    broken_disk.close()
    assert outbox.open_events() == {}

    clock.advance(TRY_AGAIN_S)
    publisher.pump()

    assert list(outbox.open_events()) == ["x"]


def test_what_the_disk_took_is_sent_when_it_takes_nothing_more(
    publisher: Publisher,
    link: FakeLink,
    outbox: Outbox,
    clock: FakeClock,
    request: pytest.FixtureRequest,
) -> None:
    link.connect()
    publisher.report(alert("x"))
    publisher.report(alert("y"))
    broken_disk = request.getfixturevalue("broken_disk")

    publisher.pump()
    assert [topic for topic, _ in link.reports()] == [TOPICS.alert, TOPICS.event] * 2
    assert "the disk does not take which reports were sent" in str(publisher.problem)

    link.acknowledge(2)
    publisher.pump()
    link.lose()
    publisher.pump()
    clock.advance(1.0)
    link.connect()
    publisher.pump()
    assert link.sent[4:] == link.sent[2:4], "not what is acknowledged, and the same to the byte"
    link.acknowledge_all()
    publisher.pump()
    assert publisher.is_idle

    broken_disk.close()
    clock.advance(TRY_AGAIN_S)
    publisher.pump()
    assert len(outbox) == 0
    assert publisher.problem is None


def test_an_outbox_that_is_locked_holds_up_one_turn_and_not_every_one(
    publisher: Publisher, link: FakeLink, outbox: Outbox, clock: FakeClock, tmp_path: Path
) -> None:
    link.connect()
    publisher.report(alert("x"))
    publisher.pump()
    link.acknowledge_all()
    blocker = sqlite3.connect(tmp_path / "outbox.sqlite", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")

    begin_s = time.monotonic()
    for _ in range(5):
        publisher.pump()
    assert time.monotonic() - begin_s < 2.5

    blocker.close()
    clock.advance(TRY_AGAIN_S)
    publisher.pump()
    assert len(outbox) == 0


def test_what_only_memory_has_goes_on_with_changed_settings(
    link: FakeLink, clock: FakeClock, tmp_path: Path
) -> None:
    memory = new_memory(clock)
    for is_last in (False, True):
        outbox = Outbox(tmp_path / "outbox.sqlite", clock=clock)
        publisher = Publisher(link=link, outbox=outbox, topics=TOPICS, clock=clock, memory=memory)
        if is_last:
            assert publisher.num_unsaved == 2
            link.connect()
            publisher.pump()
        else:
            outbox._database.execute("PRAGMA query_only = ON")
            publisher.report(alert("x"))
        publisher.close()

    assert [topic for topic, _ in link.reports()] == [TOPICS.alert, TOPICS.event]
