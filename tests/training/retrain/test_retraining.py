"""A retraining from start to end, as small as it can be: a garage door and two sounds beside it."""

import io
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import soundfile
import yaml
from rich.console import Console

import ontology
from aed.__main__ import main
from aed.audio import AudioChunk
from aed.bundle import SHIPPED, load_bundle
from aed.hearing import Hearing
from aed.taught.background import read_background
from ontology import AedError
from tests.training.retrain.own_recordings import (
    home_with_a_garage_door,
    rattle,
    write_rattle,
)
from training.loop.checkpoints import CHECKPOINT_NAME, read_checkpoint
from training.loop.config import RunConfig
from training.loop.machine import one_process
from training.retrain.gate import Compared, Verdict
from training.retrain.hearings import OWN, SYNTHESISED, Found
from training.retrain.held_out import HeldOut
from training.retrain.release import REFUSED_SUFFIX, write_verdict
from training.retrain.retraining import Order, Outcome, retrain

pytestmark = [pytest.mark.torch, pytest.mark.slow]

TINY_TRIAL = 0.02


@pytest.fixture(scope="module")
def order(tmp_path_factory: pytest.TempPathFactory, tiny_run: RunConfig) -> Order:
    """A garage door recorded on four days, a doorbell, and something nobody has labelled."""
    folder = tmp_path_factory.mktemp("garage")
    for day in range(4):
        for take in range(2):
            write_rattle(folder / f"data/garage_door/day{day}/{take}.wav", 10 * day + take)
    for number in range(2):
        write_rattle(folder / f"data/doorbell/{number}.wav", 100 + number)
    write_rattle(folder / "rest" / "evening.wav", 200, duration_s=3.0)
    run = folder / "run.yaml"
    config = replace(tiny_run, steps=60, held_out_share=0.0)
    document = config.as_dict() | {"consistency": {"weight": 1.0}}
    run.write_text(yaml.safe_dump(document), encoding="utf-8")
    return Order(
        origin="home",
        ontology=ontology.parse(home_with_a_garage_door()),
        data=folder / "data",
        unlabelled=folder / "rest",
        out=folder / "out",
        cache=folder / "cache",
        run_file=run,
        workers=0,
        trial_share=TINY_TRIAL,
        accept=True,
    )


@pytest.fixture(scope="module")
def retrained(order: Order) -> tuple[Outcome, str]:
    """What came of it, and what was told on the way."""
    told = io.StringIO()
    outcome = retrain(order, one_process(), Console(file=told, width=200))
    return outcome, told.getvalue()


def test_the_user_is_told_what_was_found_how_long_it_takes_and_what_came_of_it(
    retrained: tuple[Outcome, str],
) -> None:
    _, told = retrained
    assert "folders as labels, 10 clips" in told
    assert "garage_door 6 + 2" in told
    assert "steps will take about" in told
    assert "before → after" in told


def test_the_bundle_is_one_that_hears_the_new_ontology(
    retrained: tuple[Outcome, str], order: Order
) -> None:
    outcome, _ = retrained
    bundle = load_bundle(outcome.bundle)

    assert bundle.ontology.digest == order.ontology.digest
    assert "garage_door" not in bundle.untaught
    assert set(bundle.untaught) == set(load_bundle(SHIPPED).untaught)
    assert bundle.info["quality"]["own_clips"] == {"doorbell": 1, "garage_door": 6}
    assert bundle.info["quality"]["gate"]["accepted"] is True
    assert bundle.info["training"]["from"]["name"] == "home"
    assert len(read_background(bundle).windows)  # what was taught at home is still heard
    heard = Hearing(bundle).feed(AudioChunk(samples=rattle(5, 2.0), sample_rate_hz=16_000))
    assert heard.posteriors.values.shape[1] == len(bundle.labels)


def test_old_nodes_keep_their_calibration_and_thresholds(retrained: tuple[Outcome, str]) -> None:
    bundle, home = load_bundle(retrained[0].bundle), load_bundle(SHIPPED)
    for node in ("smoke_alarm", "window_glass", "dog"):
        old, new = home.labels.index[node], bundle.labels.index[node]
        assert bundle.scale[new] == pytest.approx(home.scale[old], abs=1e-5)
        assert bundle.bias[new] == pytest.approx(home.bias[old], abs=1e-5)
    assert bundle.thresholds["smoke_alarm"] == home.thresholds["smoke_alarm"]


def test_the_same_order_again_trains_nothing_and_gives_the_same(
    retrained: tuple[Outcome, str], order: Order
) -> None:
    first, _ = retrained
    before = load_bundle(first.bundle).info["files"]["weights.safetensors"]
    again = retrain(order, one_process(), Console(quiet=True))
    assert load_bundle(again.bundle).info["files"]["weights.safetensors"] == before
    assert read_checkpoint(order.out / CHECKPOINT_NAME)["step"] == 60


def test_after_an_interrupt_the_same_order_gives_what_it_would_have_given(
    retrained: tuple[Outcome, str],
    order: Order,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    again = replace(order, out=tmp_path / "out")
    look = HeldOut.enough

    def interrupted(held_out: HeldOut, step: int) -> bool:
        look(held_out, step)
        raise KeyboardInterrupt

    monkeypatch.setattr(HeldOut, "enough", interrupted)
    with pytest.raises(KeyboardInterrupt):
        retrain(again, one_process(), Console(quiet=True))
    monkeypatch.undo()
    assert read_checkpoint(again.out / CHECKPOINT_NAME)["step"] == 50

    files = [
        load_bundle(outcome.bundle).info["files"]
        for outcome in (retrain(again, one_process(), Console(quiet=True)), retrained[0])
    ]
    assert files[0]["weights.safetensors"] == files[1]["weights.safetensors"]


@pytest.mark.usefixtures("retrained")
def test_other_recordings_in_the_same_folder_are_refused(order: Order, tmp_path: Path) -> None:
    shutil.copytree(order.data, tmp_path / "data")
    write_rattle(tmp_path / "data/garage_door/day9/0.wav", 999)
    other = replace(order, data=tmp_path / "data")
    with pytest.raises(AedError, match="was trained on other recordings"):
        retrain(other, one_process(), Console(quiet=True))


def test_a_model_that_did_not_pass_stands_under_a_name_that_says_so(
    retrained: tuple[Outcome, str], tmp_path: Path
) -> None:
    found = Found(sounds=40, found=38, false_alarms=0, hours=1.0)
    worse = replace(found, found=1)
    kinds = (OWN, SYNTHESISED)
    node = Compared(
        node="smoke_alarm",
        is_critical=True,
        before=dict.fromkeys(kinds, found),
        after=dict.fromkeys(kinds, worse),
    )
    verdict = Verdict(nodes=(node,), complaints=tuple(node.complaints()))
    places = {}
    for accepted in (True, False):  # the second must not leave the first one standing
        shutil.copytree(retrained[0].bundle, tmp_path / "made")
        places[accepted] = write_verdict(tmp_path / "made", verdict, tmp_path, accepted=accepted)

    assert places[True] == tmp_path / "bundle"
    assert not places[True].exists()
    refused = load_bundle(places[False])
    assert places[False].name == f"bundle{REFUSED_SUFFIX}"
    assert refused.name.endswith(REFUSED_SUFFIX)
    assert refused.info["quality"]["gate"]["accepted"] is False
    assert (
        "smoke_alarm is heard 1 times of 40 (own recordings)"
        in refused.info["quality"]["gate"]["reason"]
    )


def test_a_training_on_faulty_clips_ends_before_it_begins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_rattle(tmp_path / "data/dogg/1.wav", 1)
    soundfile.write(tmp_path / "data/dogg/short.wav", [0.1] * 10, 16_000)
    words = ["--data", tmp_path / "data", "--from", "home", "--out", tmp_path / "out"]

    assert main(["train", *map(str, words)]) == 1
    told = capsys.readouterr().err
    assert "2 clips cannot be used, 0 can" in told
    assert "did you mean 'dog'?" in told
    assert not (tmp_path / "out" / CHECKPOINT_NAME).exists()


def test_words_that_only_a_retraining_knows_are_refused_elsewhere(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["train", "--accept"]) == 1
    assert "--accept: only with --from BUNDLE" in capsys.readouterr().err


def test_a_file_to_begin_with_is_a_checkpoint_and_no_bundle(
    tmp_path: Path, tiny_folder: Path, tiny_run: RunConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint, run = tmp_path / "checkpoint.pt", tmp_path / "run.yaml"
    checkpoint.write_bytes(b"no weights")
    run.write_text(yaml.safe_dump(tiny_run.as_dict()), encoding="utf-8")
    words = ["--from", checkpoint, "--run", run, "--data", tiny_folder, "--out", tmp_path / "out"]
    words += ["--cache", tmp_path / "cache", "--workers", "0", "--device", "cpu"]

    assert main(["train", *map(str, words)]) == 1
    assert "cannot be read as a checkpoint" in capsys.readouterr().err
