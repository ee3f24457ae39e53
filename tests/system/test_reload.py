"""SIGHUP: settings are read again, and no alarm is lost over it."""

from pathlib import Path

import psutil
import pytest

from daemon.mqtt.topics import Topics
from tests.system.broker import Subscriber
from tests.system.conftest import StartDaemon
from tests.system.daemon_process import LoudSource
from tests.system.test_run import STATE, TOPICS, payloads, phases

pytestmark = [pytest.mark.mosquitto, pytest.mark.torch]

ALARM_STATE = TOPICS.class_state("mic", "alarm")
PROBLEM = "the settings that were read last cannot work"


def last_problem(subscriber: Subscriber) -> str:
    return payloads(subscriber, TOPICS.health)[-1]["problem"] or ""


def test_settings_that_cannot_work_are_said_with_all_faults_and_change_nothing(
    start_daemon: StartDaemon, subscriber: Subscriber, loud_source: LoudSource
) -> None:
    daemon = start_daemon()
    subscriber.wait_for(TOPICS.hearing, b"online")
    (child,) = psutil.Process(daemon.pid).children()
    daemon.reload(nod="x", second_look="perhaps", classes=["smoke_alarm"])
    log = daemon.wait_for_log("the new settings cannot work, the former ones stay in use")
    assert "nod: unknown key; did you mean 'node'?" in log
    assert "second_look: wanted true, or false" in log
    daemon.reload(nod="x", second_look=True, classes=["smoke_alrm"])
    subscriber.wait_until(lambda: PROBLEM in last_problem(subscriber), "a problem in health")

    loud_source.be_loud()
    subscriber.wait_for(STATE, b"ON")
    subscriber.wait_for(ALARM_STATE, b"ON")
    assert [it.pid for it in psutil.Process(daemon.pid).children()] == [child.pid]
    assert daemon.stop()[0] == 0


def test_another_state_directory_is_refused_since_what_waits_in_the_former_would_be_left(
    start_daemon: StartDaemon, subscriber: Subscriber, loud_source: LoudSource, tmp_path: Path
) -> None:
    daemon = start_daemon()
    subscriber.wait_for(TOPICS.hearing, b"online")

    daemon.reload(state_directory=str(tmp_path / "other"))

    log = daemon.wait_for_log("the new settings cannot work, the former ones stay in use")
    assert "stop aed, move that folder, and start aed with these settings" in log
    loud_source.be_loud()
    subscriber.wait_for(STATE, b"ON")


def test_new_thresholds_and_classes_are_taken_over_while_an_alarm_sounds(
    start_daemon: StartDaemon, subscriber: Subscriber, loud_source: LoudSource
) -> None:
    daemon = start_daemon()
    loud_source.be_loud()
    subscriber.wait_for(ALARM_STATE, b"ON")
    subscriber.wait_for(STATE, b"ON")
    (child,) = psutil.Process(daemon.pid).children()
    before = len(subscriber.heard)
    started_at = payloads(subscriber, TOPICS.info)[0]["started_at"]

    daemon.reload(
        classes=["smoke_alarm"], thresholds={"smoke_alarm": {"dwell_s": 0.2, "hold_s": 0.5}}
    )

    daemon.wait_for_log("settings read again, and in use")
    subscriber.wait_for(ALARM_STATE, b"OFF", since=before)
    subscriber.wait_for(ALARM_STATE, b"", since=before)
    subscriber.wait_until(lambda: len(payloads(subscriber, TOPICS.info)) > 1, "new classes")
    assert set(subscriber.topic(STATE)[1:]) == {b"ON"}
    assert [it.pid for it in psutil.Process(daemon.pid).children()] == [child.pid]
    info = payloads(subscriber, TOPICS.info)[-1]
    assert (info["classes"], info["started_at"]) == (["smoke_alarm"], started_at)
    loud_source.be_quiet()
    subscriber.wait_until(lambda: subscriber.topic(STATE)[-1] == b"OFF", "its end")
    subscriber.wait_until(lambda: "end" in phases(subscriber), "the end of the event")
    assert len({event["event_id"] for event in payloads(subscriber, TOPICS.event)}) == 1
    assert len(payloads(subscriber, TOPICS.alert)) == 1


def test_sources_come_and_go_and_those_that_stay_are_not_interrupted(
    start_daemon: StartDaemon, subscriber: Subscriber, loud_source: LoudSource
) -> None:
    hall, attic = (loud_source.settings(name) for name in ("hall", "attic"))
    daemon = start_daemon(sources=[loud_source.settings(), hall])
    for name in ("mic", "hall"):
        subscriber.wait_for(TOPICS.source_status(name), b"online")
    loud_source.be_loud()
    subscriber.wait_for(TOPICS.class_state("hall", "smoke_alarm"), b"ON")
    children = {it.pid for it in psutil.Process(daemon.pid).children()}

    daemon.reload(sources=[loud_source.settings(), attic])

    subscriber.wait_for(TOPICS.source_status("attic"), b"online")
    subscriber.wait_for(TOPICS.source_status("hall"), b"offline")
    subscriber.wait_until(
        lambda: (
            subscriber.topic(TOPICS.class_state("hall", "smoke_alarm"))[-2:] == [b"OFF", b""]
            and subscriber.topic(TOPICS.class_attributes("hall", "smoke_alarm"))[-1] == b""
        ),
        "the hall is heard no more, and taken off the broker",
    )
    subscriber.wait_for(TOPICS.class_state("attic", "smoke_alarm"), b"ON")
    assert b"offline" not in subscriber.topic(TOPICS.source_status("mic"))[1:]
    assert len({it.pid for it in psutil.Process(daemon.pid).children()} & children) == 1


def test_another_node_begins_anew_and_takes_leave_of_the_former(
    start_daemon: StartDaemon, subscriber: Subscriber, loud_source: LoudSource
) -> None:
    daemon = start_daemon()
    loud_source.be_loud()
    subscriber.wait_for(STATE, b"ON")
    pid = daemon.pid

    daemon.reload(node="renamed")

    renamed = Topics(node="renamed")
    subscriber.wait_for(TOPICS.status, b"offline")
    subscriber.wait_for(renamed.status, b"online")
    subscriber.wait_for(renamed.class_state("mic", "smoke_alarm"), b"ON")
    assert subscriber.topic(STATE)[-1] == b"OFF"
    assert phases(subscriber)[-1] == "end"
    assert daemon.pid == pid
    assert daemon.stop()[0] == 0


def test_another_state_directory_is_refused_and_a_problem(
    start_daemon: StartDaemon, subscriber: Subscriber, tmp_path: Path
) -> None:
    daemon = start_daemon()
    subscriber.wait_for(TOPICS.hearing, b"online")

    daemon.reload(state_directory=str(tmp_path / "another"))

    daemon.wait_for_log("the new settings cannot work, the former ones stay in use")
    subscriber.wait_until(lambda: PROBLEM in last_problem(subscriber), "a problem in health")
    subscriber.wait_until(lambda: subscriber.topic(TOPICS.hearing)[-1] == b"online", "hearing")
