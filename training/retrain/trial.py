"""Home scenes with synthesised sounds at known times, on which two models are compared.

The same for everyone, and made otherwise than the scenes that train: longer, each sound from its
own place in a room, with seeds of their own. Some hold one critical sound at a known SNR, the
others only what must not be taken for one.

Axes: S samples.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aed.audio import SAMPLE_RATE_HZ
from training.synthesis.catalogue import NODES, render_node
from training.synthesis.household import draw_household, render_household
from training.synthesis.rooms import apply, draw_room, render_room

SNR_DB = (25.0, 15.0, 10.0, 5.0)
"""Of a critical sound: its loudest 100 ms over the level of everything else."""

SCENES_OF_EACH = 40
"""Scenes of each critical sound; as many SNRs as there are take turns."""

HARMLESS_SCENES = 60
CRITICAL_S, HARMLESS_S = 24.0, 40.0

HARMLESS = (
    *("timer_beep", "alarm_clock", "phone", "doorbell", "buzzer", "interface_sound", "car_horn"),
    *("speech", "dishes", "footsteps", "knock", "thump", "clink", "drop", "tap"),
)
_SEED = 0x7121
_ONSET_S = 5.0
_HAPPENINGS = 4
_NOISE_DB, _BED_DB, _HAPPENING_DB = (-85.0, -65.0), (-65.0, -45.0), (-38.0, -10.0)
_GAIN_DB = (-12.0, 4.0)
_WINDOW = SAMPLE_RATE_HZ // 10
_LEAST = 1e-9

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialSound:
    """A sound of a scene.

    Attributes:
        node: what sounds, as the home ontology calls it.
        onset_s: where it begins.
        offset_s: where it ends.
    """

    node: str
    onset_s: float
    offset_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialScene:
    """A scene and everything that sounds in it.

    Attributes:
        name: as reports call it.
        samples: (S,) float32 at 16 kHz.
        sounds: by time.
    """

    name: str
    samples: Samples
    sounds: tuple[TrialSound, ...]


def trial_scenes(critical: tuple[str, ...], *, share: float = 1.0) -> Iterator[TrialScene]:
    """Render the scenes, one after another.

    Args:
        critical: nodes of which there are scenes, as the home ontology calls them; those that
            cannot be synthesised have none.
        share: of the scenes, the first ones of each kind.
    """
    for node in critical:
        if node not in NODES:
            continue
        for number in range(max(1, round(share * SCENES_OF_EACH))):
            rng = np.random.default_rng([_SEED, NODES.index(node), number])
            snr_db = SNR_DB[number % len(SNR_DB)]
            yield _critical(f"{node} {number} at {snr_db:g} dB", node, snr_db, rng)
    for number in range(max(1, round(share * HARMLESS_SCENES))):
        yield _harmless(f"harmless {number}", np.random.default_rng([_SEED, len(NODES), number]))


def _critical(name: str, node: str, snr_db: float, rng: np.random.Generator) -> TrialScene:
    """Some seconds at home, then one critical sound."""
    samples, sounds = _home(CRITICAL_S, 1, rng)
    heard, onset_s, offset_s = _from_somewhere(node, CRITICAL_S - _ONSET_S, rng)
    start = round(_ONSET_S * SAMPLE_RATE_HZ)
    around = float(np.sqrt(np.mean(samples.astype(np.float64) ** 2)))
    samples[start:] += _at(heard, 20 * np.log10(max(around, _LEAST)) + snr_db)[
        : len(samples) - start
    ]
    sound = TrialSound(node=node, onset_s=_ONSET_S + onset_s, offset_s=_ONSET_S + offset_s)
    return _recorded(name, samples, [*sounds, sound], rng)


def _harmless(name: str, rng: np.random.Generator) -> TrialScene:
    samples, sounds = _home(HARMLESS_S, _HAPPENINGS, rng)
    return _recorded(name, samples, sounds, rng)


def _home(
    duration_s: float, happenings: int, rng: np.random.Generator
) -> tuple[Samples, list[TrialSound]]:
    """Room noise, and harmless sounds over it."""
    bed = render_household(draw_household(rng, None), duration_s, rng).samples
    samples = _at_rms(bed, rng.uniform(*_BED_DB))
    sounds = []
    for _ in range(happenings):
        node = HARMLESS[int(rng.integers(len(HARMLESS)))]
        begin_s = float(rng.uniform(0.0, duration_s - 4.0))
        heard, onset_s, offset_s = _from_somewhere(node, min(6.0, duration_s - begin_s), rng)
        start = round(begin_s * SAMPLE_RATE_HZ)
        heard = _at(heard, rng.uniform(*_HAPPENING_DB))[: len(samples) - start]
        samples[start : start + len(heard)] += heard
        sounds.append(TrialSound(node=node, onset_s=begin_s + onset_s, offset_s=begin_s + offset_s))
    return samples, sounds


def _from_somewhere(
    node: str, duration_s: float, rng: np.random.Generator
) -> tuple[Samples, float, float]:
    """A sound as heard from another place of the home, and when it begins and ends in it."""
    rendered = render_node(node, duration_s, rng)
    heard = apply(rendered.samples, render_room(draw_room(rng), rng))
    loud = np.flatnonzero(np.abs(rendered.samples) > 0.01 * np.abs(rendered.samples).max())
    first, last = (int(loud[0]), int(loud[-1]) + 1) if len(loud) else (0, len(heard))
    return heard, first / SAMPLE_RATE_HZ, last / SAMPLE_RATE_HZ


def _recorded(
    name: str, samples: Samples, sounds: list[TrialSound], rng: np.random.Generator
) -> TrialScene:
    """What a microphone makes of it."""
    noise = rng.standard_normal(len(samples), dtype=np.float32)
    heard = samples + np.float32(10 ** (rng.uniform(*_NOISE_DB) / 20)) * noise
    heard = heard * np.float32(10 ** (rng.uniform(*_GAIN_DB) / 20))
    pcm = np.round(np.clip(heard, -1.0, 1.0) * 32_767) / 32_768
    ordered = tuple(sorted(sounds, key=lambda sound: sound.onset_s))
    return TrialScene(name=name, samples=pcm.astype(np.float32), sounds=ordered)


def _at(samples: Samples, level_db: float) -> Samples:
    """Bring the loudest 100 ms to a level."""
    count = -(-len(samples) // _WINDOW)
    padded = np.pad(samples.astype(np.float64), (0, count * _WINDOW - len(samples)))
    loudest = float(np.sqrt((padded.reshape(count, _WINDOW) ** 2).mean(axis=1).max()))
    return (samples * (10 ** (level_db / 20) / max(loudest, _LEAST))).astype(np.float32)


def _at_rms(samples: Samples, level_db: float) -> Samples:
    level = max(float(np.sqrt(np.mean(samples.astype(np.float64) ** 2))), _LEAST)
    return (samples * (10 ** (level_db / 20) / level)).astype(np.float32)
