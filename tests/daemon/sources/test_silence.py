"""What is silence and what is only quiet."""

import numpy as np
import pytest

from aed.audio import AudioChunk
from daemon.sources.silence import SILENT_S, Silence

RATE_HZ = 8_000


def second_of(samples: object, channels: int = 1) -> AudioChunk:
    shape = (RATE_HZ,) if channels == 1 else (RATE_HZ, channels)
    filled = np.broadcast_to(np.asarray(samples, np.float32), shape)
    return AudioChunk(samples=np.array(filled), sample_rate_hz=RATE_HZ)


@pytest.mark.parametrize(
    "chunk", [second_of(0.0), second_of(-0.25), second_of([0.1, 0.0], channels=2)]
)
def test_one_value_for_half_a_minute_is_silence_and_any_other_ends_it(chunk: AudioChunk) -> None:
    silence = Silence()
    found = [silence.note(chunk) for _ in range(int(SILENT_S) + 1)]
    assert found == [False] * (int(SILENT_S) - 1) + [True] * 2

    samples = chunk.samples.copy()
    samples[17] += np.float32(2**-15)
    assert not silence.note(AudioChunk(samples=samples, sample_rate_hz=RATE_HZ))
    assert not silence.note(chunk)


def test_a_step_between_two_constants_is_sound() -> None:
    silence = Silence()
    for second in range(100):
        assert not silence.note(second_of(0.1 if second % 20 < 10 else 0.2))


def test_the_lowest_bit_of_a_quiet_room_is_sound() -> None:
    rng = np.random.default_rng(1)
    silence = Silence()
    for _ in range(40):
        quiet = rng.integers(0, 2, RATE_HZ).astype(np.float32) / np.float32(32_768)
        assert not silence.note(AudioChunk(samples=quiet, sample_rate_hz=RATE_HZ))
