"""The whole command on synthesised recordings: processes, training, files, report."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from training.experiments.__main__ import main
from training.experiments.cells import read_results
from training.experiments.grid import smoke_grid

ROOT = Path(__file__).parents[3]
pytestmark = [pytest.mark.slow, pytest.mark.torch, pytest.mark.timeout(280)]


def experiments(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "training.experiments", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_smoke_grid_runs_goes_on_and_becomes_a_report(
    esc10_folder: Path, cache: Path, tmp_path: Path
) -> None:
    out = tmp_path / "cells"
    where = ["--smoke", "--data", str(esc10_folder), "--cache", str(cache), "--out", str(out)]

    first = experiments("run", *where, "--jobs", "2", "home")
    assert first.returncode == 0, first.stdout + first.stderr
    second = experiments("run", *where, "--jobs", "2")
    assert second.returncode == 0, second.stdout + second.stderr

    assert "1 of 7 cells are done; 6 to make" in second.stdout
    results = read_results(out)
    assert set(results) == {cell.name for cell in smoke_grid()}
    for result in results.values():
        assert 0 <= result.metrics["accuracy"] <= 1
        assert result.seconds > 0
        assert result.memory_mb > 50
        assert 0 <= result.metrics["distorted"]["agreement"] <= 1
        assert (result.metrics["least_risk"] is None) == (result.cell.method == "flat")
        assert result.data["parameters"] > 100_000
        json.dumps(result.metrics, allow_nan=False)
    unseen = results["home-without_siren-tree_consistency-100-seed1"].metrics
    shares = unseen["unseen"]
    total = sum(shares[key] for key in ("right", "wrong_leaf", "wrong_group", "abstained"))
    assert total == pytest.approx(1.0)
    assert set(unseen["at_the_root"]) == {"white_noise", "pure_tone", "silence"}
    assert main(["report", "--cells", str(out), "--docs", str(tmp_path / "docs")]) == 0
    assert (tmp_path / "docs/experiments.md").exists()


def test_a_cell_beyond_its_budget_is_given_up_and_leaves_no_file(
    esc10_folder: Path, cache: Path, tmp_path: Path
) -> None:
    done = experiments(
        *("run", "--smoke", "--data", str(esc10_folder), "--cache", str(cache)),
        *("--out", str(tmp_path), "--budget-s", "0.001", "esc10-tree-10"),
    )

    assert done.returncode == 1
    assert "could not make esc10-tree-10-fold1" in done.stdout
    assert "time was over at step" in done.stdout
    assert list(tmp_path.glob("*.json")) == []


def test_ctrl_c_ends_all_processes_keeps_finished_cells_and_says_how_to_go_on(
    esc10_folder: Path, cache: Path, tmp_path: Path
) -> None:
    words = ["run", "--smoke", "--data", str(esc10_folder), "--cache", str(cache)]
    words += ["--out", str(tmp_path), "esc10", "--jobs", "2"]
    command = [sys.executable, "-m", "training.experiments", *words]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = ""
        while not line.startswith("1/6"):
            line = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        said = process.stdout.read()

    assert process.returncode == 130
    assert "interrupted; " in said
    assert "the same command goes on" in said
    assert 1 <= len(read_results(tmp_path)) < 6
    assert not list(tmp_path.glob("*.partial"))


def test_without_recordings_it_says_what_to_give(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AED_DATA", raising=False)

    assert main(["run"]) == 1
    assert "give --data DIR, or set AED_DATA" in capsys.readouterr().err


def test_the_list_names_every_cell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--out", str(tmp_path), "fold3", "masked"]) == 0
    lines = capsys.readouterr().out.splitlines()

    assert lines[0] == "missing esc10-masked_probe-10-fold3"
    assert len(lines) == 4
