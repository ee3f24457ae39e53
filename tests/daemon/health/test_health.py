"""`health` tells each minute how everything is, and at once what is wrong."""

import contextlib
import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr

from aed.bundle import Bundle
from aed.hearing import Hearing
from daemon.clocks import StreamClock
from daemon.ears.announcer import Announcer
from daemon.ears.arrivals import hear_arrived
from daemon.ears.ear import Ear
from daemon.health.health import EVERY_S, Health
from daemon.health.heartbeat import Heartbeat
from daemon.health.meter import FRESH_S
from daemon.health.self_check import MARK_NAME, TELL_S, SelfCheck
from daemon.mqtt.publisher import Publisher
from daemon.outbox.outbox import Outbox
from daemon.settings.heartbeat import HeartbeatSettings
from daemon.settings.models import CommandSettings
from daemon.sources.source import Source
from daemon.sources.state import SourceState
from tests.daemon.fake_clock import FakeClock
from tests.daemon.fake_link import TOPICS, FakeLink, alert

HUM = """
import os, sys, time
for block in range(40): os.write(1, bytes([0, 8, 0, 248]) * 400)
time.sleep(600)
"""


@dataclass(slots=True, kw_only=True)
class Home:
    """The parts of a daemon whose turns a test takes."""

    clock: FakeClock
    link: FakeLink
    publisher: Publisher
    source: Source
    ear: Ear
    health: Health

    def turn(self) -> None:
        hear_arrived([(self.source, self.ear)], clock=self.clock)
        self.source.tick()
        self.health.tick()
        self.publisher.pump()
        self.link.acknowledge_all()

    def told(self) -> list[dict[str, Any]]:
        return [json.loads(data) for topic, data in self.link.states() if topic == TOPICS.health]

    def turn_until(self, condition: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + 15.0
        while not condition():
            assert time.monotonic() < deadline_s, self.told()
            self.turn()
            time.sleep(0.005)


@contextlib.contextmanager
def home(
    folder: Path, bundle: Bundle, *, code: str = HUM, heartbeat_url: str | None = None
) -> Iterator[Home]:
    clock, link = FakeClock(), FakeLink()
    link.connect()
    publisher = Publisher(
        link=link, outbox=Outbox(folder / "outbox.sqlite", clock=clock), topics=TOPICS, clock=clock
    )
    publisher.pump()
    settings = CommandSettings(
        kind="command", name="mic", command=(sys.executable, "-c", code), sample_rate_hz=16_000
    )
    source = Source(settings, clock=clock, rng=random.Random(1))  # noqa: S311 - jitter, no secret
    stream_clock = StreamClock(clock)
    announcer = Announcer(
        source="mic",
        classes=(),
        model="home",
        topics=TOPICS,
        clock=clock,
        stream_clock=stream_clock,
    )
    ear = Ear(hearing=Hearing(bundle), announcer=announcer, stream_clock=stream_clock, clock=clock)
    heartbeat = None
    if heartbeat_url is not None:
        heartbeat = Heartbeat(HeartbeatSettings(url=SecretStr(heartbeat_url)), clock=clock)
    health = Health(
        ears=[(source, ear)],
        self_check=SelfCheck(bundle, folder=folder, clock=clock),
        heartbeat=heartbeat,
        publisher=publisher,
        link=link,
        topics=TOPICS,
        clock=clock,
    )
    try:
        yield Home(
            clock=clock, link=link, publisher=publisher, source=source, ear=ear, health=health
        )
    finally:
        health.close()
        source.close()
        publisher.close()


def test_a_home_that_is_well_is_told_once_a_minute(tmp_path: Path, bundle: Bundle) -> None:
    with home(tmp_path, bundle) as it:
        it.turn_until(lambda: it.source.total_heard_s >= 2.0 and len(it.told()) == 2)
        for _ in range(20):
            it.turn()
        assert len(it.told()) == 2, "at the start, and after the self-test"
        it.clock.advance(EVERY_S)
        it.health.tick()
        first, tested, told = it.told()

    assert first["problem"] is None
    assert first["self_test"] is None
    assert tested["self_test"]["passed"]
    assert tested["self_test"]["deviation"] < 1e-3
    assert told["at"] == "2023-11-14T22:14:20.000Z"
    assert told["uptime_s"] == EVERY_S
    assert told["sources"]["mic"] == {
        "state": "online",
        "reason": "",
        "heard_s": 2.0,
        "level_dbfs": pytest.approx(-24.1, abs=0.1),
        "lag_s": 0.0,
        "dropped_s": 0.0,
        "restarts": 0,
    }
    assert told["inference_mean_ms_per_s"] is not None
    assert (told["outbox_rows"], told["outbox_bytes"], told["unsaved_reports"]) == (0, 0, 0)
    assert 10 < told["memory_mb"] < 2_000
    assert told["heartbeat"] is None


def test_a_problem_is_told_when_it_begins_and_when_it_ends(tmp_path: Path, bundle: Bundle) -> None:
    code = "import os, sys; os.write(1, bytes([1, 2]) * 1_600); sys.exit('unplugged')"
    with home(tmp_path, bundle, code=code) as it:
        it.turn_until(lambda: it.source.reason == "unplugged")
        it.turn()
        assert it.told()[-1]["problem"] == "source mic is offline: unplugged"
        it.clock.advance(2.0)
        it.turn_until(lambda: it.told()[-1]["problem"] is None)
        assert it.told()[-1]["sources"]["mic"]["restarts"] == 1


def test_reports_that_wait_are_counted(tmp_path: Path, bundle: Bundle) -> None:
    with home(tmp_path, bundle) as it:
        it.link.lose()
        it.publisher.report(alert("a"))
        bodies = sum(len(report.body) for report in alert("a"))

        payload = it.health.payload()

        assert (payload.outbox_rows, payload.outbox_bytes) == (2, bodies)


def test_a_disk_that_takes_nothing_is_a_problem(tmp_path: Path, bundle: Bundle) -> None:
    with home(tmp_path, bundle) as it:
        it.turn_until(lambda: it.source.state is SourceState.ONLINE)
        it.link.lose()
        it.publisher._dispatch._saved.outbox._database.execute("PRAGMA query_only=ON")
        it.publisher.report(alert("a"))
        it.turn()

        payload = it.health.payload()
        assert payload.unsaved_reports == 2
        assert payload.problem == "the disk does not take reports: they are kept in memory only"
        it.publisher._dispatch._saved.outbox._database.execute("PRAGMA query_only=OFF")
        it.publisher.report(alert("b"))
        assert it.health.problem is None


def test_whoever_hears_with_a_sound_model_is_hearing(tmp_path: Path, bundle: Bundle) -> None:
    with home(tmp_path, bundle) as it:
        it.turn()
        is_hearing = [it.health.is_hearing]
        it.turn_until(lambda: it.source.total_heard_s >= 2.0)
        is_hearing.append(it.health.is_hearing)
        it.clock.advance(FRESH_S + 0.1)  # in which no inference has finished
        is_hearing.append(it.health.is_hearing)

    assert is_hearing == [False, True, False]


def test_a_model_that_computes_something_else_is_not_hearing(
    tmp_path: Path, bundle: Bundle
) -> None:
    (tmp_path / MARK_NAME).touch()
    spoilt = replace(bundle, bias=bundle.bias + np.float32(1.0))
    with home(tmp_path, spoilt) as it:
        it.turn_until(lambda: it.told()[-1:] != [] and it.told()[-1]["problem"] is not None)
        it.turn_until(lambda: it.source.total_heard_s >= 2.0)

        assert not it.health.is_hearing
        assert not it.health.must_restart
        assert it.told()[-1]["problem"].startswith("the model fails its self-test: at ")


HUM_ON = HUM.replace("range(40)", "range(10**6)").replace("* 400)", "* 400); time.sleep(0.02)")


def test_a_model_that_gives_no_numbers_is_not_hearing_and_not_alive(
    tmp_path: Path, bundle: Bundle
) -> None:
    numberless = replace(bundle, bias=np.full_like(bundle.bias, np.nan))
    with home(tmp_path, bundle, code=HUM_ON) as it:
        it.turn_until(lambda: it.source.total_heard_s >= 1.0)
        assert (it.health.is_hearing, it.health.is_alive) == (True, True)
        it.ear._hearing.detector.inference = numberless.new_stream()

        heard_s = it.source.total_heard_s
        it.turn_until(lambda: it.source.total_heard_s >= heard_s + 1.0)

        assert not it.health.is_hearing
        assert it.health.problem == "source mic: the model gives no numbers, nothing is heard"
        assert it.health.is_alive, "it may be over in a moment"
        for _ in range(5):
            it.clock.advance(FRESH_S / 4)
            heard_s = it.source.total_heard_s
            it.turn_until(lambda: it.source.total_heard_s >= heard_s + 0.5)  # noqa: B023 - called now
        assert not it.health.is_alive


def test_a_source_that_gives_nothing_is_waited_for_alive(tmp_path: Path, bundle: Bundle) -> None:
    with home(tmp_path, bundle) as it:
        it.turn_until(lambda: it.source.total_heard_s >= 2.0)
        for _ in range(20):
            it.clock.advance(1.0)
            it.turn()
            assert it.health.is_alive
        assert not it.health.is_hearing


def test_the_daemon_ends_for_its_model_once_the_broker_knows_or_stays_away(
    tmp_path: Path, bundle: Bundle
) -> None:
    spoilt = replace(bundle, bias=bundle.bias + np.float32(1.0))
    with home(tmp_path, spoilt) as it:
        it.turn_until(lambda: it.health.must_restart)
        assert it.told()[-1]["problem"].startswith("the model fails its self-test: at ")
    (tmp_path / MARK_NAME).unlink()
    with home(tmp_path, spoilt) as it:
        it.link.lose()
        it.turn_until(lambda: "self-test" in str(it.health.problem))
        must_restart = [it.health.must_restart]
        it.clock.advance(TELL_S)
        must_restart.append(it.health.must_restart)

    assert must_restart == [False, True]


def test_a_failing_heartbeat_is_told_without_its_address(tmp_path: Path, bundle: Bundle) -> None:
    with home(tmp_path, bundle, heartbeat_url="http://127.0.0.1:1/secret") as it:
        it.turn_until(lambda: it.told()[-1:] != [] and it.told()[-1]["problem"] is not None)
        told = it.told()[-1]

    assert told["heartbeat"] == {"sent_at": None, "problem": "Connection refused"}
    assert told["problem"] == "the heartbeat does not arrive: Connection refused"
    assert "secret" not in json.dumps(told)


def test_a_secret_in_the_words_of_a_child_is_not_repeated(tmp_path: Path, bundle: Bundle) -> None:
    code = "import sys; sys.exit('rtsp://me:p@ss/word@camera/1?token=hunter2: refused')"
    with home(tmp_path, bundle, code=code) as it:
        it.turn_until(lambda: it.source.reason.endswith("refused"))
        it.turn()
        told = it.told()[-1]

    assert told["problem"] == "source mic is offline: rtsp://camera/…: refused"
    assert told["sources"]["mic"]["reason"] == "rtsp://camera/…: refused"
