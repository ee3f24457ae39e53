"""Sources run real child processes, and survive what those do."""

import contextlib
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
import soundfile

from aed.audio import AudioChunk
from daemon.clocks import SystemClock
from daemon.settings.models import CommandSettings, FileSettings, SourceSettings
from daemon.sources.source import STALL_S, START_S, Source
from daemon.sources.state import SourceState
from tests.daemon.fake_clock import FakeClock


def command(*words: str) -> CommandSettings:
    return CommandSettings(
        kind="command", name="test", command=words, sample_rate_hz=8_000, channels=1
    )


def python(code: str) -> CommandSettings:
    return command(sys.executable, "-c", f"import sys, time, os\n{code}")


NOISE = "while True: os.write(1, bytes(1600)); time.sleep(0.02)"


@contextlib.contextmanager
def running(settings: SourceSettings, clock: FakeClock | None = None) -> Iterator[Source]:
    rng = random.Random(1)  # noqa: S311 - jitter, no secret
    source = Source(settings, clock=clock or SystemClock(), rng=rng)
    try:
        yield source
    finally:
        source.close()


def turn_until(source: Source, state: SourceState, timeout_s: float = 10.0) -> list[AudioChunk]:
    chunks = []
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        source.tick()
        if (chunk := source.read()) is not None:
            chunks.append(chunk)
        if source.state is state and (state is not SourceState.OFFLINE or source.reason):
            return chunks
        time.sleep(0.005)
    raise AssertionError(f"{source.state}: {source.reason}")


def test_what_a_command_writes_is_heard() -> None:
    with running(python("os.write(1, bytes([0, 64]) * 4000); time.sleep(60)")) as source:
        chunks = turn_until(source, SourceState.ONLINE)

        assert chunks[0].sample_rate_hz == 8_000
        assert set(chunks[0].samples.tolist()) == {0.5}


def test_a_command_that_ends_is_started_again_after_a_wait(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = FakeClock()
    with running(python("os.write(1, bytes(160)); sys.exit('the cat ate it')"), clock) as source:
        turn_until(source, SourceState.ONLINE)
        turn_until(source, SourceState.OFFLINE)

        assert source.reason == "the cat ate it"
        assert (source.num_restarts, source.is_beginning) == (0, False)
        assert source.take_cut()
        assert not source.take_cut()
        assert source.fileno() is None
        clock.advance(2.0)
        assert turn_until(source, SourceState.ONLINE)
        assert source.num_restarts == 1
    assert "source test is offline: the cat ate it; trying again" in caplog.text


def test_the_waits_grow_to_a_cap_and_the_same_trouble_is_said_once_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = FakeClock()
    starts = []
    with running(command("/no/such/program"), clock) as source:
        for _ in range(900):
            due = source._next_start_s
            source.tick()
            if source._next_start_s != due:
                starts.append(clock.boottime)
            clock.advance(0.1)
    waits = np.diff(starts)

    assert waits[0] < 1.5
    assert 5.0 < waits.max() < 9.0
    assert len(starts) > 10
    assert caplog.text.count("cannot be started") == 2
    assert "No such file or directory: '/no/such/program'" in caplog.text


def test_a_stalled_child_is_ended_and_started_again() -> None:
    clock = FakeClock()
    with running(python("os.write(1, bytes(160)); time.sleep(600)"), clock) as source:
        turn_until(source, SourceState.ONLINE)
        child = source._child
        assert child is not None
        process = psutil.Process(child.pid)
        clock.advance(STALL_S + 0.1)
        source.tick()

        assert source.state is SourceState.STALLED
        assert not process.is_running()
        clock.advance(2.0)
        turn_until(source, SourceState.ONLINE)


def test_a_source_at_another_rate_than_announced_is_ended_and_started_again() -> None:
    clock = FakeClock()
    with running(python("while True: os.write(1, bytes(16_000)); time.sleep(0.005)"), clock) as it:
        turn_until(it, SourceState.ONLINE)
        while it.state is not SourceState.OFFLINE:
            clock.advance(0.1)  # in which it delivers far more than 0.1 s of sound
            it.tick()
            it.read()
            time.sleep(0.006)

        assert it.reason.startswith("wanted 8000 samples a second, found about ")
        assert clock.boottime < 1_030.0
        assert it.take_cut()
        clock.advance(2.0)
        turn_until(it, SourceState.ONLINE)


def test_a_source_of_nothing_but_zeros_is_silent_until_it_moves(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    code = "os.write(1, bytes(8_000 * 2 * 31)); time.sleep(0.2); os.write(1, bytes([1, 0]) * 800)"
    with running(python(f"{code}; time.sleep(60)")) as source:
        turn_until(source, SourceState.SILENT)
        turn_until(source, SourceState.ONLINE)

    assert "source test is silent: the same number for 30 s: it is muted, or dead" in caplog.text
    assert "source test: there is sound again" in caplog.text


def test_a_pause_of_the_daemon_is_not_mistaken_for_one_of_the_source() -> None:
    clock = FakeClock()
    with running(python(NOISE), clock) as source:
        turn_until(source, SourceState.ONLINE)
        time.sleep(0.1)
        clock.advance(60.0)
        assert source.read() is not None
        source.tick()

        assert source.state is SourceState.ONLINE


def test_a_child_that_never_delivers_is_offline() -> None:
    clock = FakeClock()
    with running(command("sleep", "600"), clock) as source:
        source.tick()
        assert source.is_beginning
        clock.advance(START_S + 0.1)
        source.tick()

        assert source.state is SourceState.OFFLINE
        assert source.reason == "no sound within 15 s of its start"


def test_a_child_that_ignores_the_term_signal_and_its_children_are_killed() -> None:
    code = f"""
import signal, subprocess
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen(["sleep", "600"])
{NOISE}
"""
    with running(python(code)) as source:
        turn_until(source, SourceState.ONLINE)
        child = source._child
        assert child is not None
        family = [psutil.Process(child.pid), *psutil.Process(child.pid).children()]
        assert len(family) == 2
        source.close()

        _, alive = psutil.wait_procs(family, timeout=2)
        assert alive == []


def test_a_grandchild_that_keeps_the_pipe_open_does_not_hide_the_end() -> None:
    code = """
import subprocess
subprocess.Popen(["sleep", "600"])
os.write(1, bytes(160))
"""
    with running(python(code)) as source:
        turn_until(source, SourceState.ONLINE)
        turn_until(source, SourceState.OFFLINE)

        assert source.reason == "its process ended with exit code 0"


def test_a_flood_of_messages_does_not_drown_the_sound() -> None:
    code = """
import fcntl
fcntl.fcntl(2, fcntl.F_SETFL, os.O_NONBLOCK)
while True:
    try: os.write(2, b"ALSA lib: error" * 100 + bytes([10]))
    except BlockingIOError: pass
    os.write(1, bytes(160)); time.sleep(0.001)
"""
    with running(python(code)) as source:
        turn_until(source, SourceState.ONLINE)
        heard = 0
        deadline_s = time.monotonic() + 5
        while heard < 1000 and time.monotonic() < deadline_s:
            source.tick()
            chunk = source.read()
            heard += 0 if chunk is None else len(chunk.samples)

        assert heard >= 1000
        assert source.state is SourceState.ONLINE


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "tone.flac"
    time_s = np.arange(22_050) / 22_050
    left = 0.5 * np.sin(2 * np.pi * 440 * time_s)
    soundfile.write(path, np.stack([left, -left], axis=1), 22_050)
    return path


def test_a_recording_is_heard_whole_and_ends_without_a_restart(recording: Path) -> None:
    settings = FileSettings(kind="file", name="test", path=recording, pace="fast")
    with running(settings) as source:
        chunks = turn_until(source, SourceState.ONLINE)
        while not source.is_finished:
            source.tick()
            if (chunk := source.read()) is not None:
                chunks.append(chunk)
            time.sleep(0.002)

        heard = np.concatenate([chunk.samples for chunk in chunks])
        assert heard.shape == (22_050, 2)
        expected, _ = soundfile.read(recording, dtype="float32")
        np.testing.assert_allclose(heard, expected, atol=1e-4)
        assert source.take_cut()
        assert source.reason == "the recording has ended"


def test_a_recording_at_its_own_pace_takes_its_time(recording: Path) -> None:
    settings = FileSettings(kind="file", name="test", path=recording)
    with running(settings) as source:
        turn_until(source, SourceState.ONLINE)
        begin_s = time.monotonic()
        while not source.is_finished:
            source.tick()
            source.read()
            time.sleep(0.005)

        assert 0.7 < time.monotonic() - begin_s < 3.0


def test_a_repeated_recording_does_not_end(recording: Path) -> None:
    settings = FileSettings(kind="file", name="test", path=recording, pace="fast", repeat=True)
    with running(settings) as source:
        heard = 0
        deadline_s = time.monotonic() + 10
        while heard < 4 * 22_050 and time.monotonic() < deadline_s:
            source.tick()
            chunk = source.read()
            heard += 0 if chunk is None else len(chunk.samples)

        assert heard >= 4 * 22_050


def test_a_file_that_is_no_recording_says_so(tmp_path: Path) -> None:
    (tmp_path / "no.wav").write_text("not sound")
    settings = FileSettings(kind="file", name="test", path=tmp_path / "no.wav")
    with running(settings) as source:
        deadline_s = time.monotonic() + 10
        while "cannot be played" not in source.reason and time.monotonic() < deadline_s:
            source.tick()
            source.read()
            time.sleep(0.01)

        assert "no.wav cannot be played: Error opening" in source.reason
