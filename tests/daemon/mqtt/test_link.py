"""The connection to brokers that do what no decent broker does."""

import random
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon.mqtt.client import TellingClient
from daemon.mqtt.happenings import Acknowledged, Connected, Happening, Lost
from daemon.mqtt.link import ACKNOWLEDGE_TIMEOUT_S, MqttLink
from daemon.mqtt.short_connections import SUSPICIOUS
from daemon.settings.models import MqttSettings, TlsSettings
from tests.daemon.fake_clock import FakeClock
from tests.daemon.fake_link import TOPICS
from tests.daemon.mqtt.scripted_broker import (
    PUBLISH,
    SUBSCRIBE,
    Answer,
    ScriptedBroker,
    acknowledgement,
)

StartBroker = Callable[[Answer], ScriptedBroker]

UNREADABLE = b"\x30\x06\x00\x03a\xff\xfex"
"""A message whose topic is no UTF-8."""


@pytest.fixture
def start_broker() -> Iterator[StartBroker]:
    brokers: list[ScriptedBroker] = []

    def start(answer: Answer) -> ScriptedBroker:
        brokers.append(ScriptedBroker(answer))
        return brokers[-1]

    yield start
    for broker in brokers:
        broker.close()


class Home:
    """A link on a clock that the test turns, and all that it has told."""

    def __init__(
        self,
        broker: ScriptedBroker,
        *,
        wake: Callable[[], None] = lambda: None,
        tls: TlsSettings | None = None,
    ) -> None:
        self.broker = broker
        self.clock = FakeClock()
        self.happenings: list[Happening] = []
        self.link = MqttLink(
            MqttSettings(host="127.0.0.1", port=broker.port, tls=tls),
            client_id="aed-kitchen",
            will=(TOPICS.status, b"offline"),
            clock=self.clock,
            rng=random.Random(1),  # noqa: S311 - jitter, no secret
            wake=wake,
            watched=TOPICS.states_of_any_source(),
            requests=TOPICS.request("+"),
        )

    def turn_until(self, condition: Callable[[], bool], *, step_s: float = 0.0) -> None:
        """Turn as the main loop does, the clock going on by a step each time."""
        deadline_s = time.monotonic() + 10
        while time.monotonic() < deadline_s:
            self.broker.turn()
            self.link.tick()
            self.happenings += self.link.take_happenings()
            if condition():
                return
            self.clock.advance(step_s)
            time.sleep(0.005)
        raise AssertionError(self.happenings)

    def connect(self) -> None:
        self.turn_until(lambda: Connected() in self.happenings)


def test_a_network_thread_that_dies_ends_the_connection_and_a_new_one_is_made(
    start_broker: StartBroker, caplog: pytest.LogCaptureFixture
) -> None:
    faults = iter([False, True])

    def wake() -> None:
        if next(faults, False):
            raise MemoryError("no more of it")

    home = Home(start_broker(acknowledgement), wake=wake)
    home.connect()
    home.link.publish(TOPICS.alert, b"{}", retain=False)

    home.turn_until(lambda: Lost() in home.happenings)

    assert "its messages cannot be read any more (MemoryError: no more of it)" in caplog.text
    home.turn_until(lambda: home.broker.num_connections > 1, step_s=0.1)

    home.link.close()


def test_a_message_whose_topic_is_no_text_is_left_out_and_said(
    start_broker: StartBroker, caplog: pytest.LogCaptureFixture
) -> None:
    def answer(kind: int, content: bytes) -> bytes:
        return acknowledgement(kind, content) + (UNREADABLE if kind == SUBSCRIBE else b"")

    home = Home(start_broker(answer))
    home.connect()

    home.turn_until(lambda: "whose topics are no UTF-8: left out" in caplog.text)
    home.link.publish(TOPICS.alert, b"{}", retain=False)
    home.turn_until(lambda: len(home.happenings) > 1)

    assert home.link.is_connected
    home.link.close()


def test_a_broker_that_acknowledges_nothing_is_left_and_tried_again(
    start_broker: StartBroker, caplog: pytest.LogCaptureFixture
) -> None:
    home = Home(
        start_broker(lambda kind, packet: b"" if kind == PUBLISH else acknowledgement(kind, packet))
    )
    home.connect()
    home.clock.advance(10 * ACKNOWLEDGE_TIMEOUT_S)
    home.link.publish(TOPICS.alert, b"{}", retain=False)
    home.clock.advance(ACKNOWLEDGE_TIMEOUT_S)
    home.turn_until(lambda: True)
    assert home.link.is_connected

    home.turn_until(lambda: home.broker.num_connections > 1, step_s=0.1)

    assert "it has owed the acknowledgement of a message for 20 s" in caplog.text
    home.link.close()


def test_without_room_for_a_thread_an_attempt_fails_and_the_next_does_not(
    start_broker: StartBroker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def loop_start(_: TellingClient) -> None:
        raise RuntimeError("can't start new thread")

    home = Home(start_broker(acknowledgement))
    with monkeypatch.context() as busy:
        busy.setattr(TellingClient, "loop_start", loop_start)
        home.link.tick()
    assert f"cannot use the broker at {home.link.address}: can't start new thread" in caplog.text

    home.turn_until(lambda: home.link.is_connected, step_s=0.1)
    home.link.close()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl (Debian package)")
def test_a_key_that_has_got_a_password_is_a_failed_attempt(
    start_broker: StartBroker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    words = "openssl req -x509 -newkey rsa:2048 -subj /CN=aed -passout pass:secret -days 1"
    subprocess.run(
        [*words.split(), "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    tls = TlsSettings(certificate_file=certificate, key_file=key)
    home = Home(start_broker(acknowledgement), tls=tls)

    home.link.tick()

    assert "the key needs a password; still detecting, trying again" in caplog.text
    home.link.close()


def test_a_broker_that_throws_out_whoever_subscribes_gets_the_alerts_without(
    start_broker: StartBroker, caplog: pytest.LogCaptureFixture
) -> None:
    home = Home(
        start_broker(
            lambda kind, packet: None if kind == SUBSCRIBE else acknowledgement(kind, packet)
        )
    )

    def is_told() -> bool:
        home.link.publish(TOPICS.alert, b"{}", retain=False)
        return any(isinstance(each, Acknowledged) for each in home.happenings)

    home.turn_until(is_told, step_s=0.1)
    home.turn_until(lambda: home.link.is_connected)

    assert home.broker.num_connections == SUSPICIOUS + 1
    assert "closes each connection as soon as aed subscribes" in caplog.text
    assert (
        "allow the client id 'aed-kitchen' to subscribe to aed/kitchen/source/+/st" in caplog.text
    )
    assert "throws the other out" not in caplog.text
    home.link.close()
