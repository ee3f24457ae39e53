"""How far a live source is behind real time, and when to give up what is oldest.

What a child has written and nobody has read waits in its pipe. A pause of ours is caught up with in
a moment; a machine that is too slow never catches up, and would tell of an alarm later and later.
"""

import logging

from daemon.clocks import Clock

_logger = logging.getLogger(__name__)

LONGEST_LAG_S = 5.0
SHORTEST_LAG_S = 0.5
"""Pipes that hold less than twice this are never given up: a turn empties them, and what is lost
before them is seen by `daemon.sources.byte_rate`."""

WINDOW_S = 2.0
LEAST_GAIN_S = 1.0
"""Whoever is only waking up makes good so much in each window, and nothing is given up."""

SAY_AGAIN_S = 60.0


class Backlog:
    """Follows what one source's child has written and we have not heard."""

    def __init__(self, source: str, *, clock: Clock) -> None:
        """Begin with nothing behind.

        Args:
            source: its name, for the log.
            clock: for how long it has been behind.
        """
        self._source = source
        self._clock = clock
        self.lag_s = 0.0
        """How far behind real time it is."""
        self.dropped_s = 0.0
        """Seconds of sound that were never heard, since the start."""
        # While it is too far behind: when the window began, and how far behind it was then.
        self._window: tuple[float, float] | None = None
        # When sound was dropped last; when that was said, and at which sum.
        self._dropped_at_s: float | None = None
        self._said_at_s: float | None = None
        self._said_s = 0.0

    def begin_stream(self) -> None:
        """Note that a new child writes to a new pipe."""
        self.lag_s = 0.0
        self._window = None

    def is_hopeless(self, waiting_s: float, *, room_s: float) -> bool:
        """Note what waits unread, and say whether it is to be dropped.

        Args:
            waiting_s: seconds of sound in the pipe.
            room_s: how many of them fit in; a pipe may be full with half of them, since what is
                written in odd pieces leaves gaps in its pages.
        """
        self.lag_s = waiting_s
        now_s = self._clock.boottime_s()
        if waiting_s <= max(SHORTEST_LAG_S, min(LONGEST_LAG_S, room_s / 2)):
            self._window = None
            return False
        since_s, lag_s = self._window or (now_s, waiting_s)
        has_passed = now_s - since_s >= WINDOW_S
        is_gaining = waiting_s <= lag_s - LEAST_GAIN_S
        if self._window is None or (has_passed and is_gaining):
            self._window = (now_s, waiting_s)
        return has_passed and not is_gaining

    def note_read(self, heard_s: float) -> None:
        """Note that the oldest of it is being heard."""
        self.lag_s = max(0.0, self.lag_s - heard_s)

    def note_dropped(self, dropped_s: float) -> None:
        """Note that all of it was dropped; says so once a minute."""
        now_s = self._clock.boottime_s()
        self.begin_stream()
        self.dropped_s += dropped_s
        self._dropped_at_s = now_s
        if self._said_at_s is None or now_s - self._said_at_s >= SAY_AGAIN_S:
            _logger.error(
                "source %s: dropped %.1f s of sound unheard: the machine is too slow or too busy "
                "to hear it in real time",
                self._source,
                self.dropped_s - self._said_s,
            )
            self._said_at_s, self._said_s = now_s, self.dropped_s

    @property
    def problem(self) -> str | None:
        """What is wrong, as long as sound was dropped within the last minute."""
        at_s = self._dropped_at_s
        if at_s is None or self._clock.boottime_s() - at_s >= SAY_AGAIN_S:
            return None
        return (
            f"source {self._source}: sound is dropped unheard, the machine is too slow or too busy"
        )
