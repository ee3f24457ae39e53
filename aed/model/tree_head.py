"""Decision tree predefined by an ontology: one conditional logit per node.

P(node) = P(parent) · σ(logit). Several sounds may be true at once, a parent is never less probable
than its child, and probability can stop at a super-category.

Axes: B clips, T posterior frames, D embedding, N ontology nodes.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from ontology import LabelSet

INITIAL_SPREAD = 0.01
"""Standard deviation of the weights of a decision that was never trained."""

INITIAL_BIAS = -2.0
"""Bias of a decision that was never trained: most nodes are false most of the time."""


class TreeHead(nn.Module):
    """Linear decision at each node of the tree, given that its parent is true."""

    ancestors: Tensor
    above: Tensor

    def __init__(self, labels: LabelSet, *, embedding_size: int) -> None:
        super().__init__()
        self.decisions = nn.Linear(embedding_size, len(labels.nodes))
        nn.init.normal_(self.decisions.weight, std=INITIAL_SPREAD)
        nn.init.constant_(self.decisions.bias, INITIAL_BIAS)
        ancestors = torch.from_numpy(labels.ancestors.astype("float32"))  # (N, N), self included
        self.register_buffer("ancestors", ancestors, persistent=False)
        self.register_buffer("above", _columns_above(labels), persistent=False)

    def forward(self, embedding: Tensor) -> Tensor:
        """Map (B, T, D) embeddings to (B, T, N) conditional logits."""
        logits: Tensor = self.decisions(embedding)
        return logits

    def log_posteriors(self, logits: Tensor) -> Tensor:
        """Log P(node), (B, T, N): the sum of log σ over the path from the root."""
        return functional.logsigmoid(logits) @ self.ancestors.T

    def posteriors(self, logits: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
        """P(node), (B, T, N), calibrated by scale and bias (N,) of the conditional logits.

        Products are rounded in the same order for a node and its parent, so that no child exceeds
        its parent even by rounding.
        """
        conditional = torch.sigmoid(logits * scale + bias)
        with_one = functional.pad(conditional, (0, 1), value=1.0)
        marginal = conditional
        for columns in self.above:
            marginal = marginal * with_one.index_select(-1, columns)
        return marginal


def _columns_above(labels: LabelSet) -> Tensor:
    """(depth, N) int64: column of the parent, then of its parent, ...; N above the top level."""
    beyond = len(labels)
    up = torch.tensor([*(beyond if p < 0 else p for p in labels.parent.tolist()), beyond])
    steps = [up]
    for _ in range(1, int(labels.depth.max())):
        steps.append(up[steps[-1]])
    return torch.stack(steps)[: int(labels.depth.max()), :-1]
