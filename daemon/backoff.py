"""Waiting times between attempts: doubling, capped, jittered.

The jitter keeps many daemons from returning to a restarted broker in the same second.
"""

import random


class Backoff:
    """Grows from attempt to attempt until `succeed` is called."""

    def __init__(self, *, first_s: float, cap_s: float, rng: random.Random) -> None:
        """Start at the shortest wait.

        Args:
            first_s: middle of the first wait, in seconds.
            cap_s: middle of the longest wait, in seconds.
            rng: source of the jitter.
        """
        self._first_s = first_s
        self._cap_s = cap_s
        self._rng = rng
        # Number of failures since the last success.
        self._num_failures = 0

    def next_wait_s(self) -> float:
        """Count one failure and say how long to wait, within a quarter around the middle."""
        middle_s = min(self._cap_s, self._first_s * 2.0 ** min(self._num_failures, 30))
        self._num_failures += 1
        return middle_s * self._rng.uniform(0.75, 1.25)

    def succeed(self) -> None:
        """Begin again at the shortest wait."""
        self._num_failures = 0
