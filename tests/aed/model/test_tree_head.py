import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import ontology
from aed.model.tree_head import TreeHead
from ontology import LabelSet, parse
from tests.marginals import marginals
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

    np.testing.assert_allclose(posteriors, marginals(labels, conditional), atol=1e-5)


@settings(deadline=None, max_examples=60)
@given(
    plans(max_nodes=40),
    st.integers(0, 2**31),
    st.floats(0.0, 20.0),
    st.floats(0.1, 3.0),
    st.floats(-4.0, 4.0),
)
def test_calibrated_posteriors_are_products_and_no_child_exceeds_its_parent_even_by_rounding(
    plan: Plan, seed: int, spread: float, scale: float, bias: float
) -> None:
    labels = LabelSet(parse(to_yaml(plan)))
    logits = _logits(labels, seed, spread)
    scales, biases = torch.full((len(labels),), scale), torch.full((len(labels),), bias)
    conditional = torch.sigmoid(logits.double() * scale + bias).numpy()

    found = TreeHead(labels, embedding_size=4).posteriors(logits, scales, biases).numpy()

    np.testing.assert_allclose(found, marginals(labels, conditional), atol=1e-5)
    below = labels.parent >= 0
    assert (found[..., below] <= found[..., labels.parent[below]]).all()


@pytest.mark.parametrize(("levels", "steps"), [(1, 0), (2, 1), (3, 2), (6, 3), (12, 4)])
def test_a_deep_tree_takes_few_steps(levels: int, steps: int) -> None:
    lines = ["version: 1", "name: chain", "nodes:"]
    for level in range(levels):
        indent = "    " * level
        lines += [f"{indent}  - id: n{level}", f"{indent}    name: N", f"{indent}    children:"]
    chain = LabelSet(parse("\n".join(lines[:-1])))
    head = TreeHead(chain, embedding_size=4)
    logits = _logits(chain, 1, 2.0)

    found = head.posteriors(logits, torch.ones(levels), torch.zeros(levels))

    assert len(head.above) == steps
    torch.testing.assert_close(found, torch.sigmoid(logits).cumprod(-1))


def test_a_tree_of_one_level_has_nothing_to_multiply() -> None:
    flat = LabelSet(
        parse(
            "version: 1\nname: flat\nnodes:\n- {id: one, name: One}\n- {id: two, name: Two}\n",
            where="flat",
        )
    )
    logits = torch.tensor([[[0.0, 2.0]]])

    found = TreeHead(flat, embedding_size=4).posteriors(logits, torch.ones(2), torch.zeros(2))

    torch.testing.assert_close(found, torch.sigmoid(logits))


def test_an_untrained_head_takes_most_nodes_for_absent(labels: LabelSet) -> None:
    posteriors = torch.sigmoid(TreeHead(labels, embedding_size=8)(torch.randn(1, 5, 8)))

    assert posteriors.shape == (1, 5, len(labels))
    assert posteriors.max() < 0.2
