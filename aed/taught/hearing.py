"""From a stream's embeddings to events of taught sounds, beside the model's own events.

An event tracker of its own follows the taught leaves: what the model itself reports is the same, to
the last bit, whatever was taught. So no taught sound can delay, hide or make a critical alert.

What is shown to people is one tree. Its law, that no parent is less probable than its child, holds
there too: the parents are raised to a taught sound, which may be one that the model does not take
for anything of their kind.

Axes: T posterior frames, N ontology nodes, K taught sounds.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from aed.events import Event, EventTracker
from aed.posteriors import Posteriors
from aed.taught.matching import TaughtMatcher
from aed.taught.sounds import TaughtSounds
from aed.thresholds import resolve
from ontology import LabelSet

FIRST_NUMBER = 1_000_000_001
"""Events of taught sounds are numbered from here, those of the model from 1."""


class TaughtHearing:
    """Hears the taught sounds of one stream.

    Args:
        taught: the sounds.
        own: columns of the model.
        fmin_hz: lower edge of the front end's lowest mel band.
        fmax_hz: upper edge of its highest mel band.

    Attributes:
        labels: columns of what is shown: the model's nodes and the taught leaves.
        thresholds: what each taught sound is held to.
    """

    def __init__(
        self, taught: TaughtSounds, own: LabelSet, *, fmin_hz: float, fmax_hz: float
    ) -> None:
        self.labels = LabelSet(taught.ontology)
        self._own = np.array([self.labels.index[node] for node in own.nodes])
        ids = [sound.id for sound in taught.sounds]
        above = self.labels.ancestors[[self.labels.index[id_] for id_ in ids]]  # (K, N)
        self._raised = np.flatnonzero(above.any(axis=0))
        self._raises = above[:, self._raised].astype(np.float32)
        thresholds = resolve(taught.thresholds, taught.branches)
        self.thresholds = {id_: thresholds[id_] for id_ in ids}
        branches = LabelSet(taught.branches)
        self._leaves = np.array([branches.index[id_] for id_ in ids])
        self._num_branches = len(branches)
        # Both live as long as the stream.
        self._matcher = TaughtMatcher(taught)
        self._tracker = EventTracker(
            taught.branches,
            thresholds,
            fmin_hz=fmin_hz,
            fmax_hz=fmax_hz,
        )

    def feed(self, posteriors: Posteriors) -> tuple[Posteriors, list[Event]]:
        """Hear the next frames of the stream.

        Args:
            posteriors: of the model's own nodes, with their embedding.

        Returns:
            The same with (T, N + K) values, to be shown, and what began, became clearer or ended.

        Raises:
            ValueError: they came without an embedding, or do not follow.
        """
        if posteriors.embedding is None:
            raise ValueError("taught sounds need embeddings, the posteriors came without")
        probable = self._matcher.match(posteriors.embedding)
        branches = np.zeros((len(probable), self._num_branches), np.float32)
        branches[:, self._leaves] = probable
        events = self._tracker.feed(replace(posteriors, values=branches))
        return replace(posteriors, values=self._shown(posteriors.values, probable)), _apart(events)

    def flush(self, *, is_whole: bool) -> list[Event]:
        """End the stream: decide what is undecided, end what is open; see `EventTracker.flush`."""
        return _apart(self._tracker.flush(is_whole=is_whole))

    def reset(self) -> None:
        """Forget the stream."""
        self._matcher.reset()
        self._tracker.reset()

    def _shown(
        self, own: NDArray[np.float32], probable: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """(T, N + K): the model's values, with the taught leaves and their parents raised."""
        values = np.zeros((len(own), len(self.labels)), np.float32)
        values[:, self._own] = own
        lifted = (probable[:, :, np.newaxis] * self._raises).max(axis=1)
        values[:, self._raised] = np.maximum(values[:, self._raised], lifted)
        return values


def _apart(events: list[Event]) -> list[Event]:
    """Events with numbers that no event of the model has."""
    return [replace(event, number=event.number + FIRST_NUMBER - 1) for event in events]
