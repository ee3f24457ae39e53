"""How breaking sounds: a low flex, a crack, and a cascade of fragments.

A breaking pane is heard as a low flex of the pane and its frame, at once followed by a crack and
by a cascade of fragments: hundreds of short inharmonic modes, dense at first, ever fewer, and a
second crowd when the debris lands. The order (low, then high) is what glass-break detectors
look for. Fragments too many and too small to be told apart make a wash of noise.
"""

from dataclasses import dataclass

import numpy as np

from training.synthesis.modes import grain_bank, poisson_onsets, scatter
from training.synthesis.rendered import (
    SAMPLE_RATE_HZ,
    Rendered,
    Samples,
    Span,
    at_peak,
    sample_count,
)
from training.synthesis.waves import HIGHEST_HZ, band_noise, smooth_random


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakParameters:
    """One breaking, clinking or falling thing.

    Attributes:
        node: ontology node.
        low_hz, high_hz: range of the fragments' modes; those above HIGHEST_HZ are mirrored
            at it.
        decay_s: typical time constant of a fragment's mode.
        fragments_hz: fragments a second at the moment of the break.
        cascade_s: time constant by which they grow fewer.
        lasting_s: when the last fragment sounds.
        thud_hz: lowest mode of the flex or of the body that hits the floor.
        thud_decay_s: its time constant.
        thud_gain: its strength relative to the crack.
        lag_s: time from thud to crack.
        crack_gain: strength of the broadband crack.
        crack_s: time constant of the crack.
        landing_s: when debris lands, 0 for no landing.
        landing_gain: strength of the landing relative to the cascade; hard floors are louder.
        landing_fragments: fragments that land.
        wash_gain: strength of the wash of tiny fragments, relative to the crack.
        wash_s: its time constant.
        click: contact noise of a fragment relative to its modes.
        modes: modes of a fragment.
        spread: how unequal fragments are in strength (sigma of the logarithm).
    """

    node: str
    low_hz: float
    high_hz: float
    decay_s: float
    fragments_hz: float
    cascade_s: float
    lasting_s: float
    thud_hz: float
    thud_decay_s: float
    thud_gain: float
    lag_s: float
    crack_gain: float
    crack_s: float
    landing_s: float = 0.0
    landing_gain: float = 0.0
    landing_fragments: float = 0.0
    wash_gain: float = 0.0
    wash_s: float = 0.1
    click: float = 0.3
    modes: int = 3
    spread: float = 1.0


def render_glass(params: BreakParameters, rng: np.random.Generator) -> Rendered:
    """Render a break; the clip is as long as the sound, which begins at its first sample.

    Args:
        params: from `glass.draw_glass`.
        rng: every fragment's pitch, time and strength.

    Returns:
        The clip with one span over the time in which 99.9 % of the energy has sounded.
    """
    duration_s = params.lag_s + params.lasting_s + 8.0 * params.decay_s + 0.15
    count = sample_count(duration_s)
    samples = _thud(params, count, rng)
    samples += _crack(params, count, rng)
    samples += _wash(params, count, rng)
    samples += _cascade(params, count, rng)
    fade = min(count, sample_count(_FADE_S))
    samples[count - fade :] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    samples = at_peak(samples)
    energy = np.cumsum(samples.astype(np.float64) ** 2)
    heard = int(np.searchsorted(energy, 0.999 * energy[-1])) + 1
    span = Span(node=params.node, onset_s=0.0, offset_s=heard / count * duration_s)
    return Rendered(samples=samples, spans=(span,))


def _thud(params: BreakParameters, count: int, rng: np.random.Generator) -> Samples:
    """Four low modes and a short rumble."""
    if params.thud_gain <= 0.0:
        return np.zeros(count, dtype=np.float32)
    ratios = np.array([[1.0, 1.6, 2.3, 3.1]]) * rng.uniform(0.9, 1.1, (1, 4))
    decays = params.thud_decay_s / np.sqrt(ratios)
    body = grain_bank(params.thud_hz * ratios, decays, rng.uniform(0.3, 1.0, (1, 4)), rng)
    body = body / np.max(np.abs(body)) * params.thud_gain
    return scatter(body, np.zeros(1), np.ones(1), count, rng)


def _crack(params: BreakParameters, count: int, rng: np.random.Generator) -> Samples:
    """One broadband burst, at times a second one a few milliseconds later."""
    out = np.zeros(count, dtype=np.float32)
    if params.crack_gain <= 0.0:
        return out
    length = min(count, sample_count(8.0 * params.crack_s))
    fall = np.exp(-np.arange(length, dtype=np.float32) * (8.0 / length))
    start_s = params.lag_s
    for gain in (1.0, *rng.uniform(0.1, 0.7, int(rng.integers(0, 3)))):
        burst = band_noise(length, params.low_hz, 1.2 * params.high_hz, rng) * fall
        start = round(start_s * SAMPLE_RATE_HZ)
        part = burst[: count - start]
        out[start : start + len(part)] += np.float32(0.35 * gain * params.crack_gain) * part
        start_s += float(rng.uniform(0.004, 0.04))
    return out


def _wash(params: BreakParameters, count: int, rng: np.random.Generator) -> Samples:
    """Noise whose level flickers while it dies away."""
    if params.wash_gain <= 0.0:
        return np.zeros(count, dtype=np.float32)
    start = round(params.lag_s * SAMPLE_RATE_HZ)
    length = count - start
    noise = band_noise(length, 0.5 * params.low_hz, 1.3 * params.high_hz, rng)
    fall = np.exp(-np.arange(length, dtype=np.float32) / (params.wash_s * SAMPLE_RATE_HZ))
    flicker = smooth_random(length, 60.0, rng, low=0.0, high=1.0) ** 2
    out = np.zeros(count, dtype=np.float32)
    out[start:] = np.float32(0.3 * params.wash_gain) * noise * fall * (0.3 + 1.4 * flicker)
    return out


def _cascade(params: BreakParameters, count: int, rng: np.random.Generator) -> Samples:
    """Fragments: first the break itself, then the landing of what fell."""
    bank = _fragments(params, rng)
    onsets_s = poisson_onsets(
        start_s=params.lag_s,
        first_rate_hz=params.fragments_hz,
        decay_s=params.cascade_s,
        end_s=params.lag_s + params.lasting_s,
        rng=rng,
    )
    strengths = rng.lognormal(0.0, params.spread, len(onsets_s))
    strengths *= np.exp(-(onsets_s - params.lag_s) / (3.0 * params.cascade_s + 0.1))
    landed = int(rng.poisson(params.landing_fragments)) if params.landing_s > 0.0 else 0
    width_s = 0.1 + 0.3 * params.landing_s
    landing_s = params.landing_s + rng.gamma(1.5, width_s / 1.5, landed)
    landing_s = landing_s[landing_s < params.lasting_s]
    landing = params.landing_gain * rng.lognormal(0.0, params.spread, len(landing_s))
    times_s = np.concatenate([[params.lag_s], onsets_s, params.lag_s + landing_s])
    weights = np.concatenate([[2.0], strengths, landing])
    crowd = max(1.0, float(np.sqrt(params.fragments_hz * params.decay_s)))
    return scatter(bank, times_s, weights * (0.5 / crowd), count, rng)


def _fragments(params: BreakParameters, rng: np.random.Generator) -> Samples:
    """A bank of pieces; small pieces are high, short and soft."""
    pieces = 48 if params.fragments_hz > _CROWD_HZ else 16
    shape = (pieces, params.modes)
    middle = 0.5 * np.log2(params.low_hz * params.high_hz)
    octaves = np.log2(params.high_hz / params.low_hz)
    height = rng.normal(0.0, 0.35, shape)  # (G, M): six of seven modes within the range
    frequencies = 2.0 ** (middle + octaves * height)
    frequencies = np.where(frequencies > HIGHEST_HZ, HIGHEST_HZ**2 / frequencies, frequencies)
    decays = params.decay_s * rng.lognormal(0.0, 0.5, shape) * 2.0 ** (-0.7 * height)
    decays = np.minimum(decays, 4.0 * params.decay_s)
    amplitudes = rng.lognormal(0.0, 0.7, shape) * 2.0 ** (-0.7 * height)
    bank = grain_bank(frequencies, decays, amplitudes / np.sqrt(params.modes), rng)
    click = rng.standard_normal(bank.shape, dtype=np.float32)
    widths = rng.uniform(4.0, 24.0, (pieces, 1)).astype(np.float32)
    bank += np.float32(params.click) * click * np.exp(-np.arange(bank.shape[1]) / widths)
    return bank.astype(np.float32, copy=False)


_FADE_S = 0.03
_CROWD_HZ = 30.0
