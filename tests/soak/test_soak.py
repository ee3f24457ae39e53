"""What the soak counts, and that it can be run for seconds."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.soak.listening import BEEPS_S, compare
from tests.system.daemon_process import ROOT


def test_beeps_in_their_order_are_all_there() -> None:
    assert compare([*BEEPS_S, *BEEPS_S[:3]]) == (0, 0)
    assert compare([length_s + 0.2 for length_s in BEEPS_S[4:]]) == (0, 0)
    assert compare([]) == (0, 0)


def test_a_gap_is_missed_and_another_length_is_unexpected() -> None:
    assert compare([1.0, 2.0, 4.0]) == (1, 0)
    assert compare([6.0, 7.0, 2.0]) == (1, 0)
    assert compare([1.0, 30.0, 2.0]) == (0, 1)


@pytest.mark.mosquitto
@pytest.mark.torch
@pytest.mark.slow
def test_a_soak_of_seconds_is_well_and_written_down(tmp_path: Path) -> None:
    output = tmp_path / "soak.json"
    words = ["--hours", "0.004", "--rounds", "1", "-o", str(output)]
    run = subprocess.run(
        [sys.executable, "-m", "tests.soak", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    report = json.loads(output.read_text())
    assert json.loads(run.stdout) == report
    assert report["listening"]["events"] > 10
    assert report["listening"]["missed"] == 0
    assert report["kills"]["lost"] == []
