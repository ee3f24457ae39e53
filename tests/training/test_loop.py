from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

import ontology
from ontology import LabelSet
from training import loop
from training.config import RunConfig
from training.errors import CheckpointError, TrainingDataError
from training.labels import read_label_map
from training.loop import CHECKPOINT_NAME, LOG_NAME, Run, read_checkpoint, train
from training.mixtures import SceneDataset

pytestmark = pytest.mark.torch


class PowerCutError(Exception):
    """What stops a run in the middle."""


class _Cut(SceneDataset):
    """Scenes that end with a power cut."""

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, Tensor]:
        if index >= 9:  # within the fifth step
            raise PowerCutError
        return super().__getitem__(index)


@pytest.fixture(autouse=True)
def _short_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_EVERY_STEPS", 3)
    monkeypatch.setattr(loop, "LOG_EVERY_STEPS", 1)


@pytest.fixture(scope="module")
def finished(
    tmp_path_factory: pytest.TempPathFactory, tiny_run: RunConfig, scenes: SceneDataset
) -> Path:
    """Folder of a run that nothing stopped."""
    out = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "LOG_EVERY_STEPS", 1)
        train(Run(tiny_run, scenes.labels), scenes, out, workers=0)
    return out


def _equal(one: dict[str, Tensor], two: dict[str, Tensor]) -> bool:
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


def test_a_resumed_run_ends_bit_for_bit_like_one_that_nothing_stopped(
    tmp_path: Path, tiny_run: RunConfig, scenes: SceneDataset, finished: Path
) -> None:
    cut = _Cut(
        scenes.bank,
        read_label_map(scenes.labels),
        scenes.labels,
        scenes.config,
        seed=tiny_run.seed,
        length=len(scenes),
    )
    with pytest.raises(PowerCutError):
        train(Run(tiny_run, scenes.labels), cut, tmp_path, workers=0)
    assert read_checkpoint(tmp_path / CHECKPOINT_NAME)["step"] == 3
    assert len((tmp_path / LOG_NAME).read_text().splitlines()) == 5  # four steps were logged
    torch.manual_seed(1234)  # a new process would not continue our random numbers either

    resumed = Run(tiny_run, scenes.labels)
    train(resumed, scenes, tmp_path, workers=0)

    assert resumed.step == tiny_run.steps
    one, two = (read_checkpoint(out / CHECKPOINT_NAME) for out in (tmp_path, finished))
    assert _equal(one["model"], two["model"])
    assert _equal(one["average"], two["average"])
    assert (tmp_path / LOG_NAME).read_bytes() == (finished / LOG_NAME).read_bytes()


def test_the_log_has_a_line_for_each_interval(finished: Path) -> None:
    header, *rows = (finished / LOG_NAME).read_text(encoding="utf-8").splitlines()

    assert header == "step,loss,recall_depth_0,recall_depth_1,recall_depth_2,lr"
    assert [int(row.split(",")[0]) for row in rows] == [1, 2, 3, 4, 5, 6]


def test_a_line_that_was_being_written_when_power_failed_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / LOG_NAME
    path.write_text("step,loss\n1,2.0\n2,1.9\n3,1.8\n1", encoding="utf-8")

    loop._forget_after(path, 2)

    assert path.read_text(encoding="utf-8") == "step,loss\n1,2.0\n2,1.9\n"


def test_a_finished_run_is_not_trained_further(
    finished: Path, tiny_run: RunConfig, scenes: SceneDataset
) -> None:
    before = (finished / CHECKPOINT_NAME).read_bytes(), (finished / LOG_NAME).read_bytes()
    run = Run(tiny_run, scenes.labels)

    train(run, scenes, finished, workers=0)

    assert run.step == tiny_run.steps
    assert ((finished / CHECKPOINT_NAME).read_bytes(), (finished / LOG_NAME).read_bytes()) == before


def test_workers_draw_the_same_scenes(
    tmp_path: Path, tiny_run: RunConfig, scenes: SceneDataset, finished: Path
) -> None:
    train(Run(tiny_run, scenes.labels), scenes, tmp_path, workers=2)

    one, two = (read_checkpoint(out / CHECKPOINT_NAME) for out in (tmp_path, finished))
    assert _equal(one["model"], two["model"])


def test_training_lowers_the_loss_of_what_it_sees(
    tiny_run: RunConfig, scenes: SceneDataset
) -> None:
    config = replace(tiny_run, learning_rate=3e-3, warmup_steps=0, steps=100)
    run = Run(config, scenes.labels)
    audio, true, unknown = (torch.stack(parts) for parts in zip(scenes[0], scenes[1], strict=True))

    losses = [run.train_step(audio, true, unknown)[0] for _ in range(12)]

    assert losses[-1] < 0.7 * losses[0]


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

    assert _equal(one, two)
    assert not _equal(one, Run(replace(tiny_run, seed=2), labels).model.state_dict())


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


def test_a_checkpoint_of_other_settings_is_refused(
    finished: Path, tiny_run: RunConfig, labels: LabelSet
) -> None:
    run = Run(replace(tiny_run, learning_rate=1e-4), labels)

    with pytest.raises(CheckpointError, match="other settings; use another --out"):
        run.load(finished / CHECKPOINT_NAME)


def test_a_checkpoint_of_another_ontology_is_refused(finished: Path, tiny_run: RunConfig) -> None:
    source = ontology.home().source.replace("id: buzzer", "id: bazzer")
    run = Run(tiny_run, LabelSet(ontology.parse(source)))

    for use in (run.load, run.warm_start):
        with pytest.raises(CheckpointError, match="another ontology"):
            use(finished / CHECKPOINT_NAME)


def test_a_run_can_be_had_from_its_checkpoint_alone(
    finished: Path, tiny_run: RunConfig, labels: LabelSet
) -> None:
    run = Run.from_checkpoint(finished / CHECKPOINT_NAME, labels)

    assert run.config == tiny_run
    assert run.step == 6


def test_a_warm_start_takes_the_averaged_weights_and_nothing_else(
    finished: Path, tiny_run: RunConfig, labels: LabelSet
) -> None:
    average = read_checkpoint(finished / CHECKPOINT_NAME)["average"]
    run = Run(replace(tiny_run, learning_rate=1e-4, seed=8), labels)

    run.warm_start(finished / CHECKPOINT_NAME)

    assert run.step == 0
    assert _equal(run.model.state_dict(), average)
    assert _equal(run.average, average)
    run.average["head.decisions.bias"].zero_()
    assert not _equal(run.average, run.model.state_dict())  # they share no memory


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", b"\x80\x02}q\x00.", b"text" * 50])
def test_a_corrupted_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / CHECKPOINT_NAME
    path.write_bytes(content)

    with pytest.raises(CheckpointError, match=r"checkpoint\.pt: (cannot be read|wanted)"):
        read_checkpoint(path)


def test_a_truncated_checkpoint_is_refused(finished: Path, tmp_path: Path) -> None:
    path = tmp_path / CHECKPOINT_NAME
    path.write_bytes((finished / CHECKPOINT_NAME).read_bytes()[:-1_000])

    with pytest.raises(CheckpointError, match="cannot be read as a checkpoint"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    "content", [[1, 2], {"step": 3}, torch.zeros(2)], ids=["list", "part", "t"]
)
def test_what_was_saved_by_something_else_is_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "other.pt")

    with pytest.raises(CheckpointError, match="wanted a checkpoint of a training run"):
        read_checkpoint(tmp_path / "other.pt")


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path: Path) -> None:
    torch.save({"step": Path("x")}, tmp_path / "evil.pt")  # any class will do

    with pytest.raises(CheckpointError, match="cannot be read as a checkpoint"):
        read_checkpoint(tmp_path / "evil.pt")


@pytest.mark.parametrize("change", ["settings", "network"])
def test_a_checkpoint_of_another_version_is_refused(
    finished: Path, tmp_path: Path, labels: LabelSet, change: str
) -> None:
    state = read_checkpoint(finished / CHECKPOINT_NAME)
    if change == "settings":
        state["config"]["momentum"] = 0.9
    else:
        state["model"]["head.decisions.bias"] = torch.zeros(3)
    path = tmp_path / CHECKPOINT_NAME
    torch.save(state, path)

    with pytest.raises(CheckpointError, match=r"of another (version|network)"):
        Run.from_checkpoint(path, labels)
