"""What of a process grows with time: memory, open files, threads."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import psutil

WARM_UP_SHARE = 0.2
"""Of the time: caches fill and allocators settle, which is no leak."""

HOUR_S = 3_600.0
_MEBI = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A process and its children at one moment.

    Attributes:
        at_s: since the beginning.
        memory_mib: unique memory, all processes together.
        num_files: open file descriptors of the process itself.
        num_threads: its threads.
    """

    at_s: float
    memory_mib: float
    num_files: int
    num_threads: int

    def __str__(self) -> str:
        return f"{self.memory_mib:.1f} MiB, {self.num_files} files, {self.num_threads} threads"


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """Slopes after the warm-up, by least squares.

    Attributes:
        memory_mib: at the end.
        memory_mib_per_hour: slope of the memory.
        files_per_hour: slope of open file descriptors.
        threads_per_hour: slope of threads.
    """

    memory_mib: float
    memory_mib_per_hour: float
    files_per_hour: float
    threads_per_hour: float


def sample(pid: int, at_s: float) -> Sample:
    """Look at a process.

    Args:
        pid: its id.
        at_s: since the beginning.
    """
    main = psutil.Process(pid)
    family = [main, *main.children(recursive=True)]
    memory_bytes = sum(process.memory_full_info().uss for process in family)
    return Sample(
        at_s=at_s,
        memory_mib=memory_bytes / _MEBI,
        num_files=main.num_fds(),
        num_threads=main.num_threads(),
    )


def growth(samples: Sequence[Sample]) -> Growth:
    """Fit what was seen.

    Args:
        samples: in their order, at least one.
    """
    return Growth(
        memory_mib=round(samples[-1].memory_mib, 1),
        memory_mib_per_hour=_slope(samples, lambda each: each.memory_mib),
        files_per_hour=_slope(samples, lambda each: each.num_files),
        threads_per_hour=_slope(samples, lambda each: each.num_threads),
    )


def _slope(samples: Sequence[Sample], value: Callable[[Sample], float]) -> float:
    late = [each for each in samples if each.at_s >= WARM_UP_SHARE * samples[-1].at_s]
    at_h = np.array([each.at_s for each in late]) / HOUR_S
    values = np.array([value(each) for each in late], np.float64)
    if len(late) < 2:
        return 0.0
    return round(float(np.polyfit(at_h, values, 1)[0]), 3)
