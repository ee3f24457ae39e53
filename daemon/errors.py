"""Errors of the `daemon` package; the whole tree is drawn in `ontology.errors`."""

from collections.abc import Sequence
from dataclasses import dataclass

from ontology.errors import AedError


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsFault:
    """One thing wrong with a settings file.

    Attributes:
        where: the file.
        line: line in the file, from 1, or None when the fault has no line (a missing key).
        key: path of the key, such as `mqtt.port` or `sources[0].name`; empty for the file.
        problem: what was wanted and what was found.
    """

    where: str
    line: int | None
    key: str
    problem: str

    def __str__(self) -> str:
        place = self.where if self.line is None else f"{self.where}:{self.line}"
        return f"{place}: {self.key}: {self.problem}" if self.key else f"{place}: {self.problem}"


class SettingsError(AedError):
    """Settings are wrong; carries every fault found, not only the first."""

    exit_code = 78

    def __init__(self, faults: Sequence[SettingsFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n     ".join(str(fault) for fault in self.faults))


class DeviceError(AedError):
    """There is nothing to record from: no such device, or no PortAudio."""


class OutboxError(AedError):
    """The outbox on disk cannot be opened, read or written."""


class ClipError(AedError):
    """A clip cannot be written or deleted."""


class SelfTestError(AedError):
    """The model computes something else than it did; a restart may cure that."""


class InstallError(AedError):
    """An installed bundle cannot be put in place or taken back: no room, or somebody else does."""


class RequestError(AedError):
    """What was asked of the running daemon is refused, or there is nobody to ask."""
