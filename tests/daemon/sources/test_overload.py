"""A source that is hopelessly behind drops what is oldest; one that can catch up loses nothing."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from daemon.settings.models import FileSettings
from daemon.sources.backlog import LONGEST_LAG_S
from daemon.sources.state import SourceState
from tests.daemon.fake_clock import FakeClock
from tests.daemon.sources.test_source import python, running, turn_until


def wait_for(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 10.0
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.005)


def test_sound_that_waits_for_ever_is_dropped_whole_and_the_stream_is_cut(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = FakeClock()
    with running(python("while True: os.write(1, bytes([1, 64, 2, 64]) * 2_000)"), clock) as source:
        turn_until(source, SourceState.ONLINE)
        heard_s = source.total_heard_s
        while not source.backlog.dropped_s:
            assert clock.boottime < 1_015.0
            chunk = source.read()
            heard_s += 0.0 if chunk is None else chunk.duration_s
            source.tick()
            assert source.take_cut() == (source.backlog.dropped_s > 0)
            clock.advance(0.3)
            time.sleep(0.01)  # in which the pipe is filled again

        assert chunk is None
        assert source.backlog.dropped_s > LONGEST_LAG_S
        assert source.total_heard_s == pytest.approx(heard_s)
        assert source.state is SourceState.ONLINE
        child = source._child
        assert child is not None
        wait_for(lambda: child.waiting_bytes > 0)
        after = source.read()
        assert after is not None
        assert after.samples[0] in np.array([16_385, 16_386]) / 32_768.0
    assert "s of sound unheard: the machine is too slow or too busy" in caplog.text


def test_a_burst_that_can_be_caught_up_with_is_heard_whole() -> None:
    clock = FakeClock()
    with running(python("os.write(1, bytes([0, 64]) * 8_000 * 20); time.sleep(60)"), clock) as it:
        child_has_written = turn_until(it, SourceState.ONLINE)
        child = it._child
        assert child is not None
        heard_s = sum(chunk.duration_s for chunk in child_has_written)
        while heard_s < 20.0:
            clock.advance(0.5)
            chunk = it.read()
            heard_s += 0.0 if chunk is None else chunk.duration_s
            assert not it.take_cut()

        assert it.backlog.dropped_s == 0.0
        assert it.backlog.lag_s == 0.0


def test_a_recording_waits_for_us_however_slow_we_are(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    soundfile.write(path, np.full(8_000 * 40, 0.5), 8_000)
    settings = FileSettings(kind="file", name="test", path=path, pace="fast")
    clock = FakeClock()
    with running(settings, clock) as source:
        turn_until(source, SourceState.ONLINE)
        while not source.is_finished:
            source.read()
            clock.advance(2.0)
            time.sleep(0.002)

        assert source.total_heard_s == pytest.approx(40.0)
