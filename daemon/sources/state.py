"""The states of a source."""

from enum import StrEnum


class SourceState(StrEnum):
    """What is published about a source; the words are a contract."""

    ONLINE = "online"
    """It is being heard."""
    SILENT = "silent"
    """It delivers samples that hold no sound: muted, or dead."""
    STALLED = "stalled"
    """Its process lives and delivers nothing."""
    OFFLINE = "offline"
    """There is no process that delivers."""
