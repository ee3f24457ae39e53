"""Whether a person must be told: how urgent what was reached is, and what they know already."""

from collections.abc import Sequence
from dataclasses import dataclass

from aed.candidate import whole_frames
from ontology import AlertPolicy, LabelSet

NOBODY, SOMEBODY, CRITICAL, CRITICAL_LEAF = range(4)
"""Whom the nodes that were reached concern. Each step up calls for attention once more."""


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

    def is_critical(self, columns: Sequence[int]) -> bool:
        """Whether any of these nodes is critical."""
        return any(policy.critical for column in columns if (policy := self._policies[column]))

    def urgency(self, reached: Sequence[int]) -> int:
        """How urgent an event is.

        Args:
            reached: columns from the first node reported to the deepest one.

        Returns:
            `NOBODY`, `SOMEBODY` (a node has an alert policy), `CRITICAL` (one is critical), or
            `CRITICAL_LEAF` (the deepest is critical, and no node below it is).
        """
        if self._is_critical_leaf[reached[-1]]:
            return CRITICAL_LEAF
        if self.is_critical(reached):
            return CRITICAL
        return SOMEBODY if any(self._policies[column] for column in reached) else NOBODY


MIND_S = 300.0
"""For so long a call is remembered: who was called then may be asleep again by the next one."""

_MIND_FRAMES = whole_frames(MIND_S)


@dataclass(slots=True)
class _Call:
    urgency: int
    made_frame: int
    heard_frame: int


class CallsInMind:
    """What a person was called for and still hears: at the nodes above events that have ended.

    A call is forgotten when its node has been below its off-threshold for as long as its hold, or
    `MIND_S` after it was made.

    Args:
        hold_frames: of each column.
    """

    def __init__(self, hold_frames: Sequence[int]) -> None:
        self._hold_frames = hold_frames
        self._calls: dict[int, _Call] = {}

    def remember(self, column: int, urgency: int, frame: int, heard_frame: int) -> None:
        """Note that somebody was called while a node was heard.

        Args:
            column: the node's.
            urgency: of the most urgent call; a critical leaf is remembered as `CRITICAL`, so that
                it calls anew whenever it makes an event of its own.
            frame: the present one.
            heard_frame: latest frame in which the node was at or above its off-threshold.
        """
        urgency = max(min(urgency, CRITICAL), self.urgency(column, frame))
        self._calls[column] = _Call(urgency, frame, heard_frame)

    def hear(self, column: int, frame: int) -> None:
        """Note that a node is at or above its off-threshold."""
        if self.urgency(column, frame):
            self._calls[column].heard_frame = frame

    def urgency(self, column: int, frame: int) -> int:
        """How urgently somebody was called for what has lasted at a node until this frame."""
        call = self._calls.get(column)
        if call is None:
            return NOBODY
        is_quiet = frame - call.heard_frame >= self._hold_frames[column]
        if is_quiet or frame - call.made_frame >= _MIND_FRAMES:
            del self._calls[column]
            return NOBODY
        return call.urgency

    def forget(self) -> None:
        """Forget all calls."""
        self._calls.clear()
