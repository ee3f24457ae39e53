"""`aed listen` in a real pseudo-terminal, and where there is none."""

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from training.synthesis.alarms import render_alarm, t3_alarm
from training.synthesis.rendered import SAMPLE_RATE_HZ

ROOT = Path(__file__).parents[3]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return os.environ | {
        "STATE_DIRECTORY": str(tmp_path / "state"),
        "PYTHONPATH": str(ROOT),
        "TERM": "xterm-256color",
        "LC_ALL": "C.UTF-8",
    }


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Five seconds, an alarm from the first on."""
    rng = np.random.default_rng(0)
    alarm = render_alarm(t3_alarm(3100.0, lead_fraction=0.1, sounding_s=9.0), 5.0, rng).samples
    samples = 0.2 * alarm + 0.001 * rng.standard_normal(len(alarm))
    soundfile.write(tmp_path / "alarm.wav", samples, SAMPLE_RATE_HZ)
    return tmp_path / "alarm.wav"


class Terminal:
    """A pseudo-terminal of 100 by 30 with `aed listen` in it."""

    def __init__(self, words: list[str], environment: dict[str, str]) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "aed", "listen", *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            start_new_session=True,
        )
        os.close(slave)
        self.shown = ""

    def read_until(self, wanted: str, timeout_s: float = 60.0) -> None:
        deadline_s = time.monotonic() + timeout_s
        while wanted not in self.shown:
            left_s = deadline_s - time.monotonic()
            assert left_s > 0, f"{wanted!r} was never shown:\n{self.shown[-3000:]}"
            if select.select([self._master], [], [], left_s)[0] and not self._read():
                assert wanted in self.shown, self.shown[-3000:]

    def _read(self) -> bool:
        try:
            data = os.read(self._master, 65536)
        except OSError:  # the other end is closed: how Linux says that all is read
            return False
        self.shown += data.decode(errors="replace")
        return bool(data)

    def read_to_end(self) -> int:
        while self._read():
            pass
        return self.process.wait(timeout=30)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._master)


@contextlib.contextmanager
def terminal(words: list[str], environment: dict[str, str]) -> Iterator[Terminal]:
    opened = Terminal(words, environment)
    try:
        yield opened
    finally:
        opened.close()


def test_a_recording_plays_through_the_screen_and_leaves_its_events(
    recording: Path, environment: dict[str, str]
) -> None:
    with terminal(["--file", str(recording)], environment) as screen:
        started_s = time.monotonic()
        screen.read_until("Smoke alarm")
        screen.read_until("alarm/life_safety/smoke_alarm")
        exit_code = screen.read_to_end()

        assert exit_code == 0
        assert time.monotonic() - started_s > 4.0
        on_screen, left = screen.shown.split("\x1b[?1049l")
        assert "dBFS" in on_screen
        assert "█" in on_screen
        assert "online" in on_screen
        assert "alarm/life_safety/smoke_alarm  score " in left


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_gives_the_terminal_back(
    recording: Path, environment: dict[str, str], how: signal.Signals
) -> None:
    with terminal(["--file", str(recording)], environment) as screen:
        screen.read_until("Smoke alarm")
        screen.process.send_signal(how)

        assert screen.read_to_end() == 0
        assert "\x1b[?1049l" in screen.shown
        assert "Traceback" not in screen.shown


def test_without_a_terminal_each_event_is_a_line(
    recording: Path, environment: dict[str, str]
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "aed", "listen", "--file", str(recording)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert "alarm/life_safety/smoke_alarm  score " in done.stdout
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("content", [None, b"", b"not a sound"])
def test_a_recording_that_cannot_be_read_is_refused_at_once(
    tmp_path: Path, environment: dict[str, str], content: bytes | None
) -> None:
    path = tmp_path / "broken.wav"
    if content is not None:
        path.write_bytes(content)

    done = subprocess.run(
        [sys.executable, "-m", "aed", "listen", "--file", str(path)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 1
    assert f"aed: {path}: it cannot be read as audio" in done.stderr


def test_a_microphone_that_is_not_there_is_said_on_the_screen(
    environment: dict[str, str],
) -> None:
    with terminal(["--device", "no-such-device"], environment) as screen:
        screen.read_until("offline: ")
        screen.process.send_signal(signal.SIGINT)

        assert screen.read_to_end() == 0
