"""`aed run` killed again and again while alerts flow and the broker comes and goes.

What was put into the outbox is written down by the outbox itself: a trigger in its database copies
every new row's identity into a table that the daemon does not know. So what is lost is counted
against what was on disk, not against what was received.
"""

import json
import random
import sqlite3
import sys
import time
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from daemon.clocks import SystemClock
from daemon.mqtt.topics import OFF, Topics
from daemon.outbox.outbox import FILE_NAME, Outbox
from tests.system.broker import HOST, Broker, Subscriber
from tests.system.daemon_process import DaemonProcess
from tests.system.loudness_bundle import HEARD

NODE = "test"
SPEED = 20
"""So many seconds of sound a second; a daemon is killed before it measures the rate."""

LONGEST_LIFE_S = 4.0
REST_S = 90.0
"""The last daemon gets so long for what is left: a wait for the broker, and `UNDECIDED_S`."""

_RATE_HZ = 16_000
_SESSION = "watcher"


Key = tuple[str, str, int]
"""Kind, event id and seq: what makes a message the same as another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KillReport:
    """What became of the messages.

    Attributes:
        rounds: how often the daemon was killed.
        broker_stops: how often the broker was stopped.
        queued: messages that were put into the outbox.
        lost: those that the subscriber never got, as `kind event_id seq`.
        duplicates: messages that came more than once.
        differing: messages that came twice with other bytes.
        unended: events without an end.
        stuck: class states that are on although all is quiet.
        waiting: reports that are still in the outbox.
    """

    rounds: int
    broker_stops: int
    queued: int
    lost: list[str]
    duplicates: int
    differing: list[str]
    unended: list[str]
    stuck: list[str]
    waiting: int


class KillRounds:
    """A daemon, a broker that remembers, and a subscriber with a lasting session."""

    def __init__(self, folder: Path, *, bundle: Path, rng: random.Random) -> None:
        """Prepare everything in a folder.

        Args:
            folder: for settings, logs and databases.
            bundle: one that takes whatever is loud for a smoke alarm.
            rng: when to kill.
        """
        self._rng = rng
        self._broker = _lasting_broker(folder / "broker")
        self._switch = folder / "quiet"
        self._state = folder / "state"
        self._state.mkdir(parents=True)
        self._database = self._state / FILE_NAME
        _keep_account(self._database)
        self._daemon = DaemonProcess(
            folder / "daemon",
            {
                "node": NODE,
                "bundle": str(bundle),
                "state_directory": str(self._state),
                "mqtt": {"host": HOST, "port": self._broker.port},
                "thresholds": {name: {"dwell_s": 0.2, "hold_s": 0.5} for name in HEARD},
                "sources": [_beeping(folder / "beep.py", self._switch)],
            },
        )

    def run(self, num_rounds: int) -> KillReport:
        """Kill so often, then let the last daemon finish.

        Args:
            num_rounds: how many times to kill.
        """
        self._broker.start()
        subscriber = Subscriber(self._broker.port, session=_SESSION)
        broker_stops = 0
        try:
            for _ in range(num_rounds):
                self._daemon.start()
                if self._rng.random() < 0.8:  # else it may die before it hears anything
                    self._wait_until_it_listens()
                deadline_s = time.monotonic() + self._rng.uniform(0.1, LONGEST_LIFE_S)
                while (left_s := deadline_s - time.monotonic()) > 0:
                    time.sleep(min(left_s, self._rng.uniform(0.2, 2.0)))
                    if self._rng.random() < 0.3:
                        self._broker.stop()
                        broker_stops += 1
                        time.sleep(self._rng.uniform(0.0, 1.5))
                        self._broker.start()
                self._daemon.kill()
            self._switch.touch()
            self._daemon.start()
            deadline_s = time.monotonic() + REST_S
            while not self._is_done(subscriber) and time.monotonic() < deadline_s:
                time.sleep(0.2)
            return self._report(subscriber, num_rounds, broker_stops)
        finally:
            self._daemon.kill()
            subscriber.close()
            self._broker.stop()

    def _wait_until_it_listens(self) -> None:
        """Wait until the daemon that was started just now hears something."""
        deadline_s = time.monotonic() + 30.0
        while "listening to" not in self._daemon.log_of_this_run:
            assert time.monotonic() < deadline_s, self._daemon.log
            time.sleep(0.02)

    def _is_done(self, subscriber: Subscriber) -> bool:
        """Whether the last daemon has ended all events and the broker has everything."""
        if self._count("reports") or self._count("open_events"):
            return False
        return self._queued() <= {key for key, _ in _received(subscriber)}

    def _count(self, table: str) -> int:
        with closing(sqlite3.connect(self._database, timeout=5.0)) as database:
            return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - ours

    def _queued(self) -> set[Key]:
        with closing(sqlite3.connect(self._database, timeout=5.0)) as database:
            return set(database.execute("SELECT kind, event_id, seq FROM account"))

    def _report(self, subscriber: Subscriber, rounds: int, broker_stops: int) -> KillReport:
        received = _received(subscriber)
        bytes_of: dict[Key, list[bytes]] = defaultdict(list)
        for key, payload in received:
            bytes_of[key].append(payload)
        queued = self._queued()
        ended = {key[1] for key, payload in received if json.loads(payload)["phase"] == "end"}
        states = {m.topic: m.payload for m in subscriber.heard if m.topic.endswith("/state")}
        return KillReport(
            rounds=rounds,
            broker_stops=broker_stops,
            queued=len(queued),
            lost=sorted(_name(key) for key in queued - bytes_of.keys()),
            duplicates=sum(len(payloads) - 1 for payloads in bytes_of.values()),
            differing=sorted(_name(key) for key, all_ in bytes_of.items() if len(set(all_)) > 1),
            unended=sorted({event_id for _, event_id, _ in queued} - ended),
            stuck=sorted(topic for topic, payload in states.items() if payload != OFF),
            waiting=self._count("reports"),
        )


def _lasting_broker(folder: Path) -> Broker:
    """A Mosquitto that writes down every change before long, and keeps whatever waits."""
    return Broker(
        folder,
        settings=f"allow_anonymous true\npersistence true\npersistence_location {folder}/\n"
        "autosave_interval 1\nautosave_on_changes true\nmax_queued_messages 0\n",
    )


def _keep_account(database: Path) -> None:
    Outbox(database, clock=SystemClock()).close()
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(
            "CREATE TABLE account (kind TEXT, event_id TEXT, seq INTEGER);"
            "CREATE TRIGGER keep_account AFTER INSERT ON reports BEGIN "
            "INSERT INTO account VALUES (new.kind, new.event_id, new.seq); END;"
        )


def _beeping(script: Path, quiet_switch: Path) -> dict[str, object]:
    """A source that beeps until a file is there: 0.5 s of its time every 2.5 to 5 s, no rhythm."""
    script.write_text(
        "import array, os, pathlib, random, time\n"
        f"switch = pathlib.Path({str(quiet_switch)!r})\n"
        "soft, loud = (array.array('h', [a, -a] * 2000).tobytes() for a in (30, 16000))\n"
        "due_s, number, next_ = time.monotonic(), 0, 10\n"
        "while True:\n"
        "    number += 1\n"
        "    if number >= next_ + 2: next_ = number + random.randrange(10, 20)\n"
        "    is_loud = number >= next_ and not switch.exists()\n"
        "    os.write(1, loud if is_loud else soft)\n"
        f"    due_s += 4000 / {_RATE_HZ} / (1 if switch.exists() else {SPEED})\n"
        "    time.sleep(max(0.0, due_s - time.monotonic()))\n"
    )
    return {
        "kind": "command",
        "name": "mic",
        "command": [sys.executable, str(script)],
        "sample_rate_hz": _RATE_HZ,
    }


def _received(subscriber: Subscriber) -> list[tuple[Key, bytes]]:
    topics = Topics(node=NODE)
    kinds = {topics.alert: "alert", topics.alert_late: "alert", topics.event: "event"}
    received = []
    for message in list(subscriber.heard):
        if (kind := kinds.get(message.topic)) is not None:
            fields = json.loads(message.payload)
            key = (kind, str(fields["event_id"]), int(fields["seq"]))
            received.append((key, message.payload))
    return received


def _name(key: Key) -> str:
    return " ".join(map(str, key))
