"""What a timing pattern is worth: log-odds for the nodes of the ontology that are known by it.

Evidence only ever adds. A node without a pattern, and a node whose pattern is not heard, is judged
by its posterior alone.

Axes: T posterior frames, N ontology nodes.
"""

import numpy as np
from numpy.typing import NDArray

from aed.patterns import PatternMatch
from ontology import PATTERNS, LabelSet

SUSPICION = 0.15
"""Patterns are looked for while a top-level node above a patterned one has this posterior."""

LOG_ODDS = {"t3": 2.5, "t4": 2.5, "continuous": 0.5, "chirp": 2.5}
"""What a pattern of full strength adds to the log-odds of its nodes: at 2.5, 0.4 becomes 0.89. A
tone that does not stop is in many a song: worth 2.5, it raised 8 of the 14 wrong critical events in
25 hours of music, talk, games and home scenes."""

NAMING_STRENGTH = 0.5
"""A weaker match names the kind only of an event at the very node that is known by it."""

PROVING = ("t3", "t4")
"""Kinds that leave no doubt: no second look is needed. A steady tone has many causes."""

_LEAST = 1e-6


class PatternEvidence:
    """Weighs timing patterns for the nodes of one ontology.

    Args:
        labels: columns of the posteriors.
    """

    def __init__(self, labels: LabelSet) -> None:
        self._ancestors = labels.ancestors
        self._parent = labels.parent.tolist()
        self._columns = {
            kind: frozenset(
                labels.index[node.id]
                for node in labels.ontology.nodes
                if node.alert is not None and kind in node.alert.pattern
            )
            for kind in PATTERNS
        }
        self._proven = {
            kind: frozenset(
                np.flatnonzero(labels.ancestors[sorted(self._columns[kind])].any(0)).tolist()
            )
            for kind in PROVING
        }
        patterned = frozenset[int]().union(*self._columns.values())
        self._tops = sorted({_top(column, self._parent) for column in patterned})

    def suspected(self, posteriors: NDArray[np.float32]) -> NDArray[np.bool_]:
        """(T,): frames of posteriors (T, N) in which a pattern is worth looking for."""
        suspected: NDArray[np.bool_] = np.any(posteriors[:, self._tops] >= SUSPICION, axis=1)
        return suspected

    def columns(self, match: PatternMatch | None) -> frozenset[int]:
        """Columns of the nodes that are known by the pattern being heard."""
        return frozenset() if match is None else self._columns[match.kind]

    def proven(self, match: PatternMatch | None) -> frozenset[int]:
        """Columns of which the pattern being heard leaves no doubt: known by it, or above one."""
        return frozenset() if match is None else self._proven.get(match.kind, frozenset())

    def weigh(
        self, posteriors: NDArray[np.float32], match: PatternMatch | None
    ) -> NDArray[np.float32]:
        """Add the evidence of a pattern to the posteriors of one frame.

        Args:
            posteriors: (N,), not changed.
            match: the pattern being heard.

        Returns:
            (N,) confidences, none below its posterior, no parent below its child.
        """
        columns = self.columns(match)
        if match is None or not columns:
            return posteriors
        confidence = posteriors.copy()
        factor = float(np.exp(LOG_ODDS[match.kind] * match.strength))
        for column in columns:
            posterior = min(max(float(posteriors[column]), _LEAST), 1 - _LEAST)
            odds = factor * posterior / (1 - posterior)
            raised = max(odds / (1 + odds), float(posteriors[column]))
            above = column
            while above >= 0:
                confidence[above] = max(float(confidence[above]), raised)
                above = self._parent[above]
        return confidence

    def is_named_by(self, column: int, match: PatternMatch) -> bool:
        """Whether a pattern tells the kind of an event: at a node known by it, or above one.

        Args:
            column: the event's node.
            match: the pattern being heard.
        """
        columns = self._columns[match.kind]
        if column in columns:
            return True
        if match.strength < NAMING_STRENGTH:
            return False
        return any(bool(self._ancestors[below, column]) for below in columns)


def _top(column: int, parent: list[int]) -> int:
    while parent[column] >= 0:
        column = parent[column]
    return column
