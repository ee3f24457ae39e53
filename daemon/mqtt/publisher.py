"""What is published when: states at once and again on every connect, reports from the outbox.

Retained topics are states: the newest value counts, and a broker that lost its memory gets all of
them back when we connect. Reports (alerts and events) are history: see `daemon.mqtt.dispatch`.
"""

import logging
import math
from collections.abc import Callable, Sequence

from daemon.clocks import Clock
from daemon.mqtt.dispatch import Dispatch, new_memory
from daemon.mqtt.happenings import Arrived, Connected, Lost, Retained
from daemon.mqtt.sending import Link
from daemon.mqtt.topics import OFF, Topics
from daemon.outbox.outbox import Outbox
from daemon.outbox.reports import Report

_logger = logging.getLogger(__name__)

MAX_ANSWERS_IN_FLIGHT = 4
"""Where the broker takes responses slower than requests are made, those wait: of the messages that
paho sends before the first is acknowledged (twenty), most are for alerts."""

MAX_STATES_IN_FLIGHT = 100
"""What is handed to paho waits in memory without bound, before any report. Where states change
faster than the broker takes them, only the newest value of each is kept."""


MAX_CORRECTED = 1_000
"""No former settings of ours leave more on the broker, and each is published on every connect: what
else somebody retains below our topics must not fill the memory."""

_LONGEST_CORRECTED = 500
"""No topic of ours has so many characters."""

LOOK_AWAY_S = 5.0
"""Whoever is told that a topic is no more has stopped reading it after so long."""


class Publisher:
    """Brings states and reports to the broker through a link."""

    def __init__(
        self,
        *,
        link: Link,
        outbox: Outbox,
        topics: Topics,
        clock: Clock,
        memory: Outbox | None = None,
    ) -> None:
        """Take the parts.

        Args:
            link: the connection to the broker.
            outbox: keeps reports, on disk.
            topics: where to publish.
            clock: for what is tried again.
            memory: keeps the reports that the disk does not take; None for one of our own.
        """
        self._link = link
        self._topics = topics
        self._clock = clock
        memory = new_memory(clock) if memory is None else memory
        self._dispatch = Dispatch(
            outbox=outbox, memory=memory, link=link, topics=topics, clock=clock
        )
        # Every retained topic with its newest value, in the order in which they were first set.
        self._retained: dict[str, bytes] = {}
        # Topics whose newest value the broker was not handed yet, in the order to do so.
        self._unsent: dict[str, None] = {}
        # Of this connection: topics, by mid, of states that are not acknowledged.
        self._states_in_flight: dict[int, str] = {}
        # Topics to be taken off the broker, and of this connection what was said of them last.
        self._leaving: set[str] = set()
        self._farewells: dict[int, tuple[str, bytes]] = {}
        # Topics to be taken off the broker as they are, and when.
        self._due: dict[str, float] = {}
        # The same of responses to requests.
        self._answers_in_flight: set[int] = set()
        # Retained topics that are none of ours any more; whether there were too many of them.
        self._num_corrected = 0
        self._is_overfull = False
        # Who takes what is found or arrives on a topic.
        self._listeners: dict[str, Callable[[bytes], None]] = {}

    def retain(self, topic: str, payload: bytes) -> None:
        """Set a retained topic: published now, and again on every connect."""
        self._leaving.discard(topic)
        self._due.pop(topic, None)
        self._set(topic, payload)

    def remove(self, topic: str, last: bytes = b"") -> None:
        """Take a retained topic off the broker, once that has acknowledged its last value.

        Args:
            topic: the whole topic.
            last: its last value; empty if it has told that already. Then it is taken off after
                `LOOK_AWAY_S`: whoever reads it would take nothing for a value that is wrong.
        """
        if last:
            self._leaving.add(topic)
            self._set(topic, last)
        else:
            self._due[topic] = self._clock.boottime_s() + LOOK_AWAY_S

    def remove_now(self) -> None:
        """Take off at once what is to be taken off later."""
        self._due = dict.fromkeys(self._due, -math.inf)

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

    def repeat(self, topic: str) -> None:
        """Publish a retained topic once more, if it is one."""
        if topic in self._retained:
            self._unsent[topic] = None
            self._send_states()

    def forget(self, topic: str) -> None:
        """Publish a retained topic no more; the broker keeps what it has."""
        self._retained.pop(topic, None)
        self._unsent.pop(topic, None)

    def is_in_flight(self, topic: str) -> bool:
        """Whether the broker was handed a retained topic and has not acknowledged it."""
        return topic in self._states_in_flight.values()

    def is_told(self, topic: str) -> bool:
        """Whether the broker has acknowledged the newest value of a retained topic."""
        is_handed_over = topic in self._retained and topic not in self._unsent
        return self._link.is_connected and is_handed_over and not self.is_in_flight(topic)

    def listen(self, topic: str, take: Callable[[bytes], None]) -> None:
        """Have somebody take what the link finds or hears on a topic."""
        self._listeners[topic] = take

    def report(self, reports: Sequence[Report]) -> None:
        """Put reports into the outbox; if the disk refuses them, keep them in memory."""
        self._dispatch.put(reports)

    def pump(self) -> None:
        """Take the broker's acknowledgements and send what is due; never blocks on the broker."""
        for happening in self._link.take_happenings():
            if isinstance(happening, Connected | Lost):
                self._end_connection()
            elif isinstance(happening, Retained | Arrived):
                self._take(happening)
            else:
                self._states_in_flight.pop(happening.mid, None)
                self._say_farewell(happening.mid)
                self._answers_in_flight.discard(happening.mid)
                self._dispatch.note_acknowledged(happening.mid)
        self._take_off()
        self._send_states()
        self._dispatch.send()

    @property
    def num_unsaved(self) -> int:
        """Reports that are in memory only and not yet acknowledged."""
        return self._dispatch.num_unsaved

    @property
    def num_dropped(self) -> int:
        """Reports that were dropped since the start, from disk or memory, and never sent."""
        return self._dispatch.num_dropped

    def size(self) -> tuple[int, int] | None:
        """Reports that wait, wherever, and the bytes of their payloads; None if nobody knows."""
        return self._dispatch.size()

    @property
    def problem(self) -> str | None:
        """What is wrong with keeping reports, as a sentence."""
        return self._dispatch.problem

    @property
    def is_idle(self) -> bool:
        """Whether everything that was handed to the broker is acknowledged and nothing waits."""
        states_wait = self._link.is_connected and bool(self._unsent or self._states_in_flight)
        return not states_wait and self._dispatch.is_idle

    def close(self) -> None:
        """Close the outbox; what waits on disk stays there."""
        self._dispatch.close()

    def _end_connection(self) -> None:
        self._states_in_flight.clear()
        self._farewells.clear()
        self._answers_in_flight.clear()
        self._unsent = dict.fromkeys(self._retained)
        self._dispatch.lose()

    def _take(self, message: Retained | Arrived) -> None:
        take = self._listeners.get(message.topic)
        if take is not None:
            take(message.payload)
        elif isinstance(message, Retained):
            self._correct(message)

    def _take_off(self) -> None:
        now_s = self._clock.boottime_s()
        for topic in [topic for topic, due_s in self._due.items() if due_s <= now_s]:
            del self._due[topic]
            self._leaving.add(topic)
            self._set(topic, b"")

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
        if neutral not in (OFF, found.payload):
            self._correct_at(found.topic, neutral)
        elif neutral == OFF:
            self._correct_at(found.topic, b"" if found.payload == OFF else OFF)

    def _correct_at(self, topic: str, payload: bytes) -> None:
        if self._num_corrected >= MAX_CORRECTED or len(topic) > _LONGEST_CORRECTED:
            if not self._is_overfull:
                self._is_overfull = True
                _logger.warning("more is retained below our topics than we ever said: left alone")
            return
        self._num_corrected += 1
        if payload not in (b"", OFF):
            _logger.info("%s is none of ours any more: setting it to %s", topic, payload)
            self.retain(topic, payload)
            return
        _logger.info("%s is none of ours any more: removing it", topic)
        self.remove(topic, payload)
        self.remove(self._topics.attributes_of(topic))
        self.remove_now()

    def _send_states(self) -> None:
        """Hand over newest values, never more at once than the broker can be waiting for."""
        while self._unsent and len(self._states_in_flight) < MAX_STATES_IN_FLIGHT:
            topic = next(iter(self._unsent))
            mid = self._link.publish(topic, self._retained[topic], retain=True)
            if mid is None:
                return
            del self._unsent[topic]
            self._states_in_flight[mid] = topic
            if topic in self._leaving:
                self._farewells[mid] = (topic, self._retained[topic])
