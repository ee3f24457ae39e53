"""One call of the network for blocks of several streams.

Axes: S samples.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aed.inference import Frames, Inference


def run_together(
    streams: Sequence[Inference], blocks: Sequence[NDArray[np.float32]]
) -> list[Frames]:
    """Hear the next samples of several streams of one bundle.

    Args:
        streams: no stream twice.
        blocks: for each stream (S,) float32 as `Inference.run` takes them; those that are equally
            long go into one call.

    Returns:
        For each stream what is heard in each frame; the arrays are the caller's.

    Raises:
        ValueError: a block is no whole number of hops, or too long.
    """
    by_length: dict[int, list[int]] = {}
    for position, block in enumerate(blocks):
        by_length.setdefault(len(block), []).append(position)
    heard: dict[int, Frames] = {}
    for positions in by_length.values():
        if len(positions) == 1:
            heard[positions[0]] = streams[positions[0]].run(blocks[positions[0]])
            continue
        chosen = [streams[position] for position in positions]
        frames = _run(chosen, np.stack([blocks[position] for position in positions]))
        heard.update(zip(positions, frames, strict=True))
    return [heard[position] for position in range(len(blocks))]


def _run(streams: Sequence[Inference], audio: NDArray[np.float32]) -> list[Frames]:
    first = streams[0]
    first.check_length(audio.shape[1])
    states = [stream.states for stream in streams]
    inputs = {name: np.concatenate([state[name] for state in states]) for name in states[0]}
    outputs = first.output_names
    results = first.session.run(outputs, {"audio": audio, **first.calibration, **inputs})
    named = dict(zip(outputs, results, strict=True))
    for name in inputs:
        for row, state in enumerate(states):
            state[name][0] = named[f"next_{name}"][row]
    return [
        Frames(
            values=named["posteriors"][row],
            log_mel=named["log_mel"][row],
            level_dbfs=named["level_dbfs"][row],
            embedding=named["embedding"][row] if "embedding" in named else None,
        )
        for row in range(len(streams))
    ]
