"""Tells a dead man's switch on the web that sound is being heard; its absence tells the rest.

A broker, its network or this machine may die, and then nobody is left to say so over MQTT: without
a broker for a while there are no beats either. Each beat is an HTTP GET by a child process of its
own (`daemon.health.heartbeat_request`), at most one at a time, killed when it takes too long:
nothing here ever waits.
"""

import contextlib
import logging
import subprocess
import sys
from urllib.parse import urlsplit

from daemon.clocks import Clock, rfc3339
from daemon.mqtt.payloads import HeartbeatHealth
from daemon.settings.heartbeat import HeartbeatSettings

_logger = logging.getLogger(__name__)

LIMIT_S = 10.0
"""For the whole of a beat: looking up the name, every redirect, the answer."""

SAY_AGAIN_S = 60.0
"""Failures are worth one line a minute."""

_LEAVE_S = 0.2


class Heartbeat:
    """Sends a beat every so often, as long as somebody is listening, and a broker told of it."""

    def __init__(self, settings: HeartbeatSettings, *, clock: Clock) -> None:
        """Begin; the first beat is sent as soon as something is heard.

        Args:
            settings: where to, and how often.
            clock: for when.
        """
        self._url = settings.url.get_secret_value()
        self._every_s = settings.every_s
        self._without_broker_s = settings.without_broker_s
        self._clock = clock
        # When the broker was there last, and whether it has been away for too long since.
        self._connected_s = clock.boottime_s()
        self._is_held_back = False
        # The beat that is under way, and since when; when the next is due.
        self._child: subprocess.Popen[bytes] | None = None
        self._began_s = 0.0
        self._is_killed = False
        self._next_s = clock.boottime_s()
        self._said_s: float | None = None
        # Wall time of the last beat that arrived; what was wrong with the last one.
        self._arrived_at: str | None = None
        self._reason: str | None = None

    @property
    def health(self) -> HeartbeatHealth:
        """How it goes, for the topic `health`."""
        return HeartbeatHealth(sent_at=self._arrived_at, problem=self._reason)

    @property
    def problem(self) -> str | None:
        """What is wrong, as a sentence."""
        return None if self._reason is None else f"the heartbeat does not arrive: {self._reason}"

    def tick(self, *, is_hearing: bool, is_connected: bool) -> None:
        """Look after the beat under way; begin the next when it is due.

        Args:
            is_hearing: whether to begin one at all.
            is_connected: whether the broker is there.
        """
        now_s = self._clock.boottime_s()
        self._look_for_broker(now_s, is_connected=is_connected)
        if self._child is not None:
            self._look_after(self._child, now_s)
        elif is_hearing and not self._is_held_back and now_s >= self._next_s:
            self._next_s = now_s + self._every_s
            self._begin(now_s)

    def _look_for_broker(self, now_s: float, *, is_connected: bool) -> None:
        if is_connected:
            self._connected_s, self._is_held_back = now_s, False
        limit_s = self._without_broker_s
        if limit_s is None or self._is_held_back or now_s - self._connected_s < limit_s:
            return
        self._is_held_back = True
        _logger.warning("no heartbeat until the broker is back: it has been away for %d s", limit_s)

    def close(self) -> None:
        """End the beat under way."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(_LEAVE_S)
            _close_pipes(child)

    def _begin(self, now_s: float) -> None:
        try:
            child = subprocess.Popen(
                [sys.executable, "-m", "daemon.health.heartbeat_request"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                start_new_session=True,
            )
        except OSError as error:
            self._fail(f"no process can be started: {error.strerror}")
            return
        assert child.stdin is not None  # noqa: S101 - PIPE was asked for
        with contextlib.suppress(OSError):  # it has died already, which its exit code tells
            child.stdin.write(self._url.encode())  # shorter than any pipe
            child.stdin.close()
        self._child, self._began_s, self._is_killed = child, now_s, False

    def _look_after(self, child: subprocess.Popen[bytes], now_s: float) -> None:
        code = child.poll()
        if code is None:
            if now_s - self._began_s >= LIMIT_S and not self._is_killed:
                self._is_killed = True  # and reaped in a later turn
                child.kill()
                self._fail(f"no answer within {LIMIT_S:.0f} s")
            return
        self._child = None
        assert child.stdout is not None  # noqa: S101 - PIPE was asked for
        words = b"" if self._is_killed else child.stdout.read()
        _close_pipes(child)
        if code == 0:
            self._succeed()
        elif not self._is_killed:
            self._fail(words.decode(errors="replace").strip() or f"exit code {code}")

    def _succeed(self) -> None:
        if self._reason is not None:
            _logger.info("the heartbeat arrives again")
        self._arrived_at, self._reason = rfc3339(self._clock.wall_s()), None

    def _fail(self, reason: str) -> None:
        self._reason = reason
        now_s = self._clock.boottime_s()
        if self._said_s is None or now_s - self._said_s >= SAY_AGAIN_S:
            self._said_s = now_s
            host = urlsplit(self._url).hostname
            _logger.warning("the heartbeat does not arrive at %s: %s", host, reason)


def _close_pipes(child: subprocess.Popen[bytes]) -> None:
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
