"""Takes requests from the broker and the control socket, and brings them their responses."""

import logging
from typing import Protocol

from daemon.clocks import Clock
from daemon.mqtt.publisher import Publisher
from daemon.mqtt.topics import Topics
from daemon.outbox.reports import Report
from daemon.reloaded import Reloaded
from daemon.requests.actions import RequestActions
from daemon.requests.control_socket import ControlSocket
from daemon.requests.event_store import EventStore
from daemon.requests.handler import MQTT, RequestHandler, failure
from daemon.requests.inbox import MAX_TOPIC_CHARACTERS, MqttRequest
from daemon.requests.mute import Mute
from daemon.requests.rate import RequestRate
from daemon.taught.local_requests import LocalRequests
from daemon.viewing.host import PageHost

_logger = logging.getLogger(__name__)

SAY_AGAIN_S = 60.0

MOST_PER_TURN = 3
"""Requests of the broker that are answered before the sources are heard again."""

_RETAINED = (
    "retained requests are refused, since they would be repeated at every start; publish it "
    "without the retain flag, and an empty retained message to be rid of this one"
)


class RequestLink(Protocol):
    """What is needed of `daemon.mqtt.link.MqttLink`."""

    @property
    def num_requests_dropped(self) -> int:
        """Requests that came faster than they were taken."""

    def take_request(self) -> MqttRequest | None:
        """The oldest request that the broker has brought; None if there is none."""


class Reception:
    """Where the main loop meets whoever asks."""

    def __init__(
        self,
        actions: RequestActions,
        *,
        handler: RequestHandler,
        control: ControlSocket,
        mute: Mute,
        events: EventStore,
        link: RequestLink,
        publisher: Publisher,
        topics: Topics,
        clock: Clock,
        local: LocalRequests | None = None,
        page: PageHost | None = None,
    ) -> None:
        """Take the parts.

        Args:
            actions: what `handler` does.
            handler: answers.
            control: the control socket.
            mute: silences alerts.
            events: remembers what was heard.
            link: gives the requests of the broker.
            publisher: publishes their responses.
            topics: where to.
            clock: for how many to answer.
            local: what the control socket does besides.
            page: shows what is heard to whoever looks; None if the settings want none.
        """
        self._page = page
        self._actions = actions
        self._local = local
        self._handler = handler
        self._control = control
        self._mute = mute
        self._events = events
        self._link = link
        self._publisher = publisher
        self._topics = topics
        self._clock = clock
        self._rate = RequestRate(clock=clock)
        # What was reported since the last turn: the disk is busy with the outbox first.
        self._unremembered: list[Report] = []
        # How many requests of the broker were dropped when that was said, and when.
        self._said_dropped, self._said_s = 0, clock.boottime_s() - SAY_AGAIN_S

    def audible(self, reports: list[Report]) -> list[Report]:
        """Give what is to be told of reports; they are remembered only when it was told."""
        self._unremembered += reports
        if self._page is not None:
            self._page.note(reports)
        return self._mute.audible(reports)

    def descriptors(self) -> list[int]:
        """What to wait for."""
        return self._control.descriptors()

    def tick(self) -> None:
        """Remember what was reported, answer some of what was asked, and show the mute."""
        try:
            self._remember()
            self._control.tick()
            if self._page is not None:
                self._page.tick()
            self._answer_some()
            self._say_dropped()
        except Exception:
            # Whoever asks must not be able to end the daemon, whatever we have overlooked.
            _logger.exception("whoever asks, or what is remembered, met a fault of aed")
        self._publisher.retain(self._topics.mute, self._mute.payload().to_json())

    def follow(self, change: Reloaded) -> None:
        """Go on with changed settings."""
        self._mute.follow(
            is_for_critical=change.settings.mute.critical, ontology=change.bundle.ontology
        )
        self._actions.follow(change.settings, change.bundle, change.ears)
        if self._local is not None:
            self._local.follow(change.bundle, change.ears)
        if self._page is not None:
            self._page.follow(change)

    def close(self) -> None:
        """End it: nothing is asked any more."""
        self._control.close()
        if self._page is not None:
            self._page.close()

    def forget(self) -> None:
        """Close what remembers: nothing is reported any more."""
        self._remember()
        self._events.close()

    def _remember(self) -> None:
        reports, self._unremembered = self._unremembered, []
        self._events.note(reports)

    def _answer_some(self) -> None:
        for _ in range(MOST_PER_TURN):
            may_answer = self._publisher.may_answer and not self._rate.is_spent
            request = self._link.take_request() if may_answer else None
            if request is None:
                break
            self._rate.spend()
            self._respond(request)

    def _respond(self, request: MqttRequest) -> None:
        name = request.topic.rpartition("/")[2]
        if request.is_retained:
            _logger.warning("request %r: %s", name[:60], _RETAINED)
            response = failure(_RETAINED)
        else:
            response = self._handler.answer(name, request.payload, by=MQTT)
        self._publisher.answer(self._topics.response(name), response)

    def _say_dropped(self) -> None:
        num_dropped, now_s = self._link.num_requests_dropped, self._clock.boottime_s()
        if num_dropped != self._said_dropped and now_s - self._said_s >= SAY_AGAIN_S:
            _logger.error(
                "%d requests over MQTT were dropped: more came than are answered, or their topics "
                "have more than %d characters",
                num_dropped - self._said_dropped,
                MAX_TOPIC_CHARACTERS,
            )
            self._said_dropped, self._said_s = num_dropped, now_s
