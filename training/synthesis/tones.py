"""Tones that are not life-safety alarms: beeps, rings, chimes, horns and sirens.

They are the hard negatives and the relatives of alarms. Their timing differs from T3 and T4 by
construction: a draw whose pulses would pass for either is thrown away and drawn anew.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from training.synthesis import horns, signals
from training.synthesis.cadence import T3, T4, matches
from training.synthesis.notes import Note, Timbre, play, pulses_of
from training.synthesis.rendered import SAMPLE_RATE_HZ, Rendered, Span, at_peak, sample_count

_WIDER = 0.15
"""Timing within this of T3 or T4 is not drawn: a margin beyond the 10 % of the standard."""

_Recipe = Callable[[np.random.Generator], tuple[tuple[Note, ...], Timbre]]

_RECIPES: dict[str, tuple[_Recipe, ...]] = {
    "timer_beep": (
        signals.microwave,
        signals.oven_timer,
        signals.end_melody,
        signals.reversing_beeps,
    ),
    "alarm_clock": (signals.clock_beeps, signals.clock_bell),
    "phone": (signals.bell_ring, signals.trill, signals.ringtone, signals.dialling),
    "doorbell": (signals.ding_dong, signals.chime, signals.rung),
    "buzzer": (signals.buzz,),
    "siren": (horns.wail, horns.yelp, horns.two_tone),
    "vehicle_alarm": (horns.car_alarm, horns.honking),
    "car_horn": (horns.horn,),
    "interface_sound": (signals.blips, signals.sweep),
}

TONE_NODES = tuple(_RECIPES)
"""Nodes `draw_tone` can draw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToneParameters:
    """One signal as heard in one clip.

    Attributes:
        node: ontology node.
        notes: all its notes, from its beginning.
        timbre: how they sound.
        lead_fraction: silence before it, as a fraction of the clip.
        skip_s: how much of it went by before the clip begins; only without a lead.
    """

    node: str
    notes: tuple[Note, ...]
    timbre: Timbre
    lead_fraction: float
    skip_s: float


def draw_tone(rng: np.random.Generator, node: str) -> ToneParameters:
    """Draw the parameters of a signal.

    Args:
        rng: source of all choices.
        node: one of TONE_NODES.

    Returns:
        Parameters for `render_tone`; their pulses match neither T3 nor T4.

    Raises:
        KeyError: no such node.
    """
    recipes = _RECIPES[node]
    recipe = recipes[int(rng.integers(len(recipes)))]
    notes, timbre = recipe(rng)
    while _passes_for_alarm(notes):
        notes, timbre = recipe(rng)
    leading = rng.uniform() < _LEAD_SHARE
    end_s = notes[-1].on_s + notes[-1].length_s
    return ToneParameters(
        node=node,
        notes=notes,
        timbre=timbre,
        lead_fraction=float(rng.uniform(0.0, 0.7)) if leading else 0.0,
        skip_s=0.0 if leading else float(rng.uniform(0.0, 0.5 * end_s)),
    )


def render_tone(params: ToneParameters, duration_s: float, rng: np.random.Generator) -> Rendered:
    """Render a signal into a clip.

    Args:
        params: from `draw_tone`.
        duration_s: length of the clip.
        rng: phases.

    Returns:
        The clip, one span from the first to the last audible moment, and the pulses. What the
        edges of the clip leave of a signal may by chance look like anything, as in life.
    """
    count = sample_count(duration_s)
    end_s = count / SAMPLE_RATE_HZ
    start_s = min(params.lead_fraction * end_s, max(0.0, end_s - _LEAST_S)) - params.skip_s
    notes = _cut(params.notes, start_s, end_s) or _cut(params.notes, 0.0, end_s)
    samples = play(notes, params.timbre, count, rng)
    ring_s = params.timbre.decay_s
    pulses = tuple((on_s, min(off_s, end_s)) for on_s, off_s in pulses_of(notes))
    offset_s = max(
        min(end_s, note.on_s + (ring_s if params.timbre.struck else note.length_s))
        for note in notes
    )
    span = Span(node=params.node, onset_s=notes[0].on_s, offset_s=offset_s)
    return Rendered(samples=at_peak(samples), spans=(span,), pulses=pulses)


def _cut(notes: tuple[Note, ...], start_s: float, end_s: float) -> tuple[Note, ...]:
    """Notes moved by a start and cut to [0, end_s); too short rests of notes are dropped."""
    kept: list[Note] = []
    for note in notes:
        on_s = note.on_s + start_s
        off_s = min(on_s + note.length_s, end_s)
        on_s = max(on_s, 0.0)
        if off_s - on_s >= min(_LEAST_S, note.length_s) - _ROUNDING_S:
            kept.append(
                Note(
                    on_s=on_s,
                    length_s=off_s - on_s,
                    pitch_hz=note.pitch_hz,
                    end_hz=note.end_hz,
                    gain=note.gain,
                )
            )
    return tuple(kept)


def _passes_for_alarm(notes: tuple[Note, ...]) -> bool:
    pulses = pulses_of(notes)
    return matches(pulses, T3, _WIDER) or matches(pulses, T4, _WIDER)


_LEAST_S = 0.03
_ROUNDING_S = 1e-9
_LEAD_SHARE = 0.6
