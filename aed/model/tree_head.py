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

        Conditionals are multiplied over blocks of one level, of two, of four, ...: logarithmically
        many steps. Blocks are the same for all nodes, so that a child differs from its parent in
        one factor only, and none exceeds its parent even by rounding.
        """
        conditional = torch.sigmoid(logits * scale + bias)
        marginal = functional.pad(conditional, (0, 1), value=1.0)
        for columns in self.above:
            marginal = marginal * marginal.index_select(-1, columns)
        return marginal[..., :-1]


def _columns_above(labels: LabelSet) -> Tensor:
    """(steps, N + 1) int64: whose product completes that of each node, N for nobody's.

    Before step k a node holds the product over its block of 2 ** k levels, down to its own. Where
    the block is an odd one, the lowest level of the block above holds what is missing.
    """
    nodes, levels = len(labels), int(labels.depth.max()) + 1
    on_level = torch.full((levels, nodes), nodes)  # the node itself or what stands above it there
    for column, (parent, depth) in enumerate(zip(labels.parent, labels.depth, strict=True)):
        on_level[:depth, column] = on_level[:depth, parent]  # a parent is done before its children
        on_level[depth, column] = column
    depths = torch.from_numpy(labels.depth.copy())
    steps = []
    block_levels = 1
    while block_levels < levels:
        block = depths // block_levels
        lowest_above = (block * block_levels - 1).clamp(min=0)
        columns = on_level[lowest_above, torch.arange(nodes)]
        columns[block % 2 == 0] = nodes
        steps.append(functional.pad(columns, (0, 1), value=nodes))
        block_levels *= 2
    return torch.stack(steps) if steps else torch.zeros(0, nodes + 1, dtype=torch.int64)
