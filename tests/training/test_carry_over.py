"""A changed ontology keeps what was learned: by id, by AudioSet id, wherever a branch stands."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file
from torch import Tensor

import ontology
from aed.bundle import SHIPPED
from aed.model.joint import JointModel, ModelConfig
from aed.model.tree_head import INITIAL_BIAS, TreeHead
from ontology import LabelSet
from tests.aed.model.lively import lively_model
from tests.ontology.edits import Edited, edited_ontologies
from tests.training.trees import BELL, SMALL, SMOKE, label_sets, small
from training.carry_over import BIAS, WEIGHT, carry_over
from training.errors import CheckpointError

D = 8


def head_state(labels: LabelSet, seed: int = 0) -> dict[str, Tensor]:
    """Weights of a head in which no two rows are alike, and a tensor of some other layer."""
    generator = torch.Generator().manual_seed(seed)
    return {
        WEIGHT: torch.randn(len(labels), D, generator=generator),
        BIAS: torch.randn(len(labels), generator=generator),
        "network.stem.weight": torch.ones(3),
    }


def changed(old: str, new: str) -> LabelSet:
    """The small tree with a piece of its text replaced."""
    assert old in SMALL
    return LabelSet(ontology.parse(SMALL.replace(old, new)))


def test_the_same_ontology_changes_nothing() -> None:
    state = head_state(small())

    carried = carry_over(state, old=small(), new=small())

    assert carried.keys() == state.keys()
    for name, tensor in state.items():
        torch.testing.assert_close(carried[name], tensor, rtol=0, atol=0)


def test_a_branch_that_moved_keeps_its_weights() -> None:
    smoke = "          - {id: smoke, name: Smoke alarm}\n"
    moved = SMALL.replace(smoke, "") + "  - {id: smoke, name: Smoke alarm}\n"
    new = LabelSet(ontology.parse(moved))
    state = head_state(small())

    carried = carry_over(state, old=small(), new=new)

    assert new.path("smoke") == "smoke"
    torch.testing.assert_close(carried[WEIGHT][new.index["smoke"]], state[WEIGHT][SMOKE])
    torch.testing.assert_close(carried[BIAS][new.index["smoke"]], state[BIAS][SMOKE])


def test_a_branch_renamed_under_its_class_of_audioset_keeps_its_weights() -> None:
    plain, audioset = "id: smoke, name: Smoke alarm", "name: Smoke, audioset: [/m/01y3hg]"
    old = changed(plain, f"id: smoke, {audioset}")
    new = changed(plain, f"id: smoke_detector, {audioset}")
    state = head_state(old)

    carried = carry_over(state, old=old, new=new)

    torch.testing.assert_close(carried[WEIGHT], state[WEIGHT])
    torch.testing.assert_close(carried[BIAS], state[BIAS])


def test_a_new_branch_leans_towards_the_prototype_above_it_no_further_than_an_untrained_one() -> (
    None
):
    bell = "{id: bell, name: Fire bell}"
    new = changed(bell, "{id: bell, name: B, children: [{id: old_bell, name: Old bell}]}")
    state = head_state(small())

    carried = carry_over(state, old=small(), new=new)

    row, prototype = carried[WEIGHT][new.index["old_bell"]], state[WEIGHT][BELL]
    torch.testing.assert_close(row / row.norm(), prototype / prototype.norm())
    assert float(row.norm()) == pytest.approx(0.01 * math.sqrt(D))
    assert float(carried[BIAS][new.index["old_bell"]]) == INITIAL_BIAS


def test_a_new_branch_with_nothing_learned_above_it_says_the_same_to_everything() -> None:
    new = changed(
        "  - {id: speech, name: Speech}",
        "  - {id: pet, name: Pet, children: [{id: dog, name: Dog}]}",
    )

    carried = carry_over(head_state(small()), old=small(), new=new)

    for node in ("pet", "dog"):
        assert not carried[WEIGHT][new.index[node]].any()
        assert float(carried[BIAS][new.index[node]]) == INITIAL_BIAS


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ({}, "no head.decisions.weight"),
        ({WEIGHT: torch.zeros(6, D)}, "no head.decisions.bias"),
        ({WEIGHT: torch.zeros(5, D), BIAS: torch.zeros(5)}, "'small' 6 nodes"),
        ({WEIGHT: torch.zeros(6, D), BIAS: torch.zeros(5)}, "'small' 6 nodes"),
        ({WEIGHT: torch.zeros(6), BIAS: torch.zeros(6)}, "'small' 6 nodes"),
    ],
)
def test_weights_that_are_not_those_of_the_old_ontology_are_refused(
    state: dict[str, Tensor], told: str
) -> None:
    with pytest.raises(CheckpointError, match=told):
        carry_over(state, old=small(), new=small())


@settings(deadline=None, max_examples=60)
@given(edited_ontologies(), st.integers(0, 2**31))
def test_every_branch_that_both_have_decides_as_before(edited: Edited, seed: int) -> None:
    old, new = LabelSet(edited.old), LabelSet(edited.new)
    state = head_state(old, seed)
    before = {name: tensor.clone() for name, tensor in state.items()}

    carried = carry_over(state, old=old, new=new)

    embedding = torch.randn(4, D, generator=torch.Generator().manual_seed(seed))
    logits = embedding @ carried[WEIGHT].T + carried[BIAS]
    old_logits = embedding @ state[WEIGHT].T + state[BIAS]
    for node in set(new.nodes) - edited.added:
        was = old.index[edited.renamed.get(node, node)]
        torch.testing.assert_close(logits[:, new.index[node]], old_logits[:, was])
    for name, tensor in state.items():
        torch.testing.assert_close(tensor, before[name], rtol=0, atol=0)


@settings(deadline=None, max_examples=40)
@given(label_sets, label_sets)
def test_any_two_ontologies_give_finite_weights_that_a_head_takes(
    old: LabelSet, new: LabelSet
) -> None:
    carried = carry_over(head_state(old), old=old, new=new)

    assert all(torch.isfinite(tensor).all() for tensor in carried.values())
    head = TreeHead(new, embedding_size=D)
    head.load_state_dict({"decisions.weight": carried[WEIGHT], "decisions.bias": carried[BIAS]})


def test_a_model_of_the_new_ontology_hears_what_the_old_one_heard() -> None:
    old = small()
    new = changed("- {id: siren, name: Siren}", "- {id: horn, name: Horn}")
    model = lively_model(old, seed=3).eval()
    other = JointModel(ModelConfig(), new).eval()

    other.load_state_dict(carry_over(model.state_dict(), old=old, new=new))

    audio = torch.randn(16_000, generator=torch.Generator().manual_seed(1))
    kept = [node for node in new.nodes if node in old.index]
    torch.testing.assert_close(
        other.stream_logits(audio)[:, [new.index[node] for node in kept]],
        model.stream_logits(audio)[:, [old.index[node] for node in kept]],
    )


def test_a_sound_added_to_the_shipped_model_is_not_taken_for_heard_while_an_alarm_sounds() -> None:
    old = LabelSet(ontology.load(SHIPPED / "ontology.yaml"))
    line = "          - id: smoke_alarm\n"
    text = old.ontology.source
    new = LabelSet(
        ontology.parse(text.replace(line, f"          - {{id: gas_alarm, name: Gas}}\n{line}"))
    )
    state = load_file(SHIPPED / "weights.safetensors")
    model = JointModel(ModelConfig(), new).eval()
    model.load_state_dict(carry_over(state, old=old, new=new))

    with np.load(SHIPPED / "selftest.npz") as clip:
        logits = model.stream_logits(torch.from_numpy(clip["audio"]))

    assert torch.sigmoid(logits[:, new.index["life_safety"]]).max() > 0.8
    assert torch.sigmoid(logits[:, new.index["gas_alarm"]]).max() < 0.5
