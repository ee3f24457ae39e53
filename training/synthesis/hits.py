"""Sounds that are a row of hits: dishes, footsteps, knocks, thumps, a slamming door."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from training.synthesis.modes import grain_bank, scatter
from training.synthesis.rendered import (
    SAMPLE_RATE_HZ,
    Pulse,
    Rendered,
    Span,
    at_peak,
    sample_count,
)
from training.synthesis.waves import log_uniform


@dataclass(frozen=True, slots=True, kw_only=True)
class HitsParameters:
    """A row of hits on things of one kind.

    Attributes:
        node: ontology node.
        interval_s: mean time between hits.
        irregularity: 0 as regular as a clock, 1 as random as rain.
        times: hits in a row; after that a rest.
        rest_s: mean rest between rows, 0 for one row only.
        low_hz, high_hz: range of the modes.
        decay_s: typical time constant of a mode.
        click: strength of the noise of contact, relative to the modes.
        click_s: its time constant.
        pieces: different things that are hit.
        spread: how unequal hits are (sigma of the logarithm).
        lead_fraction: silence before, as a fraction of the clip.
    """

    node: str
    interval_s: float
    irregularity: float
    times: int
    rest_s: float
    low_hz: float
    high_hz: float
    decay_s: float
    click: float
    click_s: float
    pieces: int
    spread: float
    lead_fraction: float


def draw_hits(rng: np.random.Generator, node: str) -> HitsParameters:
    """Draw a row of hits.

    Args:
        rng: source of all choices.
        node: one of HIT_NODES.

    Raises:
        KeyError: no such node.
    """
    return _DRAW[node](rng)


def render_hits(params: HitsParameters, duration_s: float, rng: np.random.Generator) -> Rendered:
    """Render a row of hits into a clip.

    Args:
        params: from `draw_hits`.
        duration_s: length of the clip.
        rng: times, strengths and modes of the hits.

    Returns:
        The clip, one span from the first hit to the end of the last, and the hits as pulses.
    """
    count = sample_count(duration_s)
    end_s = count / SAMPLE_RATE_HZ
    onsets_s = _onsets(params, min(params.lead_fraction * end_s, end_s - 0.05), end_s, rng)
    octaves = np.log2(params.high_hz / params.low_hz)
    shape = (params.pieces, 4)
    frequencies = params.low_hz * 2.0 ** (octaves * np.sort(rng.uniform(size=shape), axis=1))
    decays = params.decay_s * rng.lognormal(0.0, 0.4, shape)
    bank = grain_bank(np.minimum(frequencies, 7_800.0), decays, rng.uniform(0.2, 1.0, shape), rng)
    click = rng.standard_normal(bank.shape, dtype=np.float32)
    click *= np.exp(-np.arange(bank.shape[1]) / (params.click_s * SAMPLE_RATE_HZ))
    bank += np.float32(params.click) * click
    strengths = rng.lognormal(0.0, params.spread, len(onsets_s))
    samples = at_peak(scatter(bank, onsets_s, strengths, count, rng))
    ringing_s = 3.0 * params.decay_s + 3.0 * params.click_s
    pulses: tuple[Pulse, ...] = tuple(
        (float(on_s), min(end_s, float(on_s) + ringing_s)) for on_s in onsets_s
    )
    span = Span(node=params.node, onset_s=pulses[0][0], offset_s=pulses[-1][1])
    return Rendered(samples=samples, spans=(span,), pulses=pulses)


def _onsets(
    params: HitsParameters, start_s: float, end_s: float, rng: np.random.Generator
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    onsets: list[float] = []
    now_s = start_s
    while now_s < end_s and (not onsets or params.rest_s > 0.0):
        for _ in range(params.times):
            if now_s < end_s:
                onsets.append(now_s)
            regular = 1.0 + params.irregularity * (float(rng.exponential()) - 1.0)
            now_s += params.interval_s * max(0.08, regular)
        now_s += params.rest_s * float(rng.uniform(0.5, 1.5))
    return np.array(onsets)


def _lead(rng: np.random.Generator) -> float:
    return float(rng.uniform(0.0, 0.7))


def _dishes(rng: np.random.Generator) -> HitsParameters:
    """Plates, cups and cutlery being put away: clinks and clatter without end."""
    low_hz = log_uniform(rng, 700.0, 2_000.0)
    return HitsParameters(
        node="dishes",
        interval_s=log_uniform(rng, 0.06, 0.35),
        irregularity=float(rng.uniform(0.6, 1.0)),
        times=int(rng.integers(2, 12)),
        rest_s=float(rng.uniform(0.2, 1.2)),
        low_hz=low_hz,
        high_hz=low_hz * float(rng.uniform(2.0, 4.5)),
        decay_s=log_uniform(rng, 0.01, 0.06),
        click=float(rng.uniform(0.1, 0.6)),
        click_s=0.002,
        pieces=int(rng.integers(3, 10)),
        spread=float(rng.uniform(0.4, 1.0)),
        lead_fraction=_lead(rng),
    )


def _footsteps(rng: np.random.Generator) -> HitsParameters:
    return HitsParameters(
        node="footsteps",
        interval_s=float(rng.uniform(0.35, 0.8)),
        irregularity=float(rng.uniform(0.02, 0.12)),
        times=int(rng.integers(4, 20)),
        rest_s=0.0,
        low_hz=float(rng.uniform(60.0, 150.0)),
        high_hz=log_uniform(rng, 300.0, 1_500.0),
        decay_s=float(rng.uniform(0.008, 0.03)),
        click=float(rng.uniform(0.1, 0.8)),
        click_s=float(rng.uniform(0.003, 0.02)),
        pieces=4,
        spread=0.3,
        lead_fraction=_lead(rng),
    )


def _knock(rng: np.random.Generator) -> HitsParameters:
    return HitsParameters(
        node="knock",
        interval_s=float(rng.uniform(0.12, 0.4)),
        irregularity=float(rng.uniform(0.02, 0.2)),
        times=int(rng.integers(2, 7)),
        rest_s=float(rng.choice((0.0, 1.5))),
        low_hz=float(rng.uniform(120.0, 300.0)),
        high_hz=log_uniform(rng, 500.0, 1_500.0),
        decay_s=float(rng.uniform(0.008, 0.03)),
        click=float(rng.uniform(0.05, 0.5)),
        click_s=0.002,
        pieces=2,
        spread=0.25,
        lead_fraction=_lead(rng),
    )


def _thump(rng: np.random.Generator) -> HitsParameters:
    return HitsParameters(
        node="thump",
        interval_s=float(rng.uniform(0.3, 1.0)),
        irregularity=0.5,
        times=int(rng.integers(1, 3)),
        rest_s=0.0,
        low_hz=float(rng.uniform(35.0, 80.0)),
        high_hz=float(rng.uniform(120.0, 300.0)),
        decay_s=float(rng.uniform(0.02, 0.09)),
        click=float(rng.uniform(0.0, 0.15)),
        click_s=float(rng.uniform(0.002, 0.01)),
        pieces=2,
        spread=0.4,
        lead_fraction=_lead(rng),
    )


def _slam(rng: np.random.Generator) -> HitsParameters:
    """A door: the latch, then the leaf in its frame."""
    return HitsParameters(
        node="slam",
        interval_s=float(rng.uniform(0.01, 0.06)),
        irregularity=0.3,
        times=int(rng.integers(1, 4)),
        rest_s=0.0,
        low_hz=float(rng.uniform(50.0, 120.0)),
        high_hz=log_uniform(rng, 400.0, 2_000.0),
        decay_s=float(rng.uniform(0.02, 0.08)),
        click=float(rng.uniform(0.3, 1.0)),
        click_s=float(rng.uniform(0.005, 0.03)),
        pieces=3,
        spread=0.6,
        lead_fraction=_lead(rng),
    )


_DRAW: dict[str, Callable[[np.random.Generator], HitsParameters]] = {
    "dishes": _dishes,
    "footsteps": _footsteps,
    "knock": _knock,
    "thump": _thump,
    "slam": _slam,
}

HIT_NODES = tuple(_DRAW)
"""Nodes `draw_hits` can draw."""
