"""Requests that the broker has brought and nobody has answered yet: few, and none large."""

from collections import deque
from dataclasses import dataclass

from daemon.requests import MAX_BYTES

MAX_WAITING = 50

FLOOD = 500
"""So many dropped ones are no eager automation any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttRequest:
    """A request as the broker brought it.

    Attributes:
        topic: the whole topic.
        payload: its bytes; of one that is too long, enough to tell.
        is_retained: whether the broker had kept it from before we subscribed.
    """

    topic: str
    payload: bytes
    is_retained: bool


class RequestInbox:
    """Put into by paho's thread, taken from by ours; both are atomic operations."""

    def __init__(self) -> None:
        self._waiting: deque[MqttRequest] = deque()
        self.num_dropped = 0
        """Requests for which there was no room."""
        self._num_forgiven = 0

    def put(self, topic: str, payload: bytes | bytearray, *, is_retained: bool) -> bool:
        """Keep a request until it is taken; says whether there was room."""
        if len(self._waiting) >= MAX_WAITING:
            self.num_dropped += 1
            return False
        kept = bytes(payload[: MAX_BYTES + 1])
        self._waiting.append(MqttRequest(topic=topic, payload=kept, is_retained=is_retained))
        return True

    @property
    def is_flooded(self) -> bool:
        """Whether more are brought than is good for the connection that alerts go through, too."""
        return self.num_dropped - self._num_forgiven >= FLOOD

    def forgive(self) -> None:
        """Begin to count for a flood anew."""
        self._num_forgiven = self.num_dropped

    def take(self) -> MqttRequest | None:
        """The oldest; None if there is none."""
        return self._waiting.popleft() if self._waiting else None

    def clear(self) -> None:
        """Forget what waits: whoever asked over a connection that is lost has given up."""
        self._waiting.clear()
