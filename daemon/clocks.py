"""Clocks: the only place where stream time meets wall time.

Detection works in stream time (seconds of audio since the stream began). `StreamClock` maps it
to wall time by the arrival of the newest sample, so restarts, drifting sound cards and a wall
clock set by NTP hours after boot do no harm to the distance between events.
"""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

EARLIEST_WALL_S = 1_735_689_600.0
"""2025-01-01: a clock that says less was never set, and tells no age over a restart."""

SETTLED_S = 900.0
"""So long after a boot a wall clock that was wrong then has been set, if there is a network. Until
then a year that it has jumped over looks like one that has passed, and nothing is too old by it."""

_BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")


class Clock(Protocol):
    """What the daemon asks about time; tests hand in one that they turn by hand."""

    @property
    def boot_id(self) -> str:
        """Names the boot within which `boottime_s` values can be compared."""

    def wall_s(self) -> float:
        """Seconds since the Unix epoch; may jump."""

    def boottime_s(self) -> float:
        """Seconds since boot, suspended time included; never jumps."""


class SystemClock:
    """The machine's clocks."""

    def __init__(self) -> None:
        self.boot_id = _BOOT_ID_FILE.read_text().strip() if _BOOT_ID_FILE.exists() else "unknown"

    def wall_s(self) -> float:
        """Seconds since the Unix epoch."""
        return time.time()

    def boottime_s(self) -> float:
        """Seconds since boot."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)


class StreamClock:
    """Maps the stream time of one source to wall time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # The newest sample: its stream time, and the wall time at which it arrived.
        self._stream_s = 0.0
        self._wall_s = clock.wall_s()

    def mark(self, stream_s: float, *, waited_s: float = 0.0) -> None:
        """Note that a sample, the newest yet, is being heard.

        Args:
            stream_s: its stream time, in seconds.
            waited_s: how long ago it arrived.
        """
        self._stream_s = stream_s
        self._wall_s = self._clock.wall_s() - waited_s

    def wall_s(self, stream_s: float) -> float:
        """Wall time, in seconds since the epoch, at which `stream_s` was heard."""
        return self._wall_s - (self._stream_s - stream_s)


def rfc3339(wall_s: float) -> str:
    """Format seconds since the Unix epoch as RFC 3339 in UTC with milliseconds.

    >>> rfc3339(0.25)
    '1970-01-01T00:00:00.250Z'
    """
    moment = datetime.fromtimestamp(wall_s, tz=UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
