"""Network cameras: `ffmpeg` as the child that brings their sound, and their passwords kept quiet.

A URL may hold a user name and a password, and ffmpeg quotes it in its messages.
"""

import re
from urllib.parse import urlsplit

RATE_HZ = 16_000
"""What ffmpeg makes of the camera's own rate: what the model hears."""

_TIMEOUT_US = 4_000_000
"""For a camera that does not answer: shorter than `sources.STALL_S`, so that ffmpeg says why."""

_URL = re.compile(
    r"(\b[a-z][a-z0-9+.-]*://)(?:[^/?#\s]*@)?([^/?#\s]*)\S*?(?=[:,;.)'\"]*(?:\s|$))", re.IGNORECASE
)


def arguments_of_camera(url: str, *, channels: int) -> list[str]:
    """Command line that writes the sound of a camera to its standard output.

    Args:
        url: `rtsp://…` or `rtsps://…`.
        channels: how many to write.
    """
    return [
        *("ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error"),
        # Over UDP a lost packet is a hole in an alarm; the picture is never fetched.
        *("-rtsp_transport", "tcp", "-allowed_media_types", "audio"),
        *("-timeout", str(_TIMEOUT_US), "-fflags", "nobuffer", "-i", url),
        *("-map", "0:a:0", "-ac", str(channels), "-ar", str(RATE_HZ), "-f", "s16le", "-"),
    ]


def is_camera_url(url: str) -> bool:
    """Whether a URL names a camera: its scheme and a host, nothing that needs quoting."""
    try:
        parts = urlsplit(url)
        is_port = parts.port != 0
    except ValueError:  # a port that is none
        return False
    is_plain = not any(character.isspace() or character in "'\"" for character in url)
    return parts.scheme in ("rtsp", "rtsps") and bool(parts.hostname) and is_port and is_plain


def without_secrets(text: str) -> str:
    """Leave of every URL in a text no more than its scheme, host and port.

    A camera may want a password before the host, or take its path for one.

    >>> without_secrets("rtsp://user:pass@camera:554/1?token=2: refused")
    'rtsp://camera:554/…: refused'
    """
    return _URL.sub(_host_alone, text)


def _host_alone(url: re.Match[str]) -> str:
    return f"{url[1]}{url[2]}/…" if len(url[0]) > len(url[1] + url[2]) else url[0]
