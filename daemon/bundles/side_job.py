"""A child process that does one thing and says in one JSON object what has come of it."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from aed.errors import BundleError
from daemon.clocks import Clock
from daemon.sources.child import ChildProcess

MOST_BYTES = 4 << 20
_BLOCK_BYTES = 1 << 16


class SideJob:
    """One run of one of our own modules, looked after in turns."""

    def __init__(
        self, arguments: Sequence[str], *, what: str, limit_s: float, clock: Clock
    ) -> None:
        """Start it.

        Args:
            arguments: the module and its arguments.
            what: what it does, for messages.
            limit_s: how long it may take.
            clock: for that.

        Raises:
            BundleError: it cannot be started.
        """
        self._what = what
        self._limit_s = limit_s
        self._clock = clock
        self._begin_s = clock.boottime_s()
        self._said = b""
        try:
            self._child = ChildProcess([sys.executable, "-m", *arguments])
        except OSError as error:
            raise BundleError(f"{what} cannot be started: {error.strerror}") from error

    def step(self) -> dict[str, Any] | None:
        """See how far it is; never blocks.

        Returns:
            What it said at its end; None before.

        Raises:
            BundleError: it has failed, and says why; or it crashed, or took too long.
        """
        child = self._child
        while data := child.read(_BLOCK_BYTES):
            self._said += data
        child.read_messages()
        if not child.has_ended and len(self._said) <= MOST_BYTES:
            if self._clock.boottime_s() - self._begin_s > self._limit_s:
                self.close()
                raise BundleError(f"{self._what} takes longer than {self._limit_s:.0f} s")
            return None
        code = child.end()
        try:
            said: dict[str, Any] = json.loads(self._said)
        except ValueError as error:
            how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
            words = f": {child.last_words}" if child.last_words else ""
            raise BundleError(f"{self._what} ended with {how}{words}") from error
        if "error" in said:
            raise BundleError(str(said["error"]))
        return said

    def close(self) -> None:
        """End it, if it has not come to its end."""
        self._child.end()
