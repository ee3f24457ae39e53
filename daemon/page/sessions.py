"""Who has given the password: a signed token in a cookie, good over a restart of the daemon."""

import base64
import contextlib
import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from daemon.page.errors import PageError
from daemon.page.passwords import PasswordHash

COOKIE = "aed_session"
LASTS_S = 7 * 86_400

KEY_NAME = "web-session.key"
_KEY_BYTES = 32
_STAMP_BYTES = 8
_NONCE_BYTES = 16
_LONGEST_CHARACTERS = 200


class Sessions:
    """Gives tokens and knows them again; another password makes all of them worthless."""

    def __init__(self, key: bytes, password: PasswordHash, *, wall_s: Callable[[], float]) -> None:
        """Begin.

        Args:
            key: what nobody else knows.
            password: the one that has to be given.
            wall_s: the wall clock.
        """
        self._key = hashlib.sha256(key + password.salt + password.digest).digest()
        self._wall_s = wall_s

    def new(self) -> str:
        """A token that is good for `LASTS_S`."""
        ends_s = int(self._wall_s() + LASTS_S)
        content = ends_s.to_bytes(_STAMP_BYTES, "big") + secrets.token_bytes(_NONCE_BYTES)
        return base64.urlsafe_b64encode(content + self._sign(content)).decode()

    def is_good(self, token: str) -> bool:
        """Whether a token is one of ours and not too old.

        Args:
            token: any text.
        """
        if len(token) > _LONGEST_CHARACTERS or not token.isascii():
            return False
        try:
            data = base64.b64decode(token, altchars=b"-_", validate=True)
        except ValueError:
            return False
        if base64.urlsafe_b64encode(data).decode() != token:
            return False  # the same bytes, written otherwise
        content, signature = (
            data[: _STAMP_BYTES + _NONCE_BYTES],
            data[_STAMP_BYTES + _NONCE_BYTES :],
        )
        if not hmac.compare_digest(signature, self._sign(content)):
            return False
        return int.from_bytes(content[:_STAMP_BYTES], "big") > self._wall_s()

    def _sign(self, content: bytes) -> bytes:
        return hmac.new(self._key, content, hashlib.sha256).digest()


def session_key(state: Path) -> bytes:
    """The key of this machine, made where there is none; where it cannot be kept, for now alone.

    Args:
        state: the state directory.

    Raises:
        PageError: what is kept there is no key.
    """
    path = state / KEY_NAME
    key = secrets.token_bytes(_KEY_BYTES)
    with contextlib.suppress(OSError):  # it is there already, or the disk takes none
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(key)
    try:
        kept = path.read_bytes()
    except OSError:
        return key
    if len(kept) != _KEY_BYTES:
        raise PageError(f"{path} is damaged; remove it, whoever is logged in has to do so again")
    return kept
