"""The ear passes sound on, and ends a stream properly."""

import numpy as np
import pytest

import ontology
from aed.audio import AudioChunk
from aed.hearing import Heard, Hearing
from aed.posteriors import Posteriors
from daemon.clocks import StreamClock
from daemon.ears.announcer import Announcement, Announcer
from daemon.ears.ear import Ear
from daemon.mqtt.topics import Topics
from ontology import LabelSet
from tests.daemon.ears.test_announcer import SMOKE, event
from tests.daemon.fake_clock import FakeClock


class FakeHearing(Hearing):
    """Hears a frame per chunk; an event starts with a loud one and ends with a quiet one."""

    def __init__(self) -> None:
        self.labels = LabelSet(ontology.home())
        self.is_open = False
        self.num_resets = 0
        self.was_whole = False

    def feed(self, chunk: AudioChunk) -> Heard:
        return self._heard(is_loud=bool(np.abs(chunk.samples).max() > 0.5))

    def flush(self, *, is_whole: bool = True) -> Heard:
        self.was_whole = is_whole
        return self._heard(is_loud=False)

    def reset(self) -> None:
        self.num_resets += 1

    def _heard(self, *, is_loud: bool) -> Heard:
        has_changed, self.is_open = is_loud != self.is_open, is_loud
        events = [event(1, "start" if is_loud else "end", SMOKE)] if has_changed else []
        return Heard(posteriors=NO_FRAMES, events=events)


NO_FRAMES = Posteriors(
    values=np.zeros((0, 1), np.float32),
    start_frame=0,
    level_dbfs=np.zeros(0, np.float32),
    log_mel=np.zeros((0, 4), np.float32),
)


@pytest.fixture
def hearing() -> FakeHearing:
    return FakeHearing()


@pytest.fixture
def ear(hearing: FakeHearing) -> Ear:
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
    return Ear(hearing=hearing, announcer=announcer, stream_clock=stream_clock, clock=clock)


def chunk(level: float) -> AudioChunk:
    return AudioChunk(samples=np.full(1_600, level, np.float32), sample_rate_hz=16_000)


def hear(ear: Ear, chunk: AudioChunk) -> list[Announcement]:
    return ear.tell(chunk, ear.take(chunk).feed(chunk), took_s=0.0)


def test_what_is_heard_is_announced(ear: Ear) -> None:
    assert hear(ear, chunk(0.1)) == []
    (start,) = hear(ear, chunk(0.9))
    (end,) = hear(ear, chunk(0.1))

    assert [report.kind for report in start.reports] == ["alert", "event"]
    assert [report.kind for report in end.reports] == ["event"]


def test_the_end_of_a_stream_ends_what_is_open_and_begins_anew(
    ear: Ear, hearing: FakeHearing
) -> None:
    (start,) = hear(ear, chunk(0.9))
    (end,) = ear.cut()
    (again,) = hear(ear, chunk(0.9))

    assert end.reports[0].event_id == start.reports[0].event_id
    assert end.states[-1].payload == b"OFF"
    assert again.reports[0].event_id != start.reports[0].event_id
    assert again.reports[0].seq == 1
    assert hearing.num_resets == 1
    assert not hearing.was_whole  # what a cut leaves undecided goes on, or was none


def test_a_recording_that_was_heard_to_its_end_is_decided(ear: Ear, hearing: FakeHearing) -> None:
    hear(ear, chunk(0.9))
    ear.cut(is_whole=True)

    assert hearing.was_whole


def test_a_stream_in_which_nothing_was_heard_has_no_end(ear: Ear, hearing: FakeHearing) -> None:
    assert ear.cut() == []
    assert hearing.num_resets == 0
