"""`aed run` on Home Assistant's discovery topic, beside a real broker."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import publish

from daemon.mqtt.topics import ONLINE, Topics
from tests.system.broker import HOST, Broker, Subscriber
from tests.system.conftest import StartDaemon
from tests.system.daemon_process import LoudSource

pytestmark = [pytest.mark.mosquitto, pytest.mark.torch]

TOPICS = Topics(node="test")
TOPIC = TOPICS.discovery("homeassistant")
OFF = {"enabled": False}


@pytest.fixture
def watcher(broker: Broker) -> Iterator[Subscriber]:
    """Someone who listens where Home Assistant does, too."""
    watcher = Subscriber(broker.port, topics=("aed/#", "homeassistant/#"))
    yield watcher
    watcher.close()


def components(watcher: Subscriber, number: int) -> dict[str, Any]:
    """Wait until it was announced so often, and give what was said last."""
    watcher.wait_until(lambda: len(watcher.topic(TOPIC)) >= number, f"discovery {number}")
    found: dict[str, Any] = json.loads(watcher.topic(TOPIC)[-1])["components"]
    return found


def test_every_topic_that_is_announced_is_one_that_is_published(
    start_daemon: StartDaemon, watcher: Subscriber, loud_source: LoudSource
) -> None:
    start_daemon()
    announced = components(watcher, 1)
    loud_source.be_loud()
    watcher.wait_until(lambda: watcher.topic(TOPICS.alert), "an alert")

    heard = {message.topic for message in watcher.heard}
    states = {part["state_topic"] for part in announced.values() if "state_topic" in part}
    available = {
        each["topic"] for part in announced.values() for each in part.get("availability", ())
    }
    assert states - {TOPICS.mute} <= heard
    assert available <= heard
    alert = json.loads(watcher.topic(TOPICS.alert)[0])
    assert alert["event_type"] in announced["alert"]["event_types"]
    (info,) = (json.loads(payload) for payload in watcher.topic(TOPICS.info))
    assert announced["alert"]["event_types"] == info["reportable"]


def test_home_assistants_birth_brings_it_again_and_a_forgetful_broker_too(
    start_daemon: StartDaemon, broker: Broker, watcher: Subscriber
) -> None:
    start_daemon()
    components(watcher, 1)
    publish.single("homeassistant/status", ONLINE, hostname=HOST, port=broker.port)
    components(watcher, 2)

    broker.stop()
    broker.start()
    watcher.wait_until(lambda: len(watcher.topic(TOPIC)) >= 3, "it once more")
    assert len(set(watcher.topic(TOPIC))) == 1
    late = Subscriber(broker.port, topics=(TOPIC,))
    late.wait_for(TOPIC, watcher.topic(TOPIC)[0])
    assert late.heard[0].is_retained
    late.close()


def test_what_a_reload_and_a_restart_leave_out_is_removed(
    start_daemon: StartDaemon, watcher: Subscriber, loud_source: LoudSource, tmp_path: Path
) -> None:
    mic, hall = (loud_source.settings(name) for name in ("mic", "hall"))
    state = str(tmp_path / "state")
    daemon = start_daemon(sources=[mic, hall], state_directory=state)
    assert components(watcher, 1)["class.hall.alarm"]["name"] == "Alarm (hall)"
    watcher.wait_for(TOPICS.source_status("mic"), b"online")

    daemon.reload(sources=[mic])
    now = components(watcher, 2)
    assert now["class.hall.alarm"] == {"platform": "binary_sensor"}
    assert now["class.mic.alarm"]["name"] == "Alarm"
    assert daemon.stop()[0] == 0
    start_daemon(sources=[mic], state_directory=state, classes=["smoke_alarm"])
    now = components(watcher, 3)
    assert now["class.hall.alarm"] == now["class.mic.alarm"] == {"platform": "binary_sensor"}
    assert now["class.mic.smoke_alarm"]["device_class"] == "smoke"


def test_switched_off_by_a_reload_the_device_is_taken_back_and_stays_away(
    start_daemon: StartDaemon, broker: Broker, watcher: Subscriber
) -> None:
    daemon = start_daemon()
    watcher.wait_for(TOPICS.hearing, ONLINE)
    components(watcher, 1)

    daemon.reload(home_assistant=OFF)

    watcher.wait_for(TOPIC, b"")
    assert watcher.topic(TOPICS.hearing).count(b"offline") <= 1, "no source is interrupted for it"
    late = Subscriber(broker.port, topics=("aed/#", "homeassistant/#"))
    late.wait_for(TOPICS.status, ONLINE)
    assert late.topic(TOPIC) == []
    late.close()
