"""The kinds of sources: what each needs for a child process, and what that writes."""

import sys

from daemon.redaction import without_secrets
from daemon.settings.models import CommandSettings, FileSettings, RtspSettings, SourceSettings
from daemon.sources.pcm import PcmReader
from daemon.sources.pcm_format import PcmFormat
from daemon.sources.rtsp import RATE_HZ, arguments_of_camera


def arguments_of(settings: SourceSettings) -> list[str]:
    """Command line of the child process of a source."""
    if isinstance(settings, CommandSettings):
        return list(settings.command)
    if isinstance(settings, FileSettings):
        words = [sys.executable, "-m", "daemon.playback", "--pace", settings.pace]
        return [*words, *(["--repeat"] if settings.repeat else []), "--", str(settings.path)]
    if isinstance(settings, RtspSettings):
        return arguments_of_camera(settings.url, channels=settings.channels)
    words = [sys.executable, "-m", "daemon.capture", f"--device={settings.device}"]
    if settings.sample_rate_hz is not None:
        words.append(f"--rate={settings.sample_rate_hz}")
    return [*words, f"--channels={settings.channels}"]


def reader_of(settings: SourceSettings) -> PcmReader:
    """A reader for what a new child of the source writes."""
    channel = None if isinstance(settings, FileSettings) else settings.channel
    return PcmReader(pcm_format=_announced_format(settings), channel=channel)


def is_live(settings: SourceSettings) -> bool:
    """Whether it goes on whatever we do; a recording waits for us."""
    return not isinstance(settings, FileSettings)


def _announced_format(settings: SourceSettings) -> PcmFormat | None:
    """Format that a child writes by its settings; None for ours, which say it in a header."""
    if isinstance(settings, CommandSettings):
        return PcmFormat(
            sample_rate_hz=settings.sample_rate_hz,
            channels=settings.channels,
            device=settings.command[0],
        )
    if isinstance(settings, RtspSettings):
        return PcmFormat(
            sample_rate_hz=RATE_HZ,
            channels=settings.channels,
            device=without_secrets(settings.url),
        )
    return None
