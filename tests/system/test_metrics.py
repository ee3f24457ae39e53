"""`aed run` serves metrics when asked to, and hears all the same when it cannot."""

import json
import socket
import urllib.request

import pytest

from tests.system.broker import HOST, Subscriber, free_port
from tests.system.conftest import StartDaemon
from tests.system.daemon_process import LoudSource
from tests.system.test_run import STATE, TOPICS

pytestmark = [pytest.mark.mosquitto, pytest.mark.torch]


def fetch(port: int) -> str:
    with urllib.request.urlopen(f"http://{HOST}:{port}/metrics", timeout=5) as answer:
        return str(answer.read().decode())


def test_an_alert_is_counted_and_settings_can_end_the_service_of_metrics(
    start_daemon: StartDaemon, subscriber: Subscriber, loud_source: LoudSource
) -> None:
    port = free_port()
    daemon = start_daemon(metrics={"port": port})
    subscriber.wait_for(TOPICS.hearing, b"online")
    loud_source.be_loud()
    subscriber.wait_for(STATE, b"ON")
    counted = 'aed_alerts_total{class="smoke_alarm",source="mic"}'
    subscriber.wait_until(lambda: counted in fetch(port), "the alert in the metrics")

    daemon.reload(metrics=None)
    subscriber.wait_until(
        lambda: subscriber.topic(TOPICS.status) == [b"online", b"offline", b"online"], "a new start"
    )
    with pytest.raises(OSError, match="refused"):
        fetch(port)
    assert daemon.stop()[0] == 0


def test_a_port_that_is_taken_delays_no_alert_and_is_a_problem(
    start_daemon: StartDaemon, subscriber: Subscriber, loud_source: LoudSource
) -> None:
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        start_daemon(metrics={"port": port})
        subscriber.wait_for(TOPICS.hearing, b"online")
        loud_source.be_loud()
        subscriber.wait_for(STATE, b"ON")
        told = f"metrics cannot be served at {HOST} port {port}: Address already in use"
        subscriber.wait_until(
            lambda: any(
                told in str(json.loads(health)["problem"])
                for health in subscriber.topic(TOPICS.health)
            ),
            "the problem",
        )
    subscriber.wait_until(
        lambda: json.loads(subscriber.topic(TOPICS.health)[-1])["problem"] is None,
        "the port is free, and tried again",
        timeout_s=20.0,
    )
    assert "aed_hearing 1.0" in fetch(port)
