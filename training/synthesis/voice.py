"""Speech-like sound: a glottal source through moving formants, in the rhythm of syllables.

No word is ever said; what matters is what a detector sees: harmonics that glide, three to four
formants, syllables at 3 to 6 a second, fricatives, pauses between phrases. The filter is applied
frame by frame in the frequency domain, which costs the same for any number of formants.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.synthesis.rendered import SAMPLE_RATE_HZ, Samples, at_peak, sample_count
from training.synthesis.waves import oscillator, smooth_random

_FRAME = 512
_HOP = 128
_VOWELS_HZ = np.array(
    [
        [730, 1090, 2440],
        [270, 2290, 3010],
        [300, 870, 2240],
        [530, 1840, 2480],
        [570, 840, 2410],
        [660, 1720, 2410],
        [490, 1350, 1690],
    ],
    dtype=np.float64,
)
"""Formants of a, i, u, e, o, ae, er of a man's voice (Peterson and Barney, 1952)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceParameters:
    """One speaker and a manner of speaking.

    Attributes:
        pitch_hz: mean pitch, 80 to 300.
        intonation: relative pitch range, 0.05 (flat) to 0.4 (lively).
        tract: formant scale: 1 for a man, about 1.17 for a woman, 1.3 for a child.
        syllables_hz: syllables a second, 3 to 6.
        fricatives: share of syllables that begin with a hiss.
        pauses: share of the time spent in pauses between phrases.
        breath: noise in the voiced sound, 0 to 0.1.
    """

    pitch_hz: float
    intonation: float
    tract: float
    syllables_hz: float
    fricatives: float
    pauses: float
    breath: float


def draw_voice(rng: np.random.Generator) -> VoiceParameters:
    """A random speaker."""
    high = float(rng.uniform(0.0, 1.0))
    return VoiceParameters(
        pitch_hz=90.0 * 2.0 ** (1.5 * high) * float(rng.uniform(0.9, 1.1)),
        intonation=float(rng.uniform(0.12, 0.4)),
        tract=1.0 + 0.3 * high * float(rng.uniform(0.7, 1.1)),
        syllables_hz=float(rng.uniform(3.0, 6.0)),
        fricatives=float(rng.uniform(0.2, 0.5)),
        pauses=float(rng.uniform(0.05, 0.3)),
        breath=float(rng.uniform(0.005, 0.08)),
    )


def render_voice(voice: VoiceParameters, duration_s: float, rng: np.random.Generator) -> Samples:
    """Let a speaker babble.

    Args:
        voice: who, and how.
        duration_s: how long.
        rng: chooses vowels, melody and pauses.

    Returns:
        (S,) float32, peak at PEAK.
    """
    count = sample_count(duration_s)
    frames = count // _HOP + 4
    melody = smooth_random(count, 2.5, rng, low=-1.0, high=1.0)
    flutter = smooth_random(count, 40.0, rng, low=-0.012, high=0.012)
    pitch_hz = voice.pitch_hz * (1.0 + voice.intonation * melody + flutter)
    harmonics = 1.0 / np.arange(1, 60) ** 0.9
    glottal = oscillator(pitch_hz, count, harmonics.tolist(), float(rng.uniform()))
    glottal = glottal / max(float(glottal.std()), 1e-6)
    breath = rng.standard_normal(count, dtype=np.float32)

    formants_hz, voiced, hiss, hiss_hz = _articulation(voice, frames, rng)
    frequencies = np.fft.rfftfreq(_FRAME, 1.0 / SAMPLE_RATE_HZ)  # (F,)
    mouth = _formant_filter(formants_hz, frequencies)  # (T, F)
    teeth = (frequencies[None, :] - hiss_hz[:, None]).astype(np.float32) / 1_200.0
    teeth = 1.0 / (1.0 + np.square(np.square(teeth)))
    source = _spectra(glottal + voice.breath * breath, frames) * (voiced[:, None] * mouth)
    source += _spectra(breath, frames) * (hiss[:, None] * teeth)
    return at_peak(_overlap_add(source, count))


def _articulation(
    voice: VoiceParameters, frames: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], Samples, Samples, NDArray[np.float64]]:
    """Formants (T, 3), voicing (T,), hiss (T,) and its centre (T,) of every frame."""
    frame_s = _HOP / SAMPLE_RATE_HZ
    many = int(frames * frame_s * voice.syllables_hz * 1.5) + 3
    lengths_s = rng.uniform(0.6, 1.4, many) / voice.syllables_hz
    pausing = rng.uniform(size=many) < voice.pauses * 0.5
    lengths_s = np.where(pausing, lengths_s * 2.0, lengths_s)
    starts_s = np.cumsum(lengths_s) - lengths_s - rng.uniform(0.0, 0.3)
    time_s = np.arange(frames) * frame_s
    now = np.clip(np.searchsorted(starts_s, time_s, side="right") - 1, 0, many - 1)  # (T,)
    within = np.clip((time_s - starts_s[now]) / lengths_s[now], 0.0, 1.0)

    targets = _VOWELS_HZ[rng.integers(0, len(_VOWELS_HZ), many)] * voice.tract
    targets = targets * rng.uniform(0.93, 1.07, targets.shape)
    centres_s = starts_s + 0.55 * lengths_s
    formants = np.stack([np.interp(time_s, centres_s, targets[:, k]) for k in range(3)], axis=1)

    stress = rng.uniform(0.4, 1.0, many)
    fricative = (rng.uniform(size=many) < voice.fricatives) & ~pausing
    opening = np.where(fricative[now], 0.3, 0.08)
    bump = np.clip((within - opening) / 0.2, 0.0, 1.0) * np.clip((1.0 - within) / 0.25, 0.0, 1.0)
    joined = np.where(fricative, 0.0, rng.uniform(0.0, 0.4, many))[now]  # voiced consonants
    voiced = stress[now] * (joined + (1.0 - joined) * bump) * ~pausing[now]
    voiced = np.convolve(voiced, np.hanning(9) / np.hanning(9).sum(), mode="same")
    hissing = fricative[now] * np.clip(within / 0.08, 0.0, 1.0) * (within < opening)
    hiss = hissing * rng.uniform(0.05, 0.3, many)[now]
    hiss_hz = rng.uniform(3_000.0, 6_500.0, many)[now]
    return formants, voiced.astype(np.float32), hiss.astype(np.float32), hiss_hz


def _formant_filter(
    formants_hz: NDArray[np.floating], frequencies: NDArray[np.floating]
) -> Samples:
    """Magnitude (T, F) of three resonances plus a fixed fourth."""
    magnitude = np.zeros((len(formants_hz), len(frequencies)), dtype=np.float32)
    for index, (width_hz, gain) in enumerate(((90.0, 1.0), (130.0, 0.6), (200.0, 0.35))):
        apart = (frequencies[None, :] - formants_hz[:, index, None]).astype(np.float32)
        magnitude += np.float32(gain) / (1.0 + np.square(apart / np.float32(width_hz)))
    fourth = 0.12 / (1.0 + ((frequencies[None, :] - 3_700.0) / 300.0) ** 2)
    slope = 0.06 / (1.0 + (frequencies[None, :] / 1_500.0) ** 2)
    return magnitude + (fourth + slope).astype(np.float32)


def _spectra(samples: Samples, frames: int) -> NDArray[np.complex64]:
    """(T, F) spectra of windowed frames."""
    padded = np.zeros(frames * _HOP + _FRAME, dtype=np.float32)
    padded[_FRAME // 2 : _FRAME // 2 + len(samples)] = samples
    windows = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[::_HOP][:frames]
    return np.fft.rfft(windows * np.hanning(_FRAME).astype(np.float32), axis=1).astype(np.complex64)


def _overlap_add(spectra: NDArray[np.complex64], count: int) -> Samples:
    """Samples (count,) of (T, F) spectra, in the places `_spectra` took them from."""
    frames = np.fft.irfft(spectra, _FRAME, axis=1) * np.hanning(_FRAME).astype(np.float32)
    out = np.zeros(len(frames) * _HOP + _FRAME, dtype=np.float32)
    for part in range(_FRAME // _HOP):
        piece = frames[:, part * _HOP : (part + 1) * _HOP].reshape(-1)
        out[part * _HOP : part * _HOP + len(piece)] += piece
    return out[_FRAME // 2 : _FRAME // 2 + count].astype(np.float32)
