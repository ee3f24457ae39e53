"""Keeps the local page running: a process of its own, so that no fault of it touches hearing.

It asks us by the control socket, like anybody else. It is started again when it ends, ever later,
and what it says goes into our log.
"""

import logging
import os
import random
import sys
from collections.abc import Sequence
from pathlib import Path

from daemon.backoff import Backoff
from daemon.clocks import Clock
from daemon.settings.web import WebSettings
from daemon.sources.child import LEAVE_S, ChildProcess

_logger = logging.getLogger(__name__)

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0

START_AFTER_S = 1.0
"""Hearing begins first."""

MOST_LINES = 60
"""Of what it says, within `LINES_S`: whoever can make it complain must not fill our log."""

LINES_S = 60.0

STEADY_S = 120.0
"""After so long without trouble the waits begin small again."""


class PageProcess:
    """The process of the page."""

    def __init__(
        self,
        settings: WebSettings,
        *,
        socket: Path,
        state: Path,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        """Prepare; the first `tick` starts it.

        Args:
            settings: where it listens, and who may look.
            socket: the control socket.
            state: the state directory.
            clock: for waits.
            rng: their jitter.
        """
        self._command = [sys.executable, "-m", "daemon.page"]
        self._command += [f"--address={settings.address}", f"--port={settings.port}"]
        self._command += [f"--socket={socket}", f"--state={state}", f"--parent={os.getpid()}"]
        if settings.password_file is not None:
            self._command.append(f"--password-file={settings.password_file}")
        self._clock = clock
        self._backoff = Backoff(first_s=FIRST_WAIT_S, cap_s=LONGEST_WAIT_S, rng=rng)
        self._child: ChildProcess | None = None
        self._started_s = 0.0
        self._start_s = clock.boottime_s() + START_AFTER_S
        # Lines that were logged since a moment, and that moment.
        self._num_lines, self._lines_s = 0, clock.boottime_s()
        self._is_closed = False
        self.problem: str | None = None
        """What is wrong, as a sentence."""

    def tick(self) -> None:
        """Start it when it is due, and log what it says."""
        now_s = self._clock.boottime_s()
        if self._child is None:
            if now_s >= self._start_s and not self._is_closed:
                self._start(now_s)
            return
        self._say(self._child.read_messages(), now_s)
        self._child.read(1)
        if self._child.has_ended:
            code = self._child.end()
            reason = self._child.last_words or f"it ended with exit code {code}"
            self._child = None
            self._wait(now_s, reason)
        elif now_s - self._started_s > STEADY_S:
            self._backoff.succeed()
            self.problem = None

    def close(self) -> None:
        """End it for good."""
        self._is_closed = True
        if self._child is not None:
            self._child.end(leave_s=LEAVE_S)
            self._child = None

    def _start(self, now_s: float) -> None:
        try:
            self._child = ChildProcess(self._command)
        except OSError as error:
            self._wait(now_s, f"it cannot be started: {error.strerror}")
            return
        self._started_s = now_s

    def _say(self, messages: Sequence[str], now_s: float) -> None:
        if now_s - self._lines_s >= LINES_S:
            if self._num_lines > MOST_LINES:
                _logger.warning("web page: %d lines more", self._num_lines - MOST_LINES)
            self._num_lines, self._lines_s = 0, now_s
        for message in messages:
            self._num_lines += 1
            if self._num_lines <= MOST_LINES:
                _logger.warning("web page: %s", message)

    def _wait(self, now_s: float, reason: str) -> None:
        wait_s = self._backoff.next_wait_s()
        self._start_s = now_s + wait_s
        self.problem = f"the web page does not run: {reason}"
        _logger.error("%s; again in %.0f s", self.problem, wait_s)
