"""Memory of the whole daemon with one source: `aed run` and the child that it listens through."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.contestants import Samples
from tests.benchmarks.fresh import ROOT, proportional_set_size_bytes
from training.synthesis.scene import write_wav

SETTLE_S = 10.0
UNREACHABLE_PORT = 9
"""Nobody speaks MQTT on the port of the discard service: the daemon waits for its broker."""


def daemon_memory_mb(bundle: Path, samples: Samples) -> float:
    """Proportional set size after ten seconds, all processes together, in 10^6 bytes.

    Args:
        bundle: what to hear with.
        samples: (S,) float32 at 16 kHz, what the source plays; longer than ten seconds.

    Raises:
        RuntimeError: the daemon ended early.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_wav(folder / "scene.wav", samples)
        settings = folder / "settings.yaml"
        settings.write_text(
            json.dumps(
                {
                    "node": "benchmark",
                    "mqtt": {"host": "127.0.0.1", "port": UNREACHABLE_PORT},
                    "sources": [{"kind": "file", "name": "scene", "path": "scene.wav"}],
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
                memory_bytes = sum(
                    proportional_set_size_bytes(each) for each in family(str(process.pid))
                )
            finally:
                process.terminate()
    return memory_bytes / 1_000_000


def family(process: str) -> list[str]:
    """A process and all its living descendants (Linux).

    Args:
        process: its id.
    """
    children: list[str] = []
    for task in Path("/proc", process, "task").iterdir():
        children += (task / "children").read_text().split()
    return [process, *(member for child in children for member in family(child))]
