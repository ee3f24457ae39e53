"""The event store remembers the latest events and is never in anybody's way."""

import dataclasses
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.clocks import rfc3339
from daemon.errors import RequestError
from daemon.mqtt.payloads import EventPayload
from daemon.outbox.reports import Report
from daemon.requests.event_store import FILE_NAME, EventFilter, EventStore
from tests.daemon.fake_clock import FakeClock

NOON_S = 1_700_000_000.0


def payload(event_id: str, **changes: object) -> EventPayload:
    event = EventPayload(
        event_type="smoke_alarm",
        event_id=event_id,
        seq=1,
        path="alarm/life_safety/smoke_alarm",
        phase="start",
        score=0.9,
        source="hall",
        started_at=rfc3339(NOON_S),
        detected_at=rfc3339(NOON_S + 1),
        published_at=None,
        duration_s=None,
        delayed=False,
        age_s=0.0,
        pattern=None,
        level_dbfs=-20.0,
        clip=None,
        model="home",
        critical=True,
    )
    return dataclasses.replace(event, **changes)  # type: ignore[arg-type]


def report(event: EventPayload) -> Report:
    return Report(
        kind="event",
        event_id=event.event_id,
        seq=event.seq,
        critical=event.critical,
        body=event.to_json(),
    )


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> Iterator[EventStore]:
    store = EventStore(tmp_path, clock=clock)
    yield store
    store.close()


def ids(store: EventStore, *, limit: int = 100, **wanted: object) -> list[str]:
    found = store.find(EventFilter(**wanted), limit=limit)  # type: ignore[arg-type]
    return [event["event_id"] for event in found]


def test_an_event_is_remembered_as_its_latest_message_has_it(
    store: EventStore, tmp_path: Path, clock: FakeClock
) -> None:
    alert = dataclasses.replace(report(payload("a")), kind="alert")
    store.note([alert, report(payload("a"))])
    store.note([report(payload("a", seq=2, phase="end", duration_s=3.5))])
    store.close()

    (event,) = EventStore(tmp_path, clock=clock).find(EventFilter(), limit=9)

    assert (event["seq"], event["phase"], event["duration_s"]) == (2, "end", 3.5)
    assert list(event) == [
        field.name
        for field in dataclasses.fields(EventPayload)
        if field.name not in ("published_at", "delayed", "age_s")
    ]


def test_events_are_found_by_node_source_time_and_urgency_the_latest_first(
    store: EventStore,
) -> None:
    glass = {"path": "breakage/window_glass", "source": "porch"}
    store.note([report(payload("smoke"))])
    store.note([report(payload("glass", **glass, started_at=rfc3339(NOON_S + 60)))])
    bark = {"path": "pet/dog", "critical": False}
    store.note([report(payload("dog", **bark, started_at=rfc3339(NOON_S + 120)))])

    assert ids(store) == ["dog", "glass", "smoke"]
    assert ids(store, limit=2) == ["dog", "glass"]
    assert ids(store, node="alarm") == ids(store, node="smoke_alarm") == ["smoke"]
    assert ids(store, node="smoke_alar") == ids(store, node="alarm/life_safety/smoke") == []
    assert ids(store, node="window_glas_") == [], "an underscore stands for itself alone"
    assert ids(store, source="porch") == ["glass"]
    assert ids(store, since_s=NOON_S + 60) == ["dog", "glass"]
    assert ids(store, until_s=NOON_S + 60) == ["smoke"]
    assert ids(store, critical=False) == ["dog"]
    assert ids(store, critical=True, source="hall") == ["smoke"]


def test_an_event_that_was_critical_once_is_found_as_critical(store: EventStore) -> None:
    store.note([report(payload("a"))])
    store.note([report(payload("a", seq=2, critical=False))])

    assert ids(store, critical=True) == ["a"]


def test_the_oldest_are_forgotten(tmp_path: Path, clock: FakeClock) -> None:
    store = EventStore(tmp_path, clock=clock, max_events=10)

    store.note([report(payload(f"event {n}")) for n in range(120)])

    assert ids(store) == [f"event {n}" for n in range(119, 109, -1)]
    store.close()


def test_a_damaged_file_costs_its_memory_and_nothing_else(
    store: EventStore, tmp_path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    store.note([report(payload("before"))])
    store.close()
    (tmp_path / FILE_NAME).write_bytes(b"SQLite format 3\0" + b"\x17" * 20_000)

    again = EventStore(tmp_path, clock=clock)
    again.note([report(payload("after"))])

    assert ids(again) == ["after"]
    assert "is damaged" in caplog.text
    again.close()


def test_a_disk_that_refuses_is_said_tried_again_after_a_minute_and_no_hindrance(
    tmp_path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "not there"
    store = EventStore(folder, clock=clock)
    store.note([report(payload("a"))])
    with pytest.raises(RequestError, match="cannot be used"):
        ids(store)
    assert caplog.text.count("events are not remembered") == 1

    folder.mkdir()
    clock.advance(60)
    store.note([report(payload("b"))])

    assert ids(store) == ["b"]
    store.close()


def test_a_row_that_makes_no_sense_is_left_out(store: EventStore, tmp_path: Path) -> None:
    store.note([report(payload("a")), report(payload("b"))])
    with sqlite3.connect(tmp_path / FILE_NAME) as other:
        other.execute("UPDATE events SET body = x'00ff' WHERE event_id = 'a'")
    other.close()

    assert ids(store) == ["b"]


@settings(max_examples=100, deadline=None)
@given(body=st.binary(max_size=60) | st.builds(lambda text: text.encode(), st.text(max_size=60)))
def test_whatever_is_reported_does_no_harm(
    tmp_path_factory: pytest.TempPathFactory, body: bytes
) -> None:
    store = EventStore(tmp_path_factory.mktemp("state"), clock=FakeClock())

    store.note([Report(kind="event", event_id="x", seq=1, critical=True, body=body)])
    store.note([report(payload("a"))])

    assert ids(store) == ["a"]
    store.close()
