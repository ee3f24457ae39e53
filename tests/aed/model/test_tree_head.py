import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import ontology
from aed.model.tree_head import TreeHead
from ontology import LabelSet
from tests.ontology.plans import Plan, plans, to_yaml

pytestmark = pytest.mark.torch


def _logits(labels: LabelSet, seed: int, spread: float) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return spread * torch.randn(2, 3, len(labels), generator=generator)


@settings(deadline=None, max_examples=30)
@given(plans(), st.integers(0, 2**31), st.floats(0.0, 50.0))
def test_no_child_is_likelier_than_its_parent(plan: Plan, seed: int, spread: float) -> None:
    labels = LabelSet(ontology.parse(to_yaml(plan)))
    head = TreeHead(labels, embedding_size=4)

    log_posteriors = head.log_posteriors(_logits(labels, seed, spread)).numpy()

    assert (log_posteriors <= 0).all()
    below = labels.parent >= 0
    parents = log_posteriors[..., labels.parent[below]]
    assert (log_posteriors[..., below] <= parents + 1e-4).all()


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**31), st.floats(0.0, 20.0))
def test_posteriors_are_the_products_of_sigmoids_along_the_path(
    labels: LabelSet, seed: int, spread: float
) -> None:
    logits = _logits(labels, seed, spread)
    conditional = torch.sigmoid(logits.double()).numpy()

    posteriors = TreeHead(labels, embedding_size=4).log_posteriors(logits).exp().numpy()

    np.testing.assert_allclose(posteriors, labels.marginals(conditional), atol=1e-5)


def test_an_untrained_head_takes_most_nodes_for_absent(labels: LabelSet) -> None:
    posteriors = torch.sigmoid(TreeHead(labels, embedding_size=8)(torch.randn(1, 5, 8)))

    assert posteriors.shape == (1, 5, len(labels))
    assert posteriors.max() < 0.2
