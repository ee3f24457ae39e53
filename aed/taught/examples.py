"""Recordings of a sound that is to be taught, as a model hears them.

Axes: S samples, T posterior frames, D embedding.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aed.audio import SAMPLE_RATE_HZ, AudioChunk
from aed.conditioning import Conditioner
from aed.errors import TeachingError
from aed.inference import HOP_SAMPLES, MOST_FRAMES, Inference
from aed.taught.space import Space, unit, windowed

if TYPE_CHECKING:
    from aed.bundle import Bundle

LONGEST_S = 15.0
"""A recording is one sounding of the sound, not an afternoon in which it occurs."""

SOUNDING_DB = 20.0
"""Frames sound that are not further below the loudest one."""

QUIETEST_DBFS = -70.0
"""What never gets louder is taken for an empty recording."""

MARGIN_S = 0.3
"""What is kept of a recording before and after it sounds."""

_LEAD_IN_S = 1.0
_LEAD_IN_DBFS = -65.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One recording of the sound.

    Attributes:
        name: of the recording, for the user.
        direction: (D,) of length 1, the mean of the frames that sound.
        windows: (T, D), the mean direction of each moment's window.
    """

    name: str
    direction: NDArray[np.float32]
    windows: NDArray[np.float32]


def condition(chunks: Iterable[AudioChunk]) -> NDArray[np.float32]:
    """Bring a whole recording of any rate to 16 kHz mono.

    Args:
        chunks: the recording.

    Returns:
        (S,) float32 in [-1, 1].

    Raises:
        AudioError: it cannot be read, or has an impossible shape or rate.
    """
    conditioner = Conditioner()
    parts = [conditioner.feed(chunk) for chunk in chunks]
    return np.concatenate([*parts, conditioner.flush()])


def trimmed(samples: NDArray[np.float32], name: str) -> NDArray[np.float32]:
    """The part of a recording that sounds.

    Args:
        samples: (S,) at 16 kHz.
        name: of the recording, for the message.

    Raises:
        TeachingError: nothing sounds in it, or something does for too long.
    """
    count = -(-len(samples) // HOP_SAMPLES)
    frames = np.pad(samples, (0, count * HOP_SAMPLES - len(samples))).reshape(count, HOP_SAMPLES)
    level_dbfs = 10 * np.log10(np.mean(frames**2, axis=1) + 1e-12)
    loudest_dbfs = float(level_dbfs.max(initial=-120.0))
    if loudest_dbfs < QUIETEST_DBFS:
        raise TeachingError(
            f"{name}: nothing sounds in it: wanted a level of {QUIETEST_DBFS:g} dBFS at least, "
            f"found {loudest_dbfs:.0f}; record it louder or nearer"
        )
    sounding = np.flatnonzero(level_dbfs >= loudest_dbfs - SOUNDING_DB)
    margin_samples = round(MARGIN_S * SAMPLE_RATE_HZ)
    begin = max(0, int(sounding[0]) * HOP_SAMPLES - margin_samples)
    part = samples[begin : (int(sounding[-1]) + 1) * HOP_SAMPLES + margin_samples]
    duration_s = len(part) / SAMPLE_RATE_HZ
    if duration_s > LONGEST_S:
        raise TeachingError(
            f"{name}: something sounds in it for {duration_s:.0f} s, wanted {LONGEST_S:g} s at "
            f"most; cut out the sound itself, or record it with less noise around"
        )
    return part


def example(bundle: "Bundle", space: Space, samples: NDArray[np.float32], name: str) -> Example:
    """Hear a recording as if a quiet room had gone before.

    Args:
        bundle: the model.
        space: of its embeddings.
        samples: (S,) at 16 kHz, from `trimmed`.
        name: of the recording.
    """
    rng = np.random.default_rng(0)
    lead_in = rng.standard_normal(round(_LEAD_IN_S * SAMPLE_RATE_HZ)).astype(np.float32)
    lead_in *= np.float32(10 ** (_LEAD_IN_DBFS / 20))
    embedding, level_dbfs = embed(bundle, np.concatenate([lead_in, samples]))
    first = len(lead_in) // HOP_SAMPLES
    directions, level_dbfs = space.directions(embedding[first:]), level_dbfs[first:]
    sounding = level_dbfs >= level_dbfs.max() - SOUNDING_DB
    return Example(
        name=name,
        direction=unit(directions[sounding].mean(axis=0)),
        windows=windowed(directions, directions[:0]),
    )


def embed(
    bundle: "Bundle", samples: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Embeddings (T, D) and levels (T,) in dBFS of a whole stream (S,) at 16 kHz.

    Raises:
        TeachingError: the model gives no embeddings.
    """
    if "embedding" not in bundle.widths:
        raise TeachingError(
            f"bundle {bundle.path} gives no embeddings, so it cannot be taught; use another bundle"
        )
    stream = Inference(bundle.session, bundle.scale, bundle.bias, keeps_embedding=True)
    padded = np.pad(samples, (0, -len(samples) % HOP_SAMPLES))
    step = MOST_FRAMES * HOP_SAMPLES
    embeddings = [np.zeros((0, bundle.widths["embedding"]), np.float32)]
    levels = [np.zeros(0, np.float32)]
    for start in range(0, len(padded), step):
        heard = stream.run(padded[start : start + step])
        if heard.embedding is not None:
            embeddings.append(heard.embedding)
        levels.append(heard.level_dbfs)
    return np.concatenate(embeddings), np.concatenate(levels)
