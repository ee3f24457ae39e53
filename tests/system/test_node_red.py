"""The flow for Node-RED, in a real Node-RED, beside a real broker and a real daemon."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.publish import single

from tests.system.broker import HOST, Broker, Subscriber
from tests.system.conftest import StartDaemon
from tests.system.daemon_process import LoudSource
from tests.system.node_red import FLOW, NodeRed, install
from tests.system.test_run import TOPICS, payloads, phases

pytestmark = [pytest.mark.node_red, pytest.mark.mosquitto, pytest.mark.torch, pytest.mark.slow]

SIREN, MESSAGE = "house/siren", "house/message"


def flow(port: int) -> list[dict[str, Any]]:
    """The flow as a user would set it: another broker, and less patience."""
    nodes: list[dict[str, Any]] = json.loads(FLOW.read_text())
    for node in nodes:
        if node["type"] == "mqtt-broker":
            node.update(broker=HOST, port=str(port))
        if node["type"] == "tab":
            node["env"] = [{"name": "PATIENCE_S", "value": "1", "type": "num"}]
    return nodes


@pytest.fixture(scope="module", autouse=True)
def _installed() -> None:
    if reason := install():
        pytest.skip(reason)


@pytest.fixture
def node_red(tmp_path: Path) -> Iterator[NodeRed]:
    node_red = NodeRed(tmp_path / "node-red")
    node_red.start()
    yield node_red
    node_red.stop()


@pytest.fixture
def house(node_red: NodeRed, broker: Broker) -> Iterator[Subscriber]:
    """Someone who listens to what the flow does, once the flow does something."""
    house = Subscriber(broker.port, topics=("house/#",))
    send(broker, "aed/cellar/status", "offline", retain=True)
    node_red.load(flow(broker.port))
    house.wait_for(MESSAGE, b"NOT FINE: aed in cellar is offline")
    yield house
    house.close()


def send(broker: Broker, topic: str, payload: str | bytes, *, retain: bool = False) -> None:
    single(topic, payload, qos=1, retain=retain, hostname=HOST, port=broker.port)


def test_the_flow_reacts_once_to_an_alarm_of_now_and_says_when_aed_is_gone(
    house: Subscriber,
    broker: Broker,
    start_daemon: StartDaemon,
    subscriber: Subscriber,
    loud_source: LoudSource,
) -> None:
    daemon = start_daemon()
    subscriber.wait_for(TOPICS.hearing, b"online")

    loud_source.be_loud()
    house.wait_for(SIREN, b"ON")
    loud_source.be_quiet()
    subscriber.wait_until(lambda: "end" in phases(subscriber), "the end of the alarm")
    (alert, *_) = payloads(subscriber, TOPICS.alert)
    send(broker, TOPICS.alert, subscriber.topic(TOPICS.alert)[0])  # a duplicate, as QoS 1 allows
    send(
        broker,
        TOPICS.alert,
        json.dumps({**alert, "event_id": "old", "delayed": True, "age_s": 61.0}),
    )
    send(broker, TOPICS.alert, json.dumps({**alert, "event_id": "bark", "path": "pet/dog"}))
    send(broker, TOPICS.alert, "no JSON")
    send(
        broker, TOPICS.alert_late, json.dumps({**alert, "event_id": "late", "started_at": "03:12"})
    )
    house.wait_for(MESSAGE, b"Heard earlier, at 03:12: smoke alarm (test, mic)")

    assert house.topic(SIREN) == [b"ON"]
    assert house.topic(MESSAGE)[1:3] == [
        b"ALARM: smoke alarm (test, mic)",
        f"Heard earlier, at {alert['started_at']}: smoke alarm (test, mic)".encode(),
    ]

    daemon.kill()
    house.wait_for(MESSAGE, b"NOT FINE: aed in test is offline")
    daemon.start()
    house.wait_for(MESSAGE, b"No longer: aed in test is offline", 30.0)
    send(broker, "aed/attic/hearing", "offline")
    house.wait_for(MESSAGE, b"NOT FINE: aed in attic hears nothing")


def test_a_broker_that_comes_back_is_noticed_and_the_next_alarm_is_heard(
    house: Subscriber, broker: Broker
) -> None:
    broker.stop()
    broker.start()
    house.wait_for(MESSAGE, b"No longer: the MQTT broker cannot be reached", 60.0)
    alert = {"event_type": "life_safety", "path": "alarm/life_safety", "event_id": "1"}
    send(broker, "aed/hall/alert", json.dumps({**alert, "age_s": 0.1, "source": "mic"}))

    house.wait_for(SIREN, b"ON")
    house.wait_for(MESSAGE, b"ALARM: life safety (hall, mic)")
