"""How many requests are answered: enough for people and automations, too few to starve hearing."""

from daemon.clocks import Clock

PER_S = 5.0
AT_ONCE = 20


class RequestRate:
    """Lets `AT_ONCE` requests through, and `PER_S` more each second."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._left = float(AT_ONCE)
        self._filled_s = clock.boottime_s()

    @property
    def is_spent(self) -> bool:
        """Whether the next request has to wait."""
        now_s = self._clock.boottime_s()
        self._left = min(AT_ONCE, self._left + PER_S * (now_s - self._filled_s))
        self._filled_s = now_s
        return self._left < 1.0

    def spend(self) -> None:
        """Note that a request is being answered."""
        self._left -= 1.0
