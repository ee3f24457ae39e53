"""Sounds that are none: noises, tones and silence, which no class should be named for.

Judged are white noise, pure tones and silence; taught as "nothing of what I know" are others of
their family (coloured noise, sweeps, chords, hum), so that judged noises and tones are as unheard
as any test clip. Silence is the one kind that is taught as well ("hush"): a microphone's own noise,
of other levels than when it is judged.

Axes: S samples.

Sources: teaching a classifier on sounds that it should not name is outlier exposure (Hendrycks et
al. 2019).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aed.audio import SAMPLE_RATE_HZ
from training.clips.bank import ClipBank, ClipRow

JUDGED = ("white_noise", "pure_tone", "silence")
TAUGHT = ("coloured_noise", "sweep", "chord", "hum", "hush")
CLIPS_OF_EACH = 20
DURATION_S = 5.0
LOWEST_HZ, HIGHEST_HZ = 100.0, 6_000.0

_COUNT = round(DURATION_S * SAMPLE_RATE_HZ)
_AMPLITUDE = 0.25
_HARMONICS = 12
_CHORD_TONES = (2, 3, 4)


def stranger_bank(kinds: Sequence[str], seed: int = 0) -> ClipBank:
    """Twenty clips of each kind; the same for the same seed."""
    rng = np.random.default_rng([seed, 0x57A6])
    rows, clips = [], []
    for kind in kinds:
        for number in range(CLIPS_OF_EACH):
            path = f"{kind}-{number}"
            rows.append(
                ClipRow(
                    path=path,
                    label=kind,
                    split="test" if kind in JUDGED else "train",
                    use="research",
                    source="synthesised",
                    group=path,
                    licence="none needed",
                )
            )
            clips.append((_render(kind, rng) * 32767).astype(np.int16))
    ends = np.cumsum([0, *map(len, clips)])
    bounds = np.stack([ends[:-1], ends[1:]], axis=1)
    return ClipBank(tuple(rows), bounds, np.concatenate(clips))


def _render(kind: str, rng: np.random.Generator) -> NDArray[np.float64]:
    time_s = np.arange(_COUNT) / SAMPLE_RATE_HZ
    match kind:
        case "white_noise":
            wave = rng.standard_normal(_COUNT)
        case "pure_tone":
            wave = np.sin(2 * np.pi * _pitch_hz(rng) * time_s)
        case "silence" | "hush":
            return np.zeros(_COUNT)
        case "coloured_noise":
            wave = _coloured(rng)
        case "sweep":
            first, last = np.log([_pitch_hz(rng), _pitch_hz(rng)])
            pitch_hz = np.exp(np.linspace(first, last, _COUNT))
            wave = np.sin(2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE_HZ)
        case "chord":
            pitches_hz = [_pitch_hz(rng) for _ in range(int(rng.choice(_CHORD_TONES)))]
            wave = np.sin(2 * np.pi * time_s[:, None] * pitches_hz).sum(axis=1)
        case "hum":
            order = np.arange(1, _HARMONICS + 1)
            heights = rng.random(_HARMONICS) / order
            lowest_hz = rng.uniform(40, 400)
            wave = np.sin(2 * np.pi * lowest_hz * time_s[:, None] * order) @ heights
        case _:
            raise ValueError(f"wanted one of {', '.join(JUDGED + TAUGHT)}, found {kind!r}")
    return np.asarray(_AMPLITUDE * wave / np.abs(wave).max())


def _coloured(rng: np.random.Generator) -> NDArray[np.float64]:
    """Noise whose power falls or rises by 3 to 6 dB an octave; never white."""
    slope = rng.choice([-1, 1]) * rng.uniform(0.5, 1.0)  # of the amplitude's exponent
    spectrum = np.fft.rfft(rng.standard_normal(_COUNT))
    frequency = np.maximum(np.arange(len(spectrum)), LOWEST_HZ * DURATION_S)
    return np.fft.irfft(spectrum * frequency**slope, _COUNT)


def _pitch_hz(rng: np.random.Generator) -> float:
    return float(LOWEST_HZ * (HIGHEST_HZ / LOWEST_HZ) ** rng.random())
