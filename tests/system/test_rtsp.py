"""A camera's sound, over a real RTSP connection and a real ffmpeg."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.broker import HOST, Subscriber, free_port
from tests.system.conftest import StartDaemon
from tests.system.daemon_process import ROOT
from tests.system.test_run import STATE, TOPICS

pytestmark = [
    pytest.mark.mosquitto,
    pytest.mark.torch,
    pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg on PATH"),
]

SECRET = "hunter2"  # noqa: S105 - of the test


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def switch(tmp_path: Path) -> Path:
    return tmp_path / "loud"


@pytest.fixture
def camera(port: int, switch: Path) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.system.rtsp_camera", str(port), str(switch)], cwd=ROOT
    )
    yield process
    process.kill()
    process.wait()


def source(port: int) -> list[dict[str, object]]:
    return [{"name": "mic", "kind": "rtsp", "url": f"rtsp://user:{SECRET}@{HOST}:{port}/1"}]


@pytest.mark.usefixtures("camera")
def test_an_alarm_that_a_camera_hears_is_told_and_a_dead_camera_is_noticed(
    start_daemon: StartDaemon, subscriber: Subscriber, port: int, switch: Path
) -> None:
    daemon = start_daemon(sources=source(port))
    status = TOPICS.source_status("mic")
    subscriber.wait_for(status, b"online", 30.0)
    daemon.wait_for_log(f"listening to rtsp://{HOST}:{port}/… at 16000 Hz, 1 channel(s)")
    switch.touch()
    subscriber.wait_for(STATE, b"ON")
    switch.unlink()

    before = len(subscriber.heard)
    dead = switch.with_name(switch.name + ".dead")
    dead.touch()
    subscriber.wait_until(
        lambda: subscriber.topic(status)[-1] in (b"offline", b"stalled"), "it is dead", 15.0
    )
    dead.unlink()
    subscriber.wait_for(status, b"online", 30.0, since=before)
    assert SECRET not in daemon.log
    assert daemon.stop()[0] == 0


def test_a_camera_that_is_not_there_is_said_without_its_password(
    start_daemon: StartDaemon, port: int
) -> None:
    daemon = start_daemon(sources=source(port))

    log = daemon.wait_for_log("source mic is offline: ")

    assert "Connection refused" in log
    assert SECRET not in log
