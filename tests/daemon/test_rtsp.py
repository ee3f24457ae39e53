"""Addresses of cameras: what is one, and that none gives its password away."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import SettingsError
from daemon.rtsp import arguments_of_camera, is_camera_url, without_secrets
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


@pytest.mark.parametrize(
    "url", ["http://u:hunter2@camera/", "rtsp://", "rtsp://u:hunter2@c:x/", "rtsp://u:hun ter2@c/"]
)
def test_another_address_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(SettingsError, match=r"sources\[0\]\.url: wanted an address") as caught:
        parse_settings(SETTINGS.format(url=url), where=Path("settings.yaml"))

    assert "hunter2" not in str(caught.value)


WORDS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="/ ?#"), min_size=1)


@given(WORDS, WORDS)
def test_a_password_in_a_message_is_hidden_whatever_is_in_it(user: str, password: str) -> None:
    url = f"rtsp://{user}:{password}@camera/1"
    if is_camera_url(url):
        assert without_secrets(f"{url}: no") == "rtsp://camera/…: no"
        assert without_secrets(f"cannot open '{url}'.") == "cannot open 'rtsp://camera/…'."


@pytest.mark.parametrize("rest", ["/hunter2", "/1?token=hunter2", "?token=hunter2", "/a/hunter2:1"])
def test_a_path_that_serves_as_a_password_is_hidden(rest: str) -> None:
    assert without_secrets(f"rtsps://camera:7441{rest}: no") == "rtsps://camera:7441/…: no"


def test_what_names_no_more_than_a_host_stays_as_it_is() -> None:
    assert without_secrets("rtsp://camera: no, 12:30") == "rtsp://camera: no, 12:30"
