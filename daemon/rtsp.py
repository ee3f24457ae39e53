"""Network cameras: `ffmpeg` as the child that brings their sound, and their passwords kept quiet.

A URL may hold a user name and a password, and ffmpeg quotes it in its messages.
"""

import re
from urllib.parse import urlsplit

RATE_HZ = 16_000
"""What ffmpeg makes of the camera's own rate: what the model hears."""

_TIMEOUT_US = 4_000_000
"""For a camera that does not answer: shorter than `sources.STALL_S`, so that ffmpeg says why."""

_USER_INFO = re.compile(r"(rtsps?://)[^/\s]*@", re.IGNORECASE)


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
        return parts.scheme in ("rtsp", "rtsps") and bool(parts.hostname) and (parts.port != 0)
    except ValueError:  # a port that is none
        return False


def without_user(text: str) -> str:
    """Hide what stands before the host in every URL of a text.

    >>> without_user("rtsp://user:pass@camera/1: refused")
    'rtsp://…@camera/1: refused'
    """
    return _USER_INFO.sub(r"\1…@", text)
