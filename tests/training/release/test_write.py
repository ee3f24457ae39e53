import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from aed.__main__ import main
from aed.bundle import load_bundle
from ontology import LabelSet
from training.labels import read_label_map
from training.loop.checkpoints import CHECKPOINT_NAME
from training.loop.config import RunConfig
from training.loop.step_log import LOG_NAME
from training.release import write as release
from training.release.model_card import CARD_NAME
from training.session import TrainingData

pytestmark = pytest.mark.torch


def _changed(tiny_folder: Path, folder: Path, old: str, new: str) -> Path:
    """The tiny data, its manifest changed."""
    shutil.copytree(tiny_folder, folder)
    manifest = folder / "manifest.tsv"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    return folder


def _train(folder: Path, out: Path, run_file: Path | None = None) -> int:
    words = ["train", "--data", str(folder), "--out", str(out), "--cache", str(out / "cache")]
    words += ["--workers", "0"]
    return main([*words, *(["--run", str(run_file)] if run_file else [])])


# what a release is measured on


def test_dev_and_held_out_groups_are_measured_and_rooms_are_not(
    tiny_data: TrainingData, labels: LabelSet
) -> None:
    dev, reserved = release.measured_rows(tiny_data, read_label_map(labels))

    assert {row.split for row in dev} == {"dev"}
    assert {row.label for row in dev} == {"glass_breaking", "smoke_alarm", "speech"}
    assert {row.group for row in reserved} == tiny_data.reserved
    assert not {row.path for row in dev} & {row.path for row in reserved}


def test_a_group_that_is_dev_and_held_out_is_measured_once(
    tiny_data: TrainingData, labels: LabelSet
) -> None:
    held_out = next(row for row in tiny_data.rows if row.group in tiny_data.reserved)
    twin = replace(held_out, path="twin.wav", split="dev")
    data = replace(tiny_data, rows=(*tiny_data.rows, twin))

    dev, reserved = release.measured_rows(data, read_label_map(labels))

    assert twin in dev
    assert not set(dev) & set(reserved)


def test_data_without_dev_rows_is_refused_before_any_training(
    tiny_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _changed(tiny_folder, tmp_path / "data", "\tdev\t", "\ttrain\t")

    assert _train(folder, tmp_path / "out") == 1

    assert "no row of the manifest has split `dev`" in capsys.readouterr().err
    assert not (tmp_path / "out" / CHECKPOINT_NAME).exists()


def test_data_of_which_nothing_is_held_out_is_refused_before_any_training(
    tiny_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_file = tmp_path / "run.yaml"
    run_file.write_text("held_out_share: 0.0\n", encoding="utf-8")

    assert _train(tiny_folder, tmp_path / "out", run_file) == 1

    assert "no group is held out of training" in capsys.readouterr().err
    assert not (tmp_path / "out" / CHECKPOINT_NAME).exists()


def test_only_rows_that_may_train_are_listed_as_sources(
    tiny_data: TrainingData, tiny_run: RunConfig
) -> None:
    listed = release._sources(tiny_data, tiny_run)

    trained = [row for row in tiny_data.training_rows(tiny_run) if row.label != "rir"]
    assert listed == [{"source": "made", "licence": "CC0-1.0", "clips": len(trained)}]


# the command


def test_without_data_the_message_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.delenv("AED_DATA", raising=False)
    monkeypatch.chdir(tmp_path)

    assert main(["train"]) == 1

    error = capsys.readouterr().err
    assert "no recordings: give --data DIR, or set AED_DATA" in error
    assert error.count("\n") == 1


def test_the_variable_is_taken_for_the_option(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("AED_DATA", str(tmp_path / "recordings"))

    assert main(["train"]) == 1

    assert f"{tmp_path}/recordings/manifest.tsv: cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize("word", ["-1", "2147483648", "one"])
def test_a_seed_that_cannot_be_one_is_refused(
    capsys: pytest.CaptureFixture[str], word: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["train", f"--seed={word}"])

    assert "argument --seed:" in capsys.readouterr().err


@pytest.mark.slow
def test_training_writes_a_bundle_that_loads_and_says_how_it_was_made(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    tmp_path: Path,
    tiny_folder: Path,
    tiny_run: RunConfig,
    exported: Path,
) -> None:
    monkeypatch.setattr(release, "CALIBRATION_SCENES", 8)
    run_file, out = tmp_path / "run.yaml", tmp_path / "out"
    config = replace(tiny_run, name="tiny", steps=4)
    run_file.write_text(yaml.safe_dump(config.as_dict()), encoding="utf-8")
    shutil.copytree(exported, out / "bundle")  # an older bundle stands there already

    assert _train(tiny_folder, out, run_file) == 0

    bundle = load_bundle(out / "bundle")
    assert bundle.name == "tiny"
    assert bundle.info["training"]["steps_done"] == 4
    assert bundle.info["training"]["run"]["mixture"]["scene_s"] == 2.0
    assert (bundle.scale > 0).all()
    assert 0.5 <= bundle.thresholds["smoke_alarm"]["on"] <= 0.9
    assert "untaught" in bundle.info["quality"]
    assert len((out / LOG_NAME).read_text(encoding="utf-8").splitlines()) == 2

    printed = capsys.readouterr().out
    assert f"bundle written to {out / 'bundle'}" in printed
    figures = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
    assert {row["node"] for row in figures["dev"]} >= {"window_glass", "smoke_alarm", "alarm"}
    assert all(0 <= row["average_precision"] <= 1 for row in figures["dev_and_held_out"])
    card = (out / "bundle" / CARD_NAME).read_text(encoding="utf-8")
    assert "Model card: tiny" in card
    assert "| made | CC0-1.0 |" in card
    assert "| window_glass |" in card


def test_without_the_extra_the_message_says_how_to_install_it() -> None:
    program = """
import sys
sys.modules["torch"] = None
from aed.__main__ import main
sys.exit(main(["train"]))
"""
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert result.returncode == 1
    assert "training needs the extra `train` (torch is not installed)" in result.stderr
