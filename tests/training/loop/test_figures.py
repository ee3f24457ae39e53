import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import ontology
from ontology import LabelSet
from tests.training.trees import tiny
from training.loop.figures import Interval, branch_ratios, by_depth
from training.loop.machine import one_process
from training.losses import depth_weights, tree_likelihood

pytestmark = pytest.mark.torch


@pytest.fixture(name="tiny")
def tiny_tree() -> LabelSet:
    return tiny()


def test_loss_and_recall_of_two_frames_worked_by_hand(tiny: LabelSet) -> None:
    """Frame one is a smoke alarm, frame two nothing; columns alarm, smoke alarm, siren, speech."""
    true = torch.tensor([[True, True, False, False], [False] * 4])
    unknown = torch.zeros(2, 4, dtype=torch.bool)
    logits = torch.tensor([[1.0, -1.0, 0.0, 0.0], [0.0, 9.0, 9.0, 0.0]])

    ratios = branch_ratios(logits, true, unknown, tiny, torch.tensor([1.0, 0.5, 0.5, 1.0]))

    # depth 0: -ln σ(1) = 0.3133, and three times ln 2
    # depth 1: -ln σ(-1) = 1.3133 and ln 2, both at half the weight
    loss, frames = ratios["loss_depth"]
    assert loss.tolist() == pytest.approx([0.3133 + 3 * math.log(2), (1.3133 + 0.6931) / 2], 1e-4)
    assert frames.tolist() == [2, 2]
    assert ratios["recall_depth"].tolist() == [[1, 0], [1, 1]]  # alarm found, smoke alarm not


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**31))
def test_losses_by_depth_add_up_to_the_branch_likelihood(seed: int) -> None:
    labels = LabelSet(ontology.home())
    rng = np.random.default_rng(seed)
    leaf = rng.integers(0, len(labels), (3, 5))
    true = torch.from_numpy(labels.ancestors[leaf])
    unknown = torch.from_numpy(rng.random(true.shape) < 0.2) & ~true
    logits = torch.from_numpy(rng.normal(size=true.shape))
    weights = depth_weights(labels, decay=0.7)

    ratios = branch_ratios(logits, true, unknown, labels, weights)

    whole = tree_likelihood(logits, true, unknown, labels, weights)
    parts, frames = ratios["loss_depth"]
    assert float((parts / frames).sum()) == pytest.approx(float(whole), rel=1e-6)


def test_an_interval_weighs_steps_by_what_they_could_judge() -> None:
    interval = Interval()
    interval.add({"recall_depth": torch.tensor([[1.0, 0.0], [1.0, 0.0]])})
    interval.add({"recall_depth": torch.tensor([[0.0, 0.0], [3.0, 0.0]])})

    means = interval.over(one_process()).means()

    assert means["recall_depth"] == [pytest.approx(0.25), pytest.approx(math.nan, nan_ok=True)]
    assert list(means.columns()) == ["recall_depth_0", "recall_depth_1"]


def test_an_interval_continues_from_its_sums_without_changing_them() -> None:
    sums = {"loss": torch.tensor([[6.0], [2.0]])}
    interval = Interval(sums)
    interval.add({"loss": torch.tensor([[0.0], [1.0]])})

    assert interval.means()["loss"] == [2.0]
    assert interval.means().columns() == {"loss": 2.0}
    assert sums["loss"].tolist() == [[6.0], [2.0]]


def test_values_are_summed_by_the_depth_of_their_node(tiny: LabelSet) -> None:
    values = torch.tensor([[1, 10, 20, 2], [0, 0, 40, 3]])

    assert by_depth(values, tiny).tolist() == [6, 70]
