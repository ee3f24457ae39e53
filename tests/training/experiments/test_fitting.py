import math
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from training.experiments.corpora import open_corpus
from training.experiments.crops import CropSource
from training.experiments.fitting import Lesson, fit
from training.experiments.grid import Cell
from training.experiments.heads import objective_of
from training.experiments.judging import judge_of
from training.experiments.methods import METHODS, Head
from training.experiments.network import CropClassifier, Encoder
from training.experiments.pretraining import (
    LAG,
    hidden_frames,
    pretrain,
    reconstruction_loss,
    without,
)
from training.experiments.settings import Settings, settings_for
from training.experiments.spectra import open_spectra
from training.experiments.splits import split
from training.experiments.steps import BudgetError, Deadline, Turns, pace

TINY = replace(
    settings_for("esc10", smoke=True), steps=3, pretraining_steps=2, crops=8, crop_s=1.0, mixup=0.2
)


def ignore(_doing: str, _step: int, _steps: int) -> None:
    """Nobody watches."""


@pytest.fixture(scope="module")
def lesson(esc10_folder: Path, cache: Path) -> Lesson:
    return lesson_of(esc10_folder, cache, TINY)


def lesson_of(folder: Path, cache: Path, settings: Settings, percent: int = 10) -> Lesson:
    corpus = open_corpus("esc10", folder, cache, clips_per_node=10)
    cell = Cell(dataset="esc10", method="flat", label_percent=percent, turn=1)
    spectra = open_spectra(corpus.bank, cache, views_per_clip=1, least_frames=settings.crop_frames)
    return Lesson(
        corpus=corpus,
        split=split(corpus, cell),
        crops=CropSource(spectra, settings.crop_frames),
        strangers=CropSource(spectra, settings.crop_frames),
        settings=settings,
        seed=1,
        watch=ignore,
        deadline=Deadline(at_s=None),
    )


@pytest.mark.parametrize("name", METHODS)
def test_every_method_gives_probabilities_that_keep_the_tree(lesson: Lesson, name: str) -> None:
    method, labels = METHODS[name], lesson.corpus.labels
    objective = objective_of(method.head, labels)
    encoder = pretrain(lesson) if method.is_pretrained else None

    fitted = fit(lesson, method, objective, encoder)
    judge = judge_of(fitted.network, objective, labels, method)
    found = judge.probabilities(lesson.crops, lesson.split.test[:4])

    below = np.flatnonzero(labels.parent >= 0)
    assert found.shape == (4, 16)
    assert np.isfinite(fitted.loss)
    assert (found[:, labels.parent[below]] >= found[:, below] - 1e-5).all()
    assert found[:, labels.parent < 0].sum(axis=1).max() <= 1 + 1e-4 or method.reading == "flat"
    assert (fitted.teaching is not None) == method.is_consistent
    assert (judge.node(found, 2.0) == -1).all()


def test_the_same_seed_gives_the_same_weights(lesson: Lesson) -> None:
    method = METHODS["tree_consistency"]
    objective = objective_of(method.head, lesson.corpus.labels)

    first, second = (fit(lesson, method, objective).network.state_dict() for _ in range(2))

    assert all(torch.equal(value, second[name]) for name, value in first.items())


def test_a_probe_leaves_the_encoder_as_it_was(lesson: Lesson) -> None:
    encoder = pretrain(lesson)
    objective = objective_of("flat", lesson.corpus.labels)

    probed = fit(lesson, METHODS["masked_probe"], objective, encoder).network
    tuned = fit(lesson, METHODS["masked_finetune"], objective, encoder).network

    weights = {name for name, _ in probed.encoder.named_parameters()}
    kept, moved = probed.encoder.state_dict(), tuned.encoder.state_dict()
    assert all(torch.equal(kept[name], encoder[name]) for name in weights)
    assert not all(torch.equal(moved[name], encoder[name]) for name in weights)


def test_a_network_learns_what_little_it_is_shown(esc10_folder: Path, cache: Path) -> None:
    settings = replace(TINY, steps=40, crops=16, mixup=0.0, average_decay=0.9)
    lesson = lesson_of(esc10_folder, cache, settings, percent=100)
    objective = objective_of("siblings", lesson.corpus.labels)

    early = fit(replace(lesson, settings=replace(settings, steps=2)), METHODS["tree"], objective)
    late = fit(lesson, METHODS["tree"], objective)

    assert late.loss < 0.7 * early.loss


def test_time_that_is_over_ends_a_cell(lesson: Lesson) -> None:
    late = replace(lesson, deadline=Deadline(at_s=time.monotonic() - 1.0))

    with pytest.raises(BudgetError, match="time was over at step 0 of 3"):
        fit(late, METHODS["flat"], objective_of("flat", lesson.corpus.labels))


def test_a_probe_has_no_norm_of_its_own_to_learn() -> None:
    probe = CropClassifier(3, is_probe=True)

    assert [name for name, _ in probe.named_parameters() if "encoder" not in name] == [
        "head.weight",
        "head.bias",
    ]


def test_no_gradient_reaches_the_encoder_of_a_probe() -> None:
    views = torch.randn(4, 2, 50, 64, generator=torch.Generator().manual_seed(0))
    probe, whole = CropClassifier(3, is_probe=True), CropClassifier(3)

    for network in (probe, whole):
        network(views).square().sum().backward()  # encoders are not frozen here

    assert probe.head.weight.grad is not None
    assert all(weight.grad is None for weight in probe.encoder.parameters())
    assert any(weight.grad is not None for weight in whole.encoder.parameters())


@pytest.mark.parametrize("head", ["flat", "siblings"])
def test_a_student_that_agrees_is_only_taught_by_a_temperature(lesson: Lesson, head: Head) -> None:
    objective = objective_of(head, lesson.corpus.labels)
    logits = torch.randn(5, objective.outputs, generator=torch.Generator().manual_seed(0))
    all_teach = replace(TINY, confidence=0.01)

    same, _ = objective.consistency(logits, logits, all_teach)
    sharper, _ = objective.consistency(logits, logits, replace(all_teach, temperature=0.5))

    assert float(same) == pytest.approx(0.0, abs=1e-5)
    assert float(sharper) > 0.01


def test_hidden_frames_leave_time_to_tell_them() -> None:
    hidden = hidden_frames(50, 15, np.random.default_rng(0))

    assert not hidden[:, -LAG:].any()
    assert hidden.any(1).all()


def test_nothing_of_a_hidden_time_is_left_anywhere_in_what_the_network_hears() -> None:
    encoder, hidden = Encoder(), torch.tensor([[False, True, False, True, False, False]])
    log_mel = torch.randn(1, 60, 64, generator=torch.Generator().manual_seed(0))
    other = log_mel.clone()
    other[:, 10:20] += 3.0
    other[:, 30:40] *= -2.0

    assert torch.equal(
        encoder.views(without(log_mel, hidden)), encoder.views(without(other, hidden))
    )
    assert torch.equal(without(log_mel, hidden)[:, 40:], log_mel[:, 40:])


def test_the_loss_judges_what_is_hidden_and_nothing_else() -> None:
    views = torch.ones(1, 2, 40, 64)
    hidden = torch.tensor([[True, False, False, False]])
    told = torch.zeros(1, 4, 640)
    told[0, LAG] = 3.0  # told two frames late; one is right

    assert float(reconstruction_loss(told, views, hidden)) == pytest.approx(4.0)


def test_the_pace_warms_up_and_falls_to_nothing() -> None:
    assert pace(0, 100, 0.05) == pytest.approx(0.2)
    assert pace(5, 100, 0.05) == pytest.approx(1.0)
    assert pace(99, 100, 0.05) < 0.001


def test_no_clip_comes_twice_before_all_have_come_once() -> None:
    turns = Turns(np.arange(7), np.random.default_rng(0))
    taken = np.concatenate([turns.take(3) for _ in range(7)])

    assert all(sorted(taken[start : start + 7]) == list(range(7)) for start in (0, 7, 14))


def test_nothing_is_other_for_a_tree_and_uniform_for_a_flat_softmax(lesson: Lesson) -> None:
    labels = lesson.corpus.labels
    flat, tree = objective_of("flat", labels), objective_of("siblings", labels)

    # ten equal leaves cost ln 10; at the root four top-level nodes and "other" cost ln 5
    assert float(flat.nothing(torch.zeros(2, flat.outputs))) == pytest.approx(math.log(10))
    assert float(tree.nothing(torch.zeros(2, tree.outputs))) == pytest.approx(math.log(5))
