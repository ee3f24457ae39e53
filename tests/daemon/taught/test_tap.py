"""The sound of a source for whoever records: whole while they ask, nowhere once they do not."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from aed.audio import AudioChunk
from daemon.taught.tap import FORGOTTEN_S, KEPT_S, MOST_GIVEN_S, Tap
from tests.daemon.fake_clock import FakeClock

RATE_HZ = 16_000


def chunk(samples: np.ndarray[tuple[int], np.dtype[np.float32]]) -> AudioChunk:
    return AudioChunk(samples=samples, sample_rate_hz=RATE_HZ)


def ramp(count: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return (np.arange(count) / 32_767).astype(np.float32)


@given(lengths=st.lists(st.integers(0, 4_000), max_size=8))
def test_whoever_asks_in_time_gets_every_sample_once(lengths: list[int]) -> None:
    tap = Tap(clock=FakeClock())
    since = tap.read(None).begin_sample
    given_samples: list[int] = []
    sound = ramp(sum(lengths))
    start = 0

    for length in lengths:
        tap.hear(chunk(sound[start : start + length]))
        start += length
        tapped = tap.read(since)
        assert tapped.begin_sample == since
        since += len(tapped.samples)
        given_samples += tapped.samples.tolist()

    assert given_samples == list(range(sum(lengths)))


def test_an_answer_is_bounded_and_who_comes_late_is_told_where_it_goes_on() -> None:
    tap = Tap(clock=FakeClock())
    tap.read(None)
    tap.hear(chunk(np.zeros(round((KEPT_S + 1) * RATE_HZ), np.float32)))

    tapped = tap.read(0)

    assert tapped.begin_sample == RATE_HZ
    assert len(tapped.samples) == MOST_GIVEN_S * RATE_HZ


def test_sound_that_nobody_asks_for_is_not_kept() -> None:
    clock = FakeClock()
    tap = Tap(clock=clock)
    tap.hear(chunk(ramp(1_600)))
    tap.read(None)
    tap.hear(chunk(ramp(1_600)))
    clock.advance(FORGOTTEN_S + 0.1)
    tap.hear(chunk(ramp(1_600)))

    tapped = tap.read(0)

    assert (tapped.begin_sample, len(tapped.samples)) == (0, 0)


def test_a_place_that_is_not_reached_yet_gives_nothing() -> None:
    tap = Tap(clock=FakeClock())
    tap.read(None)

    tapped = tap.read(2**53)

    assert (tapped.begin_sample, len(tapped.samples)) == (0, 0)
