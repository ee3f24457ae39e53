"""Several streams through the network in one call.

A call costs as much again as what it computes for one stream, so a daemon with several sources
hears them together. Each stream keeps states of its own: who else is heard changes nothing.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aed.audio import AudioChunk
from aed.hearing import Heard, Hearing
from aed.joint_inference import run_together

if TYPE_CHECKING:
    from aed.inference import Frames


def hear_together(hearings: Sequence[Hearing], chunks: Sequence[AudioChunk]) -> list[Heard]:
    """Hear a chunk of each of several streams.

    Args:
        hearings: of one bundle, none twice.
        chunks: the next of each stream, of any length, rate and channel count.

    Returns:
        For each stream what `Hearing.feed` would have given.

    Raises:
        AudioError: a chunk has an impossible shape or rate.
    """
    detectors = [hearing.detector for hearing in hearings]
    blocks = [detector.take(chunk) for detector, chunk in zip(detectors, chunks, strict=True)]
    frames: list[list[Frames]] = [[] for _ in hearings]
    for turn in range(max(map(len, blocks), default=0)):
        rows = [row for row, each in enumerate(blocks) if turn < len(each)]
        heard = run_together(
            [detectors[row].inference for row in rows], [blocks[row][turn] for row in rows]
        )
        for row, each in zip(rows, heard, strict=True):
            frames[row].append(each)
    return [
        hearing.track(hearing.detector.complete(each))
        for hearing, each in zip(hearings, frames, strict=True)
    ]
