"""A scene that begins in the middle of a sound, and may end as suddenly, as recordings do.

A microphone that has listened for a while knows the room; a file, a restarted source and a trigger
that came late give a detector the event itself as the first thing it ever hears.

Axes: S samples, T posterior frames, N ontology nodes.
"""

import numpy as np
from numpy.typing import NDArray

from training.clips.bank import FRAME_SAMPLES
from training.kinds import BLUR_FRAMES

END_SHARE = 0.5
"""How often it ends as suddenly."""

_LEAST_FRAMES = 4
_LATEST_START_FRAMES = 3


def abrupt(
    audio: NDArray[np.float32],
    true: NDArray[np.bool_],
    unknown: NDArray[np.bool_],
    onset_frame: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]]:
    """Cut a scene so that it begins where a sound does, or shortly after.

    Args:
        audio: (S,), whole frames.
        true: (T, N).
        unknown: (T, N).
        onset_frame: first frame in which the sound is heard.
        rng: where exactly it is cut.

    Returns:
        The same three, as long as before; what the cut took from the front is silence at the end,
        where nothing is true.
    """
    frames = len(true)
    first = min(onset_frame + int(rng.integers(_LATEST_START_FRAMES)), frames - 1)
    left = frames - first
    if rng.random() < END_SHARE and left > _LEAST_FRAMES:
        left = int(rng.integers(_LEAST_FRAMES, left + 1))
    cut_audio = np.zeros_like(audio)
    cut_true, cut_unknown = np.zeros_like(true), np.zeros_like(unknown)
    kept = slice(first, first + left)
    sounding = audio[first * FRAME_SAMPLES : (first + left) * FRAME_SAMPLES]
    cut_audio[: len(sounding)] = sounding
    cut_true[:left], cut_unknown[:left] = true[kept], unknown[kept]
    after = slice(left, left + BLUR_FRAMES)
    cut_unknown[after] = (cut_true | cut_unknown)[left - 1]
    return cut_audio, cut_true, cut_unknown
