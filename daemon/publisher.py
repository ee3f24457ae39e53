"""What is published when: states at once and again on every connect, reports from the outbox.

Retained topics are states: the newest value counts, and a broker that lost its memory gets all of
them back when we connect. Reports (alerts and events) are history: in order, at least once, the
same to the byte if twice.
"""

import logging
from typing import Protocol

from daemon.clocks import Clock, rfc3339
from daemon.errors import OutboxError
from daemon.mqtt import SAY_AGAIN_S, Acknowledged, Connected, Happening, Lost
from daemon.outbox import Outbox, Report, Waiting
from daemon.payloads import stamped
from daemon.topics import Topics

_logger = logging.getLogger(__name__)

MAX_IN_FLIGHT = 20
"""Reports handed to the broker and not yet acknowledged, as many as paho sends at once."""

DELAYED_AFTER_S = 1.0
"""A report older than this when it is first published says so."""

LATE_AFTER_S = 60.0
"""An alert older than this goes to `alert/late`, where nothing sounds a siren."""


class Link(Protocol):
    """What the publisher needs of `daemon.mqtt.MqttLink`."""

    @property
    def is_connected(self) -> bool:
        """Whether `publish` sends."""

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> int | None:
        """Send with QoS 1; returns the `mid`, None when not connected."""

    def take_happenings(self) -> list[Happening]:
        """What happened since the last call."""


class Publisher:
    """Brings states and reports to the broker through a link."""

    def __init__(self, *, link: Link, outbox: Outbox, topics: Topics, clock: Clock) -> None:
        self._link = link
        self._outbox = outbox
        self._topics = topics
        self._clock = clock
        # Every retained topic with its newest value, in the order in which they were first set.
        self._retained: dict[str, bytes] = {}
        # Of this connection: mid -> row, the acknowledged rows not yet deleted, the last row sent,
        # and the mids of states that are not acknowledged.
        self._in_flight: dict[int, int] = {}
        self._acknowledged: list[int] = []
        self._last_row = 0
        self._states_in_flight: set[int] = set()
        # When a broken outbox was last complained about.
        self._complained_s: float | None = None

    def retain(self, topic: str, payload: bytes) -> None:
        """Set a retained topic: published now, and again on every connect."""
        if self._retained.get(topic) == payload:
            return
        self._retained[topic] = payload
        self._send_state(topic, payload)

    def report(self, reports: list[Report]) -> None:
        """Put reports into the outbox; on a broken disk send them at once, unsaved."""
        if not reports:
            return
        try:
            self._outbox.put(reports)
        except OutboxError as error:
            _logger.error("reports are sent at once, unsaved: %s", error)  # noqa: TRY400 - no bug
            for report in reports:
                waiting = Waiting(
                    id=0,
                    kind=report.kind,
                    event_id=report.event_id,
                    seq=report.seq,
                    critical=report.critical,
                    body=report.body,
                    final=None,
                    age_s=0.0,
                )
                final = self._final(waiting)
                self._link.publish(self._topic(waiting), final, retain=False)

    def pump(self) -> None:
        """Take the broker's acknowledgements and send what is due; never blocks on the broker."""
        for happening in self._link.take_happenings():
            if isinstance(happening, Connected):
                self._begin_connection()
            elif isinstance(happening, Lost):
                self._in_flight.clear()
                self._states_in_flight.clear()
            else:
                self._note_acknowledged(happening)
        try:
            if self._acknowledged:
                self._outbox.delete(self._acknowledged)
                self._acknowledged = []
            self._send_reports()
        except OutboxError as error:
            self._complain(error)

    @property
    def is_idle(self) -> bool:
        """Whether everything that was handed to the broker is acknowledged and nothing waits."""
        if self._states_in_flight or self._in_flight:
            return False
        try:
            return len(self._outbox) == 0
        except OutboxError as error:
            self._complain(error)
            return True

    def _begin_connection(self) -> None:
        self._in_flight.clear()
        self._states_in_flight.clear()
        self._last_row = 0
        for topic, payload in self._retained.items():
            self._send_state(topic, payload)

    def _send_state(self, topic: str, payload: bytes) -> None:
        mid = self._link.publish(topic, payload, retain=True)
        if mid is not None:
            self._states_in_flight.add(mid)

    def _note_acknowledged(self, happening: Acknowledged) -> None:
        self._states_in_flight.discard(happening.mid)
        row = self._in_flight.pop(happening.mid, None)
        if row is not None:
            self._acknowledged.append(row)

    def _send_reports(self) -> None:
        room = MAX_IN_FLIGHT - len(self._in_flight)
        if not self._link.is_connected or room <= 0:
            return
        rows = self._outbox.waiting(after_id=self._last_row, limit=room)
        if not rows:
            return
        finals: dict[tuple[str, int], bytes] = {}
        for row in rows:
            key = (row.event_id, row.seq)
            finals[key] = finals.get(key) or row.final or self._final(row)
        new = [(*key, final) for key, final in finals.items()]
        if any(row.final is None for row in rows):
            self._outbox.freeze(new)
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
            delayed=row.age_s > DELAYED_AFTER_S,
            age_s=round(row.age_s, 3),
        )

    def _complain(self, error: OutboxError) -> None:
        """Say once a minute that the outbox does not work; every turn tries it again."""
        now_s = self._clock.boottime_s()
        if self._complained_s is None or now_s - self._complained_s >= SAY_AGAIN_S:
            self._complained_s = now_s
            _logger.error("%s; trying again", error)

    def _topic(self, row: Waiting) -> str:
        """Where a report goes now; the age that counts is that of this attempt."""
        if row.kind == "event":
            return self._topics.event
        return self._topics.alert_late if row.age_s > LATE_AFTER_S else self._topics.alert
