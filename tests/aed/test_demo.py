"""The parts of `aed demo`: child processes, notes of the subscriber, summary."""

import json
import os
import signal
import socket
import sys
import time
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from aed.commands.demo.broker import broker
from aed.commands.demo.messages import Message, read
from aed.commands.demo.performance import sigterm_as_exit, write_settings
from aed.commands.demo.processes import Child, DemoError, running
from aed.commands.demo.subscriber import describe
from aed.commands.demo.summary import Alert, alerts_of, summarise, table
from daemon.mqtt.topics import Topics
from daemon.settings.file import load_settings
from ontology import home
from training.synthesis.rendered import Span
from training.synthesis.scene import write_wav

TOPICS = Topics(node="demo")
SPANS = (
    Span(node="dishes", onset_s=8.0, offset_s=12.0),
    Span(node="smoke_alarm", onset_s=16.0, offset_s=32.0),
    Span(node="window_glass", onset_s=44.0, offset_s=46.0),
)


def alert(path: str, at_s: float) -> Alert:
    return Alert(path=tuple(path.split("/")), score=0.9, pattern=None, at_s=at_s)


def alert_message(path: str, *, critical: bool, received_at_s: float) -> Message:
    fields = {
        "path": path,
        "score": 0.934,
        "pattern": "t3",
        "critical": critical,
        "started_at": "1970-01-01T00:00:10.000Z",
    }
    return Message(topic=TOPICS.alert, payload=json.dumps(fields), received_at_s=received_at_s)


def drawn(spans: tuple[Span, ...], alerts: list[Alert], width: int = 120) -> str:
    sink = StringIO()
    Console(file=sink, width=width).print(table(summarise(spans, alerts, home()), home()))
    return sink.getvalue()


def test_both_alerts_in_full_are_all_that_must_arrive() -> None:
    alerts = [
        alert("alarm/life_safety", 17.0),
        alert("alarm/life_safety/smoke_alarm", 20.0),
        alert("breakage/window_glass", 44.5),
    ]

    summary = summarise(SPANS, alerts, home())

    assert summary.missing == ()
    assert summary.unexplained == ()
    assert [len(row.alerts) for row in summary.rows] == [0, 2, 1]


@pytest.mark.parametrize(
    "alerts",
    [
        [],
        [alert("alarm/life_safety", 17.0), alert("breakage", 44.5)],
        [alert("alarm/life_safety/smoke_alarm", 15.0), alert("breakage/window_glass", 43.0)],
        [alert("alarm/life_safety/smoke_alarm", 44.0), alert("breakage/window_glass", 57.0)],
    ],
    ids=["none", "super-categories only", "before the sound", "long after it"],
)
def test_alerts_too_coarse_too_early_or_too_late_do_not_count(alerts: list[Alert]) -> None:
    assert summarise(SPANS, alerts, home()).missing == ("smoke_alarm", "window_glass")


def test_an_alert_that_no_sound_explains_is_shown_as_one() -> None:
    text = drawn(SPANS, [alert("pet/dog", 9.0)])

    assert "nothing of the kind" in text
    assert "dog" in text


def test_the_summary_shows_delays_from_the_true_onset() -> None:
    text = drawn(SPANS, [alert("alarm", 16.9), alert("alarm/life_safety/smoke_alarm", 19.5)])

    assert "0.9 s" in text
    assert "3.5 s" in text


def test_the_summary_fits_a_terminal() -> None:
    text = drawn(SPANS, [alert("breakage", 44.6), alert("breakage/window_glass", 44.6)], width=80)

    assert "breakage 0.6 s, window_glass 0.6 s" in text


def test_only_the_alert_topic_counts() -> None:
    message = alert_message("breakage/window_glass", critical=True, received_at_s=12.0)
    late = Message(topic=TOPICS.alert_late, payload=message.payload, received_at_s=12.0)

    assert [each.at_s for each in alerts_of([message, late], TOPICS.alert, 10.0)] == [2.0]


@pytest.mark.parametrize("critical", [True, False])
def test_the_subscriber_says_path_score_pattern_and_delay(critical: bool) -> None:
    path = "alarm/life_safety/smoke_alarm"
    line = describe(alert_message(path, critical=critical, received_at_s=12.5), TOPICS).plain

    assert path in line
    assert "score 0.93  T3  2.5 s after it began" in line


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.text(), st.text(), st.floats(allow_nan=False))))
def test_notes_are_read_back_as_they_were_written(rows: list[tuple[str, str, float]]) -> None:
    messages = [Message(topic=t, payload=p, received_at_s=at) for t, p, at in rows]

    lines = "".join(message.to_line() for message in messages)

    assert [Message(**json.loads(line)) for line in lines.splitlines()] == messages


def test_a_half_written_note_is_left_for_the_next_reading(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    assert read(notes) == []

    line = Message(topic="a", payload="b", received_at_s=1.0).to_line()
    notes.write_text(line + line[:7])

    assert len(read(notes)) == 1


def test_a_child_that_ends_early_is_reported_with_its_last_words(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('the disk is full')"]
    with running("the daemon", command, tmp_path / "log") as child:
        while (tmp_path / "log").stat().st_size == 0:
            time.sleep(0.01)
        child.stop(patience_s=5.0)

        with pytest.raises(DemoError, match=r"(?s)the daemon ended.*the disk is full"):
            child.check()


def test_a_child_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    script = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('deaf', flush=True); time.sleep(60)"
    )
    with running("deaf", [sys.executable, "-c", script], tmp_path / "log") as child:
        while (tmp_path / "log").stat().st_size == 0:
            time.sleep(0.01)

        assert child.stop(patience_s=0.1) == -signal.SIGKILL


def test_a_child_ends_with_its_block_even_after_sigterm_to_us(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(60)"]

    def be_interrupted() -> None:
        with sigterm_as_exit(), running("sleeper", command, tmp_path / "log") as child:
            started.append(child)
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5.0)

    started: list[Child] = []
    with pytest.raises(SystemExit):
        be_interrupted()

    with pytest.raises(DemoError, match="ended with exit code -15"):
        started[0].check()


def test_the_broker_serves_mqtt_on_the_loopback_alone(tmp_path: Path) -> None:
    with broker(tmp_path) as serving:
        command = [sys.executable, "-m", "aed.commands.demo.subscriber", "--node", "demo"]
        command += ["--port", str(serving.port), "--notes", str(tmp_path / "notes")]
        with running("the subscriber", command, tmp_path / "log", shows_output=True) as child:
            while not read(tmp_path / "notes"):
                child.check()
                time.sleep(0.02)
        # A listener on all addresses would answer on this one too.
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", serving.port), timeout=5.0)


def test_the_settings_written_for_the_daemon_are_valid(tmp_path: Path) -> None:
    wav = tmp_path / "scene.wav"
    write_wav(wav, np.zeros(1_600, dtype=np.float32))

    path = write_settings(tmp_path, port=18_830, wav=wav, bundle=None)

    loaded = load_settings(path)

    assert loaded.node == "demo"
    assert loaded.mqtt.port == 18_830
    assert loaded.sources[0].name == "scene"
