"""What a fresh process needs: time until it first says something, memory while it goes on.

`python -m tests.benchmarks.fresh aed|yamnet [BUNDLE]` is that process. It hears ten seconds of
quiet noise and prints `<monotonic time of the first posterior in s> <proportional set size in
bytes>`.
"""

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
LENGTH_S = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One start of one contestant.

    Attributes:
        first_posterior_s: from the start of the process to its first posterior.
        memory_mb: proportional set size after ten seconds of audio, in 10^6 bytes.
    """

    first_posterior_s: float
    memory_mb: float


def start(who: str, where: Path) -> Start:
    """Start a process that hears, wait for its end.

    Args:
        who: `aed` or `yamnet`.
        where: bundle, or folder of YAMNet.

    Raises:
        subprocess.CalledProcessError: it failed; its own message went to stderr.
    """
    command = [sys.executable, "-m", "tests.benchmarks.fresh", who, str(where)]
    began_s = time.monotonic()  # one clock for all processes of the machine
    answer = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    first_s, memory_bytes = answer.stdout.split()
    return Start(
        first_posterior_s=float(first_s) - began_s, memory_mb=int(memory_bytes) / 1_000_000
    )


def main(who: str, where: Path) -> None:
    """Be the fresh process."""
    import numpy as np

    from tests.benchmarks import contestants
    from training.yamnet import YAMNET_WINDOW_SAMPLES

    if who == "aed":
        from aed.bundle import load_bundle

        hear = contestants.aed_contestant(load_bundle(where), contestants.DAEMON_CALLS_PER_S).hear
    else:
        hear = contestants.yamnet_contestants(where)[0].hear
    rng = np.random.default_rng(0)
    quiet = (0.01 * rng.standard_normal(LENGTH_S * 16_000)).astype(np.float32)
    hear(quiet[:YAMNET_WINDOW_SAMPLES])
    first_s = time.monotonic()
    hear(quiet)
    print(first_s, proportional_set_size_bytes("self"))


def proportional_set_size_bytes(process: str) -> int:
    """Memory of a process, what it shares counted in part (Linux).

    Args:
        process: its id, or `self`.
    """
    rollup = Path("/proc", process, "smaps_rollup").read_text()
    kibibytes = next(line.split()[1] for line in rollup.splitlines() if line.startswith("Pss:"))
    return int(kibibytes) * 1024


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
