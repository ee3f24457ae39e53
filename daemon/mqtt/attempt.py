"""One attempt to use the broker: a paho client of its own, from looking up the name to the end.

Looking up a name and opening a connection block, so paho's own network thread does both
(`loop_start`). Its callbacks only append to `notes`, which the main loop takes.

paho's traps (2.2.0): QoS 0 published while offline is lost, QoS 1 then waits in RAM without
bound, `is_published()` raises for it; on reconnecting it sends again what it held, to the topic
of then. So a client lives for one connection, nothing is published unless connected, and
`on_publish` alone counts.
"""

import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from paho.mqtt.client import (
    Client,
    ConnectFlags,
    DisconnectFlags,
    MQTTMessage,
    topic_matches_sub,
)
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from daemon.mqtt.client import TellingClient
from daemon.mqtt.encryption import client_context
from daemon.requests.inbox import RequestInbox
from daemon.settings.credentials import read_password
from daemon.settings.models import MqttSettings

CONNECT_TIMEOUT_S = 5.0
"""For opening the TCP connection."""

_WRONG_PASSWORD = ("Bad user name or password", "Not authorized")
"""paho's names of CONNACK return codes 4 and 5."""


class NoteKind(Enum):
    """What can happen during an attempt."""

    CONNECTED = auto()
    ACKNOWLEDGED = auto()
    RETAINED = auto()
    ARRIVED = auto()
    REFUSED = auto()
    """The broker does not accept the user name or password."""
    FAILED = auto()
    ENDED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What happened.

    Attributes:
        kind: what.
        text: why, for those kinds that end the attempt; the topic, for RETAINED and ARRIVED.
        mid: of the message, for ACKNOWLEDGED.
        payload: of the message, for RETAINED and ARRIVED.
    """

    kind: NoteKind
    text: str = ""
    mid: int = 0
    payload: bytes = b""


class MqttAttempt:
    """A client that connects once, or fails once."""

    def __init__(
        self,
        settings: MqttSettings,
        *,
        client_id: str,
        will: tuple[str, bytes],
        wake: Callable[[], None],
        filters: Sequence[str],
        heard: Sequence[str],
        requests: str | None,
        inbox: RequestInbox,
    ) -> None:
        """Begin to connect.

        Args:
            settings: where the broker is, and as whom to log in; the password is read anew.
            client_id: unique on the broker.
            will: topic and payload that the broker publishes, retained, when we vanish.
            wake: called from paho's thread after each note.
            filters: of all topics to subscribe to; a broker that refuses any is used without. What
                it has retained on them is noted.
            heard: those of topics of which to note what somebody publishes, ourselves included.
            requests: that of the topics of requests; None for none.
            inbox: where they go.

        Raises:
            SettingsError: the password cannot be read.
            OSError: a file of the encryption cannot be read, or there are no descriptors left.
            ValueError: the key of the encryption has a password, or paho refuses a setting.
            RuntimeError: there is no room for another thread.
        """
        self._settings = settings
        self._wake = wake
        self._filters, self._heard = filters, heard
        self._requests = requests
        self._inbox = inbox
        self.refuses_requests = False
        """Whether the broker was told to bring no more, since there was a flood of them."""
        self.is_answered = not filters
        """Whether the broker has answered our subscriptions, or there are none."""
        self.has_unreadable = False
        """Whether the broker has brought a message whose topic is no text; it is left out."""
        # Appended to by paho's thread, taken from by ours; both are atomic operations.
        self.notes: deque[Note] = deque()
        client = TellingClient(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.will_set(will[0], will[1], qos=1, retain=True)
        self._log_in(client)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_end = self._on_end
        client.connect_async(settings.host, settings.port, keepalive=settings.keepalive_s)
        client.loop_start()
        self._client = client

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> int:
        """Send with QoS 1; returns the `mid` that its acknowledgement will carry."""
        return self._client.publish(topic, payload, qos=1, retain=retain).mid

    def accept_requests(self) -> None:
        """Have requests brought again after a flood."""
        if self._requests is not None:
            self.refuses_requests = False
            self._client.subscribe(self._requests, qos=1)

    def give_up(self, *, timeout_s: float = 0.0) -> None:
        """End the attempt; a broker that is connected does not publish the will.

        Args:
            timeout_s: how long to wait at most until the farewell is sent.
        """
        client = self._client
        client.on_connect = _leave
        client.disconnect()
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s and not self._has_ended():
            time.sleep(0.005)
        # Nobody listens any more, and no circle of references keeps the sockets open.
        client.on_connect_fail = client.on_disconnect = client.on_publish = None
        client.on_subscribe = client.on_message = client.on_end = None

    def _has_ended(self) -> bool:
        return any(note.kind is NoteKind.ENDED for note in tuple(self.notes))

    def _log_in(self, client: Client) -> None:
        settings = self._settings
        if settings.username is not None:
            file = settings.password_file
            password = None if file is None else read_password(Path(file))
            client.username_pw_set(settings.username, password)
        if settings.tls is not None:
            client.tls_set_context(client_context(settings.tls))

    def _note(self, kind: NoteKind, text: str = "", *, mid: int = 0, payload: bytes = b"") -> None:
        self.notes.append(Note(kind=kind, text=text, mid=mid, payload=payload))
        self._wake()

    # The callbacks run in paho's thread.

    def _on_connect(
        self,
        client: Client,
        _data: object,
        _flags: ConnectFlags,
        code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if not code.is_failure:
            if self._filters:
                client.subscribe([(name, 1) for name in self._filters])
            self._note(NoteKind.CONNECTED)
        elif code.getName() in _WRONG_PASSWORD:
            self._note(NoteKind.REFUSED, self._refusal())
        else:
            self._note(NoteKind.FAILED, f"it refuses us: {code.getName()}")

    def _on_connect_fail(self, client: Client, _data: object) -> None:
        # paho calls this while it handles the exception, and names it nowhere else.
        self._note(NoteKind.FAILED, _plain(sys.exception()))
        client.disconnect()  # ends paho's own loop of attempts

    def _on_disconnect(
        self,
        _client: Client,
        _data: object,
        _flags: DisconnectFlags,
        code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        reason = code.getName().lower()
        # paho's word for every end that has no name of its own.
        plain = "it closed the connection" if reason == "unspecified error" else reason
        self._note(NoteKind.ENDED, plain)

    def _on_subscribe(self, *_: object) -> None:
        self.is_answered = True

    def _on_end(self, reason: str) -> None:
        # Does not matter if another note has told of the end already.
        self._note(NoteKind.ENDED, reason)

    def _on_publish(
        self,
        _client: Client,
        _data: object,
        mid: int,
        _code: ReasonCode,
        _properties: Properties,
    ) -> None:
        self._note(NoteKind.ACKNOWLEDGED, mid=mid)

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            self.has_unreadable = True
            return
        if self._requests is not None and topic_matches_sub(self._requests, topic):
            if self._inbox.put(topic, message.payload, is_retained=message.retain):
                self._wake()
            elif self._inbox.is_flooded and not self.refuses_requests:
                self.refuses_requests = True
                self._client.unsubscribe(self._requests)
            return
        # What is published while we are subscribed, by ourselves too, comes without the mark.
        if message.retain:
            self._note(NoteKind.RETAINED, topic, payload=bytes(message.payload))
        elif any(topic_matches_sub(name, topic) for name in self._heard):
            self._note(NoteKind.ARRIVED, topic, payload=bytes(message.payload))

    def _refusal(self) -> str:
        if self._settings.username is None:
            return "it wants a user name and password; set mqtt.username and mqtt.password_file"
        return (
            f"it refuses the password of user {self._settings.username!r}; "
            f"check mqtt.username and mqtt.password_file"
        )


def _leave(client: Client, *_: object) -> None:
    """Leave a broker that was reached after the attempt had been given up."""
    client.disconnect()


def _plain(error: BaseException | None) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
