"""One client of the control socket, as the daemon sees it: bytes in, lines; lines out, bytes."""

import contextlib
import socket

from daemon.clocks import Clock
from daemon.requests.handler import MAX_BYTES

IDLE_S = 60.0
"""Whoever asks nothing for so long makes room for others."""

SLOW_S = 5.0
"""A response must be taken within this."""


class Client:
    """A connection; reads no further while a response waits to be taken."""

    def __init__(self, connection: socket.socket, *, clock: Clock) -> None:
        """Begin.

        Args:
            connection: accepted; it is closed by `close`.
            clock: for how long it may take.
        """
        connection.setblocking(False)
        self._connection = connection
        self._clock = clock
        self._read = bytearray()
        self._unsent = bytearray()
        self._has_ended = self._is_broken = False
        self.is_watching = False
        """Whether it is told what is heard, beside its responses."""
        # Since when it has asked nothing, and not taken its response.
        self._asked_s = self._waits_s = clock.boottime_s()

    def fileno(self) -> int:
        """What to wait for."""
        return self._connection.fileno()

    @property
    def is_readable(self) -> bool:
        """Whether more of what it says would be taken now."""
        return not (self._has_ended or self._is_broken or self._unsent or self._has_line)

    @property
    def is_done(self) -> bool:
        """Whether it has left, or must."""
        now_s = self._clock.boottime_s()
        if self._unsent:
            return self._is_broken or now_s - self._waits_s > SLOW_S
        is_idle = now_s - self._asked_s > IDLE_S and not self.is_watching
        return self._is_broken or is_idle or (self._has_ended and not self._read)

    def read(self) -> None:
        """Take what it has said, at most a request."""
        if not self.is_readable:
            return
        try:
            data = self._connection.recv(MAX_BYTES + 1 - len(self._read))
        except BlockingIOError:
            return
        except OSError:
            self._is_broken = True
            return
        self._has_ended = not data
        self._read += data

    def take_line(self) -> bytes | None:
        """The next request, if it is whole and the last response is taken.

        One that is too long is given as far as it was read, and is the last.
        """
        if self._unsent or not self._has_line:
            return None
        self._asked_s = self._clock.boottime_s()
        line, _, rest = self._read.partition(b"\n")
        if len(line) > MAX_BYTES:
            self._has_ended, rest = True, bytearray()
        self._read = rest
        return bytes(line)

    def respond(self, response: bytes) -> None:
        """Send a line; what is not taken at once waits."""
        self._unsent += response + b"\n"
        self._waits_s = self._clock.boottime_s()
        self.write()

    def tell(self, news: bytes) -> None:
        """Send lines that it has not asked for; one that is slow misses them."""
        if news and not self._unsent:
            self._unsent += news
            self._waits_s = self._clock.boottime_s()
            self.write()

    def write(self) -> None:
        """Send on what waits."""
        if not self._unsent:
            return
        try:
            sent = self._connection.send(self._unsent)
        except BlockingIOError:
            return
        except OSError:
            self._is_broken = True
            return
        del self._unsent[:sent]

    def close(self) -> None:
        """End the connection."""
        with contextlib.suppress(OSError):
            self._connection.close()

    @property
    def _has_line(self) -> bool:
        return b"\n" in self._read or len(self._read) > MAX_BYTES or self._is_last_line

    @property
    def _is_last_line(self) -> bool:
        """Whether it left without a line break: what it said counts all the same."""
        return self._has_ended and bool(self._read)
