"""How often somebody may try a password: a few times, then slowly, wherever they come from."""

from collections import deque
from collections.abc import Callable

PER_ADDRESS, OF_ALL = 5, 20
"""Failures within `WINDOW_S`."""

WINDOW_S = 300.0
_MOST_ADDRESSES = 1_000


class Attempts:
    """Counts failures."""

    def __init__(self, *, now_s: Callable[[], float]) -> None:
        """Begin with none.

        Args:
            now_s: a clock that never jumps.
        """
        self._now_s = now_s
        self._all: deque[float] = deque(maxlen=OF_ALL)
        self._by_address: dict[str, deque[float]] = {}

    def wait_s(self, address: str) -> float:
        """How long an address has to wait before it may try; 0 for not at all."""
        now_s = self._now_s()
        theirs = self._by_address.get(address, deque())
        waits_s = [
            failures[0] + WINDOW_S - now_s
            for failures, most in ((theirs, PER_ADDRESS), (self._all, OF_ALL))
            if len(failures) == most
        ]
        return max(0.0, *waits_s, 0.0)

    def fail(self, address: str) -> None:
        """Note that an address has tried in vain, or is about to find out whether."""
        now_s = self._now_s()
        if address not in self._by_address and len(self._by_address) >= _MOST_ADDRESSES:
            oldest = min(self._by_address, key=lambda each: self._by_address[each][-1])
            del self._by_address[oldest]
        self._by_address.setdefault(address, deque(maxlen=PER_ADDRESS)).append(now_s)
        self._all.append(now_s)

    def succeed(self, address: str) -> None:
        """Forget the failures of an address."""
        theirs = self._by_address.pop(address, deque())
        for failed_s in theirs:
            if failed_s in self._all:
                self._all.remove(failed_s)
