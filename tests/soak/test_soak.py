"""What the soak counts, and that it can be run for seconds."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.soak.growth import Sample, growth
from tests.soak.listening import BEEPS_S, compare
from tests.soak.living import PERIOD_S, times
from tests.soak.recovery import spread
from tests.system.daemon_process import ROOT


def test_beeps_in_their_order_are_all_there() -> None:
    assert compare([*BEEPS_S, *BEEPS_S[:3]]) == (0, 0)
    assert compare([length_s + 0.2 for length_s in BEEPS_S[4:]]) == (0, 0)
    assert compare([]) == (0, 0)


def test_a_gap_is_missed_and_another_length_is_unexpected() -> None:
    assert compare([1.0, 2.0, 4.0]) == (1, 0)
    assert compare([6.0, 7.0, 2.0]) == (1, 0)
    assert compare([1.0, 30.0, 2.0]) == (0, 1)


def test_what_grows_after_the_warm_up_is_seen_and_what_grows_in_it_is_not() -> None:
    steady = [
        Sample(at_s=at_s, memory_mib=min(50.0, at_s), num_files=9, num_threads=3)
        for at_s in range(0, 3_600, 10)
    ]
    leaking = [
        Sample(at_s=at_s, memory_mib=50 + at_s / 1_800, num_files=9 + at_s // 900, num_threads=3)
        for at_s in range(0, 3_600, 10)
    ]

    assert growth(steady).memory_mib_per_hour == 0.0
    assert growth(leaking).memory_mib_per_hour == 2.0
    assert growth(leaking).files_per_hour > 3.0
    assert growth(leaking).threads_per_hour == 0.0


def test_a_sound_counts_as_soon_as_it_must_have_been_told() -> None:
    assert [times(duration_s, 16.0) for duration_s in (30.0, 31.0, PERIOD_S + 31.0)] == [0, 1, 2]


def test_times_are_summed_up_by_median_and_tail() -> None:
    spread_s = spread([float(number) for number in range(1, 101)])

    assert (spread_s.times, spread_s.p50_s, spread_s.longest_s) == (100, 50.5, 100.0)
    assert spread_s.p95_s == pytest.approx(95.05)


@pytest.mark.mosquitto
@pytest.mark.portaudio
@pytest.mark.torch
@pytest.mark.slow
def test_a_soak_of_seconds_is_well_and_written_down(tmp_path: Path) -> None:
    output = tmp_path / "soak.json"
    words = ["--hours", "0.01", "--rounds", "1", "--faults", "1", "-o", str(output)]
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
    assert report["listening"]["events"] > 3
    assert report["listening"]["missed"] == 0
    assert report["kills"]["lost"] == []
    assert report["living"]["told"] == report["living"]["scheduled"]
    assert report["living"]["told"]["smoke_alarm"] == 1
    assert report["recovery"]["killed"]["times"] == 1
    assert report["unplugging"]["back"]["times"] == 1
