"""The second look: a small network confirms a critical candidate, or demotes it.

It judges what the detector has computed of the last seconds anyway: embeddings, posteriors and
log-mel, and how tonal and how pulsed they are. It runs only when a candidate of a guarded node
(one that the bundle's `second_look` names, or one below it) is about to be confirmed, and again
every `PERIOD_S` for as long as such a candidate stays. So one that is rightly confirmed at the
second attempt comes `PERIOD_S` late, and one that was demoted comes back as the evidence grows.

Axes: T posterior frames, D embedding, N ontology nodes, L log-mel frames, F mel bands, M measures
of tones, G guards.
"""

from collections import deque
from collections.abc import Sequence

import numpy as np

from aed.posteriors import LOG_MEL_FRAMES_PER_HOP, POSTERIOR_HOP_S, Posteriors
from aed.tone_measures import tone_measures
from aed.verifier import WINDOW_FRAMES, Guard, Judge, Window
from ontology import LabelSet

PERIOD_S = 0.5
"""Shortest time between two looks at the candidates of one guard."""

PERIOD_FRAMES = round(PERIOD_S / POSTERIOR_HOP_S)


class SecondLook:
    """Second looks at the candidates of one stream.

    Args:
        judge: gives probabilities.
        labels: columns of the posteriors.
        fmin_hz: lower edge of the front end's lowest mel band.
        fmax_hz: upper edge of its highest mel band.
    """

    def __init__(self, judge: Judge, labels: LabelSet, *, fmin_hz: float, fmax_hz: float) -> None:
        self._judge = judge
        self._edges_hz = (fmin_hz, fmax_hz)
        self._guards = _nearest_guards(judge.guards, labels)
        # Live as long as the stream: its last blocks, and the latest look for each guard.
        self._blocks: deque[Posteriors] = deque()
        self._looks: dict[int, tuple[int, float]] = {}  # guard -> frame, probability

    def remember(self, posteriors: Posteriors) -> None:
        """Take in the next frames of the stream.

        Args:
            posteriors: with their embedding.
        """
        self._blocks.append(posteriors)
        oldest = posteriors.start_frame - WINDOW_FRAMES
        while _end_frame(self._blocks[0]) <= oldest:
            self._blocks.popleft()

    def reset(self) -> None:
        """Forget the stream."""
        self._blocks.clear()
        self._looks.clear()

    def guard_of(self, column: int) -> int | None:
        """Number of the guard of a column; None if its candidates are confirmed without a look."""
        return self._guards.get(column)

    def doubt(self, column: int, frame: int) -> str | None:
        """Why a candidate that is about to be confirmed is not to be; None if it is.

        Args:
            column: the candidate's.
            frame: the present frame, among those remembered last.
        """
        guard = self.guard_of(column)
        if guard is None:
            return None
        looked_frame, probability = self._looks.get(guard, (None, 0.0))
        if looked_frame is None or frame - looked_frame >= PERIOD_FRAMES:
            probability = float(self._judge.judge(self._window(frame))[guard])
            self._looks[guard] = (frame, probability)
        threshold = self._judge.guards[guard].threshold
        if probability >= threshold:
            return None
        return f"the second look gave it {probability:.2f}, under {threshold:.2f}"

    def _window(self, frame: int) -> Window:
        """The frames up to and including `frame`."""
        start = max(frame + 1 - WINDOW_FRAMES, self._blocks[0].start_frame)
        embeddings, values, log_mels = [], [], []
        for block in self._blocks:
            first, last = max(start - block.start_frame, 0), frame + 1 - block.start_frame
            if block.embedding is None:
                raise ValueError("a second look needs embeddings, the posteriors came without")
            embeddings.append(block.embedding[first:last])
            values.append(block.values[first:last])
            log_mels.append(
                block.log_mel[first * LOG_MEL_FRAMES_PER_HOP : last * LOG_MEL_FRAMES_PER_HOP]
            )
        log_mel = np.concatenate(log_mels)
        return Window(
            embedding=np.concatenate(embeddings),
            posteriors=np.concatenate(values),
            log_mel=log_mel,
            tones=tone_measures(log_mel, *self._edges_hz),
        )


def _nearest_guards(guards: Sequence[Guard], labels: LabelSet) -> dict[int, int]:
    """Column of each guarded node -> its guard: its own, else the nearest above it."""
    own = {labels.index[guard.node]: number for number, guard in enumerate(guards)}
    nearest: dict[int, int] = {}
    for column, parent in enumerate(labels.parent.tolist()):  # parents stand before children
        guard = own.get(column, nearest.get(parent))
        if guard is not None:
            nearest[column] = guard
    return nearest


def _end_frame(block: Posteriors) -> int:
    return block.start_frame + len(block.values)
