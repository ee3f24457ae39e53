"""An event while it lasts, and the snapshots of it that are handed on."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from aed.attention import AlertPolicies
from aed.candidate import Candidate, seconds
from ontology import LabelSet

Phase = Literal["start", "update", "end"]
"""Where an event stands: one `start`, any number of `update`, one `end`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What is known of an event at one moment of its life. Times are stream time, in seconds.

    Attributes:
        number: of the event in its stream, from 1.
        phase: `start`, `update` (a deeper node, or its pattern, became known) or `end`.
        node: deepest node reached so far.
        path: ids from the top level to `node`, joined by `/`.
        score: highest calibrated posterior of `node`, in [0, 1].
        pattern: `t3`, `t4`, `continuous`, `chirp`, or None.
        onset_s: when it rose.
        offset_s: when it fell; None while it lasts.
        first_detected_s: when its `start` could be published.
        detected_s: when `node` could be published.
        level_dbfs: highest level of a frame so far.
        critical: a node it has reached is critical.
        alert_now: this phase deserves a person's attention: the first one that has reached a node
            with an alert policy, the first one that is critical, and the first one at a critical
            leaf. Where these fall together it is one.
    """

    number: int
    phase: Phase
    node: str
    path: str
    score: float
    pattern: str | None
    onset_s: float
    offset_s: float | None
    first_detected_s: float
    detected_s: float
    level_dbfs: float
    critical: bool
    alert_now: bool


@dataclass(slots=True, kw_only=True)
class OpenEvent:
    """One event that has not ended.

    Attributes:
        number: of the event in its stream.
        reached: columns from the first node reported to the deepest one reached.
        onset_frame: frame in which it rose.
        first_detected_frame: frame after which its first node was known.
        detected_frame: frame after which its deepest node was known.
        held_frame: latest frame in which it was held alive.
        deepest_held_frame: latest frame in which its deepest node held it.
        sure_frame: latest frame in which its deepest node was at or above its on-threshold.
        is_outlived: its deepest node is long gone or unsure, and something else goes on.
        score: highest posterior of the deepest node.
        level_dbfs: highest level.
        pattern: timing pattern, once one was heard.
        urgency: of the latest call for a person's attention (see `attention`); what they were
            called for before it began counts.
        has_news: something that subscribers should know changed in this frame.
        was_told: its start was handed on.
    """

    number: int
    reached: list[int]
    onset_frame: int
    first_detected_frame: int
    detected_frame: int
    held_frame: int
    deepest_held_frame: int
    sure_frame: int
    score: float
    level_dbfs: float
    urgency: int
    pattern: str | None = None
    is_outlived: bool = False
    has_news: bool = True
    was_told: bool = False

    @property
    def column(self) -> int:
        """Column of the deepest node reached."""
        return self.reached[-1]

    def refine(self, path: Sequence[int], candidate: Candidate, frame: int) -> None:
        """Move the event down the tree.

        Args:
            path: columns below the present node, down to the new one.
            candidate: the new node's.
            frame: the latest frame.
        """
        self.reached.extend(path)
        self.detected_frame = self.sure_frame = frame
        self.deepest_held_frame = max(self.onset_frame, frame - candidate.below_frames)
        self.score = candidate.peak
        self.has_news = True

    def hold(self, frame: int, columns: Collection[int], longest_frames: int) -> None:
        """Be held alive by nodes that are heard.

        Args:
            frame: the latest frame.
            columns: which of those reached hold the event in it.
            longest_frames: how long the others may hold it after the deepest one last did. Then
                it is outlived, and has ended where its deepest node fell.
        """
        if self.column in columns:
            self.deepest_held_frame = self.held_frame = frame
        elif columns and frame - self.deepest_held_frame <= longest_frames:
            self.held_frame = frame
        elif columns:
            self.held_frame, self.is_outlived = self.deepest_held_frame, True

    def name_pattern(self, kind: str) -> None:
        """Note the timing pattern being heard."""
        if kind != self.pattern:
            self.pattern = kind
            self.has_news = True

    def snapshot(self, phase: Phase, labels: LabelSet, policies: AlertPolicies) -> Event:
        """What is known now; calls for attention where it is due, and remembers that it did."""
        urgency = policies.urgency(self.reached)
        alert_now = phase != "end" and urgency > self.urgency
        if alert_now:
            self.urgency = urgency
        node = labels.nodes[self.column]
        return Event(
            number=self.number,
            phase=phase,
            node=node,
            path=labels.path(node),
            score=self.score,
            pattern=self.pattern,
            onset_s=seconds(self.onset_frame),
            offset_s=seconds(self.held_frame + 1) if phase == "end" else None,
            first_detected_s=seconds(self.first_detected_frame + 1),
            detected_s=seconds(self.detected_frame + 1),
            level_dbfs=self.level_dbfs,
            critical=policies.is_critical(self.reached),
            alert_now=alert_now,
        )


def news(events: Sequence[OpenEvent], labels: LabelSet, policies: AlertPolicies) -> list[Event]:
    """Snapshots of the events that began or became clearer since they were last told."""
    snapshots = []
    for event in events:
        if event.has_news:
            phase: Phase = "update" if event.was_told else "start"
            snapshots.append(event.snapshot(phase, labels, policies))
            event.has_news, event.was_told = False, True
    return snapshots


def is_told(
    column: int, events: Sequence[OpenEvent], labels: LabelSet, *, since_frame: int
) -> bool:
    """Whether an event is at a node, or at a descendant that held it in `since_frame` or later."""
    return any(
        event.column == column
        or (labels.ancestors[event.column, column] and event.held_frame >= since_frame)
        for event in events
    )


def deepest_above(
    column: int, events: Sequence[OpenEvent], labels: LabelSet, *, since_frame: int
) -> OpenEvent | None:
    """The event at the deepest ancestor of a node, of those that rose in `since_frame` or later."""
    hosts = [
        event
        for event in events
        if labels.ancestors[column, event.column] and event.onset_frame >= since_frame
    ]
    return max(hosts, key=lambda event: int(labels.depth[event.column]), default=None)


def steps_down(above: int, column: int, labels: LabelSet) -> list[int]:
    """Columns below `above` on the way down to `column`, which is the last."""
    steps = [column]
    while (parent := int(labels.parent[steps[0]])) != above:
        steps.insert(0, parent)
    return steps
