"""`aed run` records alerts when asked to, and tells them all the same when it cannot."""

import json
import stat
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from tests.system.broker import Subscriber
from tests.system.conftest import StartDaemon
from tests.system.daemon_process import LoudSource
from tests.system.loudness_bundle import HEARD, write_loudness_bundle
from tests.system.test_run import STATE, TOPICS, payloads

pytestmark = [pytest.mark.mosquitto, pytest.mark.torch]

CLIPS = {"before_s": 1.0, "after_s": 1.0}
QUICK = {node: {"hold_s": 0.5} for node in HEARD}
"""Thresholds with which an alarm is over at once, and told to be before its clip is."""


def folder_of(state: Path) -> Path:
    return state / "clips"


def clip_of_the_end(subscriber: Subscriber, number: int = 1) -> str | None:
    """Wait for the end of so many events; returns the name of the last one's clip."""

    def ends() -> list[dict[str, Any]]:
        return [it for it in payloads(subscriber, TOPICS.event) if it["phase"] == "end"]

    subscriber.wait_until(lambda: len(ends()) >= number, f"end {number} of an alarm")
    name: str | None = ends()[number - 1]["clip"]
    return name


def wait_for_clip(subscriber: Subscriber, path: Path) -> NDArray[np.float32]:
    subscriber.wait_until(path.exists, f"the clip {path.name}")
    samples, rate_hz = soundfile.read(path, dtype="float32")
    assert rate_hz == 16_000
    heard: NDArray[np.float32] = samples
    return heard


def sound_an_alarm(subscriber: Subscriber, loud_source: LoudSource) -> None:
    """An alarm until it is told, and room again."""
    loud_source.be_loud()
    subscriber.wait_for(STATE, b"ON")
    loud_source.be_quiet()


def wait_until_heard(subscriber: Subscriber, seconds: float) -> None:
    """Wait until the source has been heard for so long."""
    first = subscriber.wait_for(TOPICS.hearing, b"online").at_s
    subscriber.wait_until(lambda: time.monotonic() - first > seconds, "some seconds")


def test_an_alarm_is_recorded_from_before_its_onset_to_after_its_end(
    start_daemon: StartDaemon, subscriber: Subscriber, loud_source: LoudSource, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    daemon = start_daemon(clips=CLIPS, thresholds=QUICK, state_directory=str(state))
    wait_until_heard(subscriber, 1.5)
    sound_an_alarm(subscriber, loud_source)
    name = clip_of_the_end(subscriber)

    events = payloads(subscriber, TOPICS.event)
    assert name == f"{events[0]['event_id']}.critical.flac"
    assert events[0]["clip"] is None
    samples = wait_for_clip(subscriber, folder_of(state) / name)
    assert stat.S_IMODE((folder_of(state) / name).stat().st_mode) == 0o600
    loud_s = np.flatnonzero(np.abs(samples) > 0.1) / 16_000
    assert 0.8 < loud_s[0] < 1.2, "room comes first"
    assert 0.8 < len(samples) / 16_000 - loud_s[-1] < 1.5, "room comes last"
    assert loud_s[-1] - loud_s[0] == pytest.approx(events[-1]["duration_s"], abs=0.3)
    assert daemon.stop()[0] == 0
    assert [path.name for path in folder_of(state).iterdir()] == [name]


def test_where_a_person_is_heard_the_alarm_is_told_and_nothing_recorded(
    start_daemon: StartDaemon, subscriber: Subscriber, loud_source: LoudSource, tmp_path: Path
) -> None:
    bundle = write_loudness_bundle(tmp_path / "both", heard=(*HEARD, "person", "speech"))
    state = tmp_path / "state"
    daemon = start_daemon(bundle=str(bundle), clips=CLIPS, state_directory=str(state))
    wait_until_heard(subscriber, 0.5)
    sound_an_alarm(subscriber, loud_source)

    assert clip_of_the_end(subscriber) is None
    assert subscriber.topic(TOPICS.alert)
    assert daemon.stop()[0] == 0
    assert not folder_of(state).exists()


def test_a_disk_that_takes_no_clip_delays_no_alert_and_is_a_problem(
    start_daemon: StartDaemon, subscriber: Subscriber, loud_source: LoudSource, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    folder_of(state).touch()
    daemon = start_daemon(clips=CLIPS, thresholds=QUICK, state_directory=str(state))
    wait_until_heard(subscriber, 0.5)
    sound_an_alarm(subscriber, loud_source)

    assert clip_of_the_end(subscriber) is None
    assert len(subscriber.topic(TOPICS.alert)) == 1
    subscriber.wait_until(
        lambda: any(
            "there are no clips for now" in str(json.loads(health)["problem"])
            for health in subscriber.topic(TOPICS.health)
        ),
        "the problem",
    )
    assert daemon.log.count("no clips for now") == 1
    assert daemon.stop()[0] == 0


def test_clips_are_turned_on_and_off_while_an_alarm_sounds(
    start_daemon: StartDaemon, subscriber: Subscriber, loud_source: LoudSource, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    daemon = start_daemon(thresholds=QUICK, state_directory=str(state))
    wait_until_heard(subscriber, 0.5)
    daemon.reload(clips=CLIPS)
    daemon.wait_for_log("settings read again, and in use")
    loud_source.be_loud()
    subscriber.wait_for(STATE, b"ON")
    daemon.reload(clips=None)

    assert clip_of_the_end(subscriber) is None, "nothing is kept of what was being recorded"
    loud_source.be_quiet()
    assert clip_of_the_end(subscriber, 2) is None
    assert daemon.stop()[0] == 0
    assert list(folder_of(state).glob("*")) == []


def test_what_is_recorded_when_the_daemon_is_stopped_is_kept(
    start_daemon: StartDaemon, subscriber: Subscriber, loud_source: LoudSource, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    daemon = start_daemon(clips=CLIPS, thresholds=QUICK, state_directory=str(state))
    wait_until_heard(subscriber, 0.5)
    loud_source.be_loud()
    subscriber.wait_for(STATE, b"ON")

    code, seconds = daemon.stop()

    assert (code, seconds < 3.0) == (0, True)
    name = clip_of_the_end(subscriber)
    assert name is not None
    assert np.abs(wait_for_clip(subscriber, folder_of(state) / name)).max() > 0.1
