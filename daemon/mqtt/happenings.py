"""What happens between us and the broker, as the link tells it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """The broker accepted us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """The connection ended; what was not acknowledged may be lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """The broker has a message.

    Attributes:
        mid: what `publish` returned for it.
    """

    mid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Retained:
    """The broker had a retained message on a topic that is watched, when we connected.

    Attributes:
        topic: the whole topic.
        payload: its bytes.
    """

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """Somebody published a message on a topic that is heard.

    Attributes:
        topic: the whole topic.
        payload: its bytes.
    """

    topic: str
    payload: bytes


Happening = Connected | Lost | Acknowledged | Retained | Arrived
