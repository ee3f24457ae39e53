"""Logs in to the broker, publishes, and receives it back; as another client than the daemon's.

Its topic lies below `aed/<node>/check/` and nothing on it is retained, so that whoever listens to
what the node says neither sees nor keeps it by mistake.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from daemon.checks.finding import Finding, Verdict, skipped
from daemon.errors import SettingsError
from daemon.mqtt.encryption import client_context
from daemon.mqtt.topics import ONLINE, Topics
from daemon.settings.credentials import read_password
from daemon.settings.models import MqttSettings

STAGES = ("login", "delivery")

LOGIN_LIMIT_S = 10.0
DELIVERY_LIMIT_S = 5.0
"""For subscribing, and again for the way there and back."""

_CONNECT_LIMIT_S = 5.0
_REFUSED = ("Bad user name or password", "Not authorized")
"""paho's names of CONNACK return codes 4 and 5."""


class _NotAsWantedError(Exception):
    """The broker did something else; the text says what, `remedy` what to do."""

    def __init__(self, fault: str, remedy: str) -> None:
        super().__init__(fault)
        self.remedy = remedy


def check_delivery(
    settings: MqttSettings, topics: Topics, *, is_daemon_running: bool
) -> Iterator[Finding]:
    """Log in, and see one message arrive.

    Args:
        settings: the broker, and as whom to log in.
        topics: of the node.
        is_daemon_running: whether a daemon of this node is running here.

    Yields:
        A finding for each of `STAGES`.
    """
    visit = _Visit(settings, topics)
    began_s = time.monotonic()
    try:
        try:
            visit.log_in()
        except _NotAsWantedError as error:
            yield _failed("login", error, began_s)
            yield from skipped("delivery", reason="the broker does not let us in")
            return
        who = "without a name" if settings.username is None else f"as {settings.username!r}"
        yield _fine("login", f"accepted {who}", began_s)
        began_s = time.monotonic()
        try:
            took_s = visit.deliver()
        except _NotAsWantedError as error:
            yield _failed("delivery", error, began_s)
            return
        found = f"published and received back within {took_s * 1000:.0f} ms"
        if visit.is_node_online and not is_daemon_running:
            found += (
                f"; {topics.status} says online already, though no aed runs here with these "
                f"settings: if it is another machine's, give one of them another node"
            )
        yield _fine("delivery", found, began_s)
    finally:
        visit.leave()


class _Visit:
    """One connection, turned by hand: no thread, every wait with an end."""

    def __init__(self, settings: MqttSettings, topics: Topics) -> None:
        self._settings = settings
        self._node = topics.node
        self._status_topic = topics.status
        self._token = secrets.token_hex(8)
        self._topic = topics.check(self._token)
        self._client: Client | None = None
        # What the broker has said so far.
        self._code: ReasonCode | None = None
        self._granted: list[ReasonCode] | None = None
        self._received: list[bytes] = []
        self._is_closed = False
        self.is_node_online = False

    def log_in(self) -> None:
        """Connect and be accepted.

        Raises:
            _NotAsWantedError: it does not come to that.
        """
        code = self._connect()
        if code is not None and not code.is_failure:
            return
        name = "" if code is None else code.getName()
        if code is None and self._is_closed:
            remedy = f"look whether port {self._settings.port} is a broker's"
            if self._settings.tls is None:
                remedy += ", and whether it wants encryption: `tls: {}` below mqtt"
            raise _NotAsWantedError("it closes the connection when asked to log in", remedy)
        if code is None:
            raise _NotAsWantedError(
                f"it takes connections but does not answer within {LOGIN_LIMIT_S:.0f} s",
                f"look whether port {self._settings.port} is a broker's, and its log",
            )
        if name not in _REFUSED:
            raise _NotAsWantedError(f"it refuses us: {name.lower()}", "look into the broker's log")
        self._explain_refusal()

    def deliver(self) -> float:
        """Publish and receive back.

        Returns:
            How long it was under way, in seconds.

        Raises:
            _NotAsWantedError: it does not come back.
        """
        client = self._client
        assert client is not None  # noqa: S101 - log_in has set it
        client.subscribe([(self._topic, 1), (self._status_topic, 1)])
        self._turn_until(lambda: self._granted is not None, DELIVERY_LIMIT_S)
        if not self._granted or self._granted[0].is_failure:
            raise _NotAsWantedError(
                f"it does not let us subscribe to {self._topic}", self._remedy_of_rules()
            )
        began_s = time.monotonic()
        client.publish(self._topic, self._token.encode(), qos=1, retain=False)
        self._turn_until(lambda: self._token.encode() in self._received, DELIVERY_LIMIT_S)
        if self._token.encode() not in self._received:
            raise _NotAsWantedError(
                f"what was published to {self._topic} did not come back within "
                f"{DELIVERY_LIMIT_S:.0f} s",
                self._remedy_of_rules(),
            )
        return time.monotonic() - began_s

    def leave(self) -> None:
        """Take leave, so that the will is not published."""
        client, self._client = self._client, None
        if client is not None:
            client.disconnect()
            client.loop(timeout=0.1)
            client.on_connect = client.on_message = client.on_subscribe = None
            client.on_disconnect = None

    def _connect(self) -> ReasonCode | None:
        """Ask to be let in; gives the broker's answer, None if there was none."""
        settings = self._settings
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"aed-{self._node}-check-{self._token}",
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        client.connect_timeout = _CONNECT_LIMIT_S
        client.on_connect = self._note_connected
        client.on_disconnect = self._note_closed
        client.on_subscribe = self._note_subscribed
        client.on_message = self._note_message
        self._client = client
        try:
            if settings.username is not None:
                file = settings.password_file
                password = None if file is None else read_password(Path(file))
                client.username_pw_set(settings.username, password)
            if settings.tls is not None:
                client.tls_set_context(client_context(settings.tls))
            client.connect(settings.host, settings.port, keepalive=settings.keepalive_s)
        except SettingsError as error:
            raise _NotAsWantedError(str(error), "put the password there, as text") from error
        except OSError as error:
            fault = f"no connection can be made: {error.strerror or error}"
            raise _NotAsWantedError(fault, "look into the broker's log") from error
        self._turn_until(lambda: self._code is not None, LOGIN_LIMIT_S)
        return self._code

    def _explain_refusal(self) -> None:
        """Raise what a refused name or password means."""
        user = self._settings.username
        if user is None:
            raise _NotAsWantedError(
                "it wants a user name and password", "set mqtt.username and mqtt.password_file"
            )
        if self._settings.password_file is None or (
            read_password(Path(self._settings.password_file)) is None
        ):
            raise _NotAsWantedError(
                f"it refuses user {user!r} without a password", "set mqtt.password_file"
            )
        raise _NotAsWantedError(
            f"it refuses the password of user {user!r}",
            "check mqtt.username and the file of mqtt.password_file, which holds the password and "
            "nothing else; with Mosquitto, `mosquitto_passwd FILE USER` sets a new one",
        )

    def _remedy_of_rules(self) -> str:
        user = self._settings.username or "anonymous clients"
        return (
            f"let {user} write and read below aed/{self._node}/ in the broker's access rules "
            f"(Mosquitto's acl_file: `topic readwrite aed/{self._node}/#`)"
        )

    def _turn_until(self, condition: Callable[[], bool], limit_s: float) -> None:
        deadline_s = time.monotonic() + limit_s
        client = self._client
        assert client is not None  # noqa: S101 - only called while there is one
        while not condition() and not self._is_closed and time.monotonic() < deadline_s:
            if client.loop(timeout=0.1) != MQTTErrorCode.MQTT_ERR_SUCCESS:
                self._is_closed = True

    def _note_connected(
        self, _client: Client, _data: object, _flags: object, code: ReasonCode, *_: object
    ) -> None:
        self._code = code

    def _note_closed(self, *_: object) -> None:
        self._is_closed = True

    def _note_subscribed(
        self, _client: Client, _data: object, _mid: int, codes: list[ReasonCode], *_: object
    ) -> None:
        self._granted = codes

    def _note_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        if message.topic == self._status_topic:
            self.is_node_online = message.payload == ONLINE
        else:
            self._received.append(bytes(message.payload))


def _fine(stage: str, found: str, began_s: float) -> Finding:
    took_s = time.monotonic() - began_s
    return Finding(stage=stage, verdict=Verdict.OK, found=found, took_s=took_s)


def _failed(stage: str, error: _NotAsWantedError, began_s: float) -> Finding:
    return Finding(
        stage=stage,
        verdict=Verdict.FAILED,
        faults=(str(error),),
        remedy=error.remedy,
        took_s=time.monotonic() - began_s,
    )
