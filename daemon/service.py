"""The main loop: sound from the sources through the ears to the broker, until asked to stop.

One thread does everything in turns; a turn waits until a source has written, the broker has
answered, a signal has come, or `TURN_S` has passed. Nothing in it blocks: children are read without
blocking, paho's network thread does what waits for the network.
"""

import logging
import math
import select
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from daemon.clips.clips import Clips
from daemon.clocks import Clock
from daemon.discovery.discovery import Discovery
from daemon.ears.announcer import Announcement
from daemon.ears.arrivals import hear_arrived, wait_for_others
from daemon.ears.ear import Ear
from daemon.ears.former_events import FormerEvent
from daemon.errors import SelfTestError
from daemon.health.health import Health
from daemon.mqtt.link import MqttLink
from daemon.mqtt.publisher import Publisher
from daemon.mqtt.topics import OFF, OFFLINE, ONLINE, Topics
from daemon.notify import Notifier
from daemon.reload import Reloader
from daemon.reloaded import Reloaded, Restart
from daemon.requests.reception import Reception
from daemon.settings.models import Settings
from daemon.sources.child import LEAVE_S
from daemon.sources.floor_file import Floors
from daemon.sources.source import Source
from daemon.sources.state import SourceState
from daemon.wakeup import StopRequest, Wakeup

if TYPE_CHECKING:
    from daemon.metrics.metrics import Metrics

_logger = logging.getLogger(__name__)

TURN_S = 0.25
"""Longest wait of a turn: how late a timeout may be noticed."""

STOP_S = 2.0
"""From the request to stop, what waits in the outbox gets so long to leave."""

FAREWELL_S = 0.6
"""Of those, for the last states alone, so that a full outbox cannot crowd them out."""


class Service:
    """Owns the parts of the running daemon, each handed in."""

    def __init__(
        self,
        *,
        ears: Sequence[tuple[Source, Ear]],
        orphans: Sequence[FormerEvent],
        info: bytes,
        health: Health,
        discovery: Discovery,
        publisher: Publisher,
        link: MqttLink,
        topics: Topics,
        clock: Clock,
        notifier: Notifier,
        wakeup: Wakeup,
        stop: StopRequest,
        floors: Floors,
        reloader: Reloader,
        clips: Clips,
        reception: Reception,
        metrics: "Metrics | None" = None,
    ) -> None:
        """Take the parts.

        Args:
            ears: each source with the ear that hears it.
            orphans: what was left open at sources that are there no more.
            info: payload of the topic `info`.
            health: watches over the model, and tells how all are.
            discovery: tells Home Assistant what there is.
            publisher: publishes states and reports.
            link: the publisher's connection.
            topics: where to publish.
            clock: for the order of stopping and the watchdog.
            notifier: systemd.
            wakeup: wakes the loop.
            stop: says when to end.
            floors: what the sources have learned of quiet.
            reloader: says when settings have changed, and what follows.
            clips: what is recorded.
            metrics: tells Prometheus; None if the settings want none.
            reception: answers whoever asks, and says what is muted.
        """
        self._ears = tuple(ears)
        self._orphans = tuple(orphans)
        self._info = info
        self._health = health
        self._discovery = discovery
        self._publisher = publisher
        self._link = link
        self._topics = topics
        self._clock = clock
        self._notifier = notifier
        self._wakeup = wakeup
        self._stop = stop
        self._floors = floors
        self._reloader = reloader
        self._clips = clips
        self._metrics = metrics
        self._reception = reception
        # When systemd was pinged last, and what it was told. A former service of this process may
        # have pinged long ago.
        self._pinged_s = -math.inf
        self._status = ""
        self._is_withheld = False

    def run(self) -> Settings | None:
        """Listen until the stop request is set, then take leave.

        Returns:
            Settings with which to start anew; None if it was told to stop.

        Raises:
            SelfTestError: the model has failed its self-test, and a restart may help.
        """
        has_failed = True
        try:
            self._announce_start()
            self._notifier.ready()
            while not self._stop.is_set:
                self._turn()
                if self._health.must_restart:
                    raise SelfTestError("the model has failed its self-test; start aed again")
                change = self._reloader.take(self._ears)
                if isinstance(change, Restart):
                    has_failed = False
                    return change.settings
                if change is not None:
                    self._take_over(change)
            has_failed = False
        finally:
            self._close(has_failed=has_failed)
        return None

    def _take_over(self, change: Reloaded) -> None:
        self._publish(change.announcements)
        for topic in sorted(change.off):
            self._publisher.remove(topic, OFF)
            self._publisher.remove(self._topics.attributes_of(topic))
        for name in sorted(change.offline):
            self._publisher.retain(self._topics.source_status(name), OFFLINE)
        self._ears = change.ears
        self._health.follow(change.ears, change.bundle)
        self._reception.follow(change)
        self._discovery.follow(change.settings, change.bundle)
        self._info = change.info
        self._publisher.retain(self._topics.info, self._info)
        for _, ear in self._ears:
            for state in ear.initial_states():
                self._publisher.retain(state.topic, state.payload)

    def _announce_start(self) -> None:
        """Set every state, those last on whose being `online` a reader relies for the others."""
        self._publisher.report(self._reception.audible([e.end() for e in self._orphans]))
        self._publisher.retain(self._topics.info, self._info)
        for _, ear in self._ears:
            for state in ear.initial_states():
                self._publisher.retain(state.topic, state.payload)
        self._publish_statuses()
        self._publisher.retain(self._topics.status, ONLINE)

    def _turn(self) -> None:
        ready = self._wait(TURN_S)
        descriptors = self._source_descriptors()
        wait_for_others(descriptors, descriptors & ready, clock=self._clock)
        # First what has arrived: after a pause of our own, silence is nobody's fault.
        self._publish(self._hear())
        for source, ear in self._ears:
            source.tick()
            if source.take_cut():
                self._publish(ear.cut(is_whole=source.is_finished))
            self._publish(ear.tick())
        self._publish_statuses()
        self._health.tick()
        self._discovery.tick()
        self._link.tick()
        self._publisher.pump()
        self._reception.tick()
        self._floors.tick()
        self._clips.tick()
        if self._metrics is not None:
            self._metrics.tick(self._ears, self._info)
        self._ping()

    def _hear(self) -> list[Announcement]:
        try:
            return hear_arrived(self._ears, clock=self._clock)
        except Exception as error:
            if not self._reloader.blame(error):
                raise
            _logger.exception("the new model fails")
            return []

    def _wait(self, timeout_s: float) -> set[int]:
        """Wait for whatever comes first; returns what can be read."""
        poller = select.poll()
        descriptors = {self._wakeup.fileno(), *self._reception.descriptors()}
        for descriptor in descriptors | self._source_descriptors():
            poller.register(descriptor, select.POLLIN)
        ready = {descriptor for descriptor, _ in poller.poll(timeout_s * 1000)}
        self._wakeup.drain()
        return ready

    def _source_descriptors(self) -> set[int]:
        return {fd for source, _ in self._ears if (fd := source.fileno()) is not None}

    def _publish(self, announcements: Sequence[Announcement]) -> None:
        for announcement in announcements:
            self._publisher.report(self._reception.audible(announcement.reports))
            for state in announcement.states:
                self._publisher.retain(state.topic, state.payload)

    def _publish_statuses(self) -> None:
        states = {source.name: source.state for source, _ in self._ears}
        for name, state in states.items():
            self._publisher.retain(self._topics.source_status(name), state.encode())
        is_hearing = any(
            source.state is SourceState.ONLINE and not ear.meter.is_losing
            for source, ear in self._ears
        )
        self._publisher.retain(self._topics.hearing, ONLINE if is_hearing else OFFLINE)
        self._tell(states)

    def _tell(self, states: Mapping[str, SourceState]) -> None:
        sources = ", ".join(f"{name} {state}" for name, state in states.items())
        broker = "connected" if self._link.is_connected else "not connected"
        status = f"sources: {sources}; broker: {broker}"
        if status != self._status:
            self._status = status
            self._notifier.status(status)

    def _ping(self) -> None:
        """Tell the watchdog that the loop turns, and that what it takes in is heard."""
        now_s = self._clock.boottime_s()
        every_s = self._notifier.ping_every_s
        if every_s is None or now_s - self._pinged_s < every_s:
            return
        if self._health.is_alive:
            self._pinged_s, self._is_withheld = now_s, False
            self._notifier.ping()
        elif not self._is_withheld:
            self._is_withheld = True
            _logger.critical("sound goes in and nothing is heard: systemd is to start aed again")

    def _ping_before_pause(self) -> None:
        """Ping although no turn will for a while: ending takes long, and so does beginning anew."""
        if self._notifier.ping_every_s is not None:
            self._notifier.ping()

    def _close(self, *, has_failed: bool) -> None:
        """End sources, events and connection, in this order, within three seconds."""
        deadline_s = self._clock.boottime_s() + STOP_S
        self._ping_before_pause()
        if self._stop.is_set:
            self._notifier.stopping()
        self._health.close()
        self._reception.close()
        self._reloader.close(has_failed=has_failed)
        self._publisher.remove_now()
        for source, ear in self._ears:
            source.close(leave_s=LEAVE_S / len(self._ears))
            self._publish(ear.close())
        self._flush(deadline_s - FAREWELL_S)
        self._publish_statuses()
        self._publisher.retain(self._topics.status, OFFLINE)
        self._flush(deadline_s)
        self._link.close()
        if not self._publisher.is_idle:
            _logger.warning("what the broker did not get waits in the outbox for the next start")
        self._publisher.close()
        self._reception.forget()
        self._floors.save()
        self._clips.close()
        if self._metrics is not None:
            self._metrics.close()
        self._ping_before_pause()
        _logger.info("stopped")

    def _flush(self, deadline_s: float) -> None:
        """Wait until the broker has everything, at most until a point in time."""
        while self._link.is_connected and not self._publisher.is_idle:
            remaining_s = deadline_s - self._clock.boottime_s()
            if remaining_s <= 0:
                return
            self._wait(min(remaining_s, TURN_S))
            self._publisher.pump()
