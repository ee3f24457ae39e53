"""Lets every contestant hear every recording, once.

Axes: S samples, R recordings.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from aed.audio import SAMPLE_RATE_HZ
from training.evaluation.contestants import Contestant, Said
from training.evaluation.material import Judged


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One recording and what was said of it.

    Attributes:
        judged: the recording.
        duration_s: its length.
        said: by each contestant, in their order.
    """

    judged: Judged
    duration_s: float
    said: tuple[Said, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearings:
    """All of them.

    Attributes:
        heard: recordings in their order.
        faults: a sentence for each that could not be read.
    """

    heard: tuple[Heard, ...]
    faults: tuple[str, ...]


def hear_all(
    recordings: Sequence[Judged], contestants: Sequence[Contestant], console: Console
) -> Hearings:
    """Hear; an unreadable recording is told of and left out.

    Args:
        recordings: R.
        contestants: who hears them.
        console: where progress is shown, on a terminal.
    """
    heard, faults = [], []
    hidden = not console.is_terminal
    for judged in track(recordings, "hearing", console=console, transient=True, disable=hidden):
        try:
            samples = _samples(judged)
        except (soundfile.SoundFileError, OSError) as error:
            faults.append(f"{judged.file}: it cannot be read as audio ({error})")
            continue
        if not len(samples):
            faults.append(f"{judged.file}: it holds no audio (0 samples)")
            continue
        said = tuple(contestant.hear(samples) for contestant in contestants)
        duration_s = len(samples) / SAMPLE_RATE_HZ
        heard.append(Heard(judged=judged, duration_s=duration_s, said=said))
    return Hearings(heard=tuple(heard), faults=tuple(faults))


def _samples(judged: Judged) -> NDArray[np.float32]:
    """All of a recording, mono at 16 kHz, (S,)."""
    samples, rate_hz = soundfile.read(judged.file, dtype="float32", always_2d=True)
    mono = samples.mean(axis=1)
    if rate_hz == SAMPLE_RATE_HZ:
        return np.asarray(mono, dtype=np.float32)
    return np.asarray(soxr.resample(mono, rate_hz, SAMPLE_RATE_HZ), dtype=np.float32)
