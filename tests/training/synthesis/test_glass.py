import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.synthesis.envelopes import energy_outside_spans, energy_share
from training.synthesis.breaking import render_glass
from training.synthesis.glass import GLASS_NODES, draw_glass
from training.synthesis.modes import grain_bank, poisson_onsets, scatter

SEEDS = st.integers(0, 2**32 - 1)


def _many(node: str, count: int = 60) -> list[np.ndarray[tuple[int], np.dtype[np.float32]]]:
    rng = np.random.default_rng(0)
    return [render_glass(draw_glass(rng, node), rng).samples for _ in range(count)]


@given(seed=SEEDS, node=st.sampled_from(GLASS_NODES))
@settings(deadline=None, max_examples=80)
def test_any_break_is_finite_bounded_and_inside_its_span(seed: int, node: str) -> None:
    rng = np.random.default_rng(seed)
    rendered = render_glass(draw_glass(rng, node), rng)
    assert rendered.samples.dtype == np.float32
    assert np.isfinite(rendered.samples).all()
    assert 0.5 < np.abs(rendered.samples).max() <= 1.0
    (span,) = rendered.spans
    assert span.node == node
    assert span.onset_s == 0.0
    assert span.offset_s <= rendered.duration_s + 1e-9
    assert energy_outside_spans(rendered, ringing_s=0.0) < 0.002
    assert np.abs(rendered.samples[-8:]).max() < 0.01


@pytest.mark.parametrize("node", GLASS_NODES)
def test_equal_generators_give_equal_sounds(node: str) -> None:
    first, second = (
        render_glass(draw_glass(rng, node), rng).samples
        for rng in (np.random.default_rng(5), np.random.default_rng(5))
    )
    assert np.array_equal(first, second)


def test_window_glass_has_most_of_its_energy_in_its_shatter_band() -> None:
    shares = [energy_share(samples, 1_000.0, 8_000.0) for samples in _many("window_glass")]
    assert np.median(shares) > 0.8


def test_a_pane_flexes_before_it_shatters() -> None:
    rng = np.random.default_rng(0)
    checked = 0
    for _ in range(60):
        params = draw_glass(rng, "window_glass")
        if params.lag_s < 0.015:
            continue
        samples = render_glass(params, rng).samples
        before = samples[: round(params.lag_s * 16_000)]
        assert energy_share(before, 0.0, 1_200.0) > 0.9
        checked += 1
    assert checked > 10


def test_window_glass_sounds_most_at_first() -> None:
    for samples in _many("window_glass"):
        energy = np.cumsum(samples.astype(np.float64) ** 2)
        assert energy[len(energy) // 2] > 0.4 * energy[-1]


def test_crockery_is_lower_and_shorter_than_glass() -> None:
    def brightness(node: str) -> float:
        return float(np.median([energy_share(x, 4_000.0, 8_000.0) for x in _many(node)]))

    assert brightness("crockery") < 0.5 * brightness("window_glass")
    rng = np.random.default_rng(1)
    crockery = [draw_glass(rng, "crockery") for _ in range(100)]
    panes = [draw_glass(rng, "window_glass") for _ in range(100)]
    assert np.median([x.decay_s for x in crockery]) < np.median([x.decay_s for x in panes])
    assert np.median([x.fragments_hz for x in crockery]) < np.median(
        [x.fragments_hz for x in panes]
    )


def test_a_clink_is_a_few_lines_and_no_crowd() -> None:
    def flatness(samples: np.ndarray[tuple[int], np.dtype[np.float32]]) -> float:
        power = np.abs(np.fft.rfft(samples[:4_000]))[250:] ** 2 + 1e-12
        return float(np.exp(np.mean(np.log(power))) / np.mean(power))

    clinks = np.median([flatness(x) for x in _many("clink")])
    panes = np.median([flatness(x) for x in _many("window_glass")])
    assert clinks < 0.1 * panes


def test_a_mode_falls_by_nine_decibels_in_its_time_constant() -> None:
    bank = grain_bank(
        np.array([[2_000.0]]), np.array([[0.1]]), np.ones((1, 1)), np.random.default_rng(0)
    )
    early = float(np.abs(bank[0, 800:960]).max())
    later = float(np.abs(bank[0, 2_400:2_560]).max())
    assert 20.0 * np.log10(early / later) == pytest.approx(8.69, abs=0.2)


def test_scattered_grains_outside_the_clip_are_left_out() -> None:
    bank = np.ones((1, 4), dtype=np.float32)
    onsets_s = np.array([-1.0, 0.0, 9.0])
    out = scatter(bank, onsets_s, np.ones(3), 6, np.random.default_rng(0))
    assert out.tolist() == [1.0, 1.0, 1.0, 1.0, 0.0, 0.0]


def test_fragments_grow_fewer() -> None:
    onsets = poisson_onsets(
        start_s=1.0, first_rate_hz=5_000.0, decay_s=0.2, end_s=2.0, rng=np.random.default_rng(0)
    )
    assert onsets.min() >= 1.0
    assert onsets.max() <= 2.0
    assert len(onsets) == pytest.approx(1_000, rel=0.15)
    assert np.mean(onsets < 1.0 + 0.2 * np.log(2.0)) == pytest.approx(0.5, abs=0.06)
