"""Notes and how they are played: the common ground of beeps, rings, chimes and sirens."""

from dataclasses import dataclass

import numpy as np

from training.synthesis.modes import grain_bank
from training.synthesis.rendered import SAMPLE_RATE_HZ, Pulse, Samples
from training.synthesis.waves import oscillator, pulse_envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One tone.

    Attributes:
        on_s: when it begins, from the beginning of its sequence.
        length_s: how long it is driven.
        pitch_hz: pitch at its beginning.
        end_hz: pitch at its end; glides in between. None stays at `pitch_hz`.
        gain: linear.
    """

    on_s: float
    length_s: float
    pitch_hz: float
    end_hz: float | None = None
    gain: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Timbre:
    """How notes sound.

    Attributes:
        harmonics: amplitudes of the fundamental, the second harmonic, and so on.
        chord: pitch ratios that sound together, (1.0,) for a single tone.
        chord_gains: amplitude of each, () for equal ones; only of what is struck.
        attack_s: rise to 90 %.
        decay_s: fall by 20 dB after a note ends.
        struck: notes are struck and ring out (chimes): `decay_s` then counts from their onset.
        click: strength of the noise of each strike, relative to the modes.
        tremolo_hz: on-off modulations a second, 0 for none.
    """

    harmonics: tuple[float, ...] = (1.0,)
    chord: tuple[float, ...] = (1.0,)
    chord_gains: tuple[float, ...] = ()
    attack_s: float = 0.005
    decay_s: float = 0.02
    struck: bool = False
    click: float = 0.0
    tremolo_hz: float = 0.0


def play(notes: tuple[Note, ...], timbre: Timbre, count: int, rng: np.random.Generator) -> Samples:
    """Play notes, whose times count from the first sample.

    Args:
        notes: ordered; notes beyond the clip are left out.
        timbre: how.
        count: number of samples.
        rng: phases.

    Returns:
        (count,) float32.
    """
    if timbre.struck:
        return _strike(notes, timbre, count, rng)
    knots_s: list[float] = []
    pitches_hz: list[float] = []
    gains: list[float] = []
    for note in notes:
        knots_s += [note.on_s, note.on_s + note.length_s - 1e-5]
        pitches_hz += [note.pitch_hz, note.end_hz or note.pitch_hz]
        gains += [note.gain, note.gain]
    time_s = np.arange(count) / SAMPLE_RATE_HZ
    pitch_hz = np.interp(time_s, knots_s, pitches_hz)  # (S,)
    # A note rings on at its own pitch: the pitch of a silence is that of the note before it.
    index = np.searchsorted(knots_s, time_s, side="right")
    silent = (index > 0) & (index % 2 == 0)
    pitch_hz[silent] = np.asarray(pitches_hz)[index[silent] - 1]
    envelope = pulse_envelope(
        pulses_of(notes), count, attack_s=timbre.attack_s, decay_s=timbre.decay_s
    )
    envelope *= np.interp(time_s, knots_s, gains).astype(np.float32)
    if timbre.tremolo_hz > 0.0:
        beat = np.sin(2.0 * np.pi * timbre.tremolo_hz * time_s + rng.uniform(0.0, 6.28))
        envelope *= (0.55 + 0.45 * np.tanh(3.0 * beat)).astype(np.float32)
    out = np.zeros(count, dtype=np.float32)
    for ratio in timbre.chord:
        out += oscillator(pitch_hz * ratio, count, timbre.harmonics, float(rng.uniform()))
    return out * envelope / np.float32(len(timbre.chord))


def _strike(
    notes: tuple[Note, ...], timbre: Timbre, count: int, rng: np.random.Generator
) -> Samples:
    out = np.zeros(count, dtype=np.float32)
    orders = np.arange(1, len(timbre.harmonics) + 1)
    gains = timbre.chord_gains or (1.0,) * len(timbre.chord)
    falls = rng.lognormal(0.0, _UNEVEN_DECAYS, len(gains) * len(orders))
    for note in notes:
        start = round(note.on_s * SAMPLE_RATE_HZ)
        if not 0 <= start < count:
            continue
        partials = np.outer(timbre.chord, orders * (1.0 + 0.002 * orders)).reshape(1, -1)
        partials = partials * note.pitch_hz
        strengths = np.outer(gains, timbre.harmonics).reshape(1, -1)
        strengths = np.where(partials < SAMPLE_RATE_HZ / 2.1, strengths, 0.0)
        decays = timbre.decay_s / np.log(10.0) / np.sqrt(partials / note.pitch_hz) * falls
        tone = grain_bank(partials, decays, strengths, rng)[0]
        if timbre.click > 0.0:
            click = rng.standard_normal(len(tone), dtype=np.float32)
            tone += timbre.click * click * np.exp(-np.arange(len(tone), dtype=np.float32) / 24.0)
        tone = note.gain * tone
        tone = tone[: count - start]
        out[start : start + len(tone)] += tone
    return out


def pulses_of(notes: tuple[Note, ...]) -> tuple[Pulse, ...]:
    """On and off times of notes; notes that touch make one pulse."""
    pulses: list[Pulse] = []
    for note in notes:
        off_s = note.on_s + note.length_s
        if pulses and note.on_s - pulses[-1][1] < _TOUCHING_S:
            pulses[-1] = (pulses[-1][0], max(off_s, pulses[-1][1]))
        else:
            pulses.append((note.on_s, off_s))
    return tuple(pulses)


_TOUCHING_S = 0.002

_UNEVEN_DECAYS = 0.4
"""Sigma of the logarithm of how long a partial of a struck thing rings, beside the rule."""


def beeps(*, count: int, length_s: float, gap_s: float, pitch_hz: float) -> tuple[Note, ...]:
    """A row of equal beeps."""
    return tuple(
        Note(on_s=index * (length_s + gap_s), length_s=length_s, pitch_hz=pitch_hz)
        for index in range(count)
    )


def repeated(notes: tuple[Note, ...], period_s: float, times: int) -> tuple[Note, ...]:
    """A sequence played several times."""
    return tuple(
        Note(
            on_s=note.on_s + turn * period_s,
            length_s=note.length_s,
            pitch_hz=note.pitch_hz,
            end_hz=note.end_hz,
            gain=note.gain,
        )
        for turn in range(times)
        for note in notes
    )
