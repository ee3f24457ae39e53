"""Addresses of cameras: what is one, and that none gives its password away."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import SettingsError
from daemon.rtsp import arguments_of_camera, is_camera_url, without_user
from daemon.settings_file import parse_settings

SETTINGS = """
node: kitchen
mqtt: {{host: broker}}
sources: [{{name: hall, kind: rtsp, url: "{url}"}}]
"""


@pytest.mark.parametrize("url", ["rtsp://camera/1", "rtsps://u:p@10.0.0.2:322/a?b=c"])
def test_an_address_of_a_camera_is_taken(url: str) -> None:
    settings = parse_settings(SETTINGS.format(url=url), where=Path("settings.yaml"))

    (source,) = settings.sources
    assert source.kind == "rtsp"
    assert url in arguments_of_camera(source.url, channels=1)


@pytest.mark.parametrize("url", ["http://u:hunter2@camera/", "rtsp://", "rtsp://u:hunter2@c:x/"])
def test_another_address_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(SettingsError, match=r"sources\[0\]\.url: wanted an address") as caught:
        parse_settings(SETTINGS.format(url=url), where=Path("settings.yaml"))

    assert "hunter2" not in str(caught.value)


WORDS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="/ "), min_size=1)


@given(WORDS, WORDS)
def test_a_password_in_a_message_is_hidden_whatever_is_in_it(user: str, password: str) -> None:
    url = f"rtsp://{user}:{password}@camera/1"
    if is_camera_url(url) and not any(character.isspace() for character in url):
        assert without_user(f"{url}: no") == "rtsp://…@camera/1: no"
