"""The page's password: a file holds what scrypt makes of it, never the password itself."""

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from pathlib import Path

from daemon.page.errors import PageError

SHORTEST, LONGEST = 8, 256
"""Characters of a password."""

_COST, _BLOCK, _LANES = 2**15, 8, 3
"""OWASP's advice for scrypt that takes 32 MiB and a few tenths of a second."""

_MOST_BYTES = 64 << 20
_FILE_BYTES = 1_024
_SCHEME = "scrypt"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordHash:
    """What is kept of a password.

    Attributes:
        salt: drawn for this one.
        digest: what scrypt gives.
    """

    salt: bytes
    digest: bytes

    @classmethod
    def of(cls, password: str) -> "PasswordHash":
        """Hash a password with a salt of its own.

        Raises:
            PageError: it is too short or too long.
        """
        if not SHORTEST <= len(password) <= LONGEST:
            raise PageError(f"wanted a password of {SHORTEST} to {LONGEST} characters")
        salt = secrets.token_bytes(16)
        return cls(salt=salt, digest=_digest(password, salt))

    @classmethod
    def parse(cls, text: str) -> "PasswordHash":
        """Read back what `to_text` gave.

        Raises:
            PageError: it is something else.
        """
        parts = text.strip().split("$")
        if len(parts) != 6 or parts[:4] != [_SCHEME, str(_COST), str(_BLOCK), str(_LANES)]:  # noqa: PLR2004 - of to_text
            raise PageError("wanted what `aed web password` writes, found something else")
        try:
            salt, digest = (base64.b64decode(part, validate=True) for part in parts[4:])
        except binascii.Error:
            raise PageError("wanted what `aed web password` writes, found it damaged") from None
        return cls(salt=salt, digest=digest)

    def to_text(self) -> str:
        """Give the line that is written to the file."""
        salt, digest = (base64.b64encode(part).decode() for part in (self.salt, self.digest))
        return f"{_SCHEME}${_COST}${_BLOCK}${_LANES}${salt}${digest}\n"

    def matches(self, password: str) -> bool:
        """Whether this is the password; takes a few tenths of a second."""
        return hmac.compare_digest(_digest(password[:LONGEST], self.salt), self.digest)


def read_password_hash(path: Path) -> PasswordHash:
    """Read a password file.

    Args:
        path: the file that `aed web password` has made.

    Raises:
        PageError: it cannot be read, is empty, or holds something else.
    """
    try:
        with path.open() as file:
            text = file.read(_FILE_BYTES)
    except (OSError, UnicodeDecodeError) as error:
        raise PageError(f"password file {path} cannot be read: {error}") from error
    if not text.strip():
        raise PageError(f"password file {path} is empty; `aed web password` fills it")
    try:
        return PasswordHash.parse(text)
    except PageError as error:
        raise PageError(f"password file {path}: {error}") from error


def _digest(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(
        password.encode("utf-8", "surrogatepass"),
        salt=salt,
        n=_COST,
        r=_BLOCK,
        p=_LANES,
        maxmem=_MOST_BYTES,
    )
