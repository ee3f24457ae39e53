"""Requests from this machine's shell: a Unix socket in the runtime directory, one line each.

Served by the main loop in its turns. Nothing blocks: a client that does not take its response is
dropped, one that writes without end is told so and dropped, and more clients than there is room for
wait at the door.
"""

import contextlib
import errno
import logging
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from daemon.clocks import Clock
from daemon.requests.control_client import Client
from daemon.requests.rate import RequestRate

_logger = logging.getLogger(__name__)

MAX_CLIENTS = 8
_WAITING_AT_THE_DOOR = 16

Answer = Callable[[bytes], bytes]


class Feed(Protocol):
    """What is heard, for clients that watch."""

    def take_subscription(self) -> bool:
        """Whether the one who was just answered wants to watch."""

    def news(self) -> bytes:
        """Lines that are new since the last call."""


class ControlSocket:
    """Listens at a path and answers line by line."""

    def __init__(
        self, path: Path | None, *, answer: Answer, clock: Clock, feed: Feed | None = None
    ) -> None:
        """Listen; where that is not possible, the log says why, and nobody is served.

        Args:
            path: where; None for nowhere.
            answer: makes the response of a request.
            clock: for how much a client may ask, and how long it may take.
            feed: what is told to those who watch; None for nothing.
        """
        self._feed = feed
        self._path = path
        self._answer = answer
        self._clock = clock
        self._rate = RequestRate(clock=clock)
        self._clients: list[Client] = []
        self._listener: socket.socket | None = None
        if path is None:
            return
        try:
            self._listener = _listen(path)
        except OSError as error:
            reason = error.strerror or error
            _logger.error(  # noqa: TRY400 - no bug
                "%s cannot be listened at, so `aed request` is not answered: %s", path, reason
            )

    def descriptors(self) -> list[int]:
        """What to wait for: whoever has something to say and would be listened to."""
        if self._listener is None or self._rate.is_spent:
            return []
        readers = [client.fileno() for client in self._clients if client.is_readable]
        return readers if self._is_full else [self._listener.fileno(), *readers]

    def tick(self) -> None:
        """Let clients in, answer what they ask, drop who is slow."""
        if self._listener is None:
            return
        self._let_in(self._listener)
        for client in list(self._clients):
            client.read()
            line = None if self._rate.is_spent else client.take_line()
            if line is not None:  # one of each client in a turn: hearing comes first
                self._rate.spend()
                client.respond(self._answer(line))
                if self._feed is not None and self._feed.take_subscription():
                    client.is_watching = True
            client.write()
            if client.is_done:
                client.close()
                self._clients.remove(client)
        watching = [client for client in self._clients if client.is_watching]
        if watching and self._feed is not None:
            news = self._feed.news()
            for client in watching:
                client.tell(news)

    def close(self) -> None:
        """Send everybody away and take the socket down."""
        for client in self._clients:
            client.close()
        self._clients.clear()
        if self._listener is not None and self._path is not None:
            self._listener.close()
            self._listener = None
            with contextlib.suppress(OSError):
                self._path.unlink()

    @property
    def _is_full(self) -> bool:
        return len(self._clients) >= MAX_CLIENTS

    def _let_in(self, listener: socket.socket) -> None:
        while not self._is_full:
            try:
                connection, _ = listener.accept()
            except OSError:  # nobody there, gone already, or no descriptor left for them
                return
            self._clients.append(Client(connection, clock=self._clock))


def _listen(path: Path) -> socket.socket:
    """Listen at a path for our own user and root alone.

    Raises:
        OSError: that is not possible; another aed may be listening there.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.is_socket():
        if _is_answered(path):
            raise OSError(errno.EADDRINUSE, "another aed listens there")
        path.unlink()  # left by one that was killed
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.setblocking(False)
        os.fchmod(listener.fileno(), 0o600)  # before it has a name: nobody slips in
        listener.bind(str(path))
        listener.listen(_WAITING_AT_THE_DOOR)
    except OSError as error:
        listener.close()
        if error.errno is None:  # Python's own, for a path longer than a socket's may be
            raise OSError(
                errno.ENAMETOOLONG, f"{error}; set a shorter runtime_directory"
            ) from error
        raise
    return listener


def _is_answered(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        return probe.connect_ex(str(path)) in (0, errno.EAGAIN)
