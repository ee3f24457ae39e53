"""Candidates of critical nodes, as a bundle's own detector and event logic bring them up.

Every recording is heard as `aed run` would hear it, by an event tracker whose second look doubts
everything: so each candidate is looked at as often as it may ever be. A second tracker with lower
thresholds finds those that only came near, which teach as well but do not count in figures.

Axes: S samples, T posterior frames, N ontology nodes, K features, R looks.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from aed.audio import SAMPLE_RATE_HZ, AudioChunk
from aed.bundle import Bundle
from aed.detector import StreamingDetector
from aed.events import EventTracker
from aed.second_look import SecondLook
from aed.thresholds import NodeThresholds, resolve
from aed.verifier import Guard, Window
from ontology import LabelSet
from training.second_look.graph import Pooling

TRUE_FRAMES = 10
"""A guarded node that sounded within the last second is what a look is at."""

DOUBTFUL_FRAMES = 30
"""Where nobody can say whether it sounded within the window, a look teaches nothing."""

CLIPS, SCENES = "clips", "scenes"
"""Strata: recordings by themselves, and what was mixed and synthesised."""

_NEVER = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A recording to be heard.

    Attributes:
        name: of it.
        samples: (S,) float32 at 16 kHz.
        true: (T, N) bool, or (1, N) for the whole recording.
        unknown: the same shape.
        fold: recordings of one session are all in one fold.
        stratum: `CLIPS` or `SCENES`; each is held to the same bound.
    """

    name: str
    samples: NDArray[np.float32]
    true: NDArray[np.bool_]
    unknown: NDArray[np.bool_]
    fold: int
    stratum: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at a candidate.

    Attributes:
        features: (K,) float32.
        guard: number of the guard.
        is_true: the guard's node, or one below it, sounds.
        is_alert: without a second look the candidate would be confirmed by now; else it only came
            near.
        recording: name of the recording.
        frame: when.
        fold: of the recording.
        stratum: of the recording.
    """

    features: NDArray[np.float32]
    guard: int
    is_true: bool
    is_alert: bool
    recording: str
    frame: int
    fold: int
    stratum: str


def critical_tops(labels: LabelSet) -> tuple[str, ...]:
    """Critical nodes without a critical node above them."""
    return tuple(
        node.id
        for node in labels.ontology.nodes
        if node.is_critical and not any(above.is_critical for above in node.ancestors)
    )


class _Doubter:
    """A judge that believes nothing and keeps the features of what it saw last."""

    def __init__(self, guards: Sequence[str], pooling: Pooling) -> None:
        self.guards = tuple(Guard(node=node, threshold=_NEVER) for node in guards)
        self.seen: list[NDArray[np.float32]] = []
        self._pooling = pooling

    def judge(self, window: Window) -> NDArray[np.float32]:
        self.seen.append(self._pooling.features(window))
        return np.zeros(len(self.guards), np.float32)


class _NotedLooks(SecondLook):
    """Second looks, each noted with its guard and frame."""

    def __init__(self, doubter: _Doubter, labels: LabelSet, **edges_hz: float) -> None:
        super().__init__(doubter, labels, **edges_hz)
        self._doubter = doubter
        self.noted: list[tuple[int, int, NDArray[np.float32]]] = []

    def doubt(self, column: int, frame: int) -> str | None:
        reason = super().doubt(column, frame)
        guard = self.guard_of(column)
        if guard is not None:
            self.noted += [(guard, frame, features) for features in self._doubter.seen]
            self._doubter.seen.clear()
        return reason


class Collector:
    """Hears recordings with a bundle and keeps every look.

    Args:
        bundle: the model; its own verifier, if it has one, is left aside.
        guards: nodes whose candidates are looked at.
        pooling: makes the features.
    """

    def __init__(self, bundle: Bundle, guards: Sequence[str], pooling: Pooling) -> None:
        labels = bundle.labels
        self._guard_columns = [labels.index[node] for node in guards]
        doubter = _Doubter(guards, pooling)
        thresholds = resolve(bundle.thresholds, bundle.ontology)
        guarded = {
            node
            for node, above in zip(labels.nodes, labels.ancestors, strict=True)
            if above[self._guard_columns].any()
        }
        lowered = {
            node: _lowered(numbers) if node in guarded else numbers
            for node, numbers in thresholds.items()
        }
        self._detector = StreamingDetector(replace(bundle, verifier=doubter))
        self._looks = [_NotedLooks(doubter, labels, **bundle.edges_hz) for _ in range(2)]
        self._trackers = [
            EventTracker(bundle.ontology, numbers, second_look=look, **bundle.edges_hz)
            for numbers, look in zip((thresholds, lowered), self._looks, strict=True)
        ]

    def looks(self, recordings: Iterable[Heard]) -> Iterator[Look]:
        """Every look at a candidate of which it is known what it was, recording by recording."""
        for heard in recordings:
            self._hear(heard.samples)
            for is_alert, look in zip((True, False), self._looks, strict=True):
                for guard, frame, features in look.noted:
                    is_true = _truth(heard, self._guard_columns[guard], frame)
                    if is_true is not None:
                        yield Look(
                            features=features,
                            guard=guard,
                            is_true=is_true,
                            is_alert=is_alert,
                            recording=heard.name,
                            frame=frame,
                            fold=heard.fold,
                            stratum=heard.stratum,
                        )
                look.noted.clear()

    def _hear(self, samples: NDArray[np.float32]) -> None:
        self._detector.reset()
        chunk = AudioChunk(samples=samples, sample_rate_hz=SAMPLE_RATE_HZ)
        blocks = [self._detector.feed(chunk), self._detector.flush()]
        for tracker in self._trackers:
            tracker.reset()
            for block in blocks:
                tracker.feed(block)
            tracker.flush()


def _lowered(numbers: NodeThresholds) -> NodeThresholds:
    return replace(numbers, on=numbers.off)


def _truth(heard: Heard, column: int, frame: int) -> bool | None:
    """Whether a node sounds at a look; None where nobody can say."""
    if len(heard.true) == 1:
        is_true, is_unknown = heard.true[0, column], heard.unknown[0, column]
        return None if is_unknown else bool(is_true)
    before = heard.true[max(frame + 1 - TRUE_FRAMES, 0) : frame + 1, column]
    if before.any():
        return True
    window = slice(max(frame + 1 - DOUBTFUL_FRAMES, 0), frame + 1)
    doubtful = heard.true[window, column] | heard.unknown[window, column]
    return None if doubtful.any() else False
