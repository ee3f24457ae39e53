"""`aed train` as a process of its own: stopped by Ctrl-C, continued, and shared by two."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file

from aed.__main__ import main
from aed.bundle import load_bundle
from training.loop.checkpoints import CHECKPOINT_NAME, read_checkpoint
from training.loop.config import RunConfig
from training.loop.step_log import LOG_NAME

pytestmark = [pytest.mark.torch, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
ALONE = (sys.executable, "-m")
TORCHRUN = (sys.executable, "-m", "torch.distributed.run")
IN_TWO = (*TORCHRUN, "--standalone", "--nproc-per-node=2", "-m", "--")


def _start(
    starter: Sequence[str], config: RunConfig, data: Path, out: Path
) -> subprocess.Popen[str]:
    out.mkdir(exist_ok=True)
    run_file = out / "run.yaml"
    run_file.write_text(yaml.safe_dump(config.as_dict()), encoding="utf-8")
    words = ["--run", run_file, "--data", data, "--out", out, "--cache", data.parent / "cache"]
    return subprocess.Popen(
        [
            *starter,
            "aed",
            "train",
            *map(str, words),
            "--workers",
            "1",
            "--device",
            "cpu",
            "--seed",
            "5",
        ],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a process group of its own, to which a terminal sends Ctrl-C
    )


def _wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    until_s = time.monotonic() + 120
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until_s
        time.sleep(0.1)


def test_ctrl_c_in_a_terminal_keeps_a_checkpoint_from_which_the_same_command_goes_on(
    tmp_path: Path, tiny_folder: Path, tiny_run: RunConfig
) -> None:
    config = replace(tiny_run, steps=100_000)
    process = _start(ALONE, config, tiny_folder, tmp_path / "out")
    _wait_for(tmp_path / "out" / LOG_NAME, process)

    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "the same command continues" in told
    assert "Traceback" not in told
    step = read_checkpoint(tmp_path / "out" / CHECKPOINT_NAME)["step"]
    assert step >= 50  # the log's first line was there

    process = _start(ALONE, config, tiny_folder, tmp_path / "out")
    assert process.stderr is not None
    while f"continuing at step {step}" not in process.stderr.readline():
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert read_checkpoint(tmp_path / "out" / CHECKPOINT_NAME)["step"] > step


def test_of_two_runs_the_second_begins_where_the_first_ended(
    tmp_path: Path, tiny_folder: Path, tiny_run: RunConfig
) -> None:
    still = replace(tiny_run, steps=3, learning_rate=0.0)
    words = ["--data", tiny_folder, "--out", tmp_path / "out", "--cache", tmp_path / "cache"]
    for name, config in (("first", replace(tiny_run, steps=2)), ("second", still)):
        file = tmp_path / f"{name}.yaml"
        file.write_text(yaml.safe_dump(config.as_dict()), encoding="utf-8")
        words += ["--run", file]

    assert main(["train", *map(str, words), "--workers", "0", "--device", "cpu"]) == 0

    first = read_checkpoint(tmp_path / "out" / "first" / CHECKPOINT_NAME)
    assert first["step"] == 2
    assert load_bundle(tmp_path / "out" / "bundle").info["training"]["steps_done"] == 3
    weights = load_file(tmp_path / "out" / "bundle" / "weights.safetensors")
    name = "head.decisions.weight"
    torch.testing.assert_close(weights[name], first["average"][name])


def test_two_processes_train_together_and_one_writes_the_bundle(
    tmp_path: Path, tiny_folder: Path, tiny_run: RunConfig
) -> None:
    out = tmp_path / "out"
    process = _start(IN_TWO, replace(tiny_run, steps=4), tiny_folder, out)
    printed, told = process.communicate(timeout=240)

    assert process.returncode == 0, told
    assert printed.count("bundle written to") == 1
    training = load_bundle(out / "bundle").info["training"]
    assert training["steps_done"] == 4
    assert training["run"]["seed"] == 5  # the argument's, not the file's
    header, row = (out / LOG_NAME).read_text(encoding="utf-8").splitlines()
    assert header.startswith("step,loss,")
    assert row.startswith("4,")
