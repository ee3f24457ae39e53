"""An event while it lasts, and the snapshots of it that are handed on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from aed.candidates import Candidate, seconds
from ontology import AlertPolicy, LabelSet

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
            with an alert policy, and one more when the event is refined to a critical leaf.
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


class AlertPolicies:
    """Which nodes deserve a person's attention, by column.

    Args:
        labels: columns of an ontology.
    """

    def __init__(self, labels: LabelSet) -> None:
        self._policies: list[AlertPolicy | None] = [node.alert for node in labels.ontology.nodes]
        criticals = [policy is not None and policy.critical for policy in self._policies]
        self._is_critical_leaf = [
            is_critical and not any(criticals[labels.index[below.id]] for below in node.descendants)
            for is_critical, node in zip(criticals, labels.ontology.nodes, strict=True)
        ]

    def deserves_alert(self, columns: Sequence[int]) -> bool:
        """Whether any of these nodes has an alert policy."""
        return any(self._policies[column] is not None for column in columns)

    def is_critical(self, columns: Sequence[int]) -> bool:
        """Whether any of these nodes is critical."""
        return any(policy.critical for column in columns if (policy := self._policies[column]))

    def is_critical_leaf(self, column: int) -> bool:
        """Whether a node is critical and no node below it is."""
        return self._is_critical_leaf[column]


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
        score: highest posterior of the deepest node.
        level_dbfs: highest level.
        pattern: timing pattern, once one was heard.
        alerted: columns for which a person's attention was called.
        has_news: something that subscribers should know changed in this frame.
        was_told: its start was handed on.
    """

    number: int
    reached: list[int]
    onset_frame: int
    first_detected_frame: int
    detected_frame: int
    held_frame: int
    score: float
    level_dbfs: float
    pattern: str | None = None
    alerted: list[int]
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
        self.detected_frame = frame
        self.score = candidate.peak
        self.has_news = True

    def name_pattern(self, kind: str) -> None:
        """Note the timing pattern being heard."""
        if kind != self.pattern:
            self.pattern = kind
            self.has_news = True

    def snapshot(self, phase: Phase, labels: LabelSet, policies: AlertPolicies) -> Event:
        """What is known now; calls for attention where it is due, and remembers that it did."""
        alert_now = phase != "end" and self._is_alert_due(policies)
        if alert_now:
            self.alerted.append(self.column)
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

    def _is_alert_due(self, policies: AlertPolicies) -> bool:
        if not self.alerted:
            return policies.deserves_alert(self.reached)
        return (
            len(self.alerted) == 1
            and self.column not in self.alerted
            and policies.is_critical_leaf(self.column)
        )
