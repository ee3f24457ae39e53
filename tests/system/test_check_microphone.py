"""`aed check` with a real PortAudio microphone: heard, muted, and under a wrong name."""

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.system.aed_check import check
from tests.system.broker import HOST, free_port
from tests.system.virtual_microphone import VirtualMicrophone

pytestmark = [pytest.mark.portaudio]


@pytest.fixture
def noise(tmp_path: Path) -> Path:
    path = tmp_path / "noise.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0.0, 0.05, 48_000 * 30), 48_000)
    return path


def test_a_microphone_is_heard_or_said_to_be_muted_or_absent(
    tmp_path: Path, microphone: VirtualMicrophone, noise: Path
) -> None:
    settings = {
        "mqtt": {"host": HOST, "port": free_port()},
        "sources": [
            {"kind": "microphone", "name": "mic", "device": "pulse"},
            {"kind": "microphone", "name": "none", "device": "card:none"},
        ],
    }

    muted = check(tmp_path, settings, environment=microphone.environment)
    player = microphone.play(noise)
    try:
        heard = check(tmp_path, settings, environment=microphone.environment)
    finally:
        player.terminate()
        player.wait()

    assert "it is muted, or dead | unmute it: `alsamixer`" in muted.fault("mic")
    assert re.search(r"level -2[5-9] dBFS", heard.stage("mic")["found"])
    assert "no device is named 'card:none'; there is: 'pulse'" in heard.fault("none")
    assert "`aed devices`" in heard.fault("none")
