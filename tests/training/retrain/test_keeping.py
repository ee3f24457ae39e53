from dataclasses import replace

import pytest
import torch
from torch import Tensor

import ontology
from ontology import LabelSet
from tests.training.retrain.own_recordings import home, home_with_a_garage_door, rattle
from training.loop.config import RunConfig
from training.retrain.keeping import KeepingRun
from training.retrain.warm_start import Origin, open_origin

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def origin() -> Origin:
    return open_origin("home")


def batch(labels: LabelSet, *, true: str | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """Two seconds in which a node sounds, or of which nothing is known."""
    audio = torch.from_numpy(rattle(3, 2.0))[None].repeat(2, 1)
    shape = (2, 20, len(labels))
    unknown = torch.full(shape, true is None)
    sounding = torch.zeros(shape, dtype=torch.bool)
    if true is not None:
        sounding[..., torch.from_numpy(labels.ancestors[labels.index[true]].copy())] = True
    return audio, sounding, unknown


def test_the_old_model_itself_has_forgotten_nothing(origin: Origin, tiny_run: RunConfig) -> None:
    run = KeepingRun(tiny_run, home(), origin)
    loss = run.loss(*batch(run.labels))
    assert float(loss.detach()) == pytest.approx(0.0, abs=1e-4)


def test_a_branch_that_own_clips_teach_is_drawn_back_where_no_label_speaks(
    origin: Origin, tiny_run: RunConfig
) -> None:
    config = replace(tiny_run, learning_rate=1e-2, warmup_steps=0, steps=100)
    run = KeepingRun(config, home(), origin, taught=["dog"])
    with torch.no_grad():
        run.model.head.decisions.bias[run.labels.index["dog"]] += 3.0
    losses = [run.train_step(*batch(run.labels)) for _ in range(20)]
    assert losses[-1] < 0.7 * losses[0]


def test_what_no_own_clip_teaches_stays_bit_for_bit_as_it_was(
    origin: Origin, tiny_run: RunConfig
) -> None:
    labels = LabelSet(ontology.parse(home_with_a_garage_door()))
    run = KeepingRun(tiny_run, labels, origin, taught=["garage_door", "dog"])
    before = {name: value.clone() for name, value in run.model.state_dict().items()}
    for _ in range(3):
        run.train_step(*batch(labels, true="garage_door"))

    moved = set()
    for name, value in run.model.state_dict().items():
        if not torch.equal(value, before[name]):
            assert name.startswith("head.decisions.")
            changed = (value != before[name]).reshape(len(labels), -1).any(dim=1)
            moved |= {labels.nodes[column] for column in changed.nonzero().flatten().tolist()}
    assert "garage_door" in moved
    assert moved <= {"garage_door", "dog"}


def test_a_label_is_right_where_the_old_model_says_the_opposite(
    origin: Origin, tiny_run: RunConfig
) -> None:
    labels = LabelSet(ontology.parse(home_with_a_garage_door()))
    config = replace(tiny_run, steps=200, learning_rate=1e-2)
    run = KeepingRun(config, labels, origin, taught=["impact", "garage_door"])
    examples = batch(labels, true="garage_door")

    def posterior() -> float:
        logits = run.averaged_model().stream_logits(examples[0][0])
        sure = run.model.head.log_posteriors(logits).exp()
        return float(sure[:, labels.index["garage_door"]].mean())

    before = posterior()
    for _ in range(60):
        run.train_step(*examples)
    assert before < 0.5 < posterior()
