"""The connection to the broker: the only owner of a paho client, MQTT 3.1.1, QoS 1.

Looking up a name and opening a connection block, so paho's own network thread does both
(`loop_start`). Its callbacks only note what happened; the main loop takes the notes by
`take_happenings`. Each attempt gets a client of its own: paho would otherwise send again, by
itself and to the topic of then, what it held when the connection was lost, although an alert that
has grown old belongs on another topic. What was not acknowledged lies in the outbox.

paho's traps (2.2.0): QoS 0 published while offline is lost, QoS 1 then waits in RAM without
bound, `is_published()` raises for it: so nothing is published unless connected, and `on_publish`
alone counts.
"""

import logging
import random
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from daemon.backoff import Backoff
from daemon.clocks import Clock
from daemon.credentials import read_password
from daemon.errors import SettingsError
from daemon.settings import MqttSettings

_logger = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 5.0
"""For opening the TCP connection."""

ANSWER_TIMEOUT_S = 20.0
"""For the whole attempt: a broker that accepts connections but never answers."""

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 30.0

REFUSED_WAIT_S = 60.0
"""After a refused password: the broker may count failures and lock us out."""

LEAVE_TIMEOUT_S = 0.5
"""For the farewell to a broker that may not read any more."""

SAY_AGAIN_S = 60.0
"""An unreachable broker is worth one line a minute."""

_WRONG_PASSWORD = ("Bad user name or password", "Not authorized")
"""paho's names of CONNACK return codes 4 and 5."""


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


Happening = Connected | Lost | Acknowledged


@dataclass(frozen=True, slots=True, kw_only=True)
class _Note:
    """What paho's thread noted: of which attempt, and what."""

    attempt: int
    kind: str
    text: str = ""
    mid: int = 0


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
    ) -> None:
        """Prepare; the first `tick` begins to connect.

        Args:
            settings: where the broker is, and as whom to log in.
            client_id: unique on the broker.
            will: topic and payload that the broker publishes, retained, when we vanish.
            clock: for timeouts and waits.
            rng: jitter of the waits.
            wake: called from paho's thread when something happened.
        """
        self._settings = settings
        self._client_id = client_id
        self._will = will
        self._clock = clock
        self._wake = wake
        self._backoff = Backoff(first_s=FIRST_WAIT_S, cap_s=LONGEST_WAIT_S, rng=rng)
        self._rng = rng
        # Written by paho's thread, read by ours; deque operations are atomic.
        self._notes: deque[_Note] = deque()
        # The current attempt: its number, its client, since when, and whether it succeeded.
        self._attempt = 0
        self._client: Client | None = None
        self._since_s = 0.0
        self.is_connected = False
        # When to try next, and what was said last about not being connected.
        self._next_attempt_s = clock.boottime_s()
        self._last_said: tuple[str, float] | None = None

    @property
    def address(self) -> str:
        """Host and port, for messages."""
        return f"{self._settings.host}:{self._settings.port}"

    def tick(self) -> None:
        """Connect when it is time to; give up an attempt that is never answered."""
        now_s = self._clock.boottime_s()
        if self._client is None:
            if now_s >= self._next_attempt_s:
                self._connect()
        elif not self.is_connected and now_s - self._since_s > ANSWER_TIMEOUT_S:
            self._end_attempt("it accepts connections but does not answer")

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> int | None:
        """Hand a message to the broker, QoS 1.

        Returns:
            The `mid` of its acknowledgement; None when not connected: nothing was sent.
        """
        if self._client is None or not self.is_connected:
            return None
        return self._client.publish(topic, payload, qos=1, retain=retain).mid

    def take_happenings(self) -> list[Happening]:
        """What happened since the last call, in order."""
        happenings: list[Happening] = []
        while self._notes:
            note = self._notes.popleft()
            if note.attempt != self._attempt or self._client is None:
                continue  # of an attempt that was given up
            if note.kind == "acknowledged":
                happenings.append(Acknowledged(mid=note.mid))
            elif note.kind == "connected":
                self._succeed()
                happenings.append(Connected())
            else:
                if self.is_connected:
                    happenings.append(Lost())
                self._end_attempt(note.text, is_refused=note.kind == "refused")
        return happenings

    def close(self, *, timeout_s: float = LEAVE_TIMEOUT_S) -> None:
        """Take leave of the broker, which then does not publish the will.

        Args:
            timeout_s: how long to wait at most until the farewell is sent.
        """
        client, self._client = self._client, None
        was_connected, self.is_connected = self.is_connected, False
        if client is None:
            return
        client.disconnect()
        deadline_s = self._clock.boottime_s() + (timeout_s if was_connected else 0.0)
        while self._clock.boottime_s() < deadline_s and not any(
            note.kind == "ended" and note.attempt == self._attempt for note in list(self._notes)
        ):
            time.sleep(0.005)

    def _succeed(self) -> None:
        self.is_connected = True
        self._backoff.succeed()
        self._last_said = None
        _logger.info("connected to the broker at %s", self.address)

    def _end_attempt(self, reason: str, *, is_refused: bool = False) -> None:
        was_connected = self.is_connected
        self.close(timeout_s=0.0)
        wait_s = self._backoff.next_wait_s()
        if is_refused:
            wait_s = REFUSED_WAIT_S * self._rng.uniform(0.75, 1.25)
        now_s = self._clock.boottime_s()
        self._next_attempt_s = now_s + wait_s
        said = self._last_said
        if was_connected or said is None or said[0] != reason or now_s - said[1] >= SAY_AGAIN_S:
            self._last_said = (reason, now_s)
            what = "lost the connection to" if was_connected else "cannot use"
            _logger.warning(
                "%s the broker at %s: %s; still detecting, trying again",
                what,
                self.address,
                reason,
            )

    def _connect(self) -> None:
        self._attempt += 1
        self._since_s = self._clock.boottime_s()
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._client_id,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        self._client = client
        client.connect_timeout = CONNECT_TIMEOUT_S
        topic, payload = self._will
        client.will_set(topic, payload, qos=1, retain=True)
        try:
            self._log_in(client)
        except (OSError, SettingsError) as error:
            self._end_attempt(str(error))
            return
        self._listen(client, self._attempt)
        client.connect_async(
            self._settings.host, self._settings.port, keepalive=self._settings.keepalive_s
        )
        client.loop_start()

    def _log_in(self, client: Client) -> None:
        """Give the client what it needs to be let in; read anew at each attempt."""
        settings = self._settings
        if settings.username is not None:
            file = settings.password_file
            password = None if file is None else read_password(Path(file))
            client.username_pw_set(settings.username, password)
        if settings.tls is not None:
            client.tls_set(
                ca_certs=_text(settings.tls.ca_file),
                certfile=_text(settings.tls.certificate_file),
                keyfile=_text(settings.tls.key_file),
            )

    def _listen(self, client: Client, attempt: int) -> None:
        """Set callbacks, all of which run in paho's thread and only note what they hear."""

        def note(kind: str, text: str = "", mid: int = 0) -> None:
            self._notes.append(_Note(attempt=attempt, kind=kind, text=text, mid=mid))
            self._wake()

        def on_connect(
            answered: Client, _data: object, _flags: ConnectFlags, code: ReasonCode, _: object
        ) -> None:
            if self._client is not answered:
                answered.disconnect()  # given up while it was still looking up a name
            elif not code.is_failure:
                note("connected")
            elif code.getName() in _WRONG_PASSWORD:
                note("refused", self._refusal())
            else:
                note("failed", f"it refuses us: {code.getName()}")

        def on_connect_fail(failed: Client, _data: object) -> None:
            # paho calls this while it handles the exception, and names it nowhere else.
            note("failed", _plain(sys.exception()))
            failed.disconnect()  # ends paho's own loop of attempts

        def on_disconnect(
            _client: Client,
            _data: object,
            _flags: DisconnectFlags,
            code: ReasonCode,
            _properties: Properties | None,
        ) -> None:
            note("ended", code.getName().lower())

        def on_publish(
            _client: Client,
            _data: object,
            mid: int,
            _code: ReasonCode,
            _properties: Properties,
        ) -> None:
            note("acknowledged", mid=mid)

        client.on_connect = on_connect
        client.on_connect_fail = on_connect_fail
        client.on_disconnect = on_disconnect
        client.on_publish = on_publish

    def _refusal(self) -> str:
        if self._settings.username is None:
            return "it wants a user name and password; set mqtt.username and mqtt.password_file"
        return (
            f"it refuses the password of user {self._settings.username!r}; "
            f"check mqtt.username and mqtt.password_file"
        )


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _plain(error: BaseException | None) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
