"""`aed demo` as a newcomer runs it: real broker, real daemon, real subscriber, no hardware."""

import importlib.util
import os
import re
import signal
import subprocess
import sys
import time
import wave
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def start_demo(folder: Path, *words: str) -> "subprocess.Popen[str]":
    """Start it in a process group of its own, so that what it leaves behind can be found."""
    return subprocess.Popen(
        [sys.executable, "-m", "aed", "demo", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def processes_of_group(group: int) -> list[str]:
    """Command lines of the living processes of a group."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, process_group = stat.read_text().rpartition(")")[2].split()[:3]
            if int(process_group) == group and state != "Z":
                found.append((stat.parent / "cmdline").read_text().replace("\0", " "))
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
    return found


@pytest.mark.slow
def test_both_alerts_arrive_over_mqtt_and_nothing_is_left_running(tmp_path: Path) -> None:
    process = start_demo(tmp_path)
    out, err = process.communicate(timeout=180)

    assert process.returncode == 0, out + err
    alerts = re.findall(r"ALERT +[\d:.]+ +(\S+)", out)
    assert {"alarm/life_safety/smoke_alarm", "breakage/window_glass"} <= set(alerts)
    assert "Passed" in out
    assert "Look at it: http://127.0.0.1:" in out or importlib.util.find_spec("uvicorn") is None
    assert processes_of_group(process.pid) == []
    with wave.open(str(tmp_path / "build/demo/scene.wav")) as scene:
        assert scene.getnframes() / scene.getframerate() == 60.0


def test_a_bundle_that_cannot_be_used_is_named_at_once(tmp_path: Path) -> None:
    process = start_demo(tmp_path, "--bundle", str(tmp_path / "nowhere"))
    out, err = process.communicate(timeout=60)

    assert process.returncode == 1, out + err
    assert "aed: the daemon ended with exit code 78" in err
    assert "nowhere" in err
    assert processes_of_group(process.pid) == []


def test_sigterm_ends_all_of_it(tmp_path: Path) -> None:
    process = start_demo(tmp_path)
    assert process.stdout is not None
    while "sounds" not in process.stdout.readline():
        assert process.poll() is None
    assert len(processes_of_group(process.pid)) >= 4

    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=15)

    deadline_s = time.monotonic() + 5.0
    while processes_of_group(process.pid) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    assert processes_of_group(process.pid) == []
    assert process.returncode == 1
