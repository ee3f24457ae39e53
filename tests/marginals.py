"""Probabilities of a tree as the definition says, for tests to compare with and to begin from.

Axes: N nodes of the ontology.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ontology import LabelSet

_Float = TypeVar("_Float", np.float32, np.float64)


def marginals(labels: LabelSet, conditional: NDArray[_Float]) -> NDArray[_Float]:
    """P(node), (..., N), from P(node | parent): no child exceeds its parent, even by rounding."""
    marginal = conditional.copy()
    for column, parent in enumerate(labels.parent):  # parents stand before their children
        if parent >= 0:
            marginal[..., column] *= marginal[..., parent]
    return marginal
