"""The daemon as it ships beside a broker, hearing a home at its own pace for hours.

Every five minutes somebody talks, dishes clatter, a smoke alarm sounds and a window breaks (the
minute of `aed demo`); in between there is the hum of a quiet room.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from daemon.mqtt.topics import Topics
from tests.soak.growth import Growth, Sample, growth, sample
from tests.system.broker import HOST, Broker, Subscriber
from tests.system.daemon_process import DaemonProcess
from training.synthesis.scene import ALARM_ONSET_S, BREAK_ONSET_S, home_scene, write_wav

NODE = "test"
PERIOD_S = 300.0
GRACE_S = 15.0
"""What began so shortly before the end may not have been told yet."""

SCHEDULE = {"smoke_alarm": ALARM_ONSET_S, "window_glass": BREAK_ONSET_S}
"""Leaves of the critical events, and when they begin within each period."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LivingReport:
    """What hours at home did to the daemon.

    Attributes:
        wall_s: how long it listened.
        scheduled: critical sounds that there were, by name.
        told: those that an alert named.
        unscheduled: critical alerts beside them, as `path started_at`.
        dropped_lines: lines of the log about reports or sound that was dropped.
        growth: of memory, files, threads.
        exit_code: of the daemon, asked to stop.
    """

    wall_s: float
    scheduled: dict[str, int]
    told: dict[str, int]
    unscheduled: list[str]
    dropped_lines: int
    growth: Growth
    exit_code: int


def live(folder: Path, *, duration_s: float, say: Callable[[str], None]) -> LivingReport:
    """Let the daemon listen to the home.

    Args:
        folder: for everything that is written.
        duration_s: how long.
        say: takes a line of progress.
    """
    folder.mkdir(parents=True)
    recording = folder / "home.wav"
    _write_recording(recording)
    broker = Broker(folder / "broker")
    broker.start()
    subscriber = Subscriber(broker.port)
    source = {"kind": "file", "name": "mic", "path": str(recording), "repeat": True}
    daemon = DaemonProcess(
        folder / "daemon",
        {"node": NODE, "mqtt": {"host": HOST, "port": broker.port}, "sources": [source]},
    )
    samples: list[Sample] = []
    try:
        daemon.start()
        subscriber.wait_for(Topics(node=NODE).hearing, b"online", 60.0)
        begin_s = time.monotonic()
        while (at_s := time.monotonic() - begin_s) < duration_s:
            samples.append(sample(daemon.pid, at_s))
            say(f"{at_s:.0f} of {duration_s:.0f} s at home: {samples[-1]}")
            time.sleep(min(30.0, max(1.0, duration_s / 100)))
        wall_s = time.monotonic() - begin_s
        exit_code, _ = daemon.stop()
        alerts = [json.loads(words) for words in subscriber.topic(Topics(node=NODE).alert)]
    finally:
        daemon.kill()
        subscriber.close()
        broker.stop()
    critical = [alert for alert in alerts if alert["critical"]]
    leaves = {alert["event_id"]: alert["path"].rpartition("/")[2] for alert in critical}
    others = [a for a in critical if leaves[a["event_id"]] not in SCHEDULE]
    return LivingReport(
        wall_s=round(wall_s, 1),
        scheduled={name: times(wall_s, onset_s) for name, onset_s in SCHEDULE.items()},
        told={name: list(leaves.values()).count(name) for name in SCHEDULE},
        unscheduled=[f"{alert['path']} {alert['started_at']}" for alert in others],
        dropped_lines=sum("dropped" in line for line in daemon.log.splitlines()),
        growth=growth(samples),
        exit_code=exit_code,
    )


def times(duration_s: float, onset_s: float) -> int:
    """How often something has begun, long enough ago to be told."""
    return max(0, int((duration_s - GRACE_S - onset_s) // PERIOD_S) + 1)


def _write_recording(path: Path) -> None:
    scene = home_scene()
    room = np.tile(scene.samples[: 4 * 16_000], int(PERIOD_S))  # its first seconds are quiet
    hum = room[: int((PERIOD_S - scene.duration_s) * 16_000)]
    write_wav(path, np.concatenate([scene.samples, hum]))
