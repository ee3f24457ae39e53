"""Sounds that flow: room noise, fans, a vacuum cleaner, running water."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from training.synthesis.modes import grain_bank, scatter
from training.synthesis.rendered import (
    SAMPLE_RATE_HZ,
    Rendered,
    Samples,
    Span,
    at_peak,
    sample_count,
)
from training.synthesis.waves import oscillator, shaped_noise, smooth_random


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowParameters:
    """A steady noise, perhaps with a motor in it, perhaps bubbling.

    Attributes:
        node: ontology node; None for the noise of an empty room, which is no event.
        slope_db_per_octave: of the noise: 0 white, -3 pink, -6 brown.
        low_hz, high_hz: band of the noise (12 dB an octave outside).
        peak_hz: broad resonance of housing or basin, 0 for none.
        hum_hz: motor or mains pitch, 0 for none.
        hum_gain: strength of hum relative to noise.
        wander: slow relative changes of level, 0 to 0.5.
        bubbles_hz: bubbles or drops a second, 0 for none.
        bubble_gain: strength of a bubble relative to noise.
    """

    node: str | None
    slope_db_per_octave: float
    low_hz: float
    high_hz: float
    peak_hz: float = 0.0
    hum_hz: float = 0.0
    hum_gain: float = 0.0
    wander: float = 0.1
    bubbles_hz: float = 0.0
    bubble_gain: float = 0.0


def draw_flow(rng: np.random.Generator, node: str | None) -> FlowParameters:
    """Draw a flow.

    Args:
        rng: source of all choices.
        node: one of FLOW_NODES, or None for room noise.

    Raises:
        KeyError: no such node.
    """
    return _DRAW[node](rng)


def render_flow(params: FlowParameters, duration_s: float, rng: np.random.Generator) -> Rendered:
    """Render a flow that fills a clip.

    Args:
        params: from `draw_flow`.
        duration_s: length of the clip.
        rng: noise and bubbles.

    Returns:
        The clip with one span over all of it, or none for room noise.
    """
    count = sample_count(duration_s)
    frequencies = np.fft.rfftfreq(count, 1.0 / SAMPLE_RATE_HZ)
    audible = np.maximum(frequencies, 20.0)
    magnitude = (audible / 1_000.0) ** (params.slope_db_per_octave / 6.0206)
    magnitude /= 1.0 + (params.low_hz / audible) ** 2
    magnitude /= 1.0 + (audible / params.high_hz) ** 2
    if params.peak_hz > 0.0:
        octaves = np.log2(audible / params.peak_hz)
        magnitude *= 1.0 + 2.0 * np.exp(-((octaves / 0.4) ** 2))
    samples = shaped_noise(count, magnitude, rng)
    samples *= 1.0 + smooth_random(count, 1.5, rng, low=-params.wander, high=params.wander)
    samples += _hum(params, count, rng)
    samples += _bubbles(params, count, rng)
    spans: tuple[Span, ...] = ()
    if params.node is not None:
        spans = (Span(node=params.node, onset_s=0.0, offset_s=count / SAMPLE_RATE_HZ),)
    return Rendered(samples=at_peak(samples), spans=spans)


def _hum(params: FlowParameters, count: int, rng: np.random.Generator) -> Samples:
    if params.hum_hz <= 0.0:
        return np.zeros(count, dtype=np.float32)
    pitch_hz = params.hum_hz * (1.0 + smooth_random(count, 2.0, rng, low=-0.003, high=0.003))
    harmonics = rng.uniform(0.2, 1.0, 24) / np.arange(1, 25)
    hum = oscillator(pitch_hz, count, harmonics.tolist(), float(rng.uniform()))
    return hum * np.float32(params.hum_gain / max(float(hum.std()), 1e-6))


def _bubbles(params: FlowParameters, count: int, rng: np.random.Generator) -> Samples:
    """A bubble is a short rising mode; a steady one is near enough in a crowd."""
    if params.bubbles_hz <= 0.0:
        return np.zeros(count, dtype=np.float32)
    pitches_hz = np.exp(rng.uniform(np.log(400.0), np.log(4_000.0), (32, 1)))
    bank = grain_bank(pitches_hz, 6.0 / pitches_hz, np.ones((32, 1)), rng)
    many = int(rng.poisson(params.bubbles_hz * count / SAMPLE_RATE_HZ))
    onsets_s = rng.uniform(0.0, count / SAMPLE_RATE_HZ, many)
    strengths = params.bubble_gain * rng.lognormal(0.0, 0.7, many)
    return scatter(bank, onsets_s, strengths, count, rng)


def _room(rng: np.random.Generator) -> FlowParameters:
    """An empty room: pink to brown, at times with mains hum or a distant fan."""
    humming = rng.uniform() < _HUM_SHARE
    return FlowParameters(
        node=None,
        slope_db_per_octave=float(rng.uniform(-7.0, -1.0)),
        low_hz=float(rng.uniform(20.0, 120.0)),
        high_hz=float(rng.uniform(3_000.0, 12_000.0)),
        peak_hz=float(rng.choice((0.0, rng.uniform(100.0, 1_000.0)))),
        hum_hz=float(rng.choice((50.0, 60.0, 100.0, 120.0))) if humming else 0.0,
        hum_gain=float(rng.uniform(0.1, 1.0)),
        wander=float(rng.uniform(0.0, 0.2)),
    )


def _air_conditioner(rng: np.random.Generator) -> FlowParameters:
    """A fan: broad noise with the hum of its blades."""
    return FlowParameters(
        node="air_conditioner",
        slope_db_per_octave=float(rng.uniform(-6.0, -3.0)),
        low_hz=60.0,
        high_hz=float(rng.uniform(1_500.0, 5_000.0)),
        peak_hz=float(rng.uniform(150.0, 800.0)),
        hum_hz=float(rng.uniform(50.0, 250.0)),
        hum_gain=float(rng.uniform(0.1, 0.7)),
        wander=0.1,
    )


def _vacuum_cleaner(rng: np.random.Generator) -> FlowParameters:
    """A universal motor's whine in rushing air."""
    return FlowParameters(
        node="vacuum_cleaner",
        slope_db_per_octave=float(rng.uniform(-4.0, -1.0)),
        low_hz=150.0,
        high_hz=float(rng.uniform(3_000.0, 8_000.0)),
        peak_hz=float(rng.uniform(500.0, 2_500.0)),
        hum_hz=float(rng.uniform(250.0, 700.0)),
        hum_gain=float(rng.uniform(0.2, 0.9)),
        wander=0.15,
    )


def _tap(rng: np.random.Generator) -> FlowParameters:
    """Water running into a basin: a hiss with a crowd of bubbles."""
    return FlowParameters(
        node="tap",
        slope_db_per_octave=float(rng.uniform(-3.0, 1.0)),
        low_hz=float(rng.uniform(200.0, 1_000.0)),
        high_hz=float(rng.uniform(4_000.0, 8_000.0)),
        peak_hz=float(rng.uniform(800.0, 4_000.0)),
        wander=float(rng.uniform(0.05, 0.3)),
        bubbles_hz=float(rng.uniform(40.0, 400.0)),
        bubble_gain=float(rng.uniform(0.5, 2.0)),
    )


_HUM_SHARE = 0.5

_DRAW: dict[str | None, Callable[[np.random.Generator], FlowParameters]] = {
    None: _room,
    "air_conditioner": _air_conditioner,
    "vacuum_cleaner": _vacuum_cleaner,
    "tap": _tap,
}

FLOW_NODES = tuple(node for node in _DRAW if node is not None)
"""Nodes `draw_flow` can draw."""
