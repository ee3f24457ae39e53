"""Columns for the nodes of an ontology: what a model's outputs mean, as arrays.

Axes: N nodes of the ontology, in preorder, so that parents stand before their children.
"""

from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from ontology.tree import Ontology

if TYPE_CHECKING:
    from collections.abc import Mapping

_Float = TypeVar("_Float", np.float32, np.float64)


class LabelSet:
    """Which column is which node, and how the columns hang together.

    The arrays are read-only.

    Attributes:
        ontology: whose nodes they are.
        nodes: id of each column.
        index: column of each id.
        parent: (N,) int64, column of the parent, -1 at the top level.
        depth: (N,) int64, 0 at the top level.
        ancestors: (N, N) bool, [i, j] is true if j is i or stands above it.
    """

    __slots__ = (
        "_factors",
        "ancestors",
        "depth",
        "index",
        "nodes",
        "ontology",
        "parent",
    )

    def __init__(self, ontology: Ontology) -> None:
        self.ontology = ontology
        self.nodes: tuple[str, ...] = tuple(node.id for node in ontology.nodes)
        columns = {id_: column for column, id_ in enumerate(self.nodes)}
        self.index: Mapping[str, int] = MappingProxyType(columns)
        parents = [
            -1 if node.parent is None else columns[node.parent.id] for node in ontology.nodes
        ]
        self.parent: NDArray[np.int64] = np.array(parents, dtype=np.int64)
        self.depth: NDArray[np.int64] = np.zeros(len(parents), dtype=np.int64)
        self.ancestors: NDArray[np.bool_] = np.eye(len(parents), dtype=np.bool_)
        for column, parent in enumerate(parents):  # a parent is done before its children
            if parent >= 0:
                self.depth[column] = self.depth[parent] + 1
                self.ancestors[column] |= self.ancestors[parent]
        for array in (self.parent, self.depth, self.ancestors):
            array.setflags(write=False)
        # What each column is multiplied by, level after level: at its own level its parent's, else
        # the column of ones that `marginals` puts behind the last node.
        self._factors = tuple(
            np.where(self.depth == level, self.parent, len(parents))
            for level in range(1, int(self.depth.max()) + 1)
        )

    def __len__(self) -> int:
        return len(self.nodes)

    def column(self, id_: str) -> int:
        """Returns the column of a node.

        Raises:
            OntologyError: there is no such node.
        """
        return self.index[self.ontology.node(id_).id]

    def path(self, id_: str) -> str:
        """Returns the ids from the top level to the node, joined by `/`.

        Raises:
            OntologyError: there is no such node.
        """
        return self.ontology.path(id_)

    def marginals(self, conditional: NDArray[_Float]) -> NDArray[_Float]:
        """Multiplies along the path from the top level, so that no child exceeds its parent.

        Args:
            conditional: (..., N), P(node | parent) in [0, 1].

        Returns:
            (..., N) of the same type, P(node).

        Raises:
            ValueError: the last axis does not have one entry per node.
        """
        if conditional.shape[-1:] != (len(self),):
            raise ValueError(f"wanted (..., {len(self)}) probabilities, found {conditional.shape}")
        width = len(self)
        with_ones = np.ones((*conditional.shape[:-1], width + 1), dtype=conditional.dtype)
        marginal: NDArray[_Float] = with_ones[..., :width]
        marginal[...] = conditional
        for columns in self._factors:
            marginal *= with_ones.take(columns, axis=-1)
        return marginal
