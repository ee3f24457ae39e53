"""Wakes the main loop from signals and from paho's network thread.

A socket pair is the one thing that `select` waits for, a signal may write to, and another thread
may write to, without a lock of ours.
"""

import contextlib
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
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
        with _handled((signal.SIGTERM, signal.SIGINT), self.set):
            yield


class ReloadRequest:
    """Whether SIGHUP has come: the settings shall be read again."""

    def __init__(self, wakeup: Wakeup) -> None:
        self._is_set = False
        self._wakeup = wakeup

    def set(self) -> None:
        """Ask the main loop to read the settings again."""
        self._is_set = True
        self._wakeup.poke()

    def take(self) -> bool:
        """Whether it was asked since the last call."""
        is_set, self._is_set = self._is_set, False
        return is_set

    @contextlib.contextmanager
    def on_signal(self) -> Iterator[None]:
        """Set by SIGHUP while the block runs."""
        with _handled((signal.SIGHUP,), self.set):
            yield


@contextlib.contextmanager
def _handled(numbers: Sequence[signal.Signals], act: Callable[[], None]) -> Iterator[None]:
    def handle(_signal_number: int, _frame: FrameType | None) -> None:
        act()

    previous = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
