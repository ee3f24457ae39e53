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
"""After such a gap the measurement begins anew: either of us, or the machine, was asleep."""


class ByteRate:
    """Compares the sound that arrives with the time that passes, from arrival to arrival."""

    def __init__(self) -> None:
        # When the first and the latest sound arrived; the window: its start, and sound since.
        self._first_s: float | None = None
        self._latest_s = 0.0
        self._window_start_s: float | None = None
        self._heard_s = 0.0

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
        is_paused = self._first_s is not None and now_s - self._latest_s > PAUSE_S
        self._latest_s = now_s
        if self._first_s is None or is_paused:
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
        self._begin_window(now_s)
        return ratio if abs(ratio - 1.0) > TOLERANCE else None

    def _begin_window(self, now_s: float) -> None:
        self._window_start_s = now_s
        self._heard_s = 0.0
