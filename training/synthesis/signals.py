"""Recipes of everyday indoor signals: which notes, in which timbre. `tones.py` plays them."""

import numpy as np

from training.synthesis.notes import Note, Timbre, beeps, repeated
from training.synthesis.waves import log_uniform

Signal = tuple[tuple[Note, ...], Timbre]
"""What a recipe yields."""

_SEMITONES = np.array([0, 2, 4, 5, 7, 9, 11, 12, 14, 16])
_GONG_RATIOS = np.array([1.52, 2.24, 2.73, 3.46, 4.17, 5.39, 6.61])
"""Partials of a shallow gong relative to the first, as in `bell.py`."""

_DTMF_HZ = ((697, 770, 852, 941), (1209, 1336, 1477))


def _electronic(rng: np.random.Generator) -> Timbre:
    """A piezo or a small loudspeaker: anything from a sine to nearly a square wave."""
    square = float(rng.uniform(0.0, 1.0)) ** 2
    harmonics = [1.0] + [square / k if k % 2 else 0.2 * square / k for k in range(2, 10)]
    return Timbre(
        harmonics=tuple(harmonics),
        attack_s=float(rng.uniform(0.002, 0.015)),
        decay_s=float(rng.uniform(0.005, 0.04)),
    )


def microwave(rng: np.random.Generator) -> Signal:
    """Three to five beeps of 0.3 to 1 s at 1 to 2.5 kHz, perhaps once more after a minute."""
    notes = beeps(
        count=int(rng.integers(3, 6)),
        length_s=log_uniform(rng, 0.3, 1.0),
        gap_s=log_uniform(rng, 0.2, 1.0),
        pitch_hz=log_uniform(rng, 1_000.0, 2_500.0),
    )
    return notes, _electronic(rng)


def oven_timer(rng: np.random.Generator) -> Signal:
    """One to three short beeps every second or so, 1.8 to 4.2 kHz."""
    length_s = log_uniform(rng, 0.05, 0.3)
    gap_s = float(rng.uniform(0.5, 1.5)) * length_s
    count = int(rng.integers(1, 4))
    notes = beeps(
        count=count, length_s=length_s, gap_s=gap_s, pitch_hz=log_uniform(rng, 1_800.0, 4_200.0)
    )
    rest_s = float(rng.uniform(0.5, 1.2))
    period_s = count * (length_s + gap_s) + rest_s
    return repeated(notes, period_s, int(rng.integers(2, 12))), _electronic(rng)


def end_melody(rng: np.random.Generator) -> Signal:
    """The tune a washing machine or dryer ends with."""
    base_hz = log_uniform(rng, 500.0, 1_600.0)
    return _tune(rng, base_hz, many=int(rng.integers(4, 16)), beat_s=log_uniform(rng, 0.1, 0.4))


def reversing_beeps(rng: np.random.Generator) -> Signal:
    """A reversing lorry: one beep a second or so, half of it sound, 0.9 to 1.4 kHz."""
    length_s = float(rng.uniform(0.3, 0.42))
    notes = beeps(
        count=int(rng.integers(4, 20)),
        length_s=length_s,
        gap_s=length_s * float(rng.uniform(0.9, 1.3)),
        pitch_hz=log_uniform(rng, 900.0, 1_400.0),
    )
    return notes, _electronic(rng)


def clock_beeps(rng: np.random.Generator) -> Signal:
    """A digital alarm clock: groups of two to five fast beeps each second, 1.5 to 3.2 kHz."""
    count = int(rng.choice((2, 3, 4, 4, 4, 5)))
    length_s = float(rng.uniform(0.04, 0.09))
    gap_s = length_s * float(rng.uniform(0.6, 1.1))
    group = beeps(
        count=count, length_s=length_s, gap_s=gap_s, pitch_hz=log_uniform(rng, 1_500.0, 3_200.0)
    )
    period_s = max(float(rng.uniform(0.8, 1.2)), count * (length_s + gap_s) + 0.2)
    return repeated(group, period_s, int(rng.integers(3, 30))), _electronic(rng)


def clock_bell(rng: np.random.Generator) -> Signal:
    """A wind-up alarm clock: two small bells struck 12 to 22 times a second."""
    return _hammered(rng, low_hz=1_500.0, high_hz=4_000.0, lasting_s=float(rng.uniform(2.0, 10.0)))


def bell_ring(rng: np.random.Generator) -> Signal:
    """A telephone with bells: rings of 1 to 2 s, pauses of 2 to 4 s."""
    ring, timbre = _hammered(
        rng, low_hz=900.0, high_hz=2_200.0, lasting_s=float(rng.uniform(1.0, 2.0))
    )
    return repeated(ring, float(rng.uniform(3.0, 6.0)), int(rng.integers(1, 5))), timbre


def trill(rng: np.random.Generator) -> Signal:
    """An electronic telephone: two pitches in quick turn for about a second, then a pause."""
    low_hz = log_uniform(rng, 700.0, 2_000.0)
    ratio = float(rng.uniform(1.1, 1.4))
    turn_s = float(rng.uniform(0.025, 0.06))
    many = int(float(rng.uniform(0.6, 1.6)) / turn_s)
    notes = tuple(
        Note(on_s=k * turn_s, length_s=turn_s, pitch_hz=low_hz * (ratio if k % 2 else 1.0))
        for k in range(many)
    )
    period_s = many * turn_s + float(rng.uniform(1.0, 4.0))
    return repeated(notes, period_s, int(rng.integers(1, 6))), _electronic(rng)


def ringtone(rng: np.random.Generator) -> Signal:
    """A mobile telephone's tune, over and over."""
    notes, timbre = _tune(
        rng,
        log_uniform(rng, 400.0, 1_400.0),
        many=int(rng.integers(4, 12)),
        beat_s=log_uniform(rng, 0.07, 0.25),
    )
    period_s = notes[-1].on_s + notes[-1].length_s + float(rng.uniform(0.05, 0.8))
    return repeated(notes, period_s, int(rng.integers(1, 6))), timbre


def dialling(rng: np.random.Generator) -> Signal:
    """Dual-tone dialling of some digits, all in one pair of tones (ITU-T Q.23 frequencies)."""
    low_hz = float(rng.choice(_DTMF_HZ[0]))
    high_hz = float(rng.choice(_DTMF_HZ[1]))
    notes = beeps(
        count=int(rng.integers(1, 12)),
        length_s=float(rng.uniform(0.06, 0.2)),
        gap_s=float(rng.uniform(0.04, 0.3)),
        pitch_hz=low_hz,
    )
    return notes, Timbre(chord=(1.0, high_hz / low_hz))


def ding_dong(rng: np.random.Generator) -> Signal:
    """Two struck bars, the second about a third lower."""
    high_hz = log_uniform(rng, 450.0, 1_200.0)
    apart_s = float(rng.uniform(0.25, 0.9))
    notes = (
        Note(on_s=0.0, length_s=apart_s, pitch_hz=high_hz),
        Note(on_s=apart_s, length_s=apart_s, pitch_hz=high_hz / float(rng.uniform(1.15, 1.4))),
    )
    again = int(rng.integers(1, 3))
    return repeated(notes, 2.0 * apart_s + float(rng.uniform(0.3, 1.5)), again), _struck(rng)


def chime(rng: np.random.Generator) -> Signal:
    """A door chime of three to eight struck notes."""
    base_hz = log_uniform(rng, 350.0, 900.0)
    notes, _ = _tune(rng, base_hz, many=int(rng.integers(3, 9)), beat_s=log_uniform(rng, 0.15, 0.6))
    return notes, _struck(rng)


def rung(rng: np.random.Generator) -> Signal:
    """A door bell of metal, hammered for a moment or struck now and then: it rings for seconds."""
    pitch_hz = log_uniform(rng, 400.0, 2_500.0)
    hammered = rng.uniform() < _HAMMERED_SHARE
    turn_s = 1.0 / log_uniform(rng, 6.0, 25.0) if hammered else log_uniform(rng, 0.15, 1.2)
    many = int(rng.integers(3, 40)) if hammered else int(rng.integers(1, 5))
    notes = tuple(
        Note(
            on_s=turn_s * (k + 0.1 * float(rng.uniform(-1.0, 1.0))) + 0.1 * turn_s,
            length_s=0.5 * turn_s,
            pitch_hz=pitch_hz,
            gain=float(rng.uniform(0.5, 1.0)),
        )
        for k in range(many)
    )
    return notes, _gong(rng)


def buzz(rng: np.random.Generator) -> Signal:
    """A door or game buzzer: many harmonics of 50 to 400 Hz, one to three times."""
    harmonics = tuple(float(x) for x in rng.uniform(0.1, 1.0, 40) / np.arange(1, 41) ** 0.5)
    notes = beeps(
        count=int(rng.integers(1, 4)),
        length_s=float(rng.uniform(0.2, 1.5)),
        gap_s=float(rng.uniform(0.1, 0.4)),
        pitch_hz=log_uniform(rng, 50.0, 400.0),
    )
    return notes, Timbre(harmonics=harmonics, attack_s=0.01, decay_s=0.05)


def blips(rng: np.random.Generator) -> Signal:
    """Short sounds of a screen, a toy, a card reader."""
    notes: list[Note] = []
    now_s = 0.0
    for _ in range(int(rng.integers(1, 6))):
        length_s = log_uniform(rng, 0.02, 0.25)
        notes.append(Note(on_s=now_s, length_s=length_s, pitch_hz=log_uniform(rng, 400.0, 4_000.0)))
        now_s += length_s + float(rng.uniform(0.0, 0.15))
    return tuple(notes), _struck(rng) if rng.uniform() < _STRUCK_SHARE else _electronic(rng)


def sweep(rng: np.random.Generator) -> Signal:
    """Gliding sounds of games."""
    start_hz, end_hz = log_uniform(rng, 200.0, 4_000.0), log_uniform(rng, 200.0, 4_000.0)
    note = Note(on_s=0.0, length_s=log_uniform(rng, 0.08, 0.8), pitch_hz=start_hz, end_hz=end_hz)
    period_s = note.length_s + float(rng.uniform(0.02, 0.4))
    return repeated((note,), period_s, int(rng.integers(1, 5))), _electronic(rng)


def _tune(rng: np.random.Generator, base_hz: float, *, many: int, beat_s: float) -> Signal:
    notes: list[Note] = []
    now_s = 0.0
    for step in rng.choice(_SEMITONES, many):
        beats = float(rng.choice((0.5, 1.0, 1.0, 2.0)))
        pitch_hz = base_hz * 2.0 ** (float(step) / 12.0)
        notes.append(Note(on_s=now_s, length_s=0.9 * beats * beat_s, pitch_hz=pitch_hz))
        now_s += beats * beat_s
    return tuple(notes), _electronic(rng)


def _hammered(
    rng: np.random.Generator, *, low_hz: float, high_hz: float, lasting_s: float
) -> Signal:
    """Two bells struck in turn."""
    first_hz = log_uniform(rng, low_hz, high_hz)
    turn_s = 1.0 / float(rng.uniform(12.0, 22.0))
    notes = tuple(
        Note(on_s=k * turn_s, length_s=turn_s, pitch_hz=first_hz * (1.2 if k % 2 else 1.0))
        for k in range(int(lasting_s / turn_s))
    )
    timbre = Timbre(
        harmonics=tuple(float(x) for x in rng.uniform(0.1, 1.0, 3)),
        chord=(1.0, float(rng.uniform(1.4, 2.8))),
        struck=True,
        decay_s=float(rng.uniform(0.15, 0.4)),
    )
    return notes, timbre


def _gong(rng: np.random.Generator) -> Timbre:
    """Some of a gong's partials, none a harmonic of another, dying away over seconds.

    Any of them may be the loudest: the fundamental of a small bell is often hardly heard.
    """
    many = int(rng.integers(2, 7))
    ratios = rng.choice(_GONG_RATIOS, many, replace=False) * rng.uniform(0.95, 1.05, many)
    return Timbre(
        chord=(1.0, *(float(ratio) for ratio in np.sort(ratios))),
        chord_gains=tuple(log_uniform(rng, 0.03, 1.0) for _ in range(many + 1)),
        struck=True,
        click=log_uniform(rng, 0.02, 1.0),
        decay_s=log_uniform(rng, 0.5, 8.0),
    )


def _struck(rng: np.random.Generator) -> Timbre:
    if rng.uniform() < _GONG_SHARE:
        return _gong(rng)
    chord = _bar(rng) if rng.uniform() < _BAR_SHARE else (1.0,)
    return Timbre(
        harmonics=(1.0, float(rng.uniform(0.0, 0.4)), float(rng.uniform(0.0, 0.3))),
        chord=chord,
        chord_gains=tuple(log_uniform(rng, 0.1, 1.0) for _ in chord),
        struck=True,
        click=log_uniform(rng, 0.01, 0.3),
        decay_s=float(rng.uniform(0.4, 2.0)),
    )


def _bar(rng: np.random.Generator) -> tuple[float, ...]:
    """Partials of a struck bar with free ends: 1, 2.76, 5.40 (Euler and Bernoulli)."""
    return tuple(float(ratio * rng.uniform(0.95, 1.05)) for ratio in (1.0, 2.76, 5.40))


_STRUCK_SHARE = 0.4
_GONG_SHARE = 0.4
_HAMMERED_SHARE = 0.5
_BAR_SHARE = 0.5
