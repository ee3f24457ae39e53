from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

import ontology
from ontology import LabelSet
from tests.training.same_state import equal, same_state
from training.errors import CheckpointError, TrainingDataError
from training.loop.checkpoints import CHECKPOINT_NAME, read_checkpoint
from training.loop.config import RunConfig
from training.loop.consistency import ConsistencyConfig
from training.loop.run import Run
from training.scenes.mixtures import SceneDataset

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def saved(
    tmp_path_factory: pytest.TempPathFactory, tiny_run: RunConfig, scenes: SceneDataset
) -> Path:
    """Checkpoint of a run after its second step."""
    path = tmp_path_factory.mktemp("saved") / CHECKPOINT_NAME
    run = Run(tiny_run, scenes.labels)
    for step in range(2):
        run.train_step(*_batch(scenes, step))
    run.save(path)
    return path


def _batch(scenes: SceneDataset, step: int) -> tuple[Tensor, ...]:
    pair = (scenes[2 * step], scenes[2 * step + 1])
    return tuple(torch.stack(parts) for parts in zip(*pair, strict=True))


# one step


def test_training_lowers_the_loss_of_what_it_sees(
    tiny_run: RunConfig, scenes: SceneDataset
) -> None:
    config = replace(tiny_run, learning_rate=3e-3, warmup_steps=0, steps=100)
    run = Run(config, scenes.labels)
    batch = _batch(scenes, 0)

    losses = [run.train_step(*batch) for _ in range(12)]

    assert losses[-1] < 0.7 * losses[0]
    means = run.end_interval()
    assert means["loss"] == [pytest.approx(sum(losses) / 12)]
    assert sum(means["loss_depth"]) == pytest.approx(means["loss"][0], rel=1e-5)
    assert run.end_interval().columns() == {}  # and the next interval begins


def test_a_step_whose_loss_is_not_finite_is_refused_before_it_changes_a_weight(
    tiny_run: RunConfig, labels: LabelSet
) -> None:
    run = Run(tiny_run, labels)
    before = [parameter.detach().clone() for parameter in run.model.parameters()]
    nothing = torch.zeros(2, 10, len(labels.nodes), dtype=torch.bool)
    with pytest.raises(TrainingDataError, match="loss is nan"):
        run.train_step(torch.full((2, 16_000), float("nan")), nothing, nothing)
    assert run.step == 0
    for parameter, old in zip(run.model.parameters(), before, strict=True):
        assert torch.equal(parameter, old)


def test_equal_seeds_start_with_equal_weights(tiny_run: RunConfig, labels: LabelSet) -> None:
    one, two = (Run(tiny_run, labels).model.state_dict() for _ in range(2))

    assert equal(one, two)
    assert not equal(one, Run(replace(tiny_run, seed=2), labels).model.state_dict())


def test_the_running_mean_hears_the_scene_and_teaches_the_student_in_the_distorted_one(
    tiny_run: RunConfig, scenes: SceneDataset
) -> None:
    taught = ConsistencyConfig(weight=1.0, threshold=0.5, ramp_steps=0)
    run = Run(replace(tiny_run, consistency=taught), scenes.labels)
    audio, true, _ = _batch(scenes, 0)
    mean = {name: value.clone() for name, value in run.average.items()}

    run.train_step(audio, true, ~true, 0.1 * audio)  # all but the true branches unknown

    means = run.end_interval()
    assert means["loss"][0] == pytest.approx(sum(means["loss_depth"]) + means["consistency"][0])
    assert means["consistency"][0] > 0
    assert set(means) >= {"pseudo_rate_depth", "pseudo_accuracy_depth"}
    assert not equal(dict(run.average), mean)  # the mean follows
    assert all(value.grad is None for value in run._mean.parameters())


# learning rate and average


def test_the_learning_rate_warms_up_and_falls_along_a_cosine_to_zero(
    tiny_run: RunConfig, labels: LabelSet
) -> None:
    run = Run(replace(tiny_run, learning_rate=1.0, warmup_steps=4, steps=12), labels)
    rates = []
    for step in range(14):
        run.step = step
        rates.append(run.learning_rate())

    assert rates[:5] == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0])
    assert rates[8] == pytest.approx(0.5)
    assert rates[12:] == pytest.approx([0.0, 0.0])
    assert rates[4:13] == sorted(rates[4:13], reverse=True)


def test_the_average_is_an_exponential_mean_that_is_short_at_first(
    tiny_run: RunConfig, labels: LabelSet
) -> None:
    run = Run(replace(tiny_run, average_decay=0.5), labels)
    name = "head.decisions.bias"
    for step, value, expected in ((0, 0.0, -0.2), (1, 1.0, 0.781818), (90, 3.0, 1.890909)):
        run.step = step
        with torch.no_grad():
            run.model.head.decisions.bias.fill_(value)
        run._update_average()
        torch.testing.assert_close(
            run.average[name], torch.full_like(run.average[name], expected), atol=1e-5, rtol=0
        )
    bias = run.averaged_model().head.decisions.bias
    assert float(bias.detach()[0]) == pytest.approx(1.890909, abs=1e-5)
    assert not run.averaged_model().training


# checkpoints


def test_a_step_after_loading_is_the_step_that_would_have_been_taken(
    saved: Path, tmp_path: Path, tiny_run: RunConfig, scenes: SceneDataset
) -> None:
    whole, resumed = Run(tiny_run, scenes.labels), Run(tiny_run, scenes.labels)
    for step in range(2):
        whole.train_step(*_batch(scenes, step))
    resumed.load(saved)
    for run, name in ((whole, "whole.pt"), (resumed, "resumed.pt")):
        run.train_step(*_batch(scenes, 2))
        run.save(tmp_path / name)

    assert same_state(tmp_path / "whole.pt", tmp_path / "resumed.pt")


def test_a_checkpoint_of_other_settings_is_refused(
    saved: Path, tiny_run: RunConfig, labels: LabelSet
) -> None:
    run = Run(replace(tiny_run, learning_rate=1e-4), labels)

    with pytest.raises(CheckpointError, match="other settings; use another --out"):
        run.load(saved)


def test_a_checkpoint_from_before_a_setting_or_the_intervals_existed_is_continued(
    saved: Path, tmp_path: Path, tiny_run: RunConfig, labels: LabelSet
) -> None:
    state = read_checkpoint(saved)
    del state["interval"], state["config"]["average_decay"]
    torch.save(state, tmp_path / CHECKPOINT_NAME)

    run = Run.from_checkpoint(tmp_path / CHECKPOINT_NAME, labels)

    assert run.config == tiny_run
    assert run.step == 2
    assert run.interval.sums == {}


def test_a_checkpoint_of_another_ontology_is_refused(saved: Path, tiny_run: RunConfig) -> None:
    source = ontology.home().source.replace("id: buzzer", "id: bazzer")
    run = Run(tiny_run, LabelSet(ontology.parse(source)))

    for use in (run.load, run.warm_start):
        with pytest.raises(CheckpointError, match="another ontology"):
            use(saved)


def test_a_warm_start_takes_the_averaged_weights_and_nothing_else(
    saved: Path, tiny_run: RunConfig, labels: LabelSet
) -> None:
    average = read_checkpoint(saved)["average"]
    run = Run(replace(tiny_run, learning_rate=1e-4, seed=8), labels)

    run.warm_start(saved)

    assert run.step == 0
    assert equal(run.model.state_dict(), average)
    assert equal(run.average, average)
    run.average["head.decisions.bias"].zero_()
    assert not equal(run.average, run.model.state_dict())  # they share no memory


@pytest.mark.parametrize("change", ["settings", "network"])
def test_a_checkpoint_of_another_version_is_refused(
    saved: Path, tmp_path: Path, labels: LabelSet, change: str
) -> None:
    state = read_checkpoint(saved)
    if change == "settings":
        state["config"]["momentum"] = 0.9
    else:
        state["model"]["head.decisions.bias"] = torch.zeros(3)
    path = tmp_path / CHECKPOINT_NAME
    torch.save(state, path)

    with pytest.raises(CheckpointError, match=r"of another (version|network)"):
        Run.from_checkpoint(path, labels)


def test_a_checkpoint_of_other_recordings_is_refused(
    tiny_run: RunConfig, labels: LabelSet, tmp_path: Path
) -> None:
    path = tmp_path / CHECKPOINT_NAME
    Run(tiny_run, labels, material="one").save(path)

    Run(tiny_run, labels, material="one").load(path)
    Run(tiny_run, labels).load(path)  # who does not say what it learns from may go on
    with pytest.raises(CheckpointError, match="trained on other recordings"):
        Run(tiny_run, labels, material="another").load(path)
