"""For how long the broker has owed an acknowledgement.

A broker acknowledges in the order of sending. So what counts is how long the oldest message has
been the oldest: one that is slow, with much to do, is given its time, and one that acknowledges
nothing, or passes over a message, is noticed.
"""

from daemon.clocks import Clock


class Unacknowledged:
    """The messages of one connection that the broker was handed and has not acknowledged."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        # Mids in the order of sending, and since when the first of them is the first.
        self._mids: dict[int, None] = {}
        self._since_s = 0.0

    @property
    def owed_s(self) -> float:
        """For how long the broker could have acknowledged the oldest; 0 if there is none."""
        return self._clock.boottime_s() - self._since_s if self._mids else 0.0

    def add(self, mid: int) -> None:
        """Note that a message was handed to the broker."""
        if not self._mids:
            self._since_s = self._clock.boottime_s()
        self._mids[mid] = None

    def remove(self, mid: int) -> None:
        """Note that the broker has it."""
        if mid == next(iter(self._mids), None):
            self._since_s = self._clock.boottime_s()
        self._mids.pop(mid, None)

    def clear(self) -> None:
        """Note that the connection is over."""
        self._mids.clear()
