"""Breaking and clinking: window glass, crockery, drinking glasses, things that fall.

A breaking pane is heard as a low flex of the pane and its frame, at once followed by a crack and
by a cascade of fragments: hundreds of short inharmonic modes, dense at first, ever fewer, and a
second crowd when the debris lands. The order (low, then high) is what glass-break detectors
look for.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from training.synthesis.modes import grain_bank, poisson_onsets, scatter
from training.synthesis.rendered import Rendered, Samples, Span, at_peak, sample_count
from training.synthesis.waves import band_noise

GLASS_NODES = ("window_glass", "crockery", "clink", "drop")
"""Nodes `draw_glass` can draw; `household.py` has the dishes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakParameters:
    """One breaking, clinking or falling thing.

    Attributes:
        node: ontology node.
        low_hz, high_hz: range of the fragments' modes.
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
    modes: int = 3
    spread: float = 1.0


def draw_glass(rng: np.random.Generator, node: str = "window_glass") -> BreakParameters:
    """Draw the parameters of a break.

    Args:
        rng: source of all choices.
        node: one of GLASS_NODES.

    Raises:
        KeyError: no such node.
    """
    return _DRAW[node](rng)


def draw_crockery(rng: np.random.Generator) -> BreakParameters:
    """A plate, cup or bowl breaking: fewer, lower, shorter modes than glass, 1 to 4 kHz."""
    return BreakParameters(
        node="crockery",
        low_hz=float(rng.uniform(900.0, 1_500.0)),
        high_hz=float(rng.uniform(3_000.0, 4_500.0)),
        decay_s=_log_uniform(rng, 0.004, 0.02),
        fragments_hz=_log_uniform(rng, 80.0, 400.0),
        cascade_s=float(rng.uniform(0.03, 0.12)),
        lasting_s=float(rng.uniform(0.3, 1.0)),
        thud_hz=float(rng.uniform(90.0, 250.0)),
        thud_decay_s=float(rng.uniform(0.01, 0.05)),
        thud_gain=float(rng.uniform(0.2, 1.0)),
        lag_s=0.0,
        crack_gain=float(rng.uniform(0.3, 1.0)),
        crack_s=float(rng.uniform(0.003, 0.012)),
        landing_s=float(rng.uniform(0.1, 0.4)),
        landing_gain=float(rng.uniform(0.2, 0.8)),
        landing_fragments=float(rng.uniform(3.0, 20.0)),
        modes=3,
        spread=float(rng.uniform(0.6, 1.2)),
    )


def render_glass(params: BreakParameters, rng: np.random.Generator) -> Rendered:
    """Render a break; the clip is as long as the sound, which begins at its first sample.

    Args:
        params: from `draw_glass` or `draw_crockery`.
        rng: every fragment's pitch, time and strength.

    Returns:
        The clip with one span over the time in which 99.9 % of the energy has sounded.
    """
    duration_s = params.lag_s + params.lasting_s + 8.0 * params.decay_s + 0.15
    count = sample_count(duration_s)
    samples = _thud(params, count, rng)
    samples += _crack(params, count, rng)
    samples += _cascade(params, count, rng)
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
        start = round(start_s * 16_000)
        part = burst[: count - start]
        out[start : start + len(part)] += np.float32(0.35 * gain * params.crack_gain) * part
        start_s += float(rng.uniform(0.004, 0.04))
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
    octaves = np.log2(params.high_hz / params.low_hz)
    height = rng.beta(1.4, 1.2, shape)  # (G, M), 0 low to 1 high
    frequencies = np.minimum(params.low_hz * 2.0 ** (octaves * height), 7_800.0)
    decays = params.decay_s * rng.lognormal(0.0, 0.5, shape) * (1.3 - 0.6 * height)
    decays = np.minimum(decays, 4.0 * params.decay_s)
    amplitudes = rng.lognormal(0.0, 0.6, shape) * (1.1 - 0.5 * height)
    return grain_bank(frequencies, decays, amplitudes / np.sqrt(params.modes), rng)


_CROWD_HZ = 30.0


def _draw_window(rng: np.random.Generator) -> BreakParameters:
    """A pane: annealed (shards), now and then tempered (thousands of dice)."""
    tempered = rng.uniform() < _TEMPERED_SHARE
    size = float(rng.uniform(0.0, 1.0))  # 0 a small pane, 1 a shop window
    hard_floor = rng.uniform() < _HARD_FLOOR_SHARE
    return BreakParameters(
        node="window_glass",
        low_hz=float(rng.uniform(1_200.0, 2_400.0)) * (1.25 if tempered else 1.0),
        high_hz=float(rng.uniform(6_000.0, 7_800.0)),
        decay_s=_log_uniform(rng, 0.004, 0.012) if tempered else _log_uniform(rng, 0.008, 0.04),
        fragments_hz=_log_uniform(rng, 1_500.0, 5_000.0)
        if tempered
        else _log_uniform(rng, 200.0, 1_800.0),
        cascade_s=float(rng.uniform(0.05, 0.2 + 0.25 * size)),
        lasting_s=float(rng.uniform(0.4, 1.0 + size)),
        thud_hz=float(rng.uniform(60.0, 200.0)) * (1.6 - 0.9 * size),
        thud_decay_s=float(rng.uniform(0.02, 0.12)),
        thud_gain=_log_uniform(rng, 0.05, 1.5),
        lag_s=float(rng.uniform(0.0, 0.03)),
        crack_gain=float(rng.uniform(0.3, 1.5)),
        crack_s=float(rng.uniform(0.004, 0.04)),
        landing_s=float(rng.uniform(0.15, 0.7)),
        landing_gain=float(rng.uniform(0.2, 1.0)) * (1.0 if hard_floor else 0.2),
        landing_fragments=float(rng.uniform(10.0, 80.0 + 150.0 * size)),
        modes=3,
        spread=float(rng.uniform(0.6, 1.3)),
    )


def _draw_clink(rng: np.random.Generator) -> BreakParameters:
    """Two glasses touching, a spoon on a cup: one to three sustained modes, no crowd."""
    low_hz = _log_uniform(rng, 1_200.0, 4_000.0)
    return BreakParameters(
        node="clink",
        low_hz=low_hz,
        high_hz=min(7_600.0, low_hz * float(rng.uniform(1.5, 3.0))),
        decay_s=_log_uniform(rng, 0.03, 0.25),
        fragments_hz=float(rng.uniform(0.0, 3.0)),
        cascade_s=0.3,
        lasting_s=float(rng.uniform(0.2, 0.6)),
        thud_hz=400.0,
        thud_decay_s=0.01,
        thud_gain=float(rng.uniform(0.0, 0.15)),
        lag_s=0.0,
        crack_gain=float(rng.uniform(0.0, 0.2)),
        crack_s=0.001,
        modes=int(rng.integers(1, 4)),
        spread=0.5,
    )


def _draw_drop(rng: np.random.Generator) -> BreakParameters:
    """Something unbreakable falls and bounces: body modes, a few dull hits."""
    low_hz = _log_uniform(rng, 200.0, 1_200.0)
    return BreakParameters(
        node="drop",
        low_hz=low_hz,
        high_hz=low_hz * float(rng.uniform(2.0, 4.0)),
        decay_s=_log_uniform(rng, 0.004, 0.03),
        fragments_hz=float(rng.uniform(5.0, 20.0)),
        cascade_s=float(rng.uniform(0.1, 0.3)),
        lasting_s=float(rng.uniform(0.3, 1.0)),
        thud_hz=float(rng.uniform(60.0, 200.0)),
        thud_decay_s=float(rng.uniform(0.02, 0.08)),
        thud_gain=float(rng.uniform(0.5, 2.0)),
        lag_s=0.0,
        crack_gain=float(rng.uniform(0.1, 0.8)),
        crack_s=float(rng.uniform(0.001, 0.006)),
        modes=3,
        spread=0.6,
    )


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


_TEMPERED_SHARE = 0.25
_HARD_FLOOR_SHARE = 0.6

_DRAW: dict[str, Callable[[np.random.Generator], BreakParameters]] = {
    "window_glass": _draw_window,
    "crockery": draw_crockery,
    "clink": _draw_clink,
    "drop": _draw_drop,
}
