"""Requests that the broker has brought and nobody has answered yet: few, and none large."""

from collections import deque
from dataclasses import dataclass

from daemon.requests.handler import MAX_BYTES

MAX_WAITING = 50

MAX_TOPIC_CHARACTERS = 1_000
"""A response goes to a topic that is longer than that of its request, and MQTT knows none beyond
65,535 bytes."""

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
        """Requests for which there was no room, or whose topic nobody could be answered on."""
        self._num_forgiven = 0

    def put(self, topic: str, payload: bytes | bytearray, *, is_retained: bool) -> bool:
        """Keep a request until it is taken; says whether it is kept."""
        if len(self._waiting) >= MAX_WAITING or len(topic) > MAX_TOPIC_CHARACTERS:
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
        self.forgive()
