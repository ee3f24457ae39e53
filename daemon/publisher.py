"""What is published when: states at once and again on every connect, reports from the outbox.

Retained topics are states: the newest value counts, and a broker that lost its memory gets all of
them back when we connect. Reports (alerts and events) are history: see `daemon.sending`.
"""

import logging

from daemon.clocks import Clock
from daemon.errors import OutboxError
from daemon.mqtt import SAY_AGAIN_S, Connected, Lost, Retained
from daemon.outbox import Outbox
from daemon.outbox_file import MEMORY
from daemon.reports import Report
from daemon.sending import Link, Sending
from daemon.topics import OFF, Topics

_logger = logging.getLogger(__name__)

MAX_IN_FLIGHT = 20
"""Reports handed to the broker and not yet acknowledged, as many as paho sends at once."""

MAX_ANSWERS_IN_FLIGHT = 4
"""Where the broker takes responses slower than requests are made, those wait: of the messages that
paho sends before the first is acknowledged (twenty), most are for alerts."""

MAX_STATES_IN_FLIGHT = 100
"""What is handed to paho waits in memory without bound, before any report. Where states change
faster than the broker takes them, only the newest value of each is kept."""

NOTE_AGAIN_S = 5.0
"""A disk that is locked may hold up the main loop for a second: not at every turn."""

MAX_UNSAVED = 1_000
"""Reports kept in memory while the disk does not take them."""


class Publisher:
    """Brings states and reports to the broker through a link."""

    def __init__(self, *, link: Link, outbox: Outbox, topics: Topics, clock: Clock) -> None:
        self._link = link
        self._topics = topics
        self._clock = clock
        # Reports, on disk and, where that refused them, in memory until they are sent.
        self._saved = Sending(outbox, link=link, topics=topics, clock=clock)
        memory = Outbox(MEMORY, clock=clock, max_rows=MAX_UNSAVED)
        self._unsaved = Sending(memory, link=link, topics=topics, clock=clock)
        # Every retained topic with its newest value, in the order in which they were first set.
        self._retained: dict[str, bytes] = {}
        # Topics whose newest value the broker was not handed yet, in the order to do so.
        self._unsent: dict[str, None] = {}
        # Of this connection: mids of states that are not acknowledged.
        self._states_in_flight: set[int] = set()
        # Topics to be taken off the broker, and of this connection what was said of them last.
        self._leaving: set[str] = set()
        self._farewells: dict[int, tuple[str, bytes]] = {}
        # The same of responses to requests.
        self._answers_in_flight: set[int] = set()
        # By event the latest report that only went to memory, as long as the disk has not noted
        # what is open by it; when to try next.
        self._unnoted: dict[str, Report] = {}
        self._note_again_s = 0.0
        # When a broken outbox was last complained about; whether it took the last reports, and
        # gave what waits in it in the last turn.
        self._complained_s: float | None = None
        self._is_refused = self._is_stuck = False

    def retain(self, topic: str, payload: bytes) -> None:
        """Set a retained topic: published now, and again on every connect."""
        self._leaving.discard(topic)
        self._set(topic, payload)

    def remove(self, topic: str, last: bytes = b"") -> None:
        """Take a retained topic off the broker, once that has acknowledged its last value.

        Args:
            topic: the whole topic.
            last: its last value; empty for none.
        """
        self._leaving.add(topic)
        self._set(topic, last)

    def _set(self, topic: str, payload: bytes) -> None:
        if self._retained.get(topic) == payload:
            if topic in self._leaving:
                self._unsent[topic] = None  # its acknowledgement is what we wait for
                self._send_states()
            return
        self._retained[topic] = payload
        self._unsent[topic] = None
        self._send_states()

    @property
    def may_answer(self) -> bool:
        """Whether a response can be sent now."""
        num_in_flight = len(self._answers_in_flight)
        return self._link.is_connected and num_in_flight < MAX_ANSWERS_IN_FLIGHT

    def answer(self, topic: str, payload: bytes) -> None:
        """Send a response: not retained, and never again if the connection is lost."""
        mid = self._link.publish(topic, payload, retain=False)
        if mid is not None:
            self._answers_in_flight.add(mid)

    def report(self, reports: list[Report]) -> None:
        """Put reports into the outbox; if the disk refuses them, keep them in memory."""
        if not reports:
            return
        try:
            self._saved.outbox.put(reports)
            self._is_refused = False
        except OutboxError as error:
            self._is_refused = True
            _logger.error(  # noqa: TRY400 - no bug
                "reports are kept in memory only, until the broker has them: %s", error
            )
            self._unsaved.outbox.put(reports)
            self._keep_unnoted(reports)
        else:
            for report in reports:
                self._unnoted.pop(report.event_id, None)

    def pump(self) -> None:
        """Take the broker's acknowledgements and send what is due; never blocks on the broker."""
        for happening in self._link.take_happenings():
            if isinstance(happening, Connected):
                self._end_connection()
                self._unsent = dict.fromkeys(self._retained)
            elif isinstance(happening, Lost):
                self._end_connection()
            elif isinstance(happening, Retained):
                self._correct(happening)
            else:
                self._states_in_flight.discard(happening.mid)
                self._say_farewell(happening.mid)
                self._answers_in_flight.discard(happening.mid)
                for sending in self._sendings:
                    sending.note_acknowledged(happening.mid)
        self._is_stuck = False
        self._send_states()
        self._note_open_again()
        for sending in self._sendings:
            room = MAX_IN_FLIGHT - sum(each.num_in_flight for each in self._sendings)
            try:
                sending.send(room=room)
            except OutboxError as error:
                self._is_stuck = True
                self._complain(error)

    @property
    def num_unsaved(self) -> int:
        """Reports that are in memory only and not yet acknowledged."""
        outboxes = [sending.outbox for sending in self._sendings]
        return sum(len(outbox) for outbox in outboxes if not outbox.is_on_disk)

    @property
    def num_dropped(self) -> int:
        """Reports that were dropped since the start, from disk or memory, and never sent."""
        return sum(sending.outbox.num_dropped for sending in self._sendings)

    def size(self) -> tuple[int, int] | None:
        """Reports that wait, wherever, and the bytes of their payloads; None if nobody knows."""
        try:
            sizes = [sending.outbox.size() for sending in self._sendings]
        except OutboxError as error:
            self._complain(error)
            return None
        return sum(rows for rows, _ in sizes), sum(num_bytes for _, num_bytes in sizes)

    @property
    def problem(self) -> str | None:
        """What is wrong with keeping reports, as a sentence."""
        if self._is_stuck:
            return "the outbox cannot be used: what waits in it is not sent"
        if self._is_refused or not self._saved.outbox.is_on_disk:
            return "the disk does not take reports: they are kept in memory only"
        return None

    @property
    def is_idle(self) -> bool:
        """Whether everything that was handed to the broker is acknowledged and nothing waits."""
        states_wait = self._link.is_connected and bool(self._unsent or self._states_in_flight)
        if states_wait or any(each.num_in_flight for each in self._sendings):
            return False
        try:
            return len(self._saved.outbox) + self.num_unsaved == 0
        except OutboxError as error:
            self._complain(error)
            return self.num_unsaved == 0

    def close(self) -> None:
        """Close the outboxes; what waits on disk stays there."""
        if self.num_unsaved:
            _logger.error("%d reports that the disk did not take are lost", self.num_unsaved)
        for sending in self._sendings:
            sending.outbox.close()

    @property
    def _sendings(self) -> tuple[Sending, Sending]:
        """What is on disk goes first: it is older."""
        return self._saved, self._unsaved

    def _end_connection(self) -> None:
        self._states_in_flight.clear()
        self._farewells.clear()
        self._answers_in_flight.clear()
        for sending in self._sendings:
            sending.lose()

    def _say_farewell(self, mid: int) -> None:
        """Remove what is leaving and has arrived with its last value, forget what is removed."""
        topic, said = self._farewells.pop(mid, ("", b""))
        if topic not in self._leaving or self._retained[topic] != said:
            return
        if said:
            self._set(topic, b"")
        else:
            self._leaving.remove(topic)
            del self._retained[topic]

    def _correct(self, found: Retained) -> None:
        """Neutralise what former settings, or a lost disk, left on the broker for ever."""
        if found.topic in self._retained:
            return
        neutral = self._topics.neutral(found.topic)
        if neutral == OFF:
            _logger.info("%s is none of ours any more: removing it", found.topic)
            self.remove(found.topic, b"" if found.payload == OFF else OFF)
            self.remove(self._topics.attributes_of(found.topic))
        elif found.payload != neutral:
            _logger.info("%s is none of ours any more: setting it to %s", found.topic, neutral)
            self.retain(found.topic, neutral)

    def _keep_unnoted(self, reports: list[Report]) -> None:
        self._unnoted.update((report.event_id, report) for report in reports)
        while len(self._unnoted) > MAX_UNSAVED:
            del self._unnoted[next(iter(self._unnoted))]

    def _note_open_again(self) -> None:
        """Tell the disk, once it works again, which events have begun or ended meanwhile."""
        now_s = self._clock.boottime_s()
        if self._unnoted and now_s >= self._note_again_s:
            self._note_again_s = now_s + NOTE_AGAIN_S
            try:
                self._saved.outbox.note_open(list(self._unnoted.values()))
            except OutboxError as error:
                self._complain(error)
            else:
                self._unnoted.clear()

    def _send_states(self) -> None:
        """Hand over newest values, never more at once than the broker can be waiting for."""
        while self._unsent and len(self._states_in_flight) < MAX_STATES_IN_FLIGHT:
            topic = next(iter(self._unsent))
            mid = self._link.publish(topic, self._retained[topic], retain=True)
            if mid is None:
                return
            del self._unsent[topic]
            self._states_in_flight.add(mid)
            if topic in self._leaving:
                self._farewells[mid] = (topic, self._retained[topic])

    def _complain(self, error: OutboxError) -> None:
        """Say once a minute that the outbox does not work; every turn tries it again."""
        now_s = self._clock.boottime_s()
        if self._complained_s is None or now_s - self._complained_s >= SAY_AGAIN_S:
            self._complained_s = now_s
            _logger.error("%s; trying again", error)
