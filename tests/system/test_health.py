"""`aed run` tells how it is, and what is wrong with it, when something really is."""

import contextlib
import json
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from daemon.health.self_check import MARK_NAME
from daemon.mqtt.topics import Topics
from tests.daemon.health.web_server import HOST, WebServer
from tests.system.broker import Subscriber
from tests.system.conftest import StartDaemon
from tests.system.daemon_process import LoudSource
from tests.system.faulty_bundles import (
    write_faltering_bundle,
    write_hanging_bundle,
    write_slow_bundle,
)

pytestmark = [pytest.mark.mosquitto, pytest.mark.torch]

TOPICS = Topics(node="test")
SECRET = "0e1d-secret"  # noqa: S105 - of this test alone


def latest(subscriber: Subscriber) -> dict[str, Any]:
    told = subscriber.topic(TOPICS.health)
    return json.loads(told[-1]) if told else {"problem": None, "self_test": None}


def problem(subscriber: Subscriber) -> str:
    return str(latest(subscriber)["problem"] or "")


def deaf_source() -> dict[str, Any]:
    return {
        "kind": "command",
        "name": "mic",
        "command": ["/no/such/program"],
        "sample_rate_hz": 16_000,
    }


def test_health_is_told_and_kept_and_holds_no_secret(
    start_daemon: StartDaemon, subscriber: Subscriber
) -> None:
    with WebServer() as server:
        daemon = start_daemon(heartbeat={"url": server.url(f"/404/{SECRET}"), "every_s": 10})
        subscriber.wait_until(lambda: latest(subscriber)["self_test"], "a self-test")
        assert latest(subscriber)["self_test"]["passed"]
        while "the heartbeat does not arrive: it answers 404" not in problem(subscriber):
            server.turn()

    told = latest(subscriber)
    assert told["sources"]["mic"]["state"] == "online"
    assert told["sources"]["mic"]["restarts"] == 0
    assert told["memory_mb"] > 10
    messages = b"".join(message.payload for message in subscriber.heard)
    assert SECRET.encode() not in messages
    assert f"the heartbeat does not arrive at {HOST}: it answers 404" in daemon.log
    assert SECRET not in daemon.log
    assert daemon.stop()[0] == 0
    assert subscriber.topic(TOPICS.health)[-1]


def test_a_source_that_is_not_heard_is_a_problem_and_there_is_no_heartbeat(
    start_daemon: StartDaemon, subscriber: Subscriber
) -> None:
    with WebServer() as server:
        heartbeat = {"url": server.url("/200"), "every_s": 10}
        start_daemon(sources=[deaf_source()], heartbeat=heartbeat)
        subscriber.wait_until(lambda: "source mic is offline" in problem(subscriber), "problem")
        deadline_s = time.monotonic() + 3.0
        while time.monotonic() < deadline_s:
            server.turn()

        assert server.paths == []
        assert latest(subscriber)["heartbeat"] == {"sent_at": None, "problem": None}


def test_a_heartbeat_arrives_while_something_is_heard(
    start_daemon: StartDaemon, subscriber: Subscriber
) -> None:
    with WebServer() as server:
        start_daemon(heartbeat={"url": server.url("/200"), "every_s": 10})
        subscriber.wait_for(TOPICS.hearing, b"online")
        deadline_s = time.monotonic() + 40.0
        while len(server.paths) < 2:
            assert time.monotonic() < deadline_s
            server.turn()


def test_a_heartbeat_that_is_never_answered_delays_no_alert(
    start_daemon: StartDaemon, subscriber: Subscriber, loud_source: LoudSource
) -> None:
    with socket.socket() as mute:
        mute.bind((HOST, 0))
        mute.listen()
        mute.settimeout(20)
        url = f"http://{HOST}:{mute.getsockname()[1]}/"
        start_daemon(heartbeat={"url": url, "every_s": 10})
        with mute.accept()[0]:
            loud_source.be_loud()
            begin_s = time.monotonic()
            subscriber.wait_until(lambda: subscriber.topic(TOPICS.alert), "the alert")
            assert time.monotonic() - begin_s < 3.0
            subscriber.wait_until(
                lambda: "the heartbeat does not arrive" in problem(subscriber), "problem", 30.0
            )


def test_a_machine_that_is_too_slow_drops_sound_and_tells(
    start_daemon: StartDaemon, subscriber: Subscriber, tmp_path: Path, loudness_bundle: Path
) -> None:
    slow = write_slow_bundle(tmp_path / "slow", loudness_bundle)
    daemon = start_daemon(bundle=str(slow))
    told = "source mic: sound is dropped unheard, the machine is too slow or too busy"
    subscriber.wait_until(lambda: told in problem(subscriber), "problem", 90.0)

    mic = latest(subscriber)["sources"]["mic"]
    assert mic["dropped_s"] > 5.0
    assert mic["lag_s"] < 5.0
    assert mic["state"] == "online"
    assert latest(subscriber)["inference_mean_ms_per_s"] > 1_000
    assert "source mic: dropped " in daemon.log


def test_a_model_that_falters_costs_one_restart_and_is_then_heard_with_all_the_same(
    start_daemon: StartDaemon,
    subscriber: Subscriber,
    loud_source: LoudSource,
    tmp_path: Path,
    loudness_bundle: Path,
) -> None:
    state = tmp_path / "state"
    faltering = write_faltering_bundle(tmp_path / "faltering", loudness_bundle)
    daemon = start_daemon(bundle=str(faltering), state_directory=str(state))

    assert daemon.wait_for_exit(60.0) == 1
    assert (state / MARK_NAME).exists()
    assert "the model fails its self-test: at 0.1 s the posterior of" in daemon.log
    assert "ending, to be started again" in daemon.log
    assert problem(subscriber).startswith("the model fails its self-test")
    assert subscriber.topic(TOPICS.status)[-1] == b"offline"

    num_before = len(subscriber.topic(TOPICS.health))
    daemon.start()
    daemon.wait_for_log("hearing on all the same")
    subscriber.wait_until(
        lambda: len(subscriber.topic(TOPICS.health)) > num_before, "health of the second life"
    )
    assert problem(subscriber).startswith("the model fails its self-test")
    assert not latest(subscriber)["self_test"]["passed"]
    loud_source.be_loud()
    subscriber.wait_until(lambda: subscriber.topic(TOPICS.alert), "an alert all the same")
    assert daemon.stop()[0] == 0


def test_after_the_restart_a_bundle_that_fails_on_loading_is_heard_with_all_the_same(
    start_daemon: StartDaemon, subscriber: Subscriber, tmp_path: Path, loudness_bundle: Path
) -> None:
    state = tmp_path / "state"
    wrong = write_faltering_bundle(tmp_path / "wrong", loudness_bundle, passes_first=False)
    refused = start_daemon(bundle=str(wrong), state_directory=str(state))
    assert refused.wait_for_exit(60.0) == 78

    state.mkdir(exist_ok=True)
    (state / MARK_NAME).touch()
    daemon = start_daemon(bundle=str(wrong), state_directory=str(state))
    subscriber.wait_for(TOPICS.hearing, b"online")
    subscriber.wait_until(lambda: "fails its self-test" in problem(subscriber), "problem")
    assert daemon.stop()[0] == 0


def test_an_inference_that_hangs_stops_the_pings_of_the_watchdog(
    start_daemon: StartDaemon,
    subscriber: Subscriber,
    loud_source: LoudSource,
    tmp_path: Path,
    loudness_bundle: Path,
) -> None:
    hanging = write_hanging_bundle(tmp_path / "hanging", loudness_bundle)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)
        start_daemon(
            bundle=str(hanging),
            environment={"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "2000000"},
        )
        subscriber.wait_for(TOPICS.hearing, b"online")
        pings = 0
        while pings < 3:
            pings += manager.recv(200) == b"WATCHDOG=1"
        loud_source.be_loud()
        last_s = begin_s = time.monotonic()
        manager.settimeout(0.1)
        while time.monotonic() - last_s < 4.0:  # four pings
            assert time.monotonic() - begin_s < 30.0
            with contextlib.suppress(TimeoutError):
                if manager.recv(200) == b"WATCHDOG=1":
                    last_s = time.monotonic()
