"""A child process whose output is read without blocking and without threads."""

import contextlib
import fcntl
import logging
import os
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Sequence

_logger = logging.getLogger(__name__)

PIPE_BYTES = 1 << 20
"""Room for ten seconds of 48 kHz mono while the daemon is busy elsewhere (Linux's usual limit)."""

MAX_MESSAGE_BYTES = 4096
LEAVE_S = 0.3
"""What a child gets to end by itself before it is killed."""


class ChildProcess:
    """One run of one program, in a process group of its own."""

    def __init__(self, arguments: Sequence[str]) -> None:
        """Start it.

        Args:
            arguments: the program and its arguments.

        Raises:
            OSError: there is no such program, or it may not be run.
        """
        self._process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
        assert self._process.stdout is not None  # noqa: S101 - PIPE was asked for
        assert self._process.stderr is not None  # noqa: S101 - PIPE was asked for
        self._stdout, self._stderr = self._process.stdout, self._process.stderr
        for pipe in (self._stdout, self._stderr):
            os.set_blocking(pipe.fileno(), False)
        with contextlib.suppress(OSError):  # the machine allows less
            fcntl.fcntl(self._stdout.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        # An unfinished line of stderr, and the last one that was finished.
        self._message = b""
        self.last_words = ""
        self.has_ended = False

    def fileno(self) -> int:
        """Descriptor of its standard output, to wait for."""
        return self._stdout.fileno()

    @property
    def pid(self) -> int:
        """Its process id, which is also that of its group."""
        return self._process.pid

    @property
    def waiting_bytes(self) -> int:
        """What it has written and nobody has read."""
        answer = fcntl.ioctl(self._stdout.fileno(), termios.FIONREAD, bytes(4))
        return int(struct.unpack("i", answer)[0])

    @property
    def room_bytes(self) -> int:
        """Most that can wait before it has to wait itself."""
        return fcntl.fcntl(self._stdout.fileno(), fcntl.F_GETPIPE_SZ)

    def read(self, max_bytes: int) -> bytes:
        """Take what it has written, at most `max_bytes`; nothing if nothing is there.

        Sets `has_ended` once there will never be more.
        """
        try:
            data = os.read(self._stdout.fileno(), max_bytes)
        except BlockingIOError:
            # A grandchild may hold the pipe open for ever.
            self.has_ended = self._has_exited()
            return b""
        self.has_ended = not data
        return data

    def read_messages(self) -> list[str]:
        """Take the lines that it has finished on its standard error."""
        try:
            data = os.read(self._stderr.fileno(), MAX_MESSAGE_BYTES)
        except BlockingIOError:
            return []
        *lines, self._message = (self._message + data).split(b"\n")
        self._message = self._message[-MAX_MESSAGE_BYTES:]
        if not data and self._message:
            lines, self._message = [*lines, self._message], b""
        messages = [text for line in lines if (text := line.decode(errors="replace").strip())]
        if messages:
            self.last_words = messages[-1]
        return messages

    def end(self, *, leave_s: float = LEAVE_S) -> int | None:
        """End it and whatever it started, and close the pipes.

        Args:
            leave_s: what it gets to end by itself, and again to die.

        Returns:
            Its exit code; None if it cannot be killed now (it hangs inside the kernel, as drivers
            of unplugged devices make it, or belongs to another user, as after sudo), in which
            case it is left to die alone: at the latest of writing to a pipe that nobody reads.
        """
        if not self._stdout.closed:
            # Its number is reaped last: until then nobody else can get it, nor our signals.
            self._signal(signal.SIGTERM)
            self._wait_for_exit(leave_s)
            self._signal(signal.SIGKILL)
            if not self._wait_for_exit(leave_s):
                _logger.error("process %d cannot be killed; leaving it behind", self.pid)
            self._stdout.close()
            self._stderr.close()
        return self._process.poll()

    def _signal(self, number: signal.Signals) -> None:
        """Signal its group; whoever has become another user by sudo is out of reach."""
        with contextlib.suppress(PermissionError, ProcessLookupError):
            os.killpg(self.pid, number)

    def _has_exited(self) -> bool:
        """Whether it is over; leaves it to be reaped."""
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self.pid, flags) is not None

    def _wait_for_exit(self, timeout_s: float) -> bool:
        deadline_s = time.monotonic() + timeout_s
        while not self._has_exited():
            if time.monotonic() > deadline_s:
                return False
            time.sleep(0.005)
        return True
