from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.synthesis.envelopes import energy_share
from training.synthesis.rooms import RoomParameters, apply, draw_room, render_room

ROOM = RoomParameters(rt60_s=0.5, volume_m3=40.0, distance_m=3.0, reflections=0, door_hz=None)
SEEDS = st.integers(0, 2**32 - 1)


def _decay_time_s(response: np.ndarray[tuple[int], np.dtype[np.float32]]) -> float:
    """RT60 from the slope of Schroeder's backward integral between -5 and -25 dB of the tail."""
    tail = np.convolve(response[80:], np.hanning(18), mode="valid")  # mostly below 2 kHz
    energy = np.cumsum(tail[::-1] ** 2)[::-1]
    level_db = 10.0 * np.log10(energy / energy[0])
    five, twenty_five = (int(np.argmax(level_db < limit)) for limit in (-5.0, -25.0))
    return 3.0 * (twenty_five - five) / 16_000


@pytest.mark.parametrize("rt60_s", [0.2, 0.4, 0.6, 0.9])
def test_the_tail_falls_by_sixty_decibels_in_rt60(rt60_s: float) -> None:
    response = render_room(replace(ROOM, rt60_s=rt60_s), np.random.default_rng(1))
    assert _decay_time_s(response) == pytest.approx(rt60_s, rel=0.2)


@given(seed=SEEDS)
@settings(deadline=None, max_examples=60)
def test_the_direct_path_stands_at_sample_zero(seed: int) -> None:
    rng = np.random.default_rng(seed)
    room = draw_room(rng)
    response = render_room(room, rng)
    assert response.dtype == np.float32
    assert np.isfinite(response).all()
    if room.door_hz is None:
        assert response[0] == 1.0


def test_farther_away_there_is_more_room_and_less_source() -> None:
    def direct_share(distance_m: float) -> float:
        room = replace(ROOM, distance_m=distance_m)
        response = render_room(room, np.random.default_rng(0)).astype(np.float64)
        return float(response[0] ** 2 / np.sum(response**2))

    assert direct_share(0.3) > 0.7 > direct_share(1.0) > direct_share(4.0)
    critical_m = 0.057 * float(np.sqrt(ROOM.volume_m3 / ROOM.rt60_s))
    assert direct_share(critical_m) == pytest.approx(0.5, abs=0.05)


def test_a_door_takes_away_the_highs() -> None:
    near, behind = (
        render_room(replace(ROOM, door_hz=door_hz), np.random.default_rng(0))
        for door_hz in (None, 800.0)
    )
    assert energy_share(behind, 2_000.0, 8_000.0) < 0.2 * energy_share(near, 2_000.0, 8_000.0)


@given(length=st.integers(1, 3_000), taps=st.integers(1, 3_000), seed=SEEDS)
@settings(deadline=None, max_examples=40)
def test_applying_a_room_is_convolution_of_equal_length(length: int, taps: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    samples = rng.standard_normal(length, dtype=np.float32)
    response = rng.standard_normal(taps, dtype=np.float32)
    heard = apply(samples, response)
    assert heard.dtype == np.float32
    assert np.allclose(heard, np.convolve(samples, response)[:length], atol=1e-2)


def test_an_empty_room_changes_nothing() -> None:
    samples = np.random.default_rng(0).standard_normal(1_000, dtype=np.float32)
    assert np.allclose(apply(samples, np.ones(1, dtype=np.float32)), samples, atol=1e-5)
