"""Recipes of horns and sirens, mostly outdoors. `tones.py` plays them."""

import numpy as np

from training.synthesis.notes import Note, Timbre, beeps, repeated
from training.synthesis.signals import Signal
from training.synthesis.waves import log_uniform


def wail(rng: np.random.Generator) -> Signal:
    """An emergency vehicle's slow wail, 3 to 8 s up and down between 500 and 1700 Hz."""
    return _glides(rng, period_s=float(rng.uniform(3.0, 8.0)))


def yelp(rng: np.random.Generator) -> Signal:
    """The fast sibling of the wail, 2 to 5 times a second."""
    return _glides(rng, period_s=1.0 / float(rng.uniform(2.0, 5.0)))


def two_tone(rng: np.random.Generator) -> Signal:
    """A European hi-lo horn: two tones a fourth apart, in turn."""
    low_hz = log_uniform(rng, 360.0, 700.0)
    turn_s = float(rng.uniform(0.35, 0.9))
    notes = tuple(
        Note(on_s=k * turn_s, length_s=turn_s, pitch_hz=low_hz * (1.33 if k % 2 else 1.0))
        for k in range(int(rng.integers(8, 30)))
    )
    return notes, _brass(rng)


def car_alarm(rng: np.random.Generator) -> Signal:
    """A car alarm's siren: several fast patterns, one after the other."""
    first, timbre = _glides(rng, period_s=float(rng.uniform(0.15, 0.6)))
    return first, timbre


def honking(rng: np.random.Generator) -> Signal:
    """An alarm that sounds the car's horn on and off."""
    length_s = float(rng.uniform(0.25, 0.44))
    notes = beeps(
        count=int(rng.integers(6, 30)),
        length_s=length_s,
        gap_s=length_s * float(rng.uniform(0.7, 1.3)),
        pitch_hz=log_uniform(rng, 330.0, 480.0),
    )
    return notes, _brass(rng)


def horn(rng: np.random.Generator) -> Signal:
    """A driver's honks."""
    notes: list[Note] = []
    now_s = 0.0
    pitch_hz = log_uniform(rng, 330.0, 480.0)
    for _ in range(int(rng.integers(1, 5))):
        length_s = log_uniform(rng, 0.12, 2.0)
        notes.append(Note(on_s=now_s, length_s=length_s, pitch_hz=pitch_hz))
        now_s += length_s + log_uniform(rng, 0.1, 0.8)
    return tuple(notes), _brass(rng)


def _glides(rng: np.random.Generator, *, period_s: float) -> Signal:
    low_hz = log_uniform(rng, 450.0, 900.0)
    high_hz = low_hz * float(rng.uniform(1.6, 2.6))
    rise = float(rng.uniform(0.2, 0.8))
    notes = (
        Note(on_s=0.0, length_s=rise * period_s, pitch_hz=low_hz, end_hz=high_hz),
        Note(
            on_s=rise * period_s,
            length_s=(1.0 - rise) * period_s,
            pitch_hz=high_hz,
            end_hz=low_hz,
        ),
    )
    times = int(float(rng.uniform(6.0, 20.0)) / period_s) + 1
    return repeated(notes, period_s, times), _brass(rng)


def _brass(rng: np.random.Generator) -> Timbre:
    """A horn or horn loudspeaker: many harmonics; two detuned reeds at times."""
    harmonics = tuple(float(x) for x in rng.uniform(0.3, 1.0, 14) / np.arange(1, 15) ** 0.7)
    chord = (1.0, float(rng.uniform(1.19, 1.27))) if rng.uniform() < _TWO_REEDS else (1.0,)
    return Timbre(harmonics=harmonics, chord=chord, attack_s=0.03, decay_s=0.08)


_TWO_REEDS = 0.5
