"""What stands in the booted machine beside aed: a broker, and a room in which an alarm sounds."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from daemon.mqtt.topics import Topics
from tests.system.broker import HOST
from training.synthesis.rendered import SAMPLE_RATE_HZ
from training.synthesis.scene import home_scene

NODE = "booted"
SOURCE = "room"
TOPICS = Topics(node=NODE)
USER = "aed"
PASSWORD = "correct horse"  # noqa: S105 - of a broker that lives as long as the test

_FOLDER = Path("/srv/room")
_EXCERPT_S = (13.0, 34.0)
"""Of the scene of `aed demo`: three seconds of quiet, then a smoke alarm."""

_PLAYER = f"""\
import os, pathlib, time
sound = pathlib.Path("{_FOLDER}/sound.pcm").read_bytes()
block, position, due_s = {SAMPLE_RATE_HZ // 10 * 2}, 0, time.monotonic()
while True:
    os.write(1, sound[position : position + block])
    position = (position + block) % len(sound)
    due_s += 0.1
    time.sleep(max(0.0, due_s - time.monotonic()))
"""


def furnish(root: Path, *, port: int, strict_port: int) -> None:
    """Put broker and room into a machine that is not booted yet.

    Args:
        root: its folder.
        port: where its broker asks for nothing.
        strict_port: where its broker asks for USER and PASSWORD.
    """
    (root / "etc/mosquitto/conf.d/household.conf").write_text(
        "per_listener_settings true\n"
        f"listener {port} {HOST}\nallow_anonymous true\n"
        f"listener {strict_port} {HOST}\nallow_anonymous false\n"
        "password_file /etc/mosquitto/passwords\n"
    )
    for timer in ("apt-daily.timer", "apt-daily-upgrade.timer"):  # nothing asks a network there
        (root / "etc/systemd/system" / timer).symlink_to("/dev/null")
    folder = root / _FOLDER.relative_to("/")
    folder.mkdir()
    begin, end = (int(second * SAMPLE_RATE_HZ) for second in _EXCERPT_S)
    samples = home_scene(0).samples[begin:end]
    pcm = np.round(np.clip(samples, -1.0, 1.0) * 32_767.0).astype("<i2")
    (folder / "sound.pcm").write_bytes(pcm.tobytes())
    (folder / "play.py").write_text(_PLAYER)


def settings(port: int, **mqtt: object) -> dict[str, Any]:
    """Settings of an aed in that room, which has a microphone in them that nobody plugged in.

    Args:
        port: of the broker.
        mqtt: more about the broker.
    """
    return {
        "node": NODE,
        "mqtt": {"host": HOST, "port": port, **mqtt},
        "sources": [
            {"kind": "microphone", "name": "mic"},
            {
                "kind": "command",
                "name": SOURCE,
                "command": ["/usr/bin/python3", f"{_FOLDER}/play.py"],
                "sample_rate_hz": SAMPLE_RATE_HZ,
            },
        ],
    }


def as_yaml(settings: dict[str, Any]) -> str:
    """The text of a settings file."""
    return json.dumps(settings, indent=2) + "\n"  # JSON is YAML
