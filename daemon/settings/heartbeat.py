"""Settings of the heartbeat."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from daemon.settings.part import SettingsPart

MAX_URL_CHARACTERS = 2048

_WANTED = "an address that begins with http:// or https://"


def _is_web_address(url: SecretStr) -> SecretStr:
    """Check that it can be asked for; says nothing of it, since it may be a secret."""
    text = url.get_secret_value()
    try:
        parts = urlsplit(text)
        host, is_port = parts.hostname, parts.port is None or parts.port > 0
        (host or "").encode("idna")
    except ValueError:  # UnicodeError is one
        raise ValueError(f"wanted {_WANTED}, found one that cannot be read") from None
    if len(text) > MAX_URL_CHARACTERS or not text.isascii() or not text.isprintable():
        raise ValueError(
            f"wanted {_WANTED}, of at most {MAX_URL_CHARACTERS} ASCII characters, found another"
        )
    if parts.scheme not in ("http", "https") or not host or not is_port or " " in text:
        raise ValueError(f"wanted {_WANTED} and a host, found another")
    if parts.username is not None or parts.password is not None:
        raise ValueError(f"wanted {_WANTED}, without user and password in it")
    return url


class HeartbeatSettings(SettingsPart):
    """A dead man's switch that is told, every so often, that sound is being heard and told of."""

    url: Annotated[SecretStr, AfterValidator(_is_web_address)] = Field(description=_WANTED)
    every_s: int = Field(
        default=60,
        strict=True,
        ge=10,
        le=86_400,
        description="a whole number of seconds from 10 to 86400",
    )
    without_broker_s: int | None = Field(
        default=300,
        strict=True,
        ge=10,
        le=86_400,
        description="a whole number of seconds from 10 to 86400, or null",
    )
