"""The outbox: nothing lost, order kept, the least important dropped first."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import OutboxError
from daemon.outbox.outbox import Outbox
from daemon.outbox.reports import Kind, Report
from tests.daemon.fake_clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.sqlite"


def report(event_id: str, seq: int = 1, *, kind: Kind = "event", critical: bool = False) -> Report:
    return Report(kind=kind, event_id=event_id, seq=seq, critical=critical, body=b"{}")


def test_what_was_put_is_there_in_order_after_a_restart(path: Path, clock: FakeClock) -> None:
    outbox = Outbox(path, clock=clock)
    outbox.put([report("a", kind="alert"), report("a")])
    outbox.put([report("b")])
    outbox.close()

    again = Outbox(path, clock=clock)

    assert [(row.event_id, row.kind) for row in again.waiting()] == [
        ("a", "alert"),
        ("a", "event"),
        ("b", "event"),
    ]
    again.close()


def test_a_crash_without_close_loses_nothing(path: Path, clock: FakeClock) -> None:
    crashed = Outbox(path, clock=clock)
    crashed.put([report("a")])

    reader = sqlite3.connect(path)
    assert reader.execute("SELECT event_id FROM reports").fetchall() == [("a",)]
    reader.close()
    crashed.close()


def test_only_what_is_acknowledged_is_removed(path: Path, clock: FakeClock) -> None:
    outbox = Outbox(path, clock=clock)
    outbox.put([report("a"), report("b"), report("c")])
    first, second, _ = outbox.waiting()

    outbox.settle(acknowledged=[second.id])

    assert [row.event_id for row in outbox.waiting()] == ["a", "c"]
    assert [row.event_id for row in outbox.waiting(after_id=first.id)] == ["c"]
    assert len(outbox) == 2
    outbox.close()


def test_published_bytes_are_fixed_once_for_alert_and_event_alike(
    path: Path, clock: FakeClock
) -> None:
    outbox = Outbox(path, clock=clock)
    outbox.put([report("a", kind="alert"), report("a"), report("a", 2)])

    outbox.settle(finals=[("a", 1, b'{"n":1}')])
    outbox.settle(finals=[("a", 1, b'{"n":2}'), ("a", 2, b'{"n":3}')])

    assert [row.final for row in outbox.waiting()] == [b'{"n":1}', b'{"n":1}', b'{"n":3}']
    outbox.close()


def test_rows_that_make_no_sense_keep_nobody_waiting_even_if_the_disk_does_not_let_them_go(
    path: Path, clock: FakeClock
) -> None:
    outbox = Outbox(path, clock=clock)
    outbox.put([report(name) for name in "abcd"])
    outbox._database.execute("UPDATE reports SET body = 'x' WHERE event_id < 'd'")
    outbox._database.execute("PRAGMA query_only = ON")
    assert [row.event_id for row in outbox.waiting(limit=2)] == ["d"]
    assert outbox.num_dropped == 0

    outbox._database.execute("PRAGMA query_only = OFF")
    assert [row.event_id for row in outbox.waiting(limit=2)] == ["d"]
    assert (outbox.num_dropped, len(outbox)) == (3, 1)
    outbox.close()


def test_age_counts_from_queueing_and_does_not_follow_a_jumping_wall_clock(
    path: Path, clock: FakeClock
) -> None:
    outbox = Outbox(path, clock=clock)
    outbox.put([report("a")])

    clock.advance(10)
    clock.wall += 86_400

    assert outbox.waiting()[0].age_s == pytest.approx(10)
    outbox.close()


def test_age_after_a_reboot_is_taken_from_the_wall_clock(path: Path, clock: FakeClock) -> None:
    outbox = Outbox(path, clock=clock)
    outbox.put([report("a")])
    clock.wall += 3_600
    clock.boottime = 5.0
    clock.boot_id = "next boot"

    (row,) = outbox.waiting()
    assert row.age_s == pytest.approx(3_600)
    assert (row.is_of_former_boot, row.is_age_known) == (True, True)
    outbox.close()


def test_after_a_reboot_a_report_is_at_least_as_old_as_the_boot(
    path: Path, clock: FakeClock
) -> None:
    outbox = Outbox(path, clock=clock)
    outbox.put([report("a")])
    clock.wall += 1
    clock.boottime = 40.0
    clock.boot_id = "next boot"

    (row,) = outbox.waiting()
    assert (row.age_s, row.is_age_known) == (40.0, True)
    clock.wall -= 10_000
    (row,) = outbox.waiting()
    assert (row.age_s, row.is_age_known) == (40.0, False)
    outbox.close()


def test_when_full_the_oldest_that_is_not_critical_goes_first(
    path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    outbox = Outbox(path, clock=clock, max_rows=3)
    outbox.put([report("critical", critical=True), report("old"), report("young")])

    outbox.put([report("new"), report("newer")])

    assert [row.event_id for row in outbox.waiting()] == ["critical", "new", "newer"]
    assert outbox.num_dropped == 2
    assert (
        "dropped 2 reports (outbox full: the oldest, critical ones last), 2 since the start"
        in caplog.text
    )
    outbox.close()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.booleans(), max_size=30), st.integers(min_value=1, max_value=10))
def test_a_critical_report_is_never_dropped_before_one_that_is_not(
    tmp_path_factory: pytest.TempPathFactory,
    critical: list[bool],
    max_rows: int,
) -> None:
    path = tmp_path_factory.mktemp("outbox") / "outbox.sqlite"
    outbox = Outbox(path, clock=FakeClock(), max_rows=max_rows)
    for number, is_critical in enumerate(critical):
        outbox.put([report(f"{number:03}", critical=is_critical)])
    kept = outbox.waiting(limit=100)
    outbox.close()

    assert len(kept) == min(max_rows, len(critical))
    assert [row.event_id for row in kept] == sorted(row.event_id for row in kept)
    assert sum(row.critical for row in kept) == min(max_rows, sum(critical))
    assert kept == [] or kept[-1].event_id == f"{len(critical) - 1:03}" or not critical[-1]


def test_the_outbox_of_a_newer_aed_is_left_alone(path: Path, clock: FakeClock) -> None:
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 99")
    database.close()

    with pytest.raises(OutboxError, match="newer aed"):
        Outbox(path, clock=clock)


def test_a_report_that_cannot_be_written_is_an_error_and_leaves_the_rest(
    path: Path, clock: FakeClock
) -> None:
    outbox = Outbox(path, clock=clock)
    outbox.put([report("a")])
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")

    with pytest.raises(OutboxError, match="cannot be written"):
        outbox.put([report("b")])

    blocker.execute("ROLLBACK")
    blocker.close()
    assert [row.event_id for row in outbox.waiting()] == ["a"]
    outbox.close()
