"""Tokens: ours are known again until they are too old or the password changes; no others are."""

import stat
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from daemon.page.errors import PageError
from daemon.page.passwords import PasswordHash
from daemon.page.sessions import KEY_NAME, LASTS_S, Sessions, session_key
from tests.daemon.fake_clock import FakeClock

KEPT = PasswordHash(salt=b"salt", digest=b"digest")
KEY = b"k" * 32


def sessions(
    *, clock: FakeClock | None = None, key: bytes = KEY, password: PasswordHash = KEPT
) -> Sessions:
    return Sessions(key, password, wall_s=(clock or FakeClock()).wall_s)


def test_a_token_is_good_over_a_restart_until_it_is_too_old() -> None:
    clock = FakeClock()
    token = sessions(clock=clock).new()

    assert sessions(clock=clock).is_good(token)
    clock.advance(LASTS_S + 1)
    assert not sessions(clock=clock).is_good(token)


def test_another_password_or_another_machine_knows_no_token() -> None:
    token = sessions().new()

    changed = PasswordHash(salt=b"salt", digest=b"another")
    assert not sessions(password=changed).is_good(token)
    assert not sessions(key=b"x" * 32).is_good(token)


@given(st.text(max_size=300))
def test_no_other_text_is_a_token(text: str) -> None:
    assert not sessions().is_good(text)


@example(place=74, character="_")
@given(place=st.integers(min_value=0, max_value=74), character=st.characters(codec="ascii"))
def test_a_token_that_was_changed_is_none(place: int, character: str) -> None:
    token = sessions().new()
    changed = token[:place] + character + token[place + 1 :]

    assert sessions().is_good(changed) == (changed == token)


def test_the_key_is_made_once_for_our_eyes_only_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    key = session_key(tmp_path)

    assert session_key(tmp_path) == key
    assert stat.S_IMODE((tmp_path / KEY_NAME).stat().st_mode) == 0o600
    (tmp_path / KEY_NAME).write_bytes(b"")
    with pytest.raises(PageError, match=KEY_NAME):
        session_key(tmp_path)


def test_where_the_disk_takes_no_key_there_is_one_for_now(tmp_path: Path) -> None:
    assert len(session_key(tmp_path / "nowhere")) == 32
