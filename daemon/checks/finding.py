"""What a stage of `aed check` came to."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a stage went."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at. No text of it ever holds a secret.

    Attributes:
        stage: what.
        verdict: how it went.
        source: the source that it is about; None if it is about none.
        found: what was found, when it is fine; why it was not looked at, when it was skipped.
        faults: what is wrong, one sentence each.
        remedy: what to do about it, in a sentence; empty if the faults say it themselves.
        took_s: how long it took.
    """

    stage: str
    verdict: Verdict
    source: str | None = None
    found: str = ""
    faults: tuple[str, ...] = ()
    remedy: str = ""
    took_s: float = 0.0


def skipped(*stages: str, reason: str) -> list[Finding]:
    """Stages that were not looked at, and why."""
    return [Finding(stage=stage, verdict=Verdict.SKIPPED, found=reason) for stage in stages]
