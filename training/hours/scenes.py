"""One home scene: a bed, somebody's television, what happens, and perhaps an alarm.

Made otherwise than the scenes that train: longer and slower, each source at its place in a room of
its own, with levels that follow from distance, a loudspeaker for speech and music.

Axes: S samples.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, oaconvolve, sosfilt

from aed.audio import SAMPLE_RATE_HZ
from training.evaluation.truth import TrueSound
from training.hours.sources import Clip, Sources
from training.synthesis.household import draw_household, render_household
from training.synthesis.rooms import draw_room, render_room

NEGATIVE_S, EVENT_S = 90.0, 30.0
SNR_DB = (20.0, 10.0, 5.0, 0.0, -5.0)
"""Of a scene's event: its loudest 100 ms over everything else while it sounds."""

EVENT_ONSET_S = (8.0, 14.0)
HAPPENINGS_PER_MINUTE = 7.0
PROGRAMME_SHARE = 0.7
"""How often a television, a radio or talk is on."""

_LOUDSPEAKER_HZ = (150.0, 7_000.0)
_BED_DB, _PROGRAMME_DB, _HAPPENING_DB = (-68.0, -45.0), (-50.0, -24.0), (-40.0, -8.0)
_NOISE_DB = (-90.0, -66.0)
_WINDOW = SAMPLE_RATE_HZ // 10
_LEAST = 1e-9
_LEAST_TOLD_SAMPLES = 160
"""Of a sound that the scene's end cuts, less than 10 ms is no sound."""

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A scene and its truth.

    Attributes:
        samples: (S,) float32.
        sounds: what is known to be in it, by time.
    """

    samples: Samples
    sounds: tuple[TrueSound, ...]


def negative_scene(sources: Sources, rng: np.random.Generator) -> Scene:
    """A minute and a half in which nothing critical sounds."""
    return _finished(*_home(sources, NEGATIVE_S, rng), rng)


def event_scene(sources: Sources, event: Clip, snr_db: float, rng: np.random.Generator) -> Scene:
    """Half a minute with one event at a known SNR.

    Args:
        sources: of everything else.
        event: what sounds.
        snr_db: see `SNR_DB`.
        rng: source of all choices.
    """
    samples, sounds = _home(sources, EVENT_S, rng)
    alarm = _in_a_room(sources.clip(event), rng)
    onset = round(rng.uniform(*EVENT_ONSET_S) * SAMPLE_RATE_HZ)
    alarm = alarm[: len(samples) - onset]
    around = samples[onset : onset + len(alarm)]
    level = max(float(np.sqrt(np.mean(around**2))), 10 ** (_NOISE_DB[1] / 20))
    gain = level * 10 ** (snr_db / 20) / max(_loudest(alarm), _LEAST)
    samples[onset : onset + len(alarm)] += np.float32(gain) * alarm
    assert event.node is not None  # noqa: S101 - critical clips have one
    true = TrueSound(
        node=event.node,
        onset_s=round(onset / SAMPLE_RATE_HZ, 3),
        offset_s=round((onset + len(alarm)) / SAMPLE_RATE_HZ, 3),
        snr_db=snr_db,
    )
    return _finished(samples, [*sounds, true], rng)


def _home(
    sources: Sources, duration_s: float, rng: np.random.Generator
) -> tuple[Samples, list[TrueSound]]:
    """Bed, programme and happenings."""
    count = round(duration_s * SAMPLE_RATE_HZ)
    bed = render_household(draw_household(rng, None), 10.0, rng).samples
    samples = _at(np.resize(bed, count), _db(rng, _BED_DB))
    sounds: list[TrueSound] = []
    if rng.random() < PROGRAMME_SHARE:
        programme = _by_loudspeaker(sources.stretch(duration_s, rng), rng)
        samples += _at(programme[:count], _db(rng, _PROGRAMME_DB))
    for _ in range(int(rng.poisson(HAPPENINGS_PER_MINUTE * duration_s / 60))):
        clip = sources.harmless[int(rng.integers(len(sources.harmless)))]
        heard = _in_a_room(sources.clip(clip), rng)
        onset = int(rng.integers(count))
        heard = heard[: count - onset]
        gain = 10 ** (_db(rng, _HAPPENING_DB) / 20) / max(_loudest(heard), _LEAST)
        samples[onset : onset + len(heard)] += np.float32(gain) * heard
        if clip.node is not None and len(heard) >= _LEAST_TOLD_SAMPLES:
            sounds.append(
                TrueSound(
                    node=clip.node,
                    onset_s=round(onset / SAMPLE_RATE_HZ, 3),
                    offset_s=round((onset + len(heard)) / SAMPLE_RATE_HZ, 3),
                )
            )
    return samples, sounds


def _finished(samples: Samples, sounds: list[TrueSound], rng: np.random.Generator) -> Scene:
    """What the microphone makes of it."""
    noise = rng.standard_normal(len(samples), dtype=np.float32)
    heard = samples + np.float32(10 ** (_db(rng, _NOISE_DB) / 20)) * noise
    heard = heard * np.float32(10 ** (rng.uniform(-14.0, 4.0) / 20))
    ordered = tuple(sorted(sounds, key=lambda sound: sound.onset_s or 0.0))
    return Scene(samples=np.clip(heard, -1.0, 1.0).astype(np.float32), sounds=ordered)


def _in_a_room(clip: Samples, rng: np.random.Generator) -> Samples:
    """As heard from another place of the home, its reverberation included."""
    response = render_room(draw_room(rng), rng)
    return np.asarray(oaconvolve(clip, response)[: len(clip) + SAMPLE_RATE_HZ // 2], np.float32)


def _by_loudspeaker(samples: Samples, rng: np.random.Generator) -> Samples:
    low_hz, high_hz = _LOUDSPEAKER_HZ
    band = (low_hz * rng.uniform(0.5, 2.0), high_hz * rng.uniform(0.6, 1.0))
    filtered = sosfilt(butter(2, band, "bandpass", fs=SAMPLE_RATE_HZ, output="sos"), samples)
    return _in_a_room(np.asarray(filtered, dtype=np.float32), rng)


def _at(samples: Samples, level_db: float) -> Samples:
    level = max(float(np.sqrt(np.mean(samples.astype(np.float64) ** 2))), _LEAST)
    return np.asarray(samples * (10 ** (level_db / 20) / level), dtype=np.float32)


def _loudest(samples: Samples) -> float:
    """RMS of the loudest 100 ms."""
    count = max(1, len(samples) // _WINDOW)
    whole = np.resize(samples, count * _WINDOW) if len(samples) < _WINDOW else samples
    frames = whole[: count * _WINDOW].reshape(count, _WINDOW)
    return float(np.sqrt((frames.astype(np.float64) ** 2).mean(axis=1).max()))


def _db(rng: np.random.Generator, bounds: tuple[float, float]) -> float:
    return float(rng.uniform(*bounds))
