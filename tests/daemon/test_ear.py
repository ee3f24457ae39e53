"""The ear passes sound on, and ends a stream properly."""

import numpy as np
import pytest

from aed.audio import AudioChunk
from aed.events import Event
from aed.posteriors import Posteriors
from daemon.announcer import Announcer
from daemon.clocks import StreamClock
from daemon.ear import Ear
from daemon.topics import Topics
from tests.daemon.fake_clock import FakeClock
from tests.daemon.test_announcer import SMOKE, event


class FakeDetector:
    """Hears one frame per chunk."""

    def __init__(self) -> None:
        self.num_resets = 0

    def feed(self, chunk: AudioChunk) -> Posteriors:
        return self._frames(1, float(np.abs(chunk.samples).max()))

    def flush(self) -> Posteriors:
        return self._frames(0, 0.0)

    def reset(self) -> None:
        self.num_resets += 1

    def _frames(self, num_frames: int, value: float) -> Posteriors:
        return Posteriors(
            values=np.full((num_frames, 1), value, np.float32),
            start_frame=0,
            level_dbfs=np.zeros(num_frames, np.float32),
            log_mel=np.zeros((num_frames * 10, 4), np.float32),
        )


class FakeTracker:
    """An event starts with a loud frame and ends with a quiet one."""

    def __init__(self) -> None:
        self.is_open = False

    def feed(self, posteriors: Posteriors) -> list[Event]:
        events = []
        for value in posteriors.values[:, 0]:
            if bool(value > 0.5) != self.is_open:
                self.is_open = not self.is_open
                events.append(event(1, "start" if self.is_open else "end", SMOKE))
        return events

    def flush(self) -> list[Event]:
        return [event(1, "end", SMOKE)] if self.is_open else []

    def reset(self) -> None:
        self.is_open = False


@pytest.fixture
def detector() -> FakeDetector:
    return FakeDetector()


@pytest.fixture
def ear(detector: FakeDetector) -> Ear:
    clock = FakeClock()
    stream_clock = StreamClock(clock)
    announcer = Announcer(
        source="mic",
        classes=("smoke_alarm",),
        model="home",
        topics=Topics(node="kitchen"),
        clock=clock,
        stream_clock=stream_clock,
    )
    return Ear(
        detector=detector, tracker=FakeTracker(), announcer=announcer, stream_clock=stream_clock
    )


def chunk(level: float) -> AudioChunk:
    return AudioChunk(samples=np.full(1_600, level, np.float32), sample_rate_hz=16_000)


def test_what_is_heard_is_announced(ear: Ear) -> None:
    assert ear.hear(chunk(0.1)) == []
    (start,) = ear.hear(chunk(0.9))
    (end,) = ear.hear(chunk(0.1))

    assert [report.kind for report in start.reports] == ["alert", "event"]
    assert [report.kind for report in end.reports] == ["event"]


def test_the_end_of_a_stream_ends_what_is_open_and_begins_anew(
    ear: Ear, detector: FakeDetector
) -> None:
    (start,) = ear.hear(chunk(0.9))
    (end,) = ear.cut()
    (again,) = ear.hear(chunk(0.9))

    assert end.reports[0].event_id == start.reports[0].event_id
    assert end.states[-1].payload == b"OFF"
    assert again.reports[0].event_id != start.reports[0].event_id
    assert again.reports[0].seq == 1
    assert detector.num_resets == 1


def test_a_stream_in_which_nothing_was_heard_has_no_end(ear: Ear, detector: FakeDetector) -> None:
    assert ear.cut() == []
    assert detector.num_resets == 0
