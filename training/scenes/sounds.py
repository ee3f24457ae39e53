"""One sound of a scene: what is heard, at which frames, and at which nobody can say.

Axes: S samples, T posterior frames (100 ms), N ontology nodes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from aed.audio import SAMPLE_RATE_HZ
from training.clips.bank import FRAME_SAMPLES, active_frames
from training.distortions import as_tensor, loudest_rms
from training.kinds import BLUR_FRAMES, PAUSE_FRAMES
from training.labels import Target
from training.synthesis.catalogue import render_node

_SILENCE = 1e-7
"""RMS below which a sound is digital silence, and has no level to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """A sound alone.

    Attributes:
        audio: (S,) float32.
        active: (T,) bool, when it is heard.
        blurred: (T,) bool, when nobody can say; never where it is active.
        target: what is known while it is heard.
    """

    audio: Tensor
    active: NDArray[np.bool_]
    blurred: NDArray[np.bool_]
    target: Target


def synthesise(node: str, target: Target, samples: int, rng: np.random.Generator) -> Sound:
    """Render a sound of a node somewhere in `samples`, a multiple of 1600."""
    rendered = render_node(node, samples / SAMPLE_RATE_HZ, rng)
    audio = rendered.samples[:samples]
    if node in PAUSE_FRAMES:
        active = np.zeros(samples // FRAME_SAMPLES, dtype=np.bool_)
        for span in rendered.spans:
            active[int(span.onset_s * 10) : max(int(np.ceil(span.offset_s * 10)), 1)] = True
    else:
        active = active_frames(audio)
    blurred = blur(active, after=PAUSE_FRAMES.get(node, BLUR_FRAMES))
    return Sound(audio=as_tensor(audio), active=active, blurred=blurred, target=target)


def place_at_random(
    clip: NDArray[np.float32], target: Target, samples: int, rng: np.random.Generator
) -> Sound:
    """Cut a recording (S,) and put it somewhere in `samples`; a part may lie outside.

    Its loudest moment never does: what is left might be its dying away, or nothing at all, which
    brought to the sound's level would be taken for the sound.
    """
    if len(clip) > samples:
        loudest = int(np.abs(clip).argmax())
        earliest, latest = max(0, loudest - samples + 1), min(loudest, len(clip) - samples)
        start = int(rng.integers(earliest, latest + 1))
        clip = clip[start : start + samples]
    placed = np.zeros(samples, dtype=np.float32)
    loudest = int(np.abs(clip).argmax())
    earliest = max(-len(clip) // 4, -loudest)
    latest = min(max(samples - len(clip) // 2, 1), samples - loudest)
    onset = int(rng.integers(earliest, latest))
    source = clip[max(0, -onset) :][: samples - max(0, onset)]
    placed[max(0, onset) :][: len(source)] = source
    active = active_frames(placed)
    blurred = blur(active, after=BLUR_FRAMES)
    return Sound(audio=as_tensor(placed), active=active, blurred=blurred, target=target)


def blur(active: NDArray[np.bool_], *, after: int) -> NDArray[np.bool_]:
    """Frames shortly before and `after` frames after an active one, itself not active."""
    near = active.copy()
    near[:-1] |= active[1:]
    for shift in range(1, min(after, len(active) - 1) + 1):
        near[shift:] |= active[:-shift]
    return near & ~active


def at_level(audio: Tensor, level_db: float, *, over_all: bool) -> Tensor:
    """Scale (S,) audio to an RMS level in dBFS, over all of it or in its loudest 100 ms."""
    level = float(audio.square().mean().sqrt()) if over_all else loudest_rms(audio)
    return audio * (10 ** (level_db / 20) / level) if level > _SILENCE else audio
