"""Tone makers of alarms: piezo discs, horns, loudspeakers with a 520 Hz square wave."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.synthesis.rendered import SAMPLE_RATE_HZ, Pulse, Samples
from training.synthesis.waves import log_uniform, oscillator, pulse_envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class Sounder:
    """One tone and how it rings.

    Attributes:
        pitch_hz: fundamental.
        harmonics: amplitude of the fundamental, the second harmonic, and so on.
        attack_s: ring-up to 90 %, 0.002 to 0.02.
        decay_s: fall by 20 dB after a pulse, 0.005 to 0.05.
        detune_hz: distance of a second sounder driven together with it; 0 for none. The two beat.
        sweep_hz: sweeps of the pitch a second; 0 for a steady tone.
        sweep_depth: relative pitch range of a sweep.
        sweep_saw: whether the sweep is a saw, not a triangle.
        sweep_falling: whether a saw falls instead of rising.
        sweep_steps: whether it is no sweep but two pitches in turn.
        glide: relative pitch error at the beginning of a pulse, gone after some 50 ms.
        tremolo_hz: on-off modulations a second of fast-modulated horns; 0 for none.
        tremolo_depth: 0 to 1.
    """

    pitch_hz: float
    harmonics: tuple[float, ...]
    attack_s: float
    decay_s: float
    detune_hz: float = 0.0
    sweep_hz: float = 0.0
    sweep_depth: float = 0.0
    sweep_saw: bool = False
    sweep_falling: bool = False
    sweep_steps: bool = False
    glide: float = 0.0
    tremolo_hz: float = 0.0
    tremolo_depth: float = 0.0


def sound(
    sounder: Sounder, pulses: Sequence[Pulse], count: int, rng: np.random.Generator
) -> Samples:
    """Drive a sounder by pulses.

    Args:
        sounder: the tone.
        pulses: on and off times in seconds.
        count: number of samples.
        rng: phases of the oscillators.

    Returns:
        (count,) float32, peak about 1.
    """
    phases = rng.uniform(size=4)
    envelope = pulse_envelope(pulses, count, attack_s=sounder.attack_s, decay_s=sounder.decay_s)
    time_s = np.arange(count, dtype=np.float32) / SAMPLE_RATE_HZ
    pitch_hz: Samples | float = sounder.pitch_hz
    if sounder.sweep_hz > 0.0:
        turn = (time_s * sounder.sweep_hz + phases[2]) % 1.0
        turn = 1.0 - turn if sounder.sweep_falling else turn
        swept = turn if sounder.sweep_saw else 1.0 - np.abs(2.0 * turn - 1.0)
        if sounder.sweep_steps:
            swept = np.round(turn)
        pitch_hz = (sounder.pitch_hz * (1.0 + sounder.sweep_depth * (swept - 0.5))).astype(
            np.float32
        )
    if sounder.glide != 0.0:
        pitch_hz = pitch_hz * (1.0 + sounder.glide * _since_onset(pulses, count))
    tone = oscillator(pitch_hz, count, sounder.harmonics, float(phases[0]))
    if sounder.detune_hz > 0.0:
        second = oscillator(
            pitch_hz + sounder.detune_hz, count, sounder.harmonics, float(phases[1])
        )
        tone = 0.5 * (tone + second)
    if sounder.tremolo_hz > 0.0:
        beat = np.sin(2.0 * np.pi * (sounder.tremolo_hz * time_s + np.float32(phases[3])))
        gate = 0.5 + 0.5 * np.tanh(4.0 * beat)
        envelope *= (1.0 - sounder.tremolo_depth * gate).astype(np.float32)
    return (tone * envelope).astype(np.float32)


def _since_onset(pulses: Sequence[Pulse], count: int) -> Samples:
    """(count,) 1 at the onset of each pulse, falling with a time constant of 20 ms."""
    out = np.zeros(count, dtype=np.float32)
    fall = np.exp(-np.arange(round(0.15 * SAMPLE_RATE_HZ), dtype=np.float32) / 320.0)
    for on_s, _ in pulses:
        start = round(on_s * SAMPLE_RATE_HZ)
        part = fall[: max(0, count - start)]
        out[start : start + len(part)] = part
    return out


def draw_piezo(rng: np.random.Generator) -> Sounder:
    """A piezo disc: mostly 2.8 to 3.6 kHz, else 1 to 4.5 kHz; at times a lower, richer horn."""
    if rng.uniform() < _USUAL_SHARE:
        pitch_hz = float(rng.uniform(2_800.0, 3_600.0))
    else:
        pitch_hz = log_uniform(rng, 1_000.0, 4_500.0)
    second, third = rng.uniform(0.0, 0.5) ** 2 * 2.0, rng.uniform(0.0, 0.4) ** 2 * 2.0
    harmonics: tuple[float, ...] = (1.0, float(second), float(third), float(0.3 * second))
    if rng.uniform() < _RICH_SHARE:
        pitch_hz = log_uniform(rng, 400.0, 2_500.0)
        harmonics = _rich(rng)
    swept = rng.uniform() < _SWEPT_SHARE
    return Sounder(
        pitch_hz=pitch_hz,
        harmonics=harmonics,
        attack_s=float(rng.uniform(0.002, 0.02)),
        decay_s=float(rng.uniform(0.005, 0.05)),
        detune_hz=float(rng.uniform(1.0, 40.0)) if rng.uniform() < _BEATING_SHARE else 0.0,
        sweep_hz=float(rng.uniform(2.0, 30.0)) if swept else 0.0,
        sweep_depth=float(rng.uniform(0.02, 0.2)) if swept else 0.0,
        sweep_saw=bool(rng.integers(2)),
        glide=float(rng.uniform(-0.04, 0.08)) if rng.uniform() < _GLIDE_SHARE else 0.0,
    )


def draw_low_tone(rng: np.random.Generator) -> Sounder:
    """The low-frequency signal for sleeping rooms, 520 Hz square wave within 10 %, and its like."""
    orders = np.arange(1, 15)
    square = np.where(orders % 2 == 1, 1.0 / orders, 0.03 / orders)
    pitch_hz = 520.0 * float(rng.uniform(0.9, 1.1))
    if rng.uniform() < _OTHER_LOW_SHARE:
        pitch_hz = log_uniform(rng, 400.0, 1_200.0)
    speaker = 1.0 + float(rng.uniform(-0.3, 1.0)) * (orders - 1) / 6.0
    return Sounder(
        pitch_hz=pitch_hz,
        harmonics=tuple(float(x) for x in square * np.maximum(speaker, 0.3)),
        attack_s=float(rng.uniform(0.002, 0.01)),
        decay_s=float(rng.uniform(0.005, 0.03)),
    )


def draw_horn(rng: np.random.Generator) -> Sounder:
    """A horn without pause: steady, sweeping, or fast-modulated, as older alarms sound."""
    kinds = ("steady", "sweeping", "modulated", "whoop", "two tones")
    kind = str(rng.choice(kinds, p=(0.3, 0.2, 0.2, 0.15, 0.15)))
    if kind == "whoop":
        return _draw_whoop(rng)
    if kind == "two tones":
        return _draw_two_tones(rng)
    steady = draw_piezo(rng)
    sweeping, modulated = kind == "sweeping", kind == "modulated"
    return Sounder(
        pitch_hz=steady.pitch_hz,
        harmonics=steady.harmonics,
        attack_s=steady.attack_s,
        decay_s=steady.decay_s,
        detune_hz=steady.detune_hz,
        sweep_hz=float(rng.uniform(3.0, 25.0)) if sweeping else 0.0,
        sweep_depth=float(rng.uniform(0.05, 0.4)) if sweeping else 0.0,
        sweep_saw=steady.sweep_saw,
        tremolo_hz=float(rng.uniform(8.0, 40.0)) if modulated else 0.0,
        tremolo_depth=float(rng.uniform(0.3, 1.0)) if modulated else 0.0,
    )


def _draw_whoop(rng: np.random.Generator) -> Sounder:
    """An evacuation sweep as in NEN 2575 and DIN 33404 (500 to 1200 Hz in 1 to 4 s), or alike."""
    middle_hz = log_uniform(rng, 700.0, 2_500.0)
    return Sounder(
        pitch_hz=middle_hz,
        harmonics=_rich(rng),
        attack_s=0.01,
        decay_s=0.03,
        sweep_hz=log_uniform(rng, 0.25, 8.0),
        sweep_depth=float(rng.uniform(0.4, 1.0)),
        sweep_saw=True,
        sweep_falling=bool(rng.integers(2)),
    )


def _draw_two_tones(rng: np.random.Generator) -> Sounder:
    """Two pitches in turn, as EN 54-3 sounders offer them (800 and 970 Hz), or higher."""
    rich = rng.uniform() < _RICH_TWO_SHARE
    return Sounder(
        pitch_hz=log_uniform(rng, 600.0, 3_200.0),
        harmonics=_rich(rng) if rich else (1.0, float(rng.uniform(0.0, 0.4))),
        attack_s=0.005,
        decay_s=0.02,
        sweep_hz=log_uniform(rng, 0.8, 8.0),
        sweep_depth=float(rng.uniform(0.08, 0.5)),
        sweep_steps=True,
    )


def _rich(rng: np.random.Generator) -> tuple[float, ...]:
    """Eight harmonics, none far below the next, together as strong as a sine of peak 1."""
    harmonics = rng.uniform(0.2, 1.0, 8) / np.arange(1, 9) ** 0.7
    return tuple(float(x) for x in harmonics / np.sqrt((harmonics**2).sum()))


_USUAL_SHARE = 0.5
_RICH_SHARE = 0.15
_OTHER_LOW_SHARE = 0.35
_RICH_TWO_SHARE = 0.5
_SWEPT_SHARE = 0.1
_BEATING_SHARE = 0.2
_GLIDE_SHARE = 0.25
