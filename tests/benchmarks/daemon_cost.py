"""What the whole daemon needs: `aed run` and the children that it listens through."""

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.benchmarks.contestants import Samples
from tests.benchmarks.fresh import ROOT, proportional_set_size_bytes
from training.synthesis.scene import write_wav

NUM_SOURCES = (1, 2, 4)
SETTLE_S = 10.0
MEASURE_S = 20.0
UNREACHABLE_PORT = 9
"""Nobody speaks MQTT on the port of the discard service: the daemon waits for its broker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonCost:
    """What `aed run` needs with some number of sources.

    Attributes:
        num_sources: recordings that are played at their own pace.
        memory_mb: proportional set size, all processes together, in 10^6 bytes.
        daemon_ms_per_s: processor time of the daemon itself in a second.
        children_ms_per_s: that of its children, together.
    """

    num_sources: int
    memory_mb: float
    daemon_ms_per_s: float
    children_ms_per_s: float


def daemon_costs(
    bundle: Path,
    samples: Samples,
    *,
    num_sources: Sequence[int] = NUM_SOURCES,
    measure_s: float = MEASURE_S,
) -> list[DaemonCost]:
    """Measure, ten seconds after the start.

    Args:
        bundle: what to hear with.
        samples: (S,) float32 at 16 kHz, what each source plays again and again.
        num_sources: how many of them, one measurement each.
        measure_s: how long to measure processor time.

    Raises:
        RuntimeError: the daemon ended early.
    """
    return [_cost(bundle, samples, number, measure_s) for number in num_sources]


def _cost(bundle: Path, samples: Samples, number: int, measure_s: float) -> DaemonCost:
    with _running(bundle, samples, number) as daemon:
        children = daemon.children(recursive=True)
        processes = [daemon, *children]
        begin_s = time.monotonic()
        before = [_processor_s(daemon), sum(map(_processor_s, children))]
        time.sleep(measure_s)
        after = [_processor_s(daemon), sum(map(_processor_s, children))]
        took_s = time.monotonic() - begin_s
        memory_bytes = sum(proportional_set_size_bytes(str(each.pid)) for each in processes)
    own_s, theirs_s = (late - early for early, late in zip(before, after, strict=True))
    return DaemonCost(
        num_sources=number,
        memory_mb=memory_bytes / 1_000_000,
        daemon_ms_per_s=1000.0 * own_s / took_s,
        children_ms_per_s=1000.0 * theirs_s / took_s,
    )


@contextlib.contextmanager
def _running(bundle: Path, samples: Samples, number: int) -> Iterator[psutil.Process]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_wav(folder / "scene.wav", samples)
        source = {"kind": "file", "path": "scene.wav", "repeat": True}
        settings = folder / "settings.yaml"
        settings.write_text(
            json.dumps(
                {
                    "node": "benchmark",
                    "mqtt": {"host": "127.0.0.1", "port": UNREACHABLE_PORT},
                    "sources": [{**source, "name": f"scene-{k}"} for k in range(number)],
                    "bundle": str(bundle.resolve()),
                    "state_directory": str(folder),
                }
            )
        )
        command = [sys.executable, "-m", "aed", "run", "--config", str(settings)]
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
            time.sleep(SETTLE_S)
            if process.poll() is not None:
                said = process.stderr.read() if process.stderr else ""
                raise RuntimeError(f"aed run ended early: {said}")
            try:
                yield psutil.Process(process.pid)
            finally:
                process.terminate()


def _processor_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
