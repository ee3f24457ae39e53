"""The outbox is bounded in number, bytes and age, and what it drops is counted and said."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.clocks import SETTLED_S
from daemon.outbox.outbox import Outbox
from daemon.outbox.reports import Report
from daemon.outbox.room import MAX_AGE_S, MAX_BYTES, MAX_ROWS
from tests.daemon.fake_clock import FakeClock

LARGEST_BODY = b'{"path":"' + b"x" * 600 + b'"}'


@pytest.fixture
def clock() -> FakeClock:
    clock = FakeClock()
    clock.wall = 1_800_000_000.0
    return clock


@pytest.fixture
def outbox(tmp_path: Path, clock: FakeClock) -> Iterator[Outbox]:
    outbox = Outbox(tmp_path / "outbox.sqlite", clock=clock)
    yield outbox
    outbox.close()


def report(name: str, *, critical: bool = False, body: bytes = b"{}") -> Report:
    return Report(kind="event", event_id=name, seq=1, critical=critical, body=body, is_last=True)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(10, 20_000)), max_size=60))
def test_bytes_are_bounded_and_what_is_critical_goes_last(
    tmp_path_factory: pytest.TempPathFactory, given_: list[tuple[bool, int]]
) -> None:
    path = tmp_path_factory.mktemp("outbox") / "outbox.sqlite"
    outbox = Outbox(path, clock=FakeClock(), max_bytes=200_000)
    for number, (is_critical, size) in enumerate(given_):
        body = b'"' + b"x" * size + b'"'
        outbox.put([report(f"{number:03}", critical=is_critical, body=b'{"a":' + body + b"}")])
        assert outbox._database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        pages = outbox._database.execute("PRAGMA page_count").fetchone()[0]
        free = outbox._database.execute("PRAGMA freelist_count").fetchone()[0]
        assert (pages - free) * 4096 <= 200_000
    kept = {row.event_id for row in outbox.waiting(limit=100)}
    dropped_critical = [
        number
        for number, (is_critical, _) in enumerate(given_)
        if is_critical and f"{number:03}" not in kept
    ]
    outbox.close()

    assert len(kept) + outbox.num_dropped == len(given_)
    if dropped_critical:
        before = [n for n, (it, _) in enumerate(given_) if not it and n < max(dropped_critical)]
        assert not kept & {f"{number:03}" for number in before}


def test_as_many_reports_as_are_kept_fit_into_the_bytes(outbox: Outbox) -> None:
    batch = [report(f"{number}", body=LARGEST_BODY) for number in range(MAX_ROWS)]
    outbox.put(batch)
    outbox.settle(finals=[(one.event_id, one.seq, one.body) for one in batch])
    outbox.put([report("last", critical=True, body=LARGEST_BODY)])

    assert len(outbox) == MAX_ROWS
    assert outbox.num_dropped == 1
    pages = outbox._database.execute("PRAGMA page_count").fetchone()[0]
    assert pages * 4096 < MAX_BYTES


def test_what_is_too_old_goes_unless_it_is_critical(
    outbox: Outbox, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    outbox.put([report("old"), report("old and critical", critical=True)])
    clock.advance(MAX_AGE_S - 10.0)
    outbox.put([report("young")])
    clock.advance(4_000.0)
    outbox.put([report("new")])

    left = [row.event_id for row in outbox.waiting()]
    assert left == ["old and critical", "young", "new"]
    assert outbox.num_dropped == 1
    assert "outbox: dropped 1 reports (not sent for 7 days), 1 since the start" in caplog.text


@pytest.mark.parametrize(
    ("queued_wall_s", "booted_s", "is_kept"),
    [
        (1_800_000_000.0 - MAX_AGE_S - 100.0, SETTLED_S, False),
        (1_800_000_000.0 - MAX_AGE_S - 100.0, SETTLED_S - 1.0, True),
        (1_799_999_000.0, SETTLED_S, True),
        (12.0, SETTLED_S, True),
    ],
    ids=["long ago", "by a clock just booted", "just now", "by a clock that was never set"],
)
def test_over_a_restart_only_a_clock_that_was_set_tells_an_age(
    tmp_path: Path, clock: FakeClock, queued_wall_s: float, booted_s: float, is_kept: bool
) -> None:
    clock.wall = queued_wall_s
    outbox = Outbox(tmp_path / "outbox.sqlite", clock=clock)
    outbox.put([report("before")])
    outbox.close()
    clock.boot_id, clock.boottime, clock.wall = "next boot", booted_s, 1_800_000_000.0
    outbox = Outbox(tmp_path / "outbox.sqlite", clock=clock)
    outbox.put([report("now")])

    assert ("before" in [row.event_id for row in outbox.waiting()]) == is_kept
    outbox.close()
