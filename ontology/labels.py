"""Columns for the nodes of an ontology: what a model's outputs mean, as arrays.

Axes: N nodes of the ontology, in preorder, so that parents stand before their children.
"""

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from ontology.tree import Ontology

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


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
        critical: columns of the nodes of which a person must be told at any hour.
    """

    __slots__ = (
        "ancestors",
        "critical",
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
        self.critical = tuple(columns[node.id] for node in ontology.nodes if node.is_critical)
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
