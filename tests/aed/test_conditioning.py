"""Whatever arrives leaves as finite 16 kHz mono, however it was cut."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from aed.audio import AudioChunk
from aed.conditioning import Conditioner
from aed.errors import AudioError
from tests.aed.cutting import chunk_lengths, cut, noise_and_tones

RATES_HZ = (8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000)


def condition(samples: NDArray[np.float32], sample_rate_hz: int) -> NDArray[np.float32]:
    conditioner = Conditioner()
    head = conditioner.feed(AudioChunk(samples=samples, sample_rate_hz=sample_rate_hz))
    return np.concatenate([head, conditioner.flush()])


@given(
    sample_rate_hz=st.sampled_from(RATES_HZ),
    channels=st.integers(1, 8),
    lengths=chunk_lengths(9000),
)
@settings(max_examples=60, deadline=None)
def test_any_cutting_gives_the_same_samples(
    sample_rate_hz: int, channels: int, lengths: list[int]
) -> None:
    samples = noise_and_tones(0.3, sample_rate_hz, channels)
    conditioner = Conditioner()

    pieces = [conditioner.feed(chunk) for chunk in cut(samples, sample_rate_hz, lengths)]
    found = np.concatenate([*pieces, conditioner.flush()])

    expected = condition(samples, sample_rate_hz)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 1e-5


@pytest.mark.parametrize("sample_rate_hz", RATES_HZ)
def test_a_stream_keeps_its_duration(sample_rate_hz: int) -> None:
    samples = noise_and_tones(1.37, sample_rate_hz)

    assert abs(len(condition(samples, sample_rate_hz)) - 1.37 * 16_000) <= 1


@pytest.mark.parametrize("bits", [16, 24])
def test_samples_of_a_converter_at_16_khz_pass_untouched(bits: int) -> None:
    full_scale = 2 ** (bits - 1)
    samples = np.arange(-full_scale, full_scale, 2 ** (bits - 16), dtype=np.float32)
    samples = np.append(samples, [1.0, -3.0]).astype(np.float32) / np.float32(full_scale)

    assert np.array_equal(condition(samples, 16_000), samples)


def test_float_samples_at_16_khz_change_by_no_more_than_their_rounding() -> None:
    samples = noise_and_tones(0.5, 16_000)

    np.testing.assert_allclose(condition(samples, 16_000), samples, rtol=2e-7, atol=1e-12)


@pytest.mark.parametrize("sample_rate_hz", [8_000, 44_100, 48_000, 192_000])
def test_a_tone_keeps_its_level_and_place(sample_rate_hz: int) -> None:
    time_s = np.arange(sample_rate_hz) / sample_rate_hz
    tone = (0.5 * np.sin(2 * np.pi * 1000 * time_s)).astype(np.float32)

    found = condition(tone, sample_rate_hz)

    expected = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000)
    assert np.abs(found - expected)[500:-500].max() < 1e-3


def test_what_16_khz_cannot_hold_does_not_fold_back() -> None:
    time_s = np.arange(48_000) / 48_000
    found = condition((0.5 * np.sin(2 * np.pi * 12_000 * time_s)).astype(np.float32), 48_000)

    assert np.abs(found[500:-500]).max() < 1e-4


@pytest.mark.parametrize("channels", [1, 2, 5, 8])
def test_channels_are_averaged(channels: int) -> None:
    offsets = np.linspace(-0.5, 0.5, channels, dtype=np.float32)
    samples = np.tile(offsets - offsets.mean() + np.float32(0.1), (400, 1))

    assert condition(samples, 16_000) == pytest.approx(0.1, abs=1e-6)


@given(
    places=st.lists(st.integers(0, 999), min_size=1, max_size=20, unique=True),
    values=st.lists(st.sampled_from([np.nan, np.inf, -np.inf]), min_size=20, max_size=20),
    sample_rate_hz=st.sampled_from(RATES_HZ),
)
@settings(max_examples=40, deadline=None)
def test_samples_that_are_not_finite_become_zero_and_are_counted(
    places: list[int], values: list[float], sample_rate_hz: int
) -> None:
    broken = noise_and_tones(1000 / sample_rate_hz, sample_rate_hz)
    clean = broken.copy()
    clean[places] = 0.0
    broken[places] = values[: len(places)]
    conditioner = Conditioner()

    head = conditioner.feed(AudioChunk(samples=broken, sample_rate_hz=sample_rate_hz))
    found = np.concatenate([head, conditioner.flush()])

    assert np.array_equal(found, condition(clean, sample_rate_hz))


@pytest.mark.parametrize("sample_rate_hz", [16_000, 48_000])
@pytest.mark.parametrize("peak", [1.5, 1e30, float(np.finfo(np.float32).max)])
def test_whatever_is_beyond_full_scale_is_clipped(sample_rate_hz: int, peak: float) -> None:
    wave = np.sign(noise_and_tones(0.2, sample_rate_hz, channels=8)) * np.float32(peak)

    found = condition(wave, sample_rate_hz)

    assert np.isfinite(found).all()
    assert np.abs(found).max() <= 1.0


def test_a_constant_offset_passes_and_silence_stays_silent() -> None:
    offset = condition(np.full(48_000, 0.25, np.float32), 48_000)

    assert offset[500:-500] == pytest.approx(0.25, abs=1e-4)
    assert not condition(np.zeros(48_000, np.float32), 48_000).any()


@pytest.mark.parametrize("sample_rate_hz", [16_000, 48_000])
def test_nothing_subnormal_reaches_the_network(sample_rate_hz: int) -> None:
    faint = np.geomspace(1e-45, 1.0, 9_000)
    fading = np.concatenate([noise_and_tones(0.1, sample_rate_hz), faint, -faint])

    found = condition(fading.astype(np.float32), sample_rate_hz)

    assert found[found != 0].size > 0
    assert np.abs(found[found != 0]).min() >= 2.0**-40


def test_a_change_of_rate_flushes_the_old_one() -> None:
    conditioner = Conditioner()
    first, second = noise_and_tones(0.5, 48_000), noise_and_tones(0.5, 44_100, seed=1)

    pieces = [
        conditioner.feed(AudioChunk(samples=first, sample_rate_hz=48_000)),
        conditioner.feed(AudioChunk(samples=second, sample_rate_hz=44_100)),
        conditioner.flush(),
    ]

    expected = np.concatenate([condition(first, 48_000), condition(second, 44_100)])
    assert np.array_equal(np.concatenate(pieces), expected)


def test_the_number_of_channels_may_change_at_any_chunk() -> None:
    conditioner = Conditioner()
    mono = noise_and_tones(0.5, 48_000)

    pieces = [
        conditioner.feed(AudioChunk(samples=mono[:10_001], sample_rate_hz=48_000)),
        conditioner.feed(
            AudioChunk(samples=np.stack([mono[10_001:]] * 3, axis=1), sample_rate_hz=48_000)
        ),
        conditioner.flush(),
    ]

    assert np.concatenate(pieces) == pytest.approx(condition(mono, 48_000), abs=1e-6)


def test_reset_forgets_the_stream() -> None:
    conditioner = Conditioner()
    conditioner.feed(AudioChunk(samples=np.full(999, np.nan, np.float32), sample_rate_hz=48_000))
    conditioner.feed(AudioChunk(samples=np.ones(999, np.float32), sample_rate_hz=8_000))

    conditioner.reset()

    samples = noise_and_tones(0.2, 48_000)
    head = conditioner.feed(AudioChunk(samples=samples, sample_rate_hz=48_000))
    assert np.array_equal(np.concatenate([head, conditioner.flush()]), condition(samples, 48_000))


@pytest.mark.parametrize("shape", [(0,), (0, 2)])
def test_an_empty_chunk_is_nothing(shape: tuple[int, ...]) -> None:
    chunk = AudioChunk(samples=np.zeros(shape, np.float32), sample_rate_hz=48_000)

    assert len(Conditioner().feed(chunk)) == 0


@pytest.mark.parametrize("shape", [(), (5, 0), (5, 2, 2)])
def test_a_chunk_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    chunk = AudioChunk(samples=np.zeros(shape, np.float32), sample_rate_hz=48_000)

    with pytest.raises(AudioError, match=r"shaped \(S,\) or \(S, C\)"):
        Conditioner().feed(chunk)


@pytest.mark.parametrize("sample_rate_hz", [0, -1])
def test_an_impossible_rate_is_refused(sample_rate_hz: int) -> None:
    chunk = AudioChunk(samples=np.zeros(5, np.float32), sample_rate_hz=sample_rate_hz)

    with pytest.raises(AudioError, match=f"{sample_rate_hz} Hz cannot be resampled"):
        Conditioner().feed(chunk)
