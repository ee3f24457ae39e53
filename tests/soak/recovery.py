"""How long the daemon is deaf or mute after a fault, measured from outside, again and again."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from daemon.mqtt.topics import ONLINE, Topics
from tests.system.broker import HOST, Broker, Subscriber
from tests.system.daemon_process import DaemonProcess, LoudSource
from tests.system.loudness_bundle import HEARD

NODE = "test"
TOPICS = Topics(node=NODE)
AWAY_S = 2.0
_LONGEST_S = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Times of one kind, in seconds.

    Attributes:
        times: how many.
        p50_s: their median.
        p95_s: what 95 % of them do not exceed.
        longest_s: the longest.
    """

    times: int
    p50_s: float
    p95_s: float
    longest_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryReport:
    """How long each took.

    Attributes:
        killed: from the start of a daemon after `kill -9` until it says that it hears.
        source_ended: from the end of a source's process until it is said to be heard again.
        hang_said: from a source's hanging until it is said to be stalled.
        source_hung: from a source's hanging until it is said to be heard again.
        broker_back: from a broker's answering again until the daemon's states are on it.
        alarm_delivered: from that until an alarm that began while it was away is there.
    """

    killed: Spread
    source_ended: Spread
    hang_said: Spread
    source_hung: Spread
    broker_back: Spread
    alarm_delivered: Spread


class Recovery:
    """A daemon, a broker, and what befalls them."""

    def __init__(self, folder: Path, *, bundle: Path) -> None:
        """Prepare everything in a folder.

        Args:
            folder: for settings, logs and databases.
            bundle: one that takes whatever is loud for a smoke alarm.
        """
        self._broker = Broker(folder / "broker")
        self._source = LoudSource(folder / "source")
        self._daemon = DaemonProcess(
            folder / "daemon",
            {
                "node": NODE,
                "bundle": str(bundle),
                "mqtt": {"host": HOST, "port": self._broker.port},
                "thresholds": {name: {"dwell_s": 0.2, "hold_s": 0.5} for name in HEARD},
                "sources": [self._source.settings()],
            },
        )

    def measure(self, rounds: int) -> RecoveryReport:
        """Let each fault happen so often.

        Args:
            rounds: how often.
        """
        self._broker.start()
        try:
            self._daemon.start()
            with_broker: dict[str, list[float]] = {"killed": [], "source_ended": []}
            with_broker |= {"hang_said": [], "source_hung": []}
            subscriber = Subscriber(self._broker.port)
            try:
                subscriber.wait_for(TOPICS.hearing, b"online", _LONGEST_S)
                for _ in range(rounds):
                    with_broker["killed"].append(self._kill(subscriber))
                    with_broker["source_ended"].append(self._end_source(subscriber))
                    said_s, back_s = self._hang_source(subscriber)
                    with_broker["hang_said"].append(said_s)
                    with_broker["source_hung"].append(back_s)
            finally:
                subscriber.close()
            outages = [self._lose_broker() for _ in range(rounds)]
        finally:
            self._daemon.kill()
            self._broker.stop()
        return RecoveryReport(
            **{name: spread(times_s) for name, times_s in with_broker.items()},
            broker_back=spread([back_s for back_s, _ in outages]),
            alarm_delivered=spread([alarm_s for _, alarm_s in outages]),
        )

    def _kill(self, subscriber: Subscriber) -> float:
        self._daemon.kill()
        subscriber.wait_for(TOPICS.status, b"offline", _LONGEST_S)
        since, begin_s = len(subscriber.heard), time.monotonic()
        self._daemon.start()
        return self._heard_again_s(subscriber, since) - begin_s

    def _end_source(self, subscriber: Subscriber) -> float:
        since, begin_s = len(subscriber.heard), time.monotonic()
        self._child().kill()
        return self._heard_again_s(subscriber, since) - begin_s

    def _hang_source(self, subscriber: Subscriber) -> tuple[float, float]:
        since, begin_s = len(subscriber.heard), time.monotonic()
        self._child().suspend()
        topic = TOPICS.source_status("mic")
        said = subscriber.wait_for(topic, b"stalled", _LONGEST_S, since=since)
        return said.at_s - begin_s, self._heard_again_s(subscriber, since) - begin_s

    def _lose_broker(self) -> tuple[float, float]:
        self._source.be_quiet()
        time.sleep(AWAY_S)  # the last alarm ends
        self._broker.stop()
        self._source.be_loud()
        time.sleep(AWAY_S)
        self._broker.start()
        begin_s = time.monotonic()
        subscriber = Subscriber(self._broker.port)
        try:
            back = subscriber.wait_for(TOPICS.status, b"online", _LONGEST_S)
            topics = {TOPICS.alert, TOPICS.alert_late}
            alarm_s = subscriber.wait_until(
                lambda: next((m.at_s for m in subscriber.heard if m.topic in topics), None),
                "the alarm",
                _LONGEST_S,
            )
        finally:
            subscriber.close()
        return back.at_s - begin_s, alarm_s - begin_s

    def _child(self) -> psutil.Process:
        def found() -> list[psutil.Process]:
            return psutil.Process(self._daemon.pid).children()

        _wait_until(lambda: bool(found()))
        return found()[0]

    def _heard_again_s(self, subscriber: Subscriber, since: int) -> float:
        topic = TOPICS.source_status("mic")
        return subscriber.wait_for(topic, ONLINE, _LONGEST_S, since=since).at_s


def spread(times_s: Sequence[float]) -> Spread:
    """Sum up times, at least one."""
    return Spread(
        times=len(times_s),
        p50_s=round(float(np.percentile(times_s, 50)), 2),
        p95_s=round(float(np.percentile(times_s, 95)), 2),
        longest_s=round(max(times_s), 2),
    )


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + _LONGEST_S
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)
