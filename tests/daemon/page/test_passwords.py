"""The page's password is kept as a hash, known again, and what else is in the file is refused."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.page.errors import PageError
from daemon.page.passwords import PasswordHash, read_password_hash

ROOT = Path(__file__).parents[3]
PASSWORD = "correct horse ü"  # noqa: S105 - of a test


@pytest.fixture(scope="module")
def kept() -> PasswordHash:
    return PasswordHash.of(PASSWORD)


def test_the_password_is_known_again_and_no_other_is(kept: PasswordHash) -> None:
    read = PasswordHash.parse(kept.to_text())

    assert read.matches(PASSWORD)
    assert not read.matches(PASSWORD + " ")
    assert not read.matches("")
    assert PASSWORD not in kept.to_text()
    assert "correct" not in repr(kept)


def test_the_same_password_is_never_kept_twice_as_the_same(kept: PasswordHash) -> None:
    assert PasswordHash.of(PASSWORD).digest != kept.digest


@pytest.mark.parametrize("password", ["short", "x" * 257])
def test_a_password_that_is_too_short_or_too_long_is_refused(password: str) -> None:
    with pytest.raises(PageError, match="8 to 256 characters"):
        PasswordHash.of(password)


@given(st.text(max_size=200) | st.just("scrypt$32768$8$3$AAAA$x"))
def test_whatever_else_a_file_holds_is_refused(text: str) -> None:
    with pytest.raises(PageError, match="aed web password"):
        PasswordHash.parse(text)


@pytest.mark.parametrize("content", [b"\n", b"plain password\n", b"\xff\xfe"])
def test_a_file_without_a_hash_is_refused_by_its_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "web-password"
    path.write_bytes(content)

    with pytest.raises(PageError, match="web-password"):
        read_password_hash(path)


def test_aed_web_password_writes_a_file_for_our_eyes_only(tmp_path: Path) -> None:
    path = tmp_path / "web-password"
    words = [sys.executable, "-m", "aed", "web", "password", "-o", str(path)]

    refused = subprocess.run(words, input="short\n", text=True, cwd=ROOT, check=False)
    assert refused.returncode == 78
    assert not path.exists()
    subprocess.run(words, input=PASSWORD + "\n", text=True, cwd=ROOT, check=True)

    assert read_password_hash(path).matches(PASSWORD)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
