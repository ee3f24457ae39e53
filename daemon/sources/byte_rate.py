"""Whether a live source delivers samples as fast as it says it records them.

A command whose rate is not the one in the settings, or a sound card whose clock is broken, gives
sound of the wrong pitch and length, in which no alarm is recognised.
"""

TOLERANCE = 0.05
"""Crystals are right to 0.01 %; what is further off is another rate, or sound is being lost."""

WINDOW_S = 10.0
SETTLE_S = 5.0
"""At its start a source hands over what it has buffered; nothing is measured so long."""

PAUSE_S = 2.0
"""After such a gap between two of our turns the measurement begins anew: we, or the machine, were
asleep. A gap of the source alone may be made good by what it has buffered, and is judged by:"""

LONG_WINDOW_S = 120.0
"""A source that pauses may lose as much as the tolerance of so long, and no more."""


class ByteRate:
    """Compares the sound that arrives with the time that passes, from arrival to arrival."""

    def __init__(self) -> None:
        # When the first and the latest sound arrived; the window: its start, and sound since.
        self._first_s: float | None = None
        self._latest_s = 0.0
        self._window_start_s: float | None = None
        self._heard_s = 0.0
        self._has_paused = False
        self._turned_s: float | None = None

    def turn(self, now_s: float) -> None:
        """Note that we are looking whether sound has arrived.

        Args:
            now_s: when, by a clock that never jumps.
        """
        if self._turned_s is not None and now_s - self._turned_s > PAUSE_S:
            self._first_s = None
        self._turned_s = now_s

    def note(self, heard_s: float, *, now_s: float, is_caught_up: bool) -> float | None:
        """Note that sound has arrived.

        Args:
            heard_s: duration of it by the announced rate, in seconds.
            now_s: when, by a clock that never jumps.
            is_caught_up: whether that was all there was to read; what waits unread after a pause
                of ours is no fault of the source.

        Returns:
            Seconds of sound per second if a window has ended and they are too many or too few.
        """
        self._has_paused = self._has_paused or now_s - self._latest_s > PAUSE_S
        self._latest_s = now_s
        if self._first_s is None:
            self._first_s = now_s
            self._window_start_s = None
        if self._window_start_s is None:
            if now_s - self._first_s >= SETTLE_S:
                self._begin_window(now_s)
            return None
        self._heard_s += heard_s
        elapsed_s = now_s - self._window_start_s
        if elapsed_s < WINDOW_S:
            return None
        ratio = self._heard_s / elapsed_s
        if not is_caught_up and ratio <= 1.0 + TOLERANCE:
            return None  # more is waiting: the sum is not known yet
        if self._has_paused and ratio < 1.0 - TOLERANCE:
            lost_s = elapsed_s - self._heard_s
            if lost_s <= TOLERANCE * LONG_WINDOW_S:
                return None
        self._begin_window(now_s)
        return ratio if abs(ratio - 1.0) > TOLERANCE else None

    def _begin_window(self, now_s: float) -> None:
        self._window_start_s = now_s
        self._heard_s = 0.0
        self._has_paused = False
