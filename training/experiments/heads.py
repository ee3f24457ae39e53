"""What a head's outputs mean: losses, pseudo-labels and node probabilities of flat and tree.

Axes: B crops, N ontology nodes, O outputs of the head.

Sources: outlier exposure (Hendrycks et al. 2019) for crops that hold nothing of the tree: uniform
for a softmax that has no place for them, "other" for a tree that has one.
"""

from typing import Protocol

import torch
from torch import Tensor

from ontology import LabelSet
from training.experiments.methods import Head
from training.experiments.settings import Settings
from training.hierarchy import leaf_columns
from training.losses import (
    SiblingTree,
    categorical_consistency,
    flat_likelihood,
    flat_pseudo_labels,
    leaf_sums,
    named_leaves,
    named_nodes,
    sibling_likelihood,
    sibling_pseudo_labels,
)


class Objective(Protocol):
    """What training needs to know of a head."""

    @property
    def outputs(self) -> int:
        """O."""

    def loss(self, logits: Tensor, target: Tensor, share: Tensor) -> Tensor:
        """Likelihood of the deepest node known of each crop (B,), weighted by `share` (B,)."""

    def nothing(self, logits: Tensor) -> Tensor:
        """Loss of crops (B, O) that hold nothing of the tree, scalar."""

    def consistency(
        self, teacher: Tensor, student: Tensor, settings: Settings
    ) -> tuple[Tensor, Tensor]:
        """Divergence of student from teacher (B, O), and the nodes that taught, (B, N) bool."""

    def probabilities(self, logits: Tensor) -> Tensor:
        """P(node), (B, N)."""


class FlatObjective:
    """Softmax over the leaves; a node is the sum of its leaves."""

    def __init__(self, labels: LabelSet) -> None:
        self._labels = labels
        self.outputs = len(leaf_columns(labels))

    def loss(self, logits: Tensor, target: Tensor, share: Tensor) -> Tensor:
        """Cross-entropy."""
        return flat_likelihood(logits, target, self._labels, share=share)

    def nothing(self, logits: Tensor) -> Tensor:
        """Cross-entropy to the uniform distribution: no leaf more than another."""
        return -torch.log_softmax(logits, -1).mean()

    def consistency(
        self, teacher: Tensor, student: Tensor, settings: Settings
    ) -> tuple[Tensor, Tensor]:
        """All leaves teach where one is sure."""
        taught = flat_pseudo_labels(
            teacher, threshold=settings.confidence, temperature=settings.temperature
        )
        loss = categorical_consistency(taught, torch.log_softmax(student, -1))
        return loss, named_leaves(taught, self._labels)

    def probabilities(self, logits: Tensor) -> Tensor:
        """Leaf sums."""
        return leaf_sums(torch.softmax(logits, -1), self._labels)


class SiblingObjective:
    """Softmax over the children of each node, "other" among them: the tree of the paper's arm."""

    def __init__(self, labels: LabelSet) -> None:
        self._labels = labels
        self._tree = SiblingTree(labels)
        self._weights = torch.ones(self._tree.width)
        self.outputs = self._tree.width

    def loss(self, logits: Tensor, target: Tensor, share: Tensor) -> Tensor:
        """-log P(deepest node known)."""
        return sibling_likelihood(logits, target, self._tree, self._weights, share=share)

    def nothing(self, logits: Tensor) -> Tensor:
        """-log P(the root's "other")."""
        target = torch.full((len(logits),), self._tree.other())
        return sibling_likelihood(logits, target, self._tree, self._weights)

    def consistency(
        self, teacher: Tensor, student: Tensor, settings: Settings
    ) -> tuple[Tensor, Tensor]:
        """Siblings teach where their parent and one of them are sure: as deep as that goes."""
        taught = sibling_pseudo_labels(
            teacher,
            self._tree,
            threshold=settings.confidence,
            temperature=settings.temperature,
        )
        loss = categorical_consistency(taught, self._tree.log_conditionals(student))
        return loss, named_nodes(taught, self._labels)

    def probabilities(self, logits: Tensor) -> Tensor:
        """Products along the path from the root."""
        return self._tree.log_posteriors(logits).exp()


def objective_of(head: Head, labels: LabelSet) -> Objective:
    """The objective of a kind of head."""
    return FlatObjective(labels) if head == "flat" else SiblingObjective(labels)
