"""The connection to the broker, MQTT 3.1.1, QoS 1: one owner, which keeps trying.

Nothing here blocks: `daemon.mqtt.attempt` connects in paho's thread, `tick` and
`take_happenings` are called by the main loop.
"""

import logging
import random
from collections.abc import Callable, Sequence

from daemon.backoff import Backoff
from daemon.clocks import Clock
from daemon.errors import SettingsError
from daemon.mqtt.attempt import MqttAttempt, NoteKind
from daemon.mqtt.happenings import Acknowledged, Arrived, Connected, Happening, Lost, Retained
from daemon.mqtt.short_connections import ShortConnections
from daemon.mqtt.unacknowledged import Unacknowledged
from daemon.requests.inbox import MqttRequest, RequestInbox
from daemon.settings.models import MqttSettings

_logger = logging.getLogger(__name__)

ANSWER_TIMEOUT_S = 20.0
"""For a whole attempt: there are brokers that accept connections and never answer."""

ACKNOWLEDGE_TIMEOUT_S = 20.0
"""There are brokers that answer pings and take no message."""

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 30.0

STEADY_S = 60.0
"""A connection that held for so long was a good one: the waits begin small again. Two clients with
one id throw each other out whenever either has waited, after 1.25 * LONGEST_WAIT_S at the latest,
and must not take that for success."""

REFUSED_WAIT_S = 60.0
"""After a refused password: the broker may count failures and lock us out."""

FLOOD_WAIT_S = 60.0
"""For so long no requests are taken after a flood of them."""

LEAVE_TIMEOUT_S = 0.5
"""For the farewell to a broker that may not read any more."""

SAY_AGAIN_S = 60.0
"""The same trouble is worth one line a minute."""


class MqttLink:
    """Keeps one connection to one broker, or keeps trying to."""

    def __init__(
        self,
        settings: MqttSettings,
        *,
        client_id: str,
        will: tuple[str, bytes],
        clock: Clock,
        rng: random.Random,
        wake: Callable[[], None],
        watched: Sequence[str] = (),
        heard: Sequence[str] = (),
        requests: str | None = None,
    ) -> None:
        """Prepare; the first `tick` begins to connect.

        Args:
            settings: where the broker is, and as whom to log in.
            client_id: unique on the broker.
            will: topic and payload that the broker publishes, retained, when we vanish.
            clock: for timeouts and waits.
            rng: jitter of the waits.
            wake: called from paho's thread when something happened.
            watched: filters of topics of which to tell what the broker has retained.
            heard: filters of topics of which to tell what somebody publishes.
            requests: filter of the topics of requests; None for none.
        """
        self._settings = settings
        self._client_id = client_id
        self._will = will
        self._clock = clock
        self._rng = rng
        self._wake = wake
        self._heard = tuple(heard)
        self._requests = requests
        self._filters = (*watched, *heard, *(() if requests is None else (requests,)))
        self._inbox = RequestInbox()
        # Since when no requests are taken because there were too many.
        self._flooded_s: float | None = None
        self._backoff = Backoff(first_s=FIRST_WAIT_S, cap_s=LONGEST_WAIT_S, rng=rng)
        # The present attempt, since when, and whether the broker has accepted us.
        self._attempt: MqttAttempt | None = None
        self._since_s = 0.0
        self.is_connected = False
        self._num_connections = 0
        # Whether the last attempt found nobody there.
        self._was_away = False
        self._unacknowledged = Unacknowledged(clock=clock)
        # When to try next; what was said last about not being connected, and when.
        self._next_attempt_s = clock.boottime_s()
        self._last_said: tuple[str, float] | None = None
        # When messages that cannot be read were last complained about.
        self._unreadable_s: float | None = None
        self._short_connections = ShortConnections(
            address=self.address,
            client_id=client_id,
            filters=self._filters,
            clock=clock,
        )

    @property
    def address(self) -> str:
        """Host and port, for messages."""
        return f"{self._settings.host}:{self._settings.port}"

    @property
    def num_reconnects(self) -> int:
        """How often the broker accepted us again."""
        return max(0, self._num_connections - 1)

    def tick(self) -> None:
        """Connect when it is time to; end what is never answered, or never acknowledged."""
        now_s = self._clock.boottime_s()
        if self._attempt is None:
            if now_s >= self._next_attempt_s:
                self._begin_attempt()
        elif not self.is_connected and now_s - self._since_s > ANSWER_TIMEOUT_S:
            self._end_attempt("it accepts connections but does not answer")
        elif self._unacknowledged.owed_s > ACKNOWLEDGE_TIMEOUT_S and not self._attempt.notes:
            self._end_attempt(
                f"it has owed the acknowledgement of a message for {ACKNOWLEDGE_TIMEOUT_S:.0f} s"
            )
        elif self._attempt.has_unreadable:
            self._attempt.has_unreadable = False
            self._say_unreadable(now_s)
        elif self._attempt.refuses_requests:
            self._endure_flood(self._attempt, now_s)

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> int | None:
        """Hand a message to the broker, QoS 1.

        Returns:
            The `mid` of its acknowledgement; None when not connected: nothing was sent.
        """
        if self._attempt is None or not self.is_connected:
            return None
        mid = self._attempt.publish(topic, payload, retain=retain)
        self._unacknowledged.add(mid)
        return mid

    def take_happenings(self) -> list[Happening]:
        """What happened since the last call, in order."""
        happenings: list[Happening] = []
        while self._attempt is not None and self._attempt.notes:
            note = self._attempt.notes.popleft()
            if note.kind is NoteKind.ACKNOWLEDGED:
                self._unacknowledged.remove(note.mid)
                happenings.append(Acknowledged(mid=note.mid))
            elif note.kind is NoteKind.RETAINED:
                happenings.append(Retained(topic=note.text, payload=note.payload))
            elif note.kind is NoteKind.ARRIVED:
                happenings.append(Arrived(topic=note.text, payload=note.payload))
            elif note.kind is NoteKind.CONNECTED:
                self._succeed()
                happenings.append(Connected())
            else:
                if self.is_connected:
                    happenings.append(Lost())
                self._end_attempt(note.text, by=note.kind)
        return happenings

    def take_request(self) -> MqttRequest | None:
        """The oldest request that the broker has brought; None if there is none."""
        return self._inbox.take()

    @property
    def num_requests_dropped(self) -> int:
        """Requests that came faster than they were taken, since the start."""
        return self._inbox.num_dropped

    def close(self) -> None:
        """Take leave of the broker, which then does not publish the will."""
        attempt, self._attempt = self._attempt, None
        was_connected, self.is_connected = self.is_connected, False
        if attempt is not None:
            attempt.give_up(timeout_s=LEAVE_TIMEOUT_S if was_connected else 0.0)

    def _endure_flood(self, attempt: MqttAttempt, now_s: float) -> None:
        """Take no requests for a while: they would keep the broker's attention from our alerts."""
        if self._flooded_s is None:
            self._flooded_s = now_s
            _logger.error("a flood of requests over MQTT: none is taken for %.0f s", FLOOD_WAIT_S)
        elif now_s - self._flooded_s >= FLOOD_WAIT_S:
            self._flooded_s = None
            self._inbox.forgive()
            attempt.accept_requests()

    def _say_unreadable(self, now_s: float) -> None:
        if self._unreadable_s is None or now_s - self._unreadable_s >= SAY_AGAIN_S:
            self._unreadable_s = now_s
            _logger.warning(
                "the broker at %s brings messages whose topics are no UTF-8: left out", self.address
            )

    def _begin_attempt(self) -> None:
        self._since_s = self._clock.boottime_s()
        try:
            self._attempt = MqttAttempt(
                self._settings,
                client_id=self._client_id,
                will=self._will,
                wake=self._wake,
                filters=self._filters if self._short_connections.may_subscribe else (),
                heard=self._heard,
                requests=self._requests,
                inbox=self._inbox,
            )
        except (OSError, SettingsError, RuntimeError, ValueError) as error:
            self._end_attempt(str(error))

    def _succeed(self) -> None:
        self.is_connected = True
        self._num_connections += 1
        if self._was_away:
            self._backoff.succeed()  # it was the broker that left, not we who were thrown out
        self._last_said = None
        _logger.info("connected to the broker at %s", self.address)

    def _end_attempt(self, reason: str, *, by: NoteKind | None = None) -> None:
        """End the present attempt and say why.

        Args:
            reason: why.
            by: the note that told of it; None if the end is ours.
        """
        now_s = self._clock.boottime_s()
        attempt, self._attempt = self._attempt, None
        was_connected, self.is_connected = self.is_connected, False
        self._unacknowledged.clear()
        if attempt is not None:
            attempt.give_up()
            self._inbox.clear()
            self._flooded_s = None
        self._was_away = not was_connected and by is NoteKind.FAILED
        is_steady = was_connected and now_s - self._since_s > STEADY_S
        if is_steady:
            self._backoff.succeed()  # not for a broker that throws us out as soon as we are in
        if attempt is not None and was_connected and not is_steady and by is NoteKind.ENDED:
            self._short_connections.note_short(is_answered=attempt.is_answered)
        else:
            self._short_connections.note_other(is_steady=is_steady)
        wait_s = self._backoff.next_wait_s()
        if by is NoteKind.REFUSED:
            wait_s = REFUSED_WAIT_S * self._rng.uniform(0.75, 1.25)
        self._next_attempt_s = now_s + wait_s
        said = self._last_said
        if was_connected or said is None or said[0] != reason or now_s - said[1] >= SAY_AGAIN_S:
            self._last_said = (reason, now_s)
            _logger.warning(
                "%s the broker at %s: %s; still detecting, trying again",
                "lost the connection to" if was_connected else "cannot use",
                self.address,
                reason,
            )
