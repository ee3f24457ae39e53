"""The whole daemon beside a broker, hearing a recording faster than it was made, for hours.

The recording beeps at known times; each beep of it has a length of its own, so that the events say
which beep they are, and a missed one is a gap in the order.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from daemon.mqtt.topics import Topics
from tests.soak.growth import Growth, Sample, growth, sample
from tests.system.broker import HOST, Broker, Subscriber
from tests.system.daemon_process import DaemonProcess
from tests.system.loudness_bundle import HEARD

NODE = "test"
RATE_HZ = 16_000
BEEPS_S = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0)
"""Lengths of the beeps, in their order; half a second tells them apart."""

GAP_S = 300.0
"""This bundle hears some thousand times as fast as sound: a few events a second are left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListeningReport:
    """What hours of listening did to the daemon.

    Attributes:
        wall_s: how long it listened.
        events: how many events it told from start to end.
        missed: beeps between two events of which nothing was told.
        unexpected: events that are no beep.
        dropped_lines: lines of the log about reports that were dropped.
        growth: of memory, files, threads.
        exit_code: of the daemon, asked to stop.
    """

    wall_s: float
    events: int
    missed: int
    unexpected: int
    dropped_lines: int
    growth: Growth
    exit_code: int


def listen(
    folder: Path, *, bundle: Path, duration_s: float, say: Callable[[str], None]
) -> ListeningReport:
    """Let the daemon listen.

    Args:
        folder: for everything that is written.
        bundle: one that takes whatever is loud for a smoke alarm.
        duration_s: how long.
        say: takes a line of progress.
    """
    folder.mkdir(parents=True)
    recording = folder / "beeps.flac"
    _write_recording(recording)
    broker = Broker(folder / "broker")
    broker.start()
    subscriber = Subscriber(broker.port)
    daemon = DaemonProcess(
        folder / "daemon",
        {
            "node": NODE,
            "bundle": str(bundle),
            "mqtt": {"host": HOST, "port": broker.port},
            "thresholds": {name: {"dwell_s": 0.2, "hold_s": 0.5} for name in HEARD},
            "sources": [
                {
                    "kind": "file",
                    "name": "mic",
                    "path": str(recording),
                    "pace": "fast",
                    "repeat": True,
                }
            ],
        },
    )
    lengths_s: list[float] = []
    samples: list[Sample] = []
    try:
        daemon.start()
        subscriber.wait_for(Topics(node=NODE).hearing, b"online", 60.0)
        begin_s = time.monotonic()
        every_s = max(1.0, duration_s / 600)
        while (at_s := time.monotonic() - begin_s) < duration_s:
            samples.append(sample(daemon.pid, at_s))
            lengths_s += _take_lengths(subscriber)
            say(f"{at_s:.0f} of {duration_s:.0f} s: {len(lengths_s)} events, {samples[-1]}")
            time.sleep(every_s)
        wall_s = time.monotonic() - begin_s
        exit_code, _ = daemon.stop()
        lengths_s += _take_lengths(subscriber)
    finally:
        daemon.kill()
        subscriber.close()
        broker.stop()
    missed, unexpected = compare(lengths_s[:-1])  # the last one may have been cut by the stop
    return ListeningReport(
        wall_s=round(wall_s, 1),
        events=len(lengths_s),
        missed=missed,
        unexpected=unexpected,
        dropped_lines=daemon.log.count("outbox: dropped"),
        growth=growth(samples),
        exit_code=exit_code,
    )


def compare(lengths_s: Sequence[float]) -> tuple[int, int]:
    """Count what is missing in the order of the beeps, and what is no beep.

    Args:
        lengths_s: of the events, in their order.

    Returns:
        Beeps that were missed, and events that were not expected.
    """
    missed = unexpected = 0
    expected: int | None = None
    for length_s in lengths_s:
        number = min(range(len(BEEPS_S)), key=lambda n: abs(BEEPS_S[n] - length_s))
        if abs(BEEPS_S[number] - length_s) > 0.5:
            unexpected += 1
            continue
        if expected is not None:
            missed += (number - expected) % len(BEEPS_S)
        expected = number + 1
    return missed, unexpected


def _write_recording(path: Path) -> None:
    gap = np.tile(np.array([30, -30], np.int16), int(GAP_S * RATE_HZ / 2))
    parts = [gap]
    for length_s in BEEPS_S:
        parts += [np.tile(np.array([16_000, -16_000], np.int16), int(length_s * RATE_HZ / 2)), gap]
    soundfile.write(path, np.concatenate(parts), RATE_HZ, subtype="PCM_16")


def _take_lengths(subscriber: Subscriber) -> list[float]:
    """Lengths of the events that have ended since the last call; forgets all messages."""
    messages, topic = list(subscriber.heard), Topics(node=NODE).event
    del subscriber.heard[: len(messages)]
    told = [json.loads(message.payload) for message in messages if message.topic == topic]
    return [float(event["duration_s"]) for event in told if event["phase"] == "end"]
