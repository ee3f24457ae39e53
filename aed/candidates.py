"""What might become an event: each node's rise above its thresholds, until it is sure or gone.

A node becomes a candidate when its posterior reaches the on-threshold. Time above it counts towards
the dwell; time below it takes a quarter of itself away, so that the pulses of an alarm add up over
their pauses and scattered blips do not, however long a murmur between the thresholds joins them.
A candidate is confirmed once its dwell is full and no second look doubts it, and gone when it has
been below the off-threshold for longer than its pauses last.

Axes: N ontology nodes. A frame is a posterior frame (100 ms).
"""

import math
from collections import Counter, deque
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from aed.candidate import Candidate, Cause, Suppressed, seconds, whole_frames
from aed.posteriors import POSTERIOR_HOP_S
from aed.second_look import SecondLook
from aed.thresholds import NodeThresholds

GAP_S, LONGEST_GAP_S = 2.0, 6.5
"""An unconfirmed candidate is given up after as long below its off-threshold as its node may hold
an event, within these bounds: T3's pause fits into the first, T4's into the second."""

LEAK_S = 2.0
"""A pause takes dwell away for no longer than this: what follows T4's pause is still T4."""

BACKTRACK_S = 0.5
"""An onset is set back to where the posterior left the off-threshold, at most this far."""

PATTERN_DWELL = 0.5
"""Share of the dwell that is left where the node's timing pattern is being heard."""

MURMUR_S = 0.3
"""A dip between the thresholds takes nothing away, unless it lasts longer than this."""

_GAP_FRAMES, _LONGEST_GAP_FRAMES = (round(s / POSTERIOR_HOP_S) for s in (GAP_S, LONGEST_GAP_S))
_LEAK_FRAMES, _MURMUR_FRAMES = (round(s / POSTERIOR_HOP_S) for s in (LEAK_S, MURMUR_S))
_BACKTRACK_FRAMES = round(BACKTRACK_S / POSTERIOR_HOP_S)
_UP, _DOWN = 4, 1  # dwell gained in a frame above on, lost in one below it
_MOST_SUPPRESSED = 256


class CandidateTable:
    """Hysteresis and dwell of all nodes of one stream.

    Args:
        nodes: id of each column.
        thresholds: of each column.
        second_look: confirms candidates of guarded columns; None if their dwell is enough.

    Attributes:
        live: candidates by column.
        suppressed: the latest that were not reported, oldest first.
        num_suppressed: how many were not in all streams so far, by node and cause.
    """

    def __init__(
        self,
        nodes: Sequence[str],
        thresholds: Sequence[NodeThresholds],
        second_look: SecondLook | None = None,
    ) -> None:
        self._nodes = nodes
        self._second_look = second_look
        self.retune(thresholds)
        self.num_suppressed: Counter[tuple[str, Cause]] = Counter()
        # Lives as long as the stream.
        self.live: dict[int, Candidate] = {}
        self.suppressed: deque[Suppressed] = deque(maxlen=_MOST_SUPPRESSED)

    def retune(self, thresholds: Sequence[NodeThresholds]) -> None:
        """Hold the next frames to other thresholds; candidates stay what they are.

        Args:
            thresholds: of each column.
        """
        self._off_array = np.array([each.off for each in thresholds], np.float32)  # (N,)
        self._off = self._off_array.tolist()
        self._on = np.array([each.on for each in thresholds], np.float32).tolist()
        self._dwell_frames = [max(1, whole_frames(each.dwell_s)) for each in thresholds]
        self._hold_frames = [max(1, whole_frames(each.hold_s)) for each in thresholds]

    def reset(self) -> None:
        """Forget the stream."""
        self.live.clear()
        self.suppressed.clear()
        if self._second_look is not None:
            self._second_look.reset()

    def rising(self, posteriors: NDArray[np.float32]) -> NDArray[np.bool_]:
        """(T,): frames of posteriors (T, N) in which any node reaches its off-threshold."""
        rising: NDArray[np.bool_] = np.any(posteriors >= self._off_array, axis=1)
        return rising

    def is_held(self, column: int, confidence: float) -> bool:
        """Whether a confidence is high enough to keep an event at a node alive."""
        return bool(confidence >= self._off[column])

    def is_sure(self, column: int, confidence: float) -> bool:
        """Whether a confidence is high enough to begin an event at a node."""
        return bool(confidence >= self._on[column])

    def hold_frames(self, column: int) -> int:
        """How long a node may stay below its off-threshold, in frames."""
        return self._hold_frames[column]

    def step(
        self,
        frame: int,
        posteriors: NDArray[np.float32],
        confidence: NDArray[np.float32],
        level_dbfs: float,
        *,
        hastened: Collection[int] = (),
        proven: Collection[int] = (),
    ) -> None:
        """Take in one frame.

        Args:
            frame: its index.
            posteriors: (N,), calibrated, as reported.
            confidence: (N,), the same with the evidence of timing; thresholds are held to it.
            level_dbfs: its level.
            hastened: columns whose timing pattern is being heard.
            proven: columns of which a timing pattern leaves no doubt.
        """
        for column in np.flatnonzero(confidence >= self._off_array).tolist():
            if column not in self.live:
                self.live[column] = Candidate(rise_frame=frame)
        for column, candidate in list(self.live.items()):
            self._hear(column, candidate, frame, float(confidence[column]))
            candidate.peak = max(candidate.peak, float(posteriors[column]))
            candidate.peak_confidence = max(candidate.peak_confidence, float(confidence[column]))
            candidate.level_dbfs = max(candidate.level_dbfs, level_dbfs)
            share = PATTERN_DWELL if column in hastened else 1.0
            wanted = math.ceil(self._dwell_frames[column] * share) * _UP
            if candidate.confirmed_frame is None and candidate.dwell >= wanted:
                self._confirm(column, candidate, frame, is_proven=column in proven)
            if self._is_gone(column, candidate):
                self.give_up(column, frame)

    def _confirm(
        self, column: int, candidate: Candidate, frame: int, *, is_proven: bool = False
    ) -> None:
        """Confirm a candidate, unless a second look doubts it."""
        candidate.doubt = None
        if self._second_look is not None and not is_proven:
            candidate.doubt = self._second_look.doubt(column, frame)
        if candidate.doubt is None:
            candidate.confirmed_frame = frame

    def _hear(self, column: int, candidate: Candidate, frame: int, value: float) -> None:
        candidate.is_on = value >= self._on[column] and frame >= candidate.muted_until
        is_below = value < self._off[column]
        candidate.below_frames = candidate.below_frames + 1 if is_below else 0
        candidate.unsure_frames = 0 if candidate.is_on else candidate.unsure_frames + 1
        if candidate.is_on:
            if candidate.onset_frame is None:
                candidate.onset_frame = max(candidate.rise_frame, frame - _BACKTRACK_FRAMES)
            candidate.dwell += _UP
            candidate.longest_dwell = max(candidate.longest_dwell, candidate.dwell)
        elif self._leaks(candidate):
            candidate.dwell -= _DOWN
        if candidate.dwell <= 0 and not is_below and candidate.confirmed_frame is None:
            candidate.dwell, candidate.onset_frame = 0, None  # what rose is gone, a murmur stays

    @staticmethod
    def _leaks(candidate: Candidate) -> bool:
        """Whether time takes dwell away: a pause for a while, a murmur once it has lasted."""
        if candidate.below_frames:
            return candidate.below_frames <= _LEAK_FRAMES
        return candidate.unsure_frames > _MURMUR_FRAMES

    def _is_gone(self, column: int, candidate: Candidate) -> bool:
        if candidate.confirmed_frame is not None:
            return candidate.below_frames >= self._hold_frames[column]
        if candidate.onset_frame is None or candidate.dwell <= 0:
            return candidate.below_frames > 0
        gap_frames = min(max(self._hold_frames[column], _GAP_FRAMES), _LONGEST_GAP_FRAMES)
        return candidate.below_frames > gap_frames

    def give_up(self, column: int, frame: int, *, is_over: bool = False) -> None:
        """Drop a candidate, and remember why if it was never confirmed.

        Args:
            column: the candidate's.
            frame: the latest frame.
            is_over: the stream ends here.
        """
        candidate = self.live.pop(column)
        if candidate.confirmed_frame is None:
            self._remember_why(column, candidate, frame, is_over=is_over)

    def end(self, frame: int) -> None:
        """Drop every candidate: the stream ends here.

        Args:
            frame: the last frame.
        """
        for column in list(self.live):
            self.give_up(column, frame, is_over=True)
        if self._second_look is not None:
            self._second_look.reset()

    def _remember_why(
        self, column: int, candidate: Candidate, frame: int, *, is_over: bool = False
    ) -> None:
        cause = _cause(candidate)
        self.num_suppressed[self._nodes[column], cause] += 1
        self.suppressed.append(
            Suppressed(
                node=self._nodes[column],
                onset_s=seconds(min(candidate.start_frame, frame)),
                gone_s=seconds(frame + 1),
                peak=candidate.peak,
                reason=self._reason(column, candidate, is_over=is_over),
                cause=cause,
            )
        )

    def _reason(self, column: int, candidate: Candidate, *, is_over: bool) -> str:
        if candidate.doubt is not None:
            return candidate.doubt
        if candidate.onset_frame is None and candidate.tail_of is not None:
            return f"it was the tail of event {candidate.tail_of}"
        if candidate.onset_frame is None:
            return self._stayed_under(column, candidate)
        dwelt_s = candidate.longest_dwell / _UP * POSTERIOR_HOP_S
        wanted_s = seconds(self._dwell_frames[column])
        end = " when the stream ended" if is_over else ""
        on = f"{self._on[column]:.2f}"
        return f"it was above {on} for {dwelt_s:.1f} s of the {wanted_s:.1f} s it needs{end}"

    def _stayed_under(self, column: int, candidate: Candidate) -> str:
        reached = f"its posterior reached {candidate.peak:.2f}"
        if candidate.peak_confidence > candidate.peak:
            reached += f", with its rhythm {candidate.peak_confidence:.2f},"
        return f"{reached} and stayed under the on-threshold of {self._on[column]:.2f}"

    def restart(self, column: int, frame: int, *, muted_until: int, tail_of: int) -> None:
        """Make a candidate begin anew: what it did so far was part of an event that has ended.

        One that is below its off-threshold is simply forgotten, unless it was demoted.

        Args:
            column: the candidate's.
            frame: the latest frame.
            muted_until: first frame that may count towards a new event.
            tail_of: number of the event.
        """
        candidate = self.live.pop(column)
        if candidate.doubt is not None:
            self._remember_why(column, candidate, frame)
        if candidate.below_frames:
            return
        self.live[column] = Candidate(
            rise_frame=muted_until, muted_until=muted_until, tail_of=tail_of
        )

    def decide_open(self, frame: int) -> None:
        """End of the stream: confirm what is still there and has half its dwell.

        Args:
            frame: the last frame.
        """
        for column, candidate in self.live.items():
            has_half = 2 * candidate.dwell >= self._dwell_frames[column] * _UP
            if candidate.confirmed_frame is None and candidate.below_frames == 0 and has_half:
                self._confirm(column, candidate, frame)


def _cause(candidate: Candidate) -> Cause:
    if candidate.doubt is not None:
        return "second_look"
    if candidate.onset_frame is not None:
        return "too_short"
    return "under_threshold" if candidate.tail_of is None else "tail"
