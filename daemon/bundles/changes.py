"""Small changes of the installed bundles that the main loop makes: links and notes.

Somebody else may hold the lock, and a disk may refuse: then they are tried again.
"""

import logging
from collections.abc import Callable

from daemon.bundles.store import BundleStore
from daemon.clocks import Clock
from daemon.errors import InstallError

_logger = logging.getLogger(__name__)

RETRY_S = 5.0
SAY_AGAIN_S = 300.0


class BundleChanges:
    """Those that are still to be made, in their order."""

    def __init__(self, store: BundleStore, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._waiting: list[Callable[[], None]] = []
        self._try_s = self._say_s = clock.boottime_s()

    def make(self, change: Callable[[], None]) -> None:
        """Make a change now, under the lock, or as soon as possible."""
        self._waiting.append(change)
        self._try_s = self._clock.boottime_s()
        self.tick()

    def tick(self) -> None:
        """Try again, if it is time."""
        now_s = self._clock.boottime_s()
        if not self._waiting or now_s < self._try_s:
            return
        self._try_s = now_s + RETRY_S
        try:
            with self._store.lock():
                while self._waiting:
                    self._waiting[0]()
                    del self._waiting[0]
        except InstallError as error:
            if now_s >= self._say_s:
                self._say_s = now_s + SAY_AGAIN_S
                _logger.warning("%s; trying again", error)
