"""The first minute of a new model: whether it hears in time, in bounds, and numbers.

What a trial beforehand cannot show shows here, on the sound of this home.
"""

from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from daemon.bundles.loading import MOST_BUSY
from daemon.clocks import Clock
from daemon.ears.ear import Ear
from daemon.health.self_check import SelfCheck
from daemon.sources.source import Source

WATCH_S = 60.0
LEAST_HEARD_S = 10.0
"""Without so much sound nothing is proven."""

WINDOW_S = 3.0
"""So long it may be busy at a stretch; a pause of the machine is caught up with sooner."""

MOST_GROWTH_MB = 100.0
LOOK_EVERY_S = 5.0

Ears = Sequence[tuple[Source, Ear]]


def memory_mb() -> float | None:
    """Memory of this process alone (private, and swapped out), in 10^6 bytes; None if unknown."""
    try:
        lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
        kilobytes = sum(
            int(line.split()[1])
            for line in lines
            if line.startswith(("Private_Clean:", "Private_Dirty:", "Swap:"))
        )
    except (OSError, ValueError):
        return None
    return kilobytes * 1024 / 1e6


class BundleWatch:
    """Watches a model from when it begins to hear."""

    def __init__(
        self,
        *,
        self_check: SelfCheck,
        clock: Clock,
        memory: Callable[[], float | None] = memory_mb,
        former_memory_mb: float | None = None,
        former_busy: float = 0.0,
    ) -> None:
        """Begin.

        Args:
            self_check: tests the model.
            clock: for how long, and how busy.
            memory: what the process takes.
            former_memory_mb: what it took before the model was loaded; None for what it takes now.
            former_busy: which part of the time hearing took with the former model.
        """
        self._self_check = self_check
        self._clock = clock
        self._memory = memory
        self._former_mb = memory() if former_memory_mb is None else former_memory_mb
        # A machine that is slow for a while was slow with the former one too.
        self._most_busy = max(MOST_BUSY, min(0.9, 2 * former_busy))
        self._begin_s = self._look_s = clock.boottime_s()
        # When, and what hearing had taken by then.
        self._spent: deque[tuple[float, float]] = deque()
        self._blame: str | None = None

    def blame(self, problem: str) -> None:
        """Note what somebody else has seen go wrong."""
        self._blame = self._blame or problem

    def look(self, ears: Ears) -> str | None:
        """Look after it; says what is wrong with it, as a part of a sentence.

        Args:
            ears: each source with the ear that hears it with the new model.
        """
        if self._blame is not None or self._self_check.problem is not None:
            return self._blame or self._self_check.problem
        if any(ear.lost_frames for _, ear in ears):
            return "it computes what is no number"
        return self._slowness(ears) or self._greed()

    def is_over(self, ears: Ears) -> bool:
        """Whether it has heard long enough."""
        heard_s = sum(ear.meter.heard_s for _, ear in ears)
        passed_s = self._clock.boottime_s() - self._begin_s
        return passed_s >= WATCH_S and heard_s >= LEAST_HEARD_S

    def _slowness(self, ears: Ears) -> str | None:
        now_s = self._clock.boottime_s()
        spent_s = sum(ear.tally.inference_s for _, ear in ears)
        if self._spent and spent_s < self._spent[-1][1]:
            self._spent.clear()  # the ears are new ones
        self._spent.append((now_s, spent_s))
        while len(self._spent) > 1 and now_s - self._spent[1][0] >= WINDOW_S:
            self._spent.popleft()
        passed_s = now_s - self._spent[0][0]
        if passed_s < WINDOW_S:
            return None
        busy = (spent_s - self._spent[0][1]) / passed_s
        if busy <= self._most_busy:
            return None
        return (
            f"it is too slow for this machine: hearing took {100 * busy:.0f} % of {passed_s:.0f} s,"
            f" wanted at most {100 * self._most_busy:.0f} %"
        )

    def _greed(self) -> str | None:
        now_s = self._clock.boottime_s()
        if now_s < self._look_s:
            return None
        self._look_s = now_s + LOOK_EVERY_S
        now_mb = self._memory()
        if now_mb is None or self._former_mb is None or now_mb <= self._former_mb + MOST_GROWTH_MB:
            return None
        return (
            f"it takes too much memory: {now_mb - self._former_mb:.0f} MB more than before, wanted "
            f"at most {MOST_GROWTH_MB:.0f}"
        )


def busy_of(ears: Ears) -> float:
    """Which part of the last minute hearing took."""
    return sum(ear.meter.took_s for _, ear in ears) / WATCH_S
