"""A real PortAudio microphone, present, absent, and coming back."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from daemon.capture import EXIT_NO_DEVICE
from daemon.mqtt.topics import Topics
from daemon.sources.pcm import PcmReader
from tests.system.broker import Subscriber
from tests.system.conftest import StartDaemon
from tests.system.daemon_process import ROOT
from tests.system.virtual_microphone import VirtualMicrophone

pytestmark = [pytest.mark.portaudio]

TOPICS = Topics(node="test")
TONE_HZ = 3_100


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    path = tmp_path / "tone.wav"
    time_s = np.arange(48_000 * 20) / 48_000
    soundfile.write(path, 0.5 * np.sin(2 * np.pi * TONE_HZ * time_s), 48_000)
    return path


@pytest.fixture
def playing(microphone: VirtualMicrophone, tone: Path) -> Iterator[None]:
    player = microphone.play(tone)
    yield
    player.terminate()
    player.wait()


def in_room_of(microphone: VirtualMicrophone) -> dict[str, str]:
    return {**os.environ, **microphone.environment, "PYTHONPATH": str(ROOT)}


def capture(
    microphone: VirtualMicrophone, *words: str, num_bytes: int = 200_000
) -> tuple[PcmReader, bytes, str]:
    """Record for about two seconds; gives the reader, the PCM after the header, and messages."""
    process = subprocess.Popen(
        [sys.executable, "-m", "daemon.capture", *words],
        env=in_room_of(microphone),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    data = process.stdout.read(num_bytes)
    process.terminate()
    _, messages = process.communicate(timeout=10)
    return PcmReader(pcm_format=None, channel=None), data, messages.decode()


def pitch_hz(samples: np.ndarray[tuple[int], np.dtype[np.float32]], rate_hz: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax() * rate_hz / len(samples))


@pytest.mark.parametrize(
    ("words", "rate_hz", "remark"),
    [
        (["--rate=16000"], 16_000, ""),
        (["--rate=44100"], 44_100, ""),
        ([], 44_100, ""),
        (["--rate=9000000"], 44_100, "'pulse' does not do 9000000 Hz with 1 channel(s)"),
    ],
)
def test_what_is_played_into_the_room_is_recorded_at_the_rate_that_is_announced(
    microphone: VirtualMicrophone, playing: None, words: list[str], rate_hz: int, remark: str
) -> None:
    assert playing is None
    reader, data, messages = capture(microphone, "--device=pulse", *words)

    chunk = reader.feed(data)

    assert chunk is not None
    assert chunk.sample_rate_hz == rate_hz
    assert pitch_hz(chunk.samples[-rate_hz // 2 :], rate_hz) == pytest.approx(TONE_HZ, abs=10)
    assert remark in messages
    assert bool(messages) == bool(remark)


@pytest.mark.skipif(
    tuple(map(int, os.uname().release.split(".")[:2])) < (6, 3),
    reason="this kernel cannot forbid writable and executable memory by itself",
)
def test_recording_works_where_no_memory_may_be_written_and_executed(
    microphone: VirtualMicrophone,
) -> None:
    forbid = "import ctypes, os, sys; assert ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) == 0; "
    run = "os.execv(sys.executable, [sys.executable, '-m', 'daemon.capture', '--device=pulse'])"
    process = subprocess.Popen(
        [sys.executable, "-c", forbid + run],
        env=in_room_of(microphone),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    data = process.stdout.read(100_000)
    process.terminate()
    _, messages = process.communicate(timeout=10)

    assert (len(data), messages) == (100_000, b"")


def test_a_device_that_is_not_there_is_answered_with_what_there_is(
    microphone: VirtualMicrophone,
) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "daemon.capture", "--device=usb:1234:5678:A"],
        env=in_room_of(microphone),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )

    assert result.returncode == EXIT_NO_DEVICE
    assert result.stdout == ""
    assert "no device is named 'usb:1234:5678:A'; there is: " in result.stderr
    assert "'pulse'" in result.stderr


def test_the_command_devices_lists_names_for_the_settings(microphone: VirtualMicrophone) -> None:
    command = [sys.executable, "-m", "aed", "devices"]
    outputs = [
        subprocess.run(
            [*command, *words],
            env=in_room_of(microphone),
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
        for words in ([], ["--json"])
    ]

    assert "pulse" in [line.split()[0] for line in outputs[0].stdout.splitlines()]
    listed = {entry["stable_name"]: entry for entry in json.loads(outputs[1].stdout)}
    assert listed["pulse"]["channels"] >= 1
    assert "index" not in listed["pulse"]
    assert [output.stderr for output in outputs] == ["", ""]


@pytest.mark.mosquitto
@pytest.mark.torch
def test_a_microphone_that_is_not_there_is_said_and_waited_for(
    start_daemon: StartDaemon, subscriber: Subscriber, microphone: VirtualMicrophone
) -> None:
    daemon = start_daemon(
        sources=[{"kind": "microphone", "name": "mic", "device": "usb:1234:5678:A"}],
        environment=microphone.environment,
    )
    log = daemon.wait_for_log("source mic is offline")

    assert "source mic is offline: no device is named 'usb:1234:5678:A'; there is: " in log
    assert "'pulse'" in log
    subscriber.wait_for(TOPICS.status, b"online")
    assert subscriber.topic(TOPICS.source_status("mic")) == [b"offline"]
    assert subscriber.topic(TOPICS.hearing) == [b"offline"]
    assert daemon.stop()[0] == 0


@pytest.mark.mosquitto
@pytest.mark.torch
def test_a_microphone_is_heard_lost_and_heard_again(
    start_daemon: StartDaemon, subscriber: Subscriber, tone: Path
) -> None:
    microphone = VirtualMicrophone()
    microphone.start()
    daemon = start_daemon(
        sources=[{"kind": "microphone", "name": "mic", "device": "pulse"}],
        environment=microphone.environment,
    )
    status = TOPICS.source_status("mic")
    try:
        subscriber.wait_for(status, b"online")
        before = len(subscriber.heard)
        with microphone.play(tone) as player:
            subscriber.wait_for(TOPICS.class_state("mic", "smoke_alarm"), b"ON", since=before)
            player.terminate()

        microphone.stop()
        subscriber.wait_until(
            lambda: subscriber.topic(status)[-1] in (b"offline", b"stalled"), "the loss", 10
        )
        subscriber.wait_until(
            lambda: (
                subscriber.topic(TOPICS.hearing)[-1] == b"offline"
                and subscriber.topic(TOPICS.class_state("mic", "smoke_alarm"))[-1] == b"OFF"
            ),
            "what follows from it",
        )

        microphone.start()
        subscriber.wait_until(lambda: subscriber.topic(status)[-1] == b"online", "the return", 12)
        assert daemon.stop()[0] == 0
    finally:
        microphone.close()


@pytest.mark.mosquitto
@pytest.mark.torch
@pytest.mark.slow
def test_a_muted_microphone_is_said_to_be_silent_and_heard_again_at_once(
    start_daemon: StartDaemon, subscriber: Subscriber, tmp_path: Path
) -> None:
    noise = tmp_path / "noise.wav"
    samples = np.random.default_rng(0).normal(0.0, 0.003, 48_000 * 90)
    soundfile.write(noise, samples, 48_000)
    microphone = VirtualMicrophone()
    microphone.start()
    try:
        daemon = start_daemon(
            sources=[{"kind": "microphone", "name": "mic", "device": "pulse"}],
            environment=microphone.environment,
        )
        status = TOPICS.source_status("mic")
        subscriber.wait_for(status, b"online")
        with microphone.play(noise) as player:
            since, begin_s = len(subscriber.heard), time.monotonic()
            microphone.mute(is_muted=True)
            silent = subscriber.wait_for(status, b"silent", 45.0, since=since)
            assert 25.0 < silent.at_s - begin_s < 35.0
            told = subscriber.wait_until(
                lambda: json.loads(subscriber.topic(TOPICS.health)[-1])["problem"], "the problem"
            )
            assert "source mic is silent: " in told
            assert subscriber.topic(TOPICS.hearing)[-1] == b"offline"

            since = len(subscriber.heard)
            microphone.mute(is_muted=False)
            subscriber.wait_for(status, b"online", 5.0, since=since)
            player.terminate()
        assert daemon.stop()[0] == 0
    finally:
        microphone.close()
