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
import psutil
import soundfile

from daemon.topics import Topics
from tests.system.broker import HOST, Broker, Subscriber
from tests.system.daemon_process import DaemonProcess
from tests.system.loudness_bundle import HEARD

NODE = "test"
RATE_HZ = 16_000
BEEPS_S = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0)
"""Lengths of the beeps, in their order; half a second tells them apart."""

GAP_S = 300.0
"""This bundle hears some thousand times as fast as sound: a few events a second are left."""

WARM_UP_SHARE = 0.2
"""Of the time: caches fill and allocators settle, which is no leak."""

HOUR_S = 3_600.0
_MEBI = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ListeningReport:
    """What hours of listening did to the daemon.

    Attributes:
        wall_s: how long it listened.
        events: how many events it told from start to end.
        missed: beeps between two events of which nothing was told.
        unexpected: events that are no beep.
        dropped_lines: lines of the log about reports that were dropped.
        memory_mib: unique memory at the end, all its processes.
        memory_mib_per_hour: slope after the warm-up.
        files_per_hour: slope of open file descriptors.
        threads_per_hour: slope of threads.
        exit_code: of the daemon, asked to stop.
    """

    wall_s: float
    events: int
    missed: int
    unexpected: int
    dropped_lines: int
    memory_mib: float
    memory_mib_per_hour: float
    files_per_hour: float
    threads_per_hour: float
    exit_code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    at_s: float
    memory_bytes: int
    num_files: int
    num_threads: int


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
    samples: list[_Sample] = []
    try:
        daemon.start()
        subscriber.wait_for(Topics(node=NODE).hearing, b"online", 60.0)
        begin_s = time.monotonic()
        every_s = max(1.0, duration_s / 600)
        while (at_s := time.monotonic() - begin_s) < duration_s:
            samples.append(_sample(daemon.pid, at_s))
            lengths_s += _take_lengths(subscriber)
            say(
                f"{at_s:.0f} of {duration_s:.0f} s: {len(lengths_s)} events, "
                f"{samples[-1].memory_bytes / _MEBI:.1f} MiB, {samples[-1].num_files} files, "
                f"{samples[-1].num_threads} threads"
            )
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
        memory_mib=round(samples[-1].memory_bytes / _MEBI, 1),
        memory_mib_per_hour=_slope(samples, lambda sample: sample.memory_bytes / _MEBI),
        files_per_hour=_slope(samples, lambda sample: sample.num_files),
        threads_per_hour=_slope(samples, lambda sample: sample.num_threads),
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


def _sample(pid: int, at_s: float) -> _Sample:
    main = psutil.Process(pid)
    family = [main, *main.children(recursive=True)]
    return _Sample(
        at_s=at_s,
        memory_bytes=sum(process.memory_full_info().uss for process in family),
        num_files=main.num_fds(),
        num_threads=main.num_threads(),
    )


def _slope(samples: Sequence[_Sample], value: Callable[[_Sample], float]) -> float:
    """Growth per hour, by least squares, after the warm-up."""
    late = [sample for sample in samples if sample.at_s >= WARM_UP_SHARE * samples[-1].at_s]
    at_h = np.array([sample.at_s for sample in late]) / HOUR_S
    values = np.array([value(sample) for sample in late], np.float64)
    if len(late) < 2:
        return 0.0
    return round(float(np.polyfit(at_h, values, 1)[0]), 3)
