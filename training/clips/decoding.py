"""From an audio file of any format to 16 kHz mono samples."""

import os
from pathlib import Path

import librosa
import numpy as np
import soundfile
from numpy.typing import NDArray

from aed.audio import SAMPLE_RATE_HZ
from training.errors import TrainingDataError

DECODING_VERSION = 1
"""Stands in the keys of caches: raised whenever the same file would give other samples."""

LEAST_SAMPLES = 400
"""One analysis window, 25 ms: a clip shorter than that holds no frame to hear."""

_RATES_HZ = (4_000, 768_000)
"""Rates that a recording can have; beyond, its header is broken."""


def decode(path: Path) -> NDArray[np.int16]:
    """Decode one file to 16 kHz mono (S,) int16, by libsndfile and soxr.

    Raises:
        TrainingDataError: it cannot be decoded, is empty or shorter than a window, or holds
            samples that are not numbers.
    """
    try:
        name = os.fsencode(path)  # which need not be UTF-8
        samples, rate_hz = soundfile.read(name, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise TrainingDataError(f"{path}: cannot be decoded: {error.error_string}") from error
    except (OSError, TypeError) as error:  # TypeError: .raw, no header
        raise TrainingDataError(f"{path}: cannot be decoded: {error}") from error
    if not len(samples):
        raise TrainingDataError(f"{path}: holds no samples")
    if not _RATES_HZ[0] <= rate_hz <= _RATES_HZ[1]:
        raise TrainingDataError(
            f"{path}: has a rate of {rate_hz} Hz; wanted {_RATES_HZ[0]} to {_RATES_HZ[1]}"
        )
    if not np.isfinite(samples).all():
        raise TrainingDataError(f"{path}: holds samples that are not finite numbers")
    mono = samples.mean(axis=1)
    if rate_hz != SAMPLE_RATE_HZ:
        mono = librosa.resample(mono, orig_sr=rate_hz, target_sr=SAMPLE_RATE_HZ, res_type="soxr_hq")
    if len(mono) < LEAST_SAMPLES:
        raise TrainingDataError(
            f"{path}: is {1_000 * len(mono) / SAMPLE_RATE_HZ:.1f} ms long; the shortest clip that "
            f"can be heard is {1_000 * LEAST_SAMPLES / SAMPLE_RATE_HZ:.0f} ms"
        )
    samples_i16: NDArray[np.int16] = np.round(np.clip(mono, -1, 1) * 32767).astype(np.int16)
    return samples_i16
