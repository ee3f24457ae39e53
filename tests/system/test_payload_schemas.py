"""What a real daemon publishes obeys the published schemas."""

import json

import jsonschema
import pytest

from daemon.mqtt.topics import Topics
from tests.daemon.mqtt.payload_schemas import schema_of, schemas
from tests.system.broker import Subscriber
from tests.system.conftest import StartDaemon
from tests.system.daemon_process import LoudSource
from tests.system.test_health import latest
from tests.system.test_run import phases

pytestmark = [pytest.mark.mosquitto, pytest.mark.torch]

TOPICS = Topics(node="test")


def test_every_message_obeys_the_schema_of_its_topic(
    start_daemon: StartDaemon, subscriber: Subscriber, loud_source: LoudSource
) -> None:
    daemon = start_daemon()
    loud_source.be_loud()
    subscriber.wait_until(lambda: subscriber.topic(TOPICS.alert), "an alert")
    loud_source.be_quiet()
    subscriber.wait_until(lambda: "end" in phases(subscriber), "its end")
    subscriber.wait_until(lambda: latest(subscriber)["self_test"], "a self-test")
    assert daemon.stop()[0] == 0

    names = set()
    for message in list(subscriber.heard):
        name = schema_of(message.topic.removeprefix(f"{TOPICS.root}/"))
        if name is not None:
            names.add(name)
            jsonschema.validate(json.loads(message.payload), schemas()[name])
    assert {"event", "attributes", "info", "health"} <= names
