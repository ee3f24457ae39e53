"""Recorded from the running daemon's microphone, taught, heard, forgotten: all with real parts."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from aed.bundle import SHIPPED
from aed.taught.background import BACKGROUND_FILE
from daemon.mqtt.topics import Topics
from tests.aed.spoiling import describe
from tests.aed.taught.chimes import RATE_HZ, UPSTAIRS_HZ, chime, write_chimes
from tests.system.broker import Broker, Subscriber
from tests.system.conftest import StartDaemon
from tests.system.daemon_process import ROOT, DaemonProcess
from tests.system.test_requests import ask
from tests.system.test_run import payloads
from tests.system.virtual_microphone import VirtualMicrophone

pytestmark = [pytest.mark.mosquitto, pytest.mark.portaudio, pytest.mark.torch]

TOPICS = Topics(node="test")


class Home:
    """A daemon with a microphone, a control socket and the shipped model."""

    def __init__(self, daemon: DaemonProcess, folder: Path, microphone: VirtualMicrophone) -> None:
        self.daemon, self.folder, self.microphone = daemon, folder, microphone
        self.socket = ("--socket", str(folder / "run" / "control.sock"))

    def begin(self, *words: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "aed", *words],
            cwd=self.folder,
            env={**os.environ, **self.microphone.environment, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def aed(self, *words: str) -> tuple[int, str, str]:
        process = self.begin(*words)
        out, error = process.communicate(timeout=30)
        return process.returncode, out, error

    def ring(self, seed: int) -> None:
        path = self.folder / f"ring{seed}.wav"
        soundfile.write(path, chime(UPSTAIRS_HZ, seed=seed, noise=0.0), RATE_HZ)
        assert self.microphone.play(path).wait(20) == 0


@pytest.fixture
def home(
    start_daemon: StartDaemon,
    subscriber: Subscriber,
    microphone: VirtualMicrophone,
    tmp_path: Path,
) -> Iterator[Home]:
    daemon = start_daemon(
        environment=microphone.environment,
        bundle=str(SHIPPED),
        runtime_directory=str(tmp_path / "run"),
        sources=[{"kind": "microphone", "name": "mic", "device": "pulse"}],
        taught_classes=["doorbell_upstairs", "never_taught"],
    )
    subscriber.wait_for(TOPICS.hearing, b"online")
    yield Home(daemon, tmp_path, microphone)
    daemon.kill()


def other_bundle(folder: Path) -> Path:
    """The shipped bundle under another name, and so with another digest."""
    shutil.copytree(SHIPPED, folder)
    describe(folder, lambda info: info.update(name="other"))
    return folder


def wait_for_line(process: "subprocess.Popen[str]", text: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if text in line:
            return
    raise AssertionError(f"not said: {text}")


def info(subscriber: Subscriber) -> dict[str, Any]:
    found: dict[str, Any] = payloads(subscriber, TOPICS.info)[-1]
    return found


def test_a_bell_is_recorded_taught_heard_after_a_restart_too_and_forgotten(
    home: Home, subscriber: Subscriber, broker: Broker
) -> None:
    recording = home.begin("record", "Doorbell upstairs", *home.socket, "--count", "3")
    wait_for_line(recording, "recording from source mic of the running aed")
    for seed in range(3):
        home.ring(seed)
    out, _ = recording.communicate(timeout=30)
    clips = [line.split("  ")[0] for line in out.splitlines()]
    assert (recording.returncode, len(clips)) == (0, 3)
    assert "doorbell_upstairs" not in info(subscriber)["reportable"]

    code, out, error = home.aed(
        "teach", "Doorbell upstairs", *clips, "--under", "doorbell", *home.socket
    )

    assert (code, error) == (0, "")
    assert out.startswith("alarm/doorbell/doorbell_upstairs: aed hears it from now on")
    state = TOPICS.class_state("mic", "doorbell_upstairs")
    subscriber.wait_for(state, b"OFF")
    assert "doorbell_upstairs" in info(subscriber)["reportable"]
    assert "never_taught" not in info(subscriber)["classes"]
    home.ring(7)
    subscriber.wait_for(state, b"ON")
    alerts = [each for each in payloads(subscriber, TOPICS.alert) if "upstairs" in each["path"]]
    assert alerts[-1]["path"] == "alarm/doorbell/doorbell_upstairs"
    assert alerts[-1]["event_type"] == "doorbell_upstairs"
    assert alerts[-1]["critical"] is False
    for name in ("teach", "forget", "taught", "sound"):
        assert "there is no request" in ask(broker, subscriber, name, {})["error"]

    home.daemon.kill()
    before = len(subscriber.heard)
    home.daemon.start()
    subscriber.wait_for(TOPICS.hearing, b"online", since=before)
    home.ring(8)
    subscriber.wait_for(state, b"ON", since=before)
    home.daemon.reload(bundle=str(other_bundle(home.folder / "other")))
    home.daemon.wait_for_log("learned the taught sound doorbell_upstairs anew")
    code, out, _ = home.aed("teach", "--list", *home.socket)
    assert out.startswith("doorbell_upstairs  under doorbell  'Doorbell upstairs'  alerts  margin")
    assert home.aed("teach", "--remove", "doorbell_upstairs", *home.socket)[0] == 0

    subscriber.wait_until(
        lambda: "doorbell_upstairs" not in info(subscriber)["reportable"], "it is forgotten"
    )
    assert home.aed("teach", "--list", *home.socket)[1] == "nothing is taught\n"
    # Turned off, and then removed: nothing is taught under that name any more.
    subscriber.wait_until(lambda: subscriber.topic(state)[-2:] == [b"OFF", b""], "its end")


def test_what_cannot_be_taught_is_refused_and_the_daemon_hears_on(home: Home) -> None:
    rings = [str(path) for path in write_chimes(home.folder / "rings", UPSTAIRS_HZ, 3)]

    under_smoke = home.aed("teach", "mine", *rings, "--under", "smoke_alarm", *home.socket)
    too_few = home.aed("teach", "mine", *rings[:2], "--under", "doorbell", *home.socket)
    nobody = home.aed("teach", "--list", "--socket", str(home.folder / "nobody.sock"))
    code, answer, _ = home.aed(
        "request", "teach", '{"id": "mine", "name": "Mine", "under": "doorbell"}', *home.socket
    )

    assert (under_smoke[0], too_few[0], nobody[0], code) == (1, 1, 1, 1)
    assert "is critical" in under_smoke[2]
    assert "wanted 3 to 10 recordings, found 2" in too_few[2]
    assert "--config FILE or --state DIR" in nobody[2]
    assert "it holds no recordings" in json.loads(answer)["error"]
    assert not list((home.folder / "daemon0" / "state").glob("taught/*"))
    (mic,) = json.loads(home.aed("request", "snapshot", *home.socket)[1])["data"][
        "sources"
    ].values()
    assert mic["state"] == "online"
    assert mic["age_s"] < 5


def test_an_interrupted_recording_keeps_what_sounded_and_a_device_does_without_a_daemon(
    microphone: VirtualMicrophone, tmp_path: Path
) -> None:
    home = Home(DaemonProcess(tmp_path, {}), tmp_path, microphone)
    recording = home.begin("record", "bell", "--device", "pulse", "--format", "wav")
    wait_for_line(recording, "recording from microphone pulse")
    part = tmp_path / "recordings" / "bell"
    deadline_s = time.monotonic() + 20
    home.ring(1)
    while not list(part.glob("*.wav")) and time.monotonic() < deadline_s:
        home.ring(2)

    recording.send_signal(signal.SIGINT)

    out, error = recording.communicate(timeout=20)
    assert recording.returncode == 0
    assert "sounds recorded" in error
    clips = [tmp_path / line.split("  ")[0] for line in out.splitlines()]
    assert clips
    for clip in clips:
        samples, rate_hz = soundfile.read(clip)
        assert rate_hz == RATE_HZ
        assert np.abs(samples).max() > 0.02
    rows = (tmp_path / "recordings" / "manifest.tsv").read_text().splitlines()
    assert len(rows) == 1 + len(clips)


def test_replay_hears_what_is_taught_in_a_state_directory_and_teach_measures_it(
    microphone: VirtualMicrophone, tmp_path: Path
) -> None:
    home = Home(DaemonProcess(tmp_path, {}), tmp_path, microphone)
    state, heard = tmp_path / "state", tmp_path / "heard"
    state.mkdir(exist_ok=True)
    rings = [str(path) for path in write_chimes(tmp_path / "rings", UPSTAIRS_HZ, 4)]
    write_chimes(heard / "upstairs", UPSTAIRS_HZ, 2)
    soundfile.write(heard / "nothing.wav", np.zeros(5 * RATE_HZ), RATE_HZ)

    where = ("--state", str(state))
    code, out, error = home.aed("teach", "Upstairs", *rings, "--under", "doorbell", *where)
    assert code == 0, error
    assert "aed hears it when it starts" in out
    plain = home.aed("replay", str(heard))[1]
    taught = home.aed("replay", str(heard), *where, "--scores", str(tmp_path / "scores"))[1]
    measured = home.aed("teach", "--measure", str(heard), *where)[1]

    assert 'upstairs"' not in plain.replace("heard/upstairs", "")
    paths = [json.loads(line)["path"] for line in taught.splitlines()]
    assert paths.count("alarm/doorbell/upstairs") == 2
    scores = np.load(tmp_path / "scores" / "upstairs" / "ring0.wav.npz")
    assert scores["posteriors"].shape[1] == len(scores["nodes"])
    assert "upstairs" in scores["nodes"]
    assert measured.startswith("upstairs: found in 2 of its 2 recordings, and in 0 of 1 others")


def test_the_shipped_bundle_can_be_taught() -> None:
    assert (SHIPPED / BACKGROUND_FILE).stat().st_size < 1_000_000
