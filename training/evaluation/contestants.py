"""Who is judged: aed with a bundle and its event logic, and YAMNet as other projects run it.

Axes: S samples, T frames of whatever hop, N ontology nodes, K judged nodes, C AudioSet classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from aed.audio import SAMPLE_RATE_HZ, AudioChunk
from aed.bundle import Bundle
from aed.events import Event
from aed.hearing import Hearing
from aed.posteriors import POSTERIOR_HOP_S
from ontology import LabelSet
from training.yamnet import (
    YAMNET_FILE,
    YAMNET_WINDOW_SAMPLES,
    YamnetNetwork,
    yamnet_class_ids,
    yamnet_windows,
)

YAMNET_HOP_SAMPLES = 7_800
"""Half a window, as YAMNet's authors run it: the better of the usual ways."""

_BLOCK_SAMPLES = 3_200
"""aed hears blocks of 0.2 s, as the daemon does; they do not change what it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What was said of one recording.

    Attributes:
        scores: (T, K) float32 in [0, 1].
        hop_s: time between two of them.
        first_s: stream time at which the first one is known.
        events: what would have been published, phase by phase; None of a contestant without event
            logic.
    """

    scores: NDArray[np.float32]
    hop_s: float
    first_s: float
    events: tuple[Event, ...] | None = None

    @property
    def ended(self) -> tuple[Event, ...]:
        """Each event as it ended."""
        return tuple(event for event in self.events or () if event.phase == "end")

    def time_s(self) -> NDArray[np.float64]:
        """(T,) stream time at which each score is known."""
        return self.first_s + self.hop_s * np.arange(len(self.scores), dtype=np.float64)


class Contestant(Protocol):
    """Hears recordings from their beginning."""

    name: str
    model: str
    """Which one exactly."""

    def hear(self, samples: NDArray[np.float32]) -> Said:
        """Hear (S,) samples of 16 kHz."""
        ...


class Aed:
    """A bundle, with thresholds as shipped.

    Args:
        bundle: the model.
        nodes: the judged ones, K.
        name: as plots name it.
    """

    def __init__(self, bundle: Bundle, nodes: Sequence[str], name: str) -> None:
        self.name = name
        self.model = f"{bundle.name}@{bundle.digest[:8]}"
        self._hearing = Hearing(bundle)
        self._columns = [bundle.labels.index[node] for node in nodes]

    def hear(self, samples: NDArray[np.float32]) -> Said:
        """Hear (S,) samples of 16 kHz."""
        self._hearing.reset()
        values, events = [], []
        for start in range(0, len(samples), _BLOCK_SAMPLES):
            block = samples[start : start + _BLOCK_SAMPLES]
            heard = self._hearing.feed(AudioChunk(samples=block, sample_rate_hz=SAMPLE_RATE_HZ))
            values.append(heard.posteriors.values[:, self._columns])
            events += heard.events
        last = self._hearing.flush()
        values.append(last.posteriors.values[:, self._columns])
        events += last.events
        return Said(
            scores=np.concatenate(values),
            hop_s=POSTERIOR_HOP_S,
            first_s=POSTERIOR_HOP_S,
            events=tuple(events),
        )


class Yamnet:
    """YAMNet's TFLite file; a node has the highest score of its AudioSet classes.

    Args:
        folder: where the file and its class map lie.
        labels: the ontology.
        nodes: the judged ones, K; one without any class always has 0.

    Raises:
        TrainingDataError: the file or its class map cannot be read.
    """

    name = "YAMNet"
    model = YAMNET_FILE

    def __init__(self, folder: Path, labels: LabelSet, nodes: Sequence[str]) -> None:
        ids = yamnet_class_ids(folder)
        self._columns = [_classes(node, labels, ids) for node in nodes]
        self._network = YamnetNetwork(folder)

    def hear(self, samples: NDArray[np.float32]) -> Said:
        """Hear (S,) samples of 16 kHz; what is shorter than a window is lengthened by silence."""
        missing = max(0, YAMNET_WINDOW_SAMPLES - len(samples))
        missing += -(len(samples) + missing - YAMNET_WINDOW_SAMPLES) % YAMNET_HOP_SAMPLES
        padded = np.pad(samples, (0, missing)).astype(np.float32)
        scores = []
        for window in yamnet_windows(padded, YAMNET_HOP_SAMPLES):
            found = self._network.scores(window)
            scores.append([found[classes].max(initial=0.0) for classes in self._columns])
        return Said(
            scores=np.array(scores, dtype=np.float32),
            hop_s=YAMNET_HOP_SAMPLES / SAMPLE_RATE_HZ,
            first_s=YAMNET_WINDOW_SAMPLES / SAMPLE_RATE_HZ,
        )


def _classes(node: str, labels: LabelSet, ids: Sequence[str]) -> list[int]:
    """Classes of a node and of all nodes below it."""
    column = labels.index[node]
    wanted = {
        audioset_id
        for other in labels.ontology.nodes
        if labels.ancestors[labels.index[other.id], column]
        for audioset_id in other.audioset
    }
    return [index for index, audioset_id in enumerate(ids) if audioset_id in wanted]
