"""From the weights of a model of one ontology to a first guess for another: what was learned stays.

A branch that both ontologies have (`ontology.matching`) keeps its row of the tree head, wherever
it stands now. A new branch leans towards its parent's prototype, the direction in which the parent
was learned, but only as far as an untrained row is long: a copy of the parent's row would be sure
of the new sound whenever the parent is heard, which is an alarm nobody has trained. Without a
learned branch above it, a new branch says the same to everything: as rare as an untrained one.

Axes: N ontology nodes, D embedding.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from aed.model.tree_head import INITIAL_BIAS, INITIAL_SPREAD
from ontology import LabelSet
from ontology.matching import matches
from training.errors import CheckpointError

WEIGHT = "head.decisions.weight"
BIAS = "head.decisions.bias"


def carry_over(state: Mapping[str, Tensor], *, old: LabelSet, new: LabelSet) -> dict[str, Tensor]:
    """Map the weights of a model of `old` to those that a model of `new` starts from.

    Args:
        state: `JointModel(config, old).state_dict()`, or what `weights.safetensors` holds.
        old: columns of the tree head in `state`.
        new: columns of the tree head wanted.

    Returns:
        A state for `JointModel(config, new)` of the same config. Tensors other than the head's
        are those of `state`, not copies.

    Raises:
        CheckpointError: `state` holds no tree head, or one of another number of nodes.
    """
    weight, bias = _head_of(state, old)
    kept = matches(old.ontology, new.ontology)
    new_weight = weight.new_zeros(len(new), weight.shape[1])
    new_bias = bias.new_full((len(new),), INITIAL_BIAS)
    prototypes = torch.zeros_like(new_weight)
    untrained_length = INITIAL_SPREAD * math.sqrt(weight.shape[1])
    for column, node in enumerate(new.nodes):  # parents stand before their children
        parent = int(new.parent[column])
        if node in kept:
            before = old.index[kept[node]]
            new_weight[column], new_bias[column] = weight[before], bias[before]
            prototypes[column] = weight[before]
        elif parent >= 0:
            prototypes[column] = prototypes[parent]
            length = prototypes[column].norm().clamp(min=torch.finfo(weight.dtype).tiny)
            new_weight[column] = prototypes[column] * (untrained_length / length)
    return {**state, WEIGHT: new_weight, BIAS: new_bias}


def _head_of(state: Mapping[str, Tensor], labels: LabelSet) -> tuple[Tensor, Tensor]:
    """Weight (N, D) and bias (N,) of the tree head."""
    if missing := [name for name in (WEIGHT, BIAS) if name not in state]:
        raise CheckpointError(
            f"the weights hold no {missing[0]}: wanted those of a model with a tree head"
        )
    weight, bias = state[WEIGHT].detach(), state[BIAS].detach()
    if weight.ndim != 2 or len(weight) != len(labels) or bias.shape != (len(labels),):  # noqa: PLR2004
        raise CheckpointError(
            f"the tree head has the shapes {tuple(weight.shape)} and {tuple(bias.shape)}, its "
            f"ontology {labels.ontology.name!r} {len(labels)} nodes: give the ontology it was "
            "trained with"
        )
    return weight, bias
