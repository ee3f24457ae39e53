"""Which sounds a node's scores find, and how loudly they speak where it does not sound.

A sound is found at a threshold if the scores reach it while the sound lasts, or within
`AFTERWARDS_S` of its end, since what is heard must first be heard. Elsewhere each stretch of
`BLOCK_S` in which they reach it is one false alarm: a person who was just called is not called
again. Stretches of which nobody knows whether the node sounds do not count at all.

Axes: T frames, K judged nodes, B stretches, E sounds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.evaluation.hearing import Heard
from training.evaluation.material import JudgedNode, KnownSound

BLOCK_S = 10.0
AFTERWARDS_S = 2.0
BEFORE_S = 0.3
"""A score this shortly before a marked onset still means the sound: marks are not that exact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSound:
    """A sound of a judged node and how it was scored.

    Attributes:
        recording: index among the recordings.
        sound: the sound.
        score: highest score while it could be found.
        at_s: stream time at which that score was known.
    """

    recording: int
    sound: KnownSound
    score: float
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A stretch in which a node does not sound.

    Attributes:
        recording: index among the recordings.
        score: highest score in it.
        at_s: stream time of that score.
    """

    recording: int
    score: float
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeMatches:
    """Everything that is known of one node's scores.

    Attributes:
        found: sounds of the node.
        blocks: stretches without it.
        negative_s: how long it is known not to sound.
    """

    found: tuple[FoundSound, ...]
    blocks: tuple[Block, ...]
    negative_s: float


def match(heard: Sequence[Heard], contestant: int, node: JudgedNode) -> NodeMatches:
    """Match one node's scores with what is known.

    Args:
        heard: the recordings.
        contestant: whose scores, by their index.
        node: which.
    """
    found: list[FoundSound] = []
    blocks: list[Block] = []
    negative_s = 0.0
    for index, each in enumerate(heard):
        said = each.said[contestant]
        scores, time_s = said.scores[:, node.place], said.time_s()
        found += [
            _found(index, sound, scores, time_s, _during(sound, time_s))
            for sound in each.judged.sounds
            if sound.target.true[node.column]
        ]
        free = frames_without(each, contestant, node)
        negative_s += min(float(free.sum()) * said.hop_s, each.duration_s)
        blocks += _blocks(index, scores, time_s, free)
    return NodeMatches(found=tuple(found), blocks=tuple(blocks), negative_s=negative_s)


def frames_without(each: Heard, contestant: int, node: JudgedNode) -> NDArray[np.bool_]:
    """Frames (T,) in which a node is known not to sound."""
    time_s = each.said[contestant].time_s()
    free = np.ones(len(time_s), dtype=np.bool_)
    for sound in each.judged.sounds:
        if sound.target.true[node.column] or sound.target.unknown[node.column]:
            free &= ~_during(sound, time_s)
    return free


def _during(sound: KnownSound, time_s: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Scores that a sound may explain, (T,)."""
    if sound.onset_s is None or sound.offset_s is None:
        return np.ones(len(time_s), dtype=np.bool_)
    return np.asarray(
        (time_s >= sound.onset_s - BEFORE_S) & (time_s <= sound.offset_s + AFTERWARDS_S)
    )


def _found(
    recording: int,
    sound: KnownSound,
    scores: NDArray[np.float32],
    time_s: NDArray[np.float64],
    during: NDArray[np.bool_],
) -> FoundSound:
    """The highest score of a sound; one that ends before any score is known has none."""
    places = np.flatnonzero(during)
    if not len(places):
        return FoundSound(recording=recording, sound=sound, score=0.0, at_s=0.0)
    best = int(places[scores[places].argmax()])
    return FoundSound(
        recording=recording, sound=sound, score=float(scores[best]), at_s=float(time_s[best])
    )


def _blocks(
    recording: int,
    scores: NDArray[np.float32],
    time_s: NDArray[np.float64],
    free: NDArray[np.bool_],
) -> list[Block]:
    number = (time_s // BLOCK_S).astype(np.int64)
    found = []
    for block in np.unique(number[free]):
        places = np.flatnonzero(free & (number == block))
        best = int(places[scores[places].argmax()])
        found.append(
            Block(recording=recording, score=float(scores[best]), at_s=float(time_s[best]))
        )
    return found
