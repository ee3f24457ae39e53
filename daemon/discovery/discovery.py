"""Lets Home Assistant discover this aed, and takes back what is there no more."""

import logging
import random
from pathlib import Path

from aed.bundle import Bundle
from daemon.clocks import Clock
from daemon.discovery.memory import DiscoveryMemory
from daemon.discovery.payload import MAX_BYTES, device_payload, platforms_in
from daemon.discovery.words import is_spoken
from daemon.health.health import Connection
from daemon.mqtt.publisher import Publisher
from daemon.mqtt.topics import ONLINE, Topics
from daemon.settings.models import Settings

_logger = logging.getLogger(__name__)

SETTLE_S = 2.0
"""From the first connection until this aed is announced: first the broker says what it has."""

FIRST_AGAIN_S, LAST_AGAIN_S = 1.0, 5.0
"""When to announce it again after Home Assistant's birth: not all that is at home at once."""

REVIVED_S = 10.0
"""For Home Assistant to make entities of what it is then told to remove."""

MAX_CUT_OFF = 3
"""A broker may close the connection of whoever publishes what it forbids. So many connections in a
row that ended over the announcement are no accident, and alerts matter more than it."""

WITHHELD_S = 3_600.0


class Discovery:
    """Announces this aed on Home Assistant's discovery topic, or takes it back from there."""

    def __init__(
        self,
        settings: Settings,
        bundle: Bundle,
        *,
        folder: Path,
        publisher: Publisher,
        link: Connection,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        """Begin with nothing announced.

        Args:
            settings: validated settings that fit the bundle.
            bundle: the one that is used.
            folder: the state directory.
            publisher: publishes it, and hands on what the link hears.
            link: the publisher's connection; has to watch the discovery topic and hear the birth.
            clock: for when.
            rng: jitter of announcing again.
        """
        self._settings = settings
        self._bundle = bundle
        self._publisher = publisher
        self._link = link
        self._clock = clock
        self._rng = rng
        self._memory = DiscoveryMemory(folder)
        self._topic = Topics(node=settings.node).discovery(settings.home_assistant.prefix)
        # Since when there is a connection; when to announce what has changed, and what has not.
        self._connected_s: float | None = None
        self._due_s: float | None = None
        self._again_s: float | None = None
        # Whether what is gone is being described once more; whether it was then removed for good.
        self._is_revived = self._is_buried = False
        # Whether the broker has still to acknowledge it; connections in a row that ended over that.
        self._is_under_way = False
        self._num_cut_off = 0
        publisher.listen(self._topic, self._note_found)
        publisher.listen(settings.home_assistant.birth_topic, self._note_birth)
        self.follow(settings, bundle)

    def follow(self, settings: Settings, bundle: Bundle) -> None:
        """Announce what has changed.

        Args:
            settings: with the same node, prefix and birth topic.
            bundle: the one that is used from now on.
        """
        self._settings, self._bundle = settings, bundle
        language = settings.home_assistant.language
        if settings.home_assistant.enabled and not is_spoken(language, bundle.ontology):
            _logger.warning(
                "home_assistant.language: the ontology has no names in %r, so Home Assistant gets "
                "the English ones",
                language,
            )
        self._due_s = self._clock.boottime_s()

    def tick(self) -> None:
        """Announce what is due."""
        now_s = self._clock.boottime_s()
        if not self._link.is_connected:
            self._connected_s = None
            if self._is_under_way:
                self._is_under_way = False
                self._note_cut_off(now_s)
            return
        if self._connected_s is None:
            self._connected_s = now_s
        self._is_under_way = self._publisher.is_in_flight(self._topic)
        if self._publisher.is_told(self._topic):
            self._num_cut_off = 0
            if self._is_buried:
                self._is_buried = False
                self._memory.forget_gone()
        if self._due_s is not None and now_s >= max(self._due_s, self._connected_s + SETTLE_S):
            self._due_s = None
            self._announce()
        elif self._again_s is not None and now_s >= self._again_s:
            self._again_s = None
            self._announce_again(now_s)

    def _announce(self) -> None:
        once = self._memory.platforms_at(self._topic)
        if self._settings.home_assistant.enabled:
            made = device_payload(self._settings, self._bundle, once=once)
            if made.num_left_out:
                _logger.warning(
                    "Home Assistant is not told of %d entities, for they are too many for one "
                    "message of %d bytes; name fewer classes in the settings",
                    made.num_left_out,
                    MAX_BYTES,
                )
            self._memory.note_told(self._topic, made.platforms)
            self._publisher.retain(self._topic, made.payload)
            _logger.info(
                "announced to Home Assistant on %s: %d entities", self._topic, len(made.platforms)
            )
        elif once:
            _logger.info("taking this aed out of Home Assistant")
            self._memory.note_told(self._topic, {})
            self._publisher.retain(self._topic, b"")
        self._is_buried, self._is_revived = self._is_revived, False

    def _announce_again(self, now_s: float) -> None:
        """Tell a Home Assistant that was just started.

        It keeps, as no longer provided, what was removed while it was away, and removes only what
        it has been told of since: so that is described once more, and then removed.
        """
        is_told = self._publisher.is_told(self._topic)  # and neither under way nor withheld
        if not is_told or not self._memory.has_gone(self._topic):
            self._publisher.repeat(self._topic)
            return
        once = self._memory.platforms_at(self._topic)
        made = device_payload(self._settings, self._bundle, once=once, is_reviving=True)
        self._publisher.retain(self._topic, made.payload)
        self._is_revived, self._due_s = True, now_s + REVIVED_S

    def _note_found(self, payload: bytes) -> None:
        """Take note of what the broker has: perhaps our memory is lost, and not the broker's."""
        if self._memory.note_found(self._topic, platforms_in(payload)):
            self._due_s = self._clock.boottime_s()

    def _note_birth(self, payload: bytes) -> None:
        if payload == ONLINE:
            jitter_s = self._rng.uniform(FIRST_AGAIN_S, LAST_AGAIN_S)
            self._again_s = self._clock.boottime_s() + jitter_s

    def _note_cut_off(self, now_s: float) -> None:
        self._num_cut_off += 1
        if self._num_cut_off >= MAX_CUT_OFF:
            self._num_cut_off = 0
            self._publisher.forget(self._topic)
            self._due_s = now_s + WITHHELD_S
            _logger.error(
                "the broker ended %d connections in a row when this aed was announced to Home "
                "Assistant on %s: probably it forbids that; allow it, or set "
                "home_assistant.enabled to false; trying again in an hour",
                MAX_CUT_OFF,
                self._topic,
            )
