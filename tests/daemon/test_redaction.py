"""What is said of an address gives no password away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.redaction import without_secrets
from daemon.sources.rtsp import is_camera_url

NO_SPACE = st.text(st.characters(exclude_categories=["Z", "C"]), min_size=8)
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/ ?#"), min_size=1)


@given(WORDS, WORDS)
def test_a_password_in_a_message_is_hidden_whatever_is_in_it(user: str, password: str) -> None:
    url = f"rtsp://{user}:{password}@camera/1"
    if is_camera_url(url):
        assert without_secrets(f"{url}: no") == "rtsp://camera/…: no"
        assert without_secrets(f"cannot open '{url}'.") == "cannot open 'rtsp://camera/…'."


@given(NO_SPACE, st.text(max_size=20))
def test_a_password_that_should_have_been_quoted_is_hidden(password: str, before: str) -> None:
    masked = without_secrets(f"{before} rtsp://me:{password}@camera/ failed")

    assert f"me:{password}" not in masked
    assert masked.endswith("rtsp://camera/… failed")


@pytest.mark.parametrize("rest", ["/hunter2", "/1?token=hunter2", "?token=hunter2", "/a/hunter2:1"])
def test_a_path_that_serves_as_a_password_is_hidden(rest: str) -> None:
    assert without_secrets(f"rtsps://camera:7441{rest}: no") == "rtsps://camera:7441/…: no"


def test_what_names_no_more_than_a_host_stays_as_it_is() -> None:
    assert without_secrets("rtsp://camera: no, 12:30") == "rtsp://camera: no, 12:30"
