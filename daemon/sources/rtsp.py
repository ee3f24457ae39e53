"""Network cameras: `ffmpeg` as the child that brings their sound."""

from urllib.parse import urlsplit

RATE_HZ = 16_000
"""What ffmpeg makes of the camera's own rate: what the model hears."""

_TIMEOUT_US = 4_000_000
"""For a camera that does not answer: shorter than `sources.STALL_S`, so that ffmpeg says why.

The option means that since ffmpeg 5.0; ffmpeg 4 takes it to wait for a camera that calls."""


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
