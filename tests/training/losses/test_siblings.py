import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ontology import LabelSet
from tests.training.losses.draws import gradient_is_finite, logits, scales, seeds, targets
from tests.training.trees import (
    ALARM,
    BELL,
    LIFE_SAFETY,
    SIREN,
    SMOKE,
    SPEECH,
    label_sets,
    small,
)
from training.hierarchy import leaf_columns
from training.losses import UNKNOWN, SiblingTree, hxe_weights, sibling_likelihood

pytestmark = pytest.mark.torch

OTHER_ROOT, OTHER_ALARM, OTHER_LIFE_SAFETY = 6, 7, 8


@pytest.fixture
def tree() -> SiblingTree:
    return SiblingTree(small())


def _logits() -> Tensor:
    """Odds 2 : 1 : 1 at the root, 3 : 1 : 1 below alarm, 6 : 1 : 1 below life safety."""
    odds = torch.ones(1, 9)
    odds[0, ALARM], odds[0, LIFE_SAFETY], odds[0, SMOKE] = 2.0, 3.0, 6.0
    return odds.log()


def _loss(tree: SiblingTree, target: int, alpha: float = 0.0) -> float:
    weights = hxe_weights(tree, alpha=alpha)
    return float(sibling_likelihood(_logits(), torch.tensor([target]), tree, weights))


def test_each_parent_has_an_other_after_the_nodes(tree: SiblingTree) -> None:
    assert tree.width == 9
    assert [tree.other(), tree.other(ALARM), tree.other(LIFE_SAFETY)] == [6, 7, 8]
    with pytest.raises(ValueError, match="siren is a leaf"):
        tree.other(SIREN)


def test_probabilities_are_the_ones_computed_by_hand(tree: SiblingTree) -> None:
    conditional = tree.log_conditionals(_logits()).exp()[0]
    masses = tree.log_masses(_logits()).exp()[0]

    by_hand = [2 / 4, 3 / 5, 6 / 8, 1 / 8, 1 / 5, 1 / 4, 1 / 4, 1 / 5, 1 / 8]
    torch.testing.assert_close(conditional, torch.tensor(by_hand))
    by_hand = [0.5, 0.3, 0.225, 0.0375, 0.1, 0.25, 0.25, 0.1, 0.0375]
    torch.testing.assert_close(masses, torch.tensor(by_hand))
    torch.testing.assert_close(tree.log_posteriors(_logits()), tree.log_masses(_logits())[:, :6])


def test_with_uniform_weights_the_loss_is_minus_the_log_of_the_leaf(tree: SiblingTree) -> None:
    assert _loss(tree, SMOKE) == pytest.approx(-math.log(0.225), abs=1e-6)
    assert _loss(tree, BELL) == pytest.approx(-math.log(0.0375), abs=1e-6)
    assert _loss(tree, SPEECH) == pytest.approx(-math.log(0.25), abs=1e-6)


def test_a_coarse_label_costs_the_path_to_it_alone(tree: SiblingTree) -> None:
    assert _loss(tree, LIFE_SAFETY) == pytest.approx(-math.log(0.3), abs=1e-6)


def test_a_label_may_say_that_none_of_the_known_children_sounds(tree: SiblingTree) -> None:
    assert _loss(tree, OTHER_ROOT) == pytest.approx(-math.log(0.25), abs=1e-6)
    assert _loss(tree, OTHER_ALARM) == pytest.approx(-math.log(0.5 * 0.2), abs=1e-6)
    assert _loss(tree, OTHER_LIFE_SAFETY) == pytest.approx(-math.log(0.3 / 8), abs=1e-6)


def test_hxe_weights_discount_the_deeper_branches(tree: SiblingTree) -> None:
    weights = hxe_weights(tree, alpha=math.log(2))

    by_hand = [1, 0.5, 0.25, 0.25, 0.5, 1, 1, 0.5, 0.25]
    torch.testing.assert_close(weights, torch.tensor(by_hand))
    by_hand_loss = -(math.log(0.5) + 0.5 * math.log(0.6) + 0.25 * math.log(0.75))
    assert _loss(tree, SMOKE, math.log(2)) == pytest.approx(by_hand_loss, abs=1e-6)


def test_clips_of_which_nothing_is_known_count_for_nothing(tree: SiblingTree) -> None:
    target = torch.tensor([SMOKE, UNKNOWN])
    weights = hxe_weights(tree, alpha=0.0)

    found = sibling_likelihood(_logits().expand(2, -1), target, tree, weights)
    nothing = sibling_likelihood(_logits(), target[1:], tree, weights)

    assert float(found) == pytest.approx(-math.log(0.225), abs=1e-6)
    assert float(nothing) == 0.0


def test_shares_mix_the_losses_of_two_labels(tree: SiblingTree) -> None:
    weights, share = hxe_weights(tree, alpha=0.0), torch.tensor([0.7])

    found = sibling_likelihood(_logits(), torch.tensor([SMOKE]), tree, weights, share=share)
    found += sibling_likelihood(_logits(), torch.tensor([SIREN]), tree, weights, share=1 - share)

    by_hand = -0.7 * math.log(0.225) - 0.3 * math.log(0.1)
    assert float(found) == pytest.approx(by_hand, abs=1e-6)


def test_a_wrong_number_of_logits_is_refused(tree: SiblingTree) -> None:
    with pytest.raises(ValueError, match="6 nodes, then an `other`"):
        tree.log_conditionals(torch.zeros(2, 6))


@given(labels=label_sets, seed=seeds, scale=scales)
@settings(deadline=None, max_examples=50)
def test_mass_stops_at_leaves_and_others_only_and_adds_up_to_one(
    labels: LabelSet, seed: int, scale: float
) -> None:
    tree = SiblingTree(labels)
    masses = tree.log_masses(logits(tree.width, seed, scale).detach().double()).exp()
    nodes, others = masses[:, : len(labels)], masses[:, len(labels) :]
    leaves = torch.from_numpy(leaf_columns(labels))

    torch.testing.assert_close(
        nodes[:, leaves].sum(-1) + others.sum(-1), torch.ones(len(masses), dtype=torch.float64)
    )
    for parent in set(labels.parent.tolist()):
        children = nodes[:, torch.from_numpy(labels.parent == parent)].sum(-1)
        whole = torch.ones((), dtype=torch.float64) if parent < 0 else nodes[:, parent]
        assert (children <= whole + 1e-9).all()


@given(labels=label_sets, seed=seeds, scale=scales, alpha=st.sampled_from([0.0, 0.4]))
@settings(deadline=None, max_examples=50)
def test_loss_and_gradient_are_finite_for_any_tree_and_logits(
    labels: LabelSet, seed: int, scale: float, alpha: float
) -> None:
    tree = SiblingTree(labels)
    inputs = logits(tree.width, seed, scale)

    loss = sibling_likelihood(inputs, targets(labels, seed), tree, hxe_weights(tree, alpha=alpha))

    assert loss >= 0
    assert gradient_is_finite(loss, inputs)
