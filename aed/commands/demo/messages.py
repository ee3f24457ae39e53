"""MQTT messages on their way from the subscriber's process to the summary: one JSON line each."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message as a subscriber got it.

    Attributes:
        topic: where it was published.
        payload: what was published, decoded.
        received_at_s: wall time of its arrival, in seconds since the Unix epoch.
    """

    topic: str
    payload: str
    received_at_s: float

    @property
    def fields(self) -> dict[str, Any]:
        """The payload as a JSON object."""
        fields: dict[str, Any] = json.loads(self.payload)
        return fields

    def to_line(self) -> str:
        """Give the line that `read` reads back."""
        return json.dumps(asdict(self)) + "\n"


def read(path: Path) -> list[Message]:
    """Read what a subscriber has noted so far; a line being written is left for the next time.

    Args:
        path: file of lines; it need not exist yet.
    """
    if not path.exists():
        return []
    lines = path.read_text().splitlines(keepends=True)
    return [Message(**json.loads(line)) for line in lines if line.endswith("\n")]
