"""Wakes the main loop from signals and from paho's network thread.

A socket pair is the one thing that `select` waits for, a signal may write to, and another thread
may write to, without a lock of ours.
"""

import contextlib
import signal
import socket
from collections.abc import Iterator
from types import FrameType


class Wakeup:
    """`poke` from anywhere makes `fileno` readable until `drain`."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def fileno(self) -> int:
        """What to wait for."""
        return self._reader.fileno()

    def poke(self) -> None:
        """Wake the loop; a full pipe means that it is being woken already."""
        with contextlib.suppress(OSError):
            self._writer.send(b"\0")

    def drain(self) -> None:
        """Take what was written."""
        with contextlib.suppress(BlockingIOError):
            while self._reader.recv(4096):
                pass

    def close(self) -> None:
        """Close both ends; `poke` then does nothing."""
        self._reader.close()
        self._writer.close()


class StopRequest:
    """Whether SIGTERM or SIGINT has come."""

    def __init__(self, wakeup: Wakeup) -> None:
        self.is_set = False
        self._wakeup = wakeup

    def set(self) -> None:
        """Ask the main loop to end."""
        self.is_set = True
        self._wakeup.poke()

    @contextlib.contextmanager
    def on_signals(self) -> Iterator[None]:
        """Set by SIGTERM and SIGINT while the block runs."""

        def handle(_signal_number: int, _frame: FrameType | None) -> None:
            self.set()

        previous = {number: signal.signal(number, handle) for number in _STOPPING}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)


_STOPPING = (signal.SIGTERM, signal.SIGINT)
