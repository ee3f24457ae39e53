"""Breaking and clinking: window glass, crockery, drinking glasses, things that fall.

The ranges were chosen from spectrograms of breaking glass; `breaking.py` renders them.
"""

from collections.abc import Callable

import numpy as np

from training.synthesis.breaking import BreakParameters
from training.synthesis.waves import log_uniform

GLASS_NODES = ("window_glass", "crockery", "clink", "drop")
"""Nodes `draw_glass` can draw; `household.py` has the dishes."""


def draw_glass(rng: np.random.Generator, node: str) -> BreakParameters:
    """Draw the parameters of a break.

    Args:
        rng: source of all choices.
        node: one of GLASS_NODES.

    Raises:
        KeyError: no such node.
    """
    return _DRAW[node](rng)


def _draw_crockery(rng: np.random.Generator) -> BreakParameters:
    """A plate, cup or bowl breaking: fewer, lower, shorter modes than glass, 1 to 4 kHz."""
    return BreakParameters(
        node="crockery",
        low_hz=float(rng.uniform(900.0, 1_500.0)),
        high_hz=float(rng.uniform(3_000.0, 4_500.0)),
        decay_s=log_uniform(rng, 0.004, 0.02),
        fragments_hz=log_uniform(rng, 80.0, 400.0),
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


def _draw_window(rng: np.random.Generator) -> BreakParameters:
    """A pane: annealed (shards), now and then tempered (thousands of dice)."""
    tempered = rng.uniform() < _TEMPERED_SHARE
    size = float(rng.uniform(0.0, 1.0))  # 0 a small pane, 1 a shop window
    hard_floor = rng.uniform() < _HARD_FLOOR_SHARE
    return BreakParameters(
        node="window_glass",
        low_hz=log_uniform(rng, 900.0, 2_400.0) * (1.25 if tempered else 1.0),
        high_hz=float(rng.uniform(6_500.0, 9_500.0)),
        decay_s=log_uniform(rng, 0.004, 0.012) if tempered else log_uniform(rng, 0.006, 0.035),
        fragments_hz=log_uniform(rng, 1_500.0, 5_000.0)
        if tempered
        else log_uniform(rng, 100.0, 1_800.0),
        cascade_s=log_uniform(rng, 0.04, 0.15 + 0.2 * size),
        lasting_s=float(rng.uniform(0.4, 1.0 + size)),
        thud_hz=float(rng.uniform(60.0, 200.0)) * (1.6 - 0.9 * size),
        thud_decay_s=float(rng.uniform(0.02, 0.12)),
        thud_gain=log_uniform(rng, 0.05, 1.5),
        lag_s=float(rng.uniform(0.0, 0.03)),
        crack_gain=log_uniform(rng, 0.4, 2.5),
        crack_s=log_uniform(rng, 0.004, 0.05),
        landing_s=float(rng.uniform(0.15, 0.7)),
        landing_gain=log_uniform(rng, 0.08, 0.6) * (1.0 if hard_floor else 0.3),
        landing_fragments=float(rng.uniform(10.0, 80.0 + 150.0 * size)),
        wash_gain=log_uniform(rng, 0.1, 1.5),
        wash_s=log_uniform(rng, 0.04, 0.3),
        click=float(rng.uniform(0.1, 1.0)),
        modes=int(rng.integers(2, 6)),
        spread=float(rng.uniform(0.6, 1.3)),
    )


def _draw_clink(rng: np.random.Generator) -> BreakParameters:
    """Two glasses touching, a spoon on a cup: one to three sustained modes, no crowd."""
    low_hz = log_uniform(rng, 1_200.0, 4_000.0)
    return BreakParameters(
        node="clink",
        low_hz=low_hz,
        high_hz=min(7_600.0, low_hz * float(rng.uniform(1.5, 3.0))),
        decay_s=log_uniform(rng, 0.03, 0.25),
        fragments_hz=float(rng.uniform(0.0, 3.0)),
        cascade_s=0.3,
        lasting_s=float(rng.uniform(0.2, 0.6)),
        thud_hz=400.0,
        thud_decay_s=0.01,
        thud_gain=float(rng.uniform(0.0, 0.15)),
        lag_s=0.0,
        crack_gain=float(rng.uniform(0.0, 0.2)),
        crack_s=0.001,
        click=float(rng.uniform(0.0, 0.3)),
        modes=int(rng.integers(1, 4)),
        spread=0.5,
    )


def _draw_drop(rng: np.random.Generator) -> BreakParameters:
    """Something unbreakable falls and bounces: body modes, a few dull hits."""
    low_hz = log_uniform(rng, 200.0, 1_200.0)
    return BreakParameters(
        node="drop",
        low_hz=low_hz,
        high_hz=low_hz * float(rng.uniform(2.0, 4.0)),
        decay_s=log_uniform(rng, 0.004, 0.03),
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


_TEMPERED_SHARE = 0.25
_HARD_FLOOR_SHARE = 0.6

_DRAW: dict[str, Callable[[np.random.Generator], BreakParameters]] = {
    "window_glass": _draw_window,
    "crockery": _draw_crockery,
    "clink": _draw_clink,
    "drop": _draw_drop,
}
