"""From posteriors to events: what sounded, from when to when, as deep in the tree as one can tell.

Rules, each of them tested by a table of posteriors written by hand:

- A confirmed node (see `candidates`) opens an event, unless one says as much or more: at the node
  itself, or at a descendant heard within the node's hold (a chirp of half a minute ago does not).
- It refines an open event at one of its ancestors, if it rose within `REFINE_S` of that event's
  onset; later it is another sound and opens an event of its own. Siblings are different sounds.
- A node waits up to `WAIT_S` for a descendant that is just about to be confirmed.
- An event lives while a node it has reached is at or above its off-threshold, and ends once none
  has been for the longest hold among them. A node that another open event explains does not count.
  Nodes above its deepest one hold it for no more than `OUTLIVE_S` once that has fallen, and its
  deepest one for no more than `UNSURE_S` once that has been below its on-threshold.
- When an event ends, its ancestors must fall quiet, or go on for more than `TAIL_S`, before they
  can open an event: an alarm that fades through "alarm" is not a second alarm. What goes on above
  an event that called a person does not call them again until it falls quiet or gets more urgent.
- Where there is a second look (see `second_look`), a guarded node is confirmed only if that agrees
  or T3 or T4 is heard. What it demotes may still be told at a node above.
- A timing pattern is evidence, never a veto: it adds log-odds to the nodes known by it, halves
  their dwell, keeps the event over its pauses and names its kind. Without one nothing is lost.

Axes: T posterior frames, N ontology nodes.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from aed.attention import CRITICAL, AlertPolicies, CallsInMind
from aed.candidate import Candidate, Suppressed, whole_frames
from aed.candidates import CandidateTable
from aed.evidence import PatternEvidence
from aed.open_events import Event, OpenEvent, deepest_above, is_told, news, steps_down
from aed.patterns import RANK, PatternFinder, PatternMatch
from aed.posteriors import LOG_MEL_FRAMES_PER_HOP, Posteriors
from aed.second_look import SecondLook
from aed.thresholds import PATTERN_HOLD_S, NodeThresholds
from ontology import LabelSet, Ontology

__all__ = ["Event", "EventTracker", "Suppressed"]

REFINE_S = 15.0
"""A deeper node that rose this much later than an event's onset is another sound."""

WAIT_S = 0.5
"""Longest wait of a confirmed node for a descendant that is above its on-threshold."""

TAIL_S = 2.0
"""What goes on above an ended event for longer than this is a sound of its own."""

OUTLIVE_S = 15.0
"""How long an event may live by its upper nodes alone. A leaf that wavers comes back within a few
periods of any alarm (T4: 6 s); a television must not make the next alarm a part of the last one."""

UNSURE_S = 600.0
"""The same without a sure frame of its deepest node: a hum may waver for so long, no alarm does."""

_REFINE_FRAMES, _WAIT_FRAMES, _TAIL_FRAMES = map(whole_frames, (REFINE_S, WAIT_S, TAIL_S))
_OUTLIVE_FRAMES, _UNSURE_FRAMES = map(whole_frames, (OUTLIVE_S, UNSURE_S))
_PATTERN_HOLD_FRAMES = {kind: whole_frames(hold_s) for kind, hold_s in PATTERN_HOLD_S.items()}


class EventTracker:
    """Streaming stage from posteriors to events, for one stream.

    Args:
        ontology: whose nodes the columns of the posteriors are.
        thresholds: of every node, from `thresholds.resolve`.
        fmin_hz: lower edge of the front end's lowest mel band.
        fmax_hz: upper edge of its highest mel band.
        second_look: confirms critical candidates; None for none.
    """

    def __init__(
        self,
        ontology: Ontology,
        thresholds: Mapping[str, NodeThresholds],
        *,
        fmin_hz: float,
        fmax_hz: float,
        second_look: SecondLook | None = None,
    ) -> None:
        self._labels = LabelSet(ontology)
        self._policies = AlertPolicies(self._labels)
        self._evidence = PatternEvidence(self._labels)
        nodes = self._labels.nodes
        # Live as long as the stream: timing patterns, rising nodes, events that have not ended,
        # and what a person was called for and still hears.
        self._patterns = PatternFinder(fmin_hz=fmin_hz, fmax_hz=fmax_hz)
        self._second_look = second_look
        self._candidates = CandidateTable(nodes, [thresholds[n] for n in nodes], second_look)
        self.num_suppressed = self._candidates.num_suppressed
        """How many candidates were not reported so far, by node and cause; `reset` keeps it."""
        self._open: list[OpenEvent] = []
        self._calls = CallsInMind([self._candidates.hold_frames(n) for n in range(len(nodes))])
        self._next_frame: int | None = None
        self._events_so_far = 0

    def retune(self, thresholds: Mapping[str, NodeThresholds]) -> None:
        """Hold the next frames to other thresholds, as `__init__` takes them; open events go on."""
        self._candidates.retune([thresholds[node] for node in self._labels.nodes])

    @property
    def suppressed(self) -> tuple[Suppressed, ...]:
        """The latest candidates that were not reported, and why; oldest first."""
        return tuple(self._candidates.suppressed)

    def feed(self, posteriors: Posteriors) -> list[Event]:
        """Take in the next frames of the stream.

        Args:
            posteriors: frames that follow those fed before without a gap.

        Returns:
            What began, became clearer or ended, in order of time.

        Raises:
            ValueError: the frames do not follow, or do not fit the ontology.
        """
        values = posteriors.values
        if self._next_frame is None:
            self._next_frame = posteriors.start_frame
        if posteriors.start_frame != self._next_frame or values.shape[1:] != (len(self._labels),):
            raise ValueError(
                f"wanted frames from {self._next_frame} on with {len(self._labels)} nodes, "
                f"got {values.shape} from {posteriors.start_frame} on"
            )
        if self._second_look is not None:
            self._second_look.remember(posteriors)
        rising = self._candidates.rising(values).tolist()
        suspected = self._evidence.suspected(values).tolist()
        events: list[Event] = []
        for index, (is_rising, is_suspected) in enumerate(zip(rising, suspected, strict=True)):
            frame = self._next_frame
            self._next_frame += 1
            first = index * LOG_MEL_FRAMES_PER_HOP
            log_mel = posteriors.log_mel[first : first + LOG_MEL_FRAMES_PER_HOP]
            match = self._patterns.feed(log_mel, frame=frame, is_suspected=is_suspected)
            if is_rising or match is not None or self._candidates.live or self._open:
                level_dbfs = float(posteriors.level_dbfs[index])
                events += self._step(frame, values[index], level_dbfs, match)
        return events

    def flush(self, *, is_whole: bool = True) -> list[Event]:
        """End the stream: decide what is undecided, end what is open.

        Args:
            is_whole: the recording ends here, so half a dwell must do; what was merely cut off is
                not decided, it will be heard again if it goes on.

        Returns:
            The last events. Numbers go on if another stretch is fed; `reset` starts them anew.
        """
        if self._next_frame is None:
            return []
        frame = self._next_frame - 1
        if is_whole:
            self._candidates.decide_open(frame)
        self._decide(frame, may_wait=False)
        events = news(self._open, self._labels, self._policies)
        events += [event.snapshot("end", self._labels, self._policies) for event in self._open]
        self._open.clear()
        self._candidates.end(frame)
        self._patterns.reset()
        self._calls.forget()
        self._next_frame = None
        return events

    def reset(self) -> None:
        """Forget the stream, its events and what was suppressed."""
        self._patterns.reset()
        self._calls.forget()
        self._candidates.reset()
        self._open.clear()
        self._next_frame = None
        self._events_so_far = 0

    def _step(
        self,
        frame: int,
        posteriors: NDArray[np.float32],
        level_dbfs: float,
        match: PatternMatch | None,
    ) -> list[Event]:
        confidence = self._evidence.weigh(posteriors, match)
        self._candidates.step(
            frame,
            posteriors,
            confidence,
            level_dbfs,
            hastened=self._evidence.columns(match),
            proven=self._evidence.proven(match),
        )
        for column, candidate in self._candidates.live.items():
            if candidate.below_frames == 0:
                self._calls.hear(column, frame)
        for event in self._open:
            event.score = max(event.score, float(posteriors[event.column]))
            event.level_dbfs = max(event.level_dbfs, level_dbfs)
            longest_frames = max(_OUTLIVE_FRAMES, self._hold_frames(event))
            event.hold(frame, self._holding(event, confidence), longest_frames)
            if self._candidates.is_sure(event.column, float(confidence[event.column])):
                event.sure_frame = frame
            elif frame - event.sure_frame > max(_UNSURE_FRAMES, self._hold_frames(event)):
                event.is_outlived = True
        ended = self._end_quiet(frame)
        self._decide(frame)
        if match is not None:
            self._name(match)
        return ended + news(self._open, self._labels, self._policies)

    def _holding(self, event: OpenEvent, confidence: NDArray[np.float32]) -> list[int]:
        """Which nodes that the event has reached are heard, and explained by no other event."""
        above = self._labels.ancestors
        others = [other.column for other in self._open if other is not event]
        return [
            column
            for column in event.reached
            if self._candidates.is_held(column, float(confidence[column]))
            and not any(above[other, column] for other in others)
        ]

    def _end_quiet(self, frame: int) -> list[Event]:
        ended = [
            event
            for event in self._open
            if event.is_outlived or frame - event.held_frame >= self._hold_frames(event)
        ]
        self._open = [event for event in self._open if event not in ended]
        for event in ended:
            for column, candidate in list(self._candidates.live.items()):
                if not self._labels.ancestors[event.column, column]:
                    continue
                heard_frame = frame - candidate.below_frames
                if event.urgency >= CRITICAL or self._labels.ancestors[column, event.reached[0]]:
                    self._calls.remember(column, event.urgency, frame, heard_frame)
                if not self._is_told(column, frame):
                    self._candidates.restart(
                        column, frame, muted_until=frame + _TAIL_FRAMES, tail_of=event.number
                    )
        return [event.snapshot("end", self._labels, self._policies) for event in ended]

    def _hold_frames(self, event: OpenEvent) -> int:
        own = max(self._candidates.hold_frames(column) for column in event.reached)
        return max(own, _PATTERN_HOLD_FRAMES.get(event.pattern or "", 0))

    def _decide(self, frame: int, *, may_wait: bool = True) -> None:
        """Let confirmed nodes, the deepest first, refine events or open them."""
        depth = self._labels.depth
        live = self._candidates.live
        sure = [column for column in live if live[column].confirmed_frame is not None]
        for column in sorted(sure, key=lambda column: (-depth[column], -live[column].peak)):
            candidate = live[column]
            if self._is_told(column, frame) or (may_wait and self._waits(column, candidate, frame)):
                continue
            since = candidate.start_frame - _REFINE_FRAMES
            host = deepest_above(column, self._open, self._labels, since_frame=since)
            if host is not None:
                host.refine(steps_down(host.column, column, self._labels), candidate, frame)
            else:
                self._open.append(self._opened(column, candidate, frame))

    def _is_told(self, column: int, frame: int) -> bool:
        """Whether an open event says as much of a node, or more."""
        hold_frames = self._candidates.hold_frames(column)
        return is_told(column, self._open, self._labels, since_frame=frame - hold_frames)

    def _waits(self, column: int, candidate: Candidate, frame: int) -> bool:
        """Whether a confirmed node may soon be told more precisely."""
        confirmed_frame = candidate.confirmed_frame
        if confirmed_frame is None or frame - confirmed_frame >= _WAIT_FRAMES:
            return False
        return any(
            other.is_on and other.confirmed_frame is None and self._labels.ancestors[below, column]
            for below, other in self._candidates.live.items()
        )

    def _opened(self, column: int, candidate: Candidate, frame: int) -> OpenEvent:
        self._events_so_far += 1
        in_mind = self._calls.urgency(column, frame)
        return OpenEvent(
            number=self._events_so_far,
            reached=[column],
            onset_frame=candidate.start_frame,
            first_detected_frame=frame,
            detected_frame=frame,
            held_frame=frame - candidate.below_frames,
            deepest_held_frame=frame - candidate.below_frames,
            sure_frame=frame,
            score=candidate.peak,
            level_dbfs=candidate.level_dbfs,
            urgency=min(in_mind, self._policies.urgency([column])),
        )

    def _name(self, match: PatternMatch) -> None:
        for event in self._open:
            is_better = event.pattern is None or RANK[match.kind] > RANK[event.pattern]
            if is_better and self._evidence.is_named_by(event.column, match):
                event.name_pattern(match.kind)
