"""Tells systemd how the daemon is: the protocol of sd_notify(3), over its socket, in a few lines.

Does nothing when systemd did not ask ($NOTIFY_SOCKET is unset).
"""

import contextlib
import os
import socket
from collections.abc import Mapping

_MICROSECONDS = 1e6


class Notifier:
    """Sends READY, STATUS, WATCHDOG and STOPPING to the service manager."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        """Read what systemd wants.

        Args:
            environment: with `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`, or without.
        """
        address = environment.get("NOTIFY_SOCKET", "")
        # A leading @ means Linux's abstract name space, written with a NUL.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        limit = environment.get("WATCHDOG_USEC", "")
        is_for_us = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self.ping_every_s: float | None = None
        """Time between two pings, half of what systemd allows; None when it wants none."""
        if limit.isdecimal() and int(limit) > 0 and is_for_us:
            self.ping_every_s = int(limit) / _MICROSECONDS / 2

    def ready(self) -> None:
        """The main loop runs."""
        self._send("READY=1")

    def status(self, sentence: str) -> None:
        """One line for `systemctl status`."""
        self._send(f"STATUS={sentence}")

    def ping(self) -> None:
        """All is well."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """The daemon is about to end."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        with (
            contextlib.suppress(OSError),  # a manager that has gone must not stop the ears
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender,
        ):
            sender.setblocking(False)
            sender.sendto(message.encode(), self._address)
