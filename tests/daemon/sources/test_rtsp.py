"""Addresses of cameras: what is one, and what is not."""

import shutil
import subprocess
from pathlib import Path

import pytest

from daemon.errors import SettingsError
from daemon.settings.file import parse_settings
from daemon.sources.rtsp import arguments_of_camera

SETTINGS = """
node: kitchen
mqtt: {{host: broker}}
sources: [{{name: hall, kind: rtsp, url: "{url}"}}]
"""


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg on PATH")
def test_ffmpeg_takes_the_timeout_for_one_of_the_socket() -> None:
    words = ["ffmpeg", "-hide_banner", "-h", "demuxer=rtsp"]
    options = subprocess.run(words, check=True, capture_output=True, text=True).stdout

    (timeout,) = (line for line in options.splitlines() if line.split()[:1] == ["-timeout"])
    assert "-timeout" in arguments_of_camera("rtsp://camera/1", channels=1)
    assert "(in microseconds) of socket I/O operations" in timeout


@pytest.mark.parametrize("url", ["rtsp://camera/1", "rtsps://u:p@10.0.0.2:322/a?b=c"])
def test_an_address_of_a_camera_is_taken(url: str) -> None:
    settings = parse_settings(SETTINGS.format(url=url), where=Path("settings.yaml"))

    (source,) = settings.sources
    assert source.kind == "rtsp"
    assert url in arguments_of_camera(source.url, channels=1)


@pytest.mark.parametrize(
    "url", ["http://u:hunter2@camera/", "rtsp://", "rtsp://u:hunter2@c:x/", "rtsp://u:hun ter2@c/"]
)
def test_another_address_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(SettingsError, match=r"sources\[0\]\.url: wanted an address") as caught:
        parse_settings(SETTINGS.format(url=url), where=Path("settings.yaml"))

    assert "hunter2" not in str(caught.value)
