"""Critical reports overtake a backlog, and what is said of one event keeps its order.

That holds over a disk that takes writes and does not, and a broker that comes and goes.
"""

import dataclasses
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.mqtt.dispatch import MAX_IN_FLIGHT
from daemon.mqtt.publisher import Publisher
from daemon.mqtt.sending import AT_ONCE
from daemon.outbox.outbox import Outbox
from daemon.outbox.reports import Report
from tests.daemon.fake_clock import FakeClock
from tests.daemon.fake_link import TOPICS, FakeLink, alert


class Home:
    """A publisher with a real outbox, and a broker that the test plays."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.link = FakeClock(), FakeLink()
        self.outbox = Outbox(folder / "outbox.sqlite", clock=self.clock)
        self.publisher = Publisher(
            link=self.link, outbox=self.outbox, topics=TOPICS, clock=self.clock
        )

    def report(self, event_id: str, seq: int = 1, *, critical: bool = False) -> None:
        report = alert(event_id, seq)[1]
        self.publisher.report([dataclasses.replace(report, critical=critical)])

    def take_writes(self, is_taking: bool) -> None:
        """Mend the disk, or break it."""
        self.outbox._database.execute(f"PRAGMA query_only = {not is_taking:d}")

    def happen(self, what: str, number: int | None) -> None:
        """Have the broker or the disk do something."""
        if what == "acknowledge" and number is not None:
            self.link.acknowledge(number)
        elif what == "connect" and not self.link.is_connected:
            self.link.connect()
        elif what == "lose" and self.link.is_connected:
            self.link.lose()
        elif what in ("break", "mend"):
            self.take_writes(what == "mend")

    def told(self) -> list[tuple[str, int]]:
        return [(str(r["event_id"]), int(str(r["seq"]))) for _, r in self.link.reports()]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path)
    yield home
    home.publisher.close()


def test_a_critical_alert_leaves_next_however_much_waits(home: Home) -> None:
    for number in range(20):
        home.publisher.report([_dog(10 * number + each) for each in range(10)])
    home.report("fire", 1)
    home.link.connect()
    home.publisher.pump()
    assert home.told() == [(f"dog{number:03}", 1) for number in range(MAX_IN_FLIGHT)]

    home.report("fire", 2, critical=True)
    home.link.acknowledge(2)
    home.publisher.pump()

    assert home.told()[MAX_IN_FLIGHT:] == [("fire", 1), ("fire", 2)]


def test_a_backlog_costs_few_commits(home: Home) -> None:
    home.publisher.report([_dog(number) for number in range(200)])
    commits: list[str] = []
    home.outbox._database.set_trace_callback(
        lambda statement: commits.append(statement) if statement == "COMMIT" else None
    )
    home.link.connect()

    while not home.publisher.is_idle:
        home.publisher.pump()
        home.link.acknowledge(1)  # each wakes the main loop

    assert len(home.told()) == 200
    assert len(commits) <= 200 / AT_ONCE + 2
    assert len(home.outbox) == 0


_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("report"), st.integers(0, 4), st.booleans()),
        st.tuples(st.just("acknowledge"), st.integers(1, 30), st.none()),
        st.tuples(
            st.sampled_from(["pump", "lose", "connect", "break", "mend"]), st.none(), st.none()
        ),
    ),
    max_size=60,
)


@given(steps=_STEPS, backlog=st.integers(0, 40))
@settings(max_examples=60, deadline=None)
def test_whatever_happens_each_event_is_told_whole_and_in_order(
    steps: list[tuple[str, int | None, bool | None]], backlog: int
) -> None:
    seqs = dict.fromkeys(range(5), 0)
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        home.publisher.report([_dog(number) for number in range(backlog)])
        for step, number, is_critical in steps:
            if step == "report" and number is not None:
                seqs[number] += 1
                home.report(str(number), seqs[number], critical=bool(is_critical))
            else:
                home.happen(step, number)
            home.publisher.pump()
            home.clock.advance(1.0)
        home.take_writes(True)
        if not home.link.is_connected:
            home.link.connect()
        while not home.publisher.is_idle:
            home.publisher.pump()
            home.link.acknowledge_all()
            home.clock.advance(1.0)
        told = list(dict.fromkeys(home.told()))
        payloads: dict[tuple[object, ...], set[bytes]] = {}
        for _, data, _ in home.link.sent:
            body = json.loads(data)
            payloads.setdefault((body["event_id"], body["seq"]), set()).add(data)
        home.publisher.close()

    assert all(len(each) == 1 for each in payloads.values()), "the same to the byte"
    for number, last in seqs.items():
        mine = [seq for event_id, seq in told if event_id == str(number)]
        assert mine == list(range(1, last + 1))
    assert len(told) == backlog + sum(seqs.values())


def _dog(number: int) -> Report:
    return dataclasses.replace(alert(f"dog{number:03}")[1], critical=False)
