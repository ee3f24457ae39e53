"""What becomes a clip, from where to where, and what must not."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import ontology
from aed.audio import AudioChunk
from aed.conditioning import Conditioner
from aed.events import Event
from aed.posteriors import Posteriors
from daemon.clips.recorder import ClipRecorder
from daemon.settings.clips import ClipSettings
from ontology import LabelSet
from tests.daemon.ears.test_announcer import SMOKE, event

LABELS = LabelSet(ontology.home())
PERSON = LABELS.index["person"]
ID = "019aacb1-7e2c-7b3e-9c55-0d6f3a1f4c2e"
RATE_HZ = 16_000


@dataclass(slots=True)
class FakeKeeper:
    """Keeps clips in memory, or has no room."""

    has_room: bool = True
    num_speech: int = 0
    clips: dict[str, NDArray[np.int16]] = field(default_factory=dict)

    def admit(self) -> bool:
        return self.has_room

    def write(self, event_id: str, samples: NDArray[np.int16], *, is_critical: bool) -> None:
        assert event_id not in self.clips
        self.clips[event_id + (" critical" if is_critical else "")] = samples

    def note_speech(self) -> None:
        self.num_speech += 1


class Stream:
    """A stream in which every sample differs, and a person is heard when the test says so."""

    def __init__(
        self,
        keeper: FakeKeeper,
        *,
        voiced_s: tuple[float, ...] = (),
        **changes: Any,  # noqa: ANN401 - fields
    ) -> None:
        self.samples = np.linspace(-1.0, 1.0, 100 * RATE_HZ, dtype=np.float32)
        numbers: dict[str, Any] = {"before_s": 2.0, "after_s": 3.0, "longest_s": 20.0}
        self.recorder = ClipRecorder(
            ClipSettings(**(numbers | changes)), labels=LABELS, keeper=keeper
        )
        self._voiced = [round(each * 10) for each in voiced_s]
        self._heard = 0

    def hear_until(self, end_s: float, *, pieces: tuple[int, ...] = (1_600,)) -> None:
        """Hear on, in pieces of so many samples."""
        end, number = round(end_s * RATE_HZ), 0
        while self._heard < end:
            length = min(pieces[number % len(pieces)], end - self._heard)
            number += 1
            samples = self.samples[self._heard : self._heard + length]
            first, last = self._heard // 1_600, (self._heard + length) // 1_600
            self._heard += length
            values = np.zeros((last - first, len(LABELS)), np.float32)
            for frame in self._voiced:
                if first <= frame < last:
                    values[frame - first, PERSON] = 0.9
            chunk = AudioChunk(samples=samples, sample_rate_hz=RATE_HZ)
            self.recorder.hear(chunk, posteriors(values, first))

    def clip(self, begin_s: float, end_s: float) -> list[int]:
        """What a clip of these times holds."""
        part = self.samples[round(begin_s * RATE_HZ) : round(end_s * RATE_HZ)]
        return [round(float(sample)) for sample in part * 32767]


def posteriors(values: NDArray[np.float32], first: int) -> Posteriors:
    return Posteriors(
        values=values,
        start_frame=first,
        level_dbfs=np.zeros(len(values), np.float32),
        log_mel=np.zeros((len(values) * 10, 4), np.float32),
    )


def start(onset_s: float = 10.0, **changes: Any) -> Event:  # noqa: ANN401 - fields
    return event(1, "start", SMOKE, onset_s=onset_s, **changes)


def end(onset_s: float = 10.0, offset_s: float = 14.0, **changes: Any) -> Event:  # noqa: ANN401 - fields
    return event(1, "end", SMOKE, onset_s=onset_s, offset_s=offset_s, **changes)


@pytest.fixture
def keeper() -> FakeKeeper:
    return FakeKeeper()


def test_a_clip_goes_from_before_the_onset_to_after_the_end_and_is_named_at_the_end(
    keeper: FakeKeeper,
) -> None:
    stream = Stream(keeper)
    stream.hear_until(11.0)
    assert stream.recorder.note(start(), ID) is None
    stream.hear_until(15.0)
    assert stream.recorder.note(end(), ID) == f"{ID}.flac"
    stream.hear_until(17.5)
    assert keeper.clips == {}
    stream.hear_until(18.0)

    assert keeper.clips[ID].tolist() == stream.clip(8.0, 17.0)
    stream.hear_until(60.0)
    assert len(keeper.clips) == 1


@settings(deadline=None, max_examples=20)
@given(
    pieces=st.lists(st.integers(1, RATE_HZ), min_size=1, max_size=6).filter(lambda p: sum(p) > 800),
    onset=st.integers(0, 12),
    length=st.integers(1, 40),
)
def test_any_cutting_of_the_stream_gives_the_same_clip(
    pieces: list[int], onset: int, length: int
) -> None:
    keeper, onset_s, offset_s = FakeKeeper(), float(onset), float(onset + length)
    stream = Stream(keeper)
    stream.hear_until(onset_s + 0.7, pieces=tuple(pieces))
    stream.recorder.note(start(onset_s), ID)
    stream.hear_until(offset_s + 1.3, pieces=tuple(pieces))
    stream.recorder.note(end(onset_s, offset_s), ID)
    stream.hear_until(offset_s + 5.0, pieces=tuple(pieces))

    begin_s = max(0.0, onset_s - 2.0)
    assert keeper.clips[ID].tolist() == stream.clip(begin_s, min(offset_s + 3.0, begin_s + 20.0))


def test_a_long_alarm_is_cut_off_and_later_messages_name_its_clip(keeper: FakeKeeper) -> None:
    stream = Stream(keeper)
    stream.hear_until(11.0)
    stream.recorder.note(start(critical=True), ID)
    stream.hear_until(30.0)
    update = event(1, "update", SMOKE, onset_s=10.0, critical=True, alert_now=False)

    assert stream.recorder.note(update, ID) == f"{ID}.critical.flac"
    assert keeper.clips[f"{ID} critical"].tolist() == stream.clip(8.0, 28.0)
    stream.hear_until(70.0)
    assert stream.recorder.note(end(offset_s=69.0, critical=True), ID) == f"{ID}.critical.flac"
    stream.hear_until(90.0)
    assert len(keeper.clips) == 1


def test_what_is_no_alert_is_not_recorded(keeper: FakeKeeper) -> None:
    stream = Stream(keeper)
    stream.hear_until(11.0)
    assert stream.recorder.note(start(alert_now=False), ID) is None
    assert stream.recorder.note(end(alert_now=False), ID) is None
    stream.hear_until(60.0)

    assert keeper.clips == {}


@pytest.mark.parametrize("voiced_s", [8.0, 10.5, 14.0])
def test_where_a_person_is_heard_there_is_no_clip(keeper: FakeKeeper, voiced_s: float) -> None:
    stream = Stream(keeper, voiced_s=(voiced_s,))
    stream.hear_until(11.0)
    stream.recorder.note(start(), ID)
    stream.hear_until(15.0)

    assert stream.recorder.note(end(), ID) is None
    stream.hear_until(60.0)
    assert (keeper.clips, keeper.num_speech) == ({}, 1)


def test_a_person_who_was_heard_before_the_clip_or_after_it_does_not_matter(
    keeper: FakeKeeper,
) -> None:
    stream = Stream(keeper, voiced_s=(7.9, 18.1))
    stream.hear_until(11.0)
    stream.recorder.note(start(), ID)
    stream.hear_until(15.0)
    stream.recorder.note(end(), ID)
    stream.hear_until(60.0)

    assert keeper.clips[ID].tolist() == stream.clip(8.0, 17.0)


def test_a_clip_whose_name_is_told_ends_before_a_person_is_heard(keeper: FakeKeeper) -> None:
    stream = Stream(keeper, voiced_s=(16.0,))
    stream.hear_until(11.0)
    stream.recorder.note(start(), ID)
    stream.hear_until(15.0)
    assert stream.recorder.note(end(), ID) is not None
    stream.hear_until(60.0)

    assert keeper.clips[ID].tolist() == stream.clip(8.0, 15.0)


@pytest.mark.parametrize("is_critical", [True, False])
def test_only_a_setting_keeps_critical_clips_with_a_person_in_them(
    keeper: FakeKeeper, *, is_critical: bool
) -> None:
    stream = Stream(keeper, voiced_s=(12.0,), speech="keep_critical")
    stream.hear_until(11.0)
    stream.recorder.note(start(critical=is_critical), ID)
    stream.hear_until(15.0)
    stream.recorder.note(end(critical=is_critical), ID)
    stream.hear_until(60.0)

    assert list(keeper.clips) == ([f"{ID} critical"] if is_critical else [])


def test_where_the_disk_has_no_room_no_clip_is_named(keeper: FakeKeeper) -> None:
    keeper.has_room = False
    stream = Stream(keeper)
    stream.hear_until(11.0)
    stream.recorder.note(start(), ID)
    stream.hear_until(15.0)
    assert stream.recorder.note(end(), ID) is None
    stream.hear_until(60.0)

    assert keeper.clips == {}


def test_a_stream_that_ends_ends_its_clips_and_leaves_nothing_in_memory(
    keeper: FakeKeeper,
) -> None:
    stream = Stream(keeper)
    stream.hear_until(11.0)
    stream.recorder.note(start(), ID)
    stream.hear_until(12.0)
    assert stream.recorder.note(end(offset_s=11.5), ID) == f"{ID}.flac"
    stream.recorder.finish()

    assert keeper.clips[ID].tolist() == stream.clip(8.0, 12.0)
    assert not stream.recorder._ring._samples.any()


def test_an_event_that_goes_on_at_another_ear_has_its_clip_until_now(keeper: FakeKeeper) -> None:
    stream = Stream(keeper)
    stream.hear_until(11.0)
    stream.recorder.note(start(), ID)

    assert stream.recorder.break_off(1) == f"{ID}.flac"
    assert stream.recorder.break_off(2) is None
    stream.recorder.finish()
    assert keeper.clips[ID].tolist() == stream.clip(8.0, 11.0)


def test_a_microphone_of_another_rate_is_recorded_as_the_model_hears_it(keeper: FakeKeeper) -> None:
    rng = np.random.default_rng(0)
    samples = rng.uniform(-0.5, 0.5, (48_000 * 12, 2)).astype(np.float32)
    recorder = ClipRecorder(ClipSettings(before_s=1.0), labels=LABELS, keeper=keeper)
    whole = Conditioner().feed(AudioChunk(samples=samples, sample_rate_hz=48_000))
    for begin in range(0, len(samples), 7_001):
        chunk = AudioChunk(samples=samples[begin : begin + 7_001], sample_rate_hz=48_000)
        recorder.hear(chunk, posteriors(np.zeros((0, len(LABELS)), np.float32), 0))
    recorder.note(start(5.0), ID)
    recorder.note(end(5.0, 6.0), ID)
    recorder.finish()

    heard = whole[4 * RATE_HZ : 11 * RATE_HZ]
    assert keeper.clips[ID].tolist() == np.rint(heard * 32767).astype(int).tolist()
