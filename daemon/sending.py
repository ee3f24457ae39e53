"""One outbox's way to the broker: in order, at least once, the same to the byte if twice."""

from typing import Protocol

from daemon.clocks import Clock, rfc3339
from daemon.mqtt import Happening
from daemon.outbox import Outbox
from daemon.payloads import stamped
from daemon.reports import Waiting
from daemon.topics import Topics

DELAYED_AFTER_S = 1.0
"""A report older than this when it is first published says so."""

LATE_AFTER_S = 60.0
"""An alert older than this goes to `alert/late`, where nothing sounds a siren."""


class Link(Protocol):
    """What publishing needs of `daemon.mqtt.MqttLink`."""

    @property
    def is_connected(self) -> bool:
        """Whether `publish` sends."""

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> int | None:
        """Send with QoS 1; returns the `mid`, None when not connected."""

    def take_happenings(self) -> list[Happening]:
        """What happened since the last call."""


class Sending:
    """Hands the reports of one outbox to the link and forgets those that are acknowledged."""

    def __init__(self, outbox: Outbox, *, link: Link, topics: Topics, clock: Clock) -> None:
        self.outbox = outbox
        self._link = link
        self._topics = topics
        self._clock = clock
        # Of this connection: mid -> row, the acknowledged rows not yet deleted, the last row sent.
        self._in_flight: dict[int, int] = {}
        self._acknowledged: list[int] = []
        self._last_row = 0

    @property
    def num_in_flight(self) -> int:
        """Reports handed to the broker and not yet acknowledged."""
        return len(self._in_flight)

    def lose(self) -> None:
        """Note that the connection has ended: what is in flight is sent again on the next."""
        self._in_flight.clear()
        self._last_row = 0

    def note_acknowledged(self, mid: int) -> None:
        """Note that the broker has a message, if it is one of ours."""
        row = self._in_flight.pop(mid, None)
        if row is not None:
            self._acknowledged.append(row)

    def send(self, *, room: int) -> None:
        """Forget what is acknowledged and send what is due.

        Args:
            room: how many reports to send at most.

        Raises:
            OutboxError: the outbox cannot be read or written.
        """
        if self._acknowledged:
            self.outbox.delete(self._acknowledged)
            self._acknowledged = []
        if not self._link.is_connected or room <= 0:
            return
        rows = self.outbox.waiting(after_id=self._last_row, limit=room)
        finals: dict[tuple[str, int], bytes] = {}
        for row in rows:
            key = (row.event_id, row.seq)
            finals[key] = finals.get(key) or row.final or self._final(row)
        if any(row.final is None for row in rows):
            self.outbox.freeze([(*key, final) for key, final in finals.items()])
        for row in rows:
            final = finals[row.event_id, row.seq]
            mid = self._link.publish(self._topic(row), final, retain=False)
            if mid is None:
                return
            self._in_flight[mid] = row.id
            self._last_row = row.id

    def _final(self, row: Waiting) -> bytes:
        """The bytes to publish, with the time of this first attempt."""
        return stamped(
            row.body,
            published_at=rfc3339(self._clock.wall_s()),
            delayed=row.is_of_former_boot or row.age_s > DELAYED_AFTER_S,
            age_s=round(row.age_s, 3),
        )

    def _topic(self, row: Waiting) -> str:
        """Where a report goes now; the age that counts is that of this attempt."""
        if row.kind == "event":
            return self._topics.event
        is_late = row.age_s > LATE_AFTER_S or not row.is_age_known
        return self._topics.alert_late if is_late else self._topics.alert
